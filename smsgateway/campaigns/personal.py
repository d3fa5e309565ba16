"""Texts that differ from person to person: the campaign's text is a template, its fields are columns of the list."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence

from smsgateway.campaigns.model import Plan, Rules, sent_text
from smsgateway.recipients.model import Tally
from smsgateway.recipients.rows import OWN_FIELDS, Person
from smsgateway.text.segments import Encoded, encode
from smsgateway.text.templates import parse
from softswitch.errors import Refusal


@dataclasses.dataclass(frozen=True, slots=True)
class Letter:
    """What one person gets."""

    person: Person
    text: str
    ready: Encoded


class Letters:
    """Writes to each person. ``reference`` joins the parts of long texts."""

    def __init__(self, plan: Plan, rules: Rules, reference: int) -> None:
        self._plan = plan
        self._rules = rules
        self._reference = reference
        self._template = parse(plan.text)
        self._names = [field.name for field in self._template.fields]

    def write(self, page: Sequence[Person], tally: Tally) -> list[Letter]:
        """Return the letters of a page; whose fields are empty, wrong or too long is counted and left out."""
        letters = []
        for person in page:
            letter = self._letter(person)
            if letter is None:
                tally.unfilled += 1
                tally.people -= 1
            else:
                letters.append(letter)
                tally.parts = max(tally.parts, letter.ready.count)
        return letters

    def _letter(self, person: Person) -> Letter | None:
        try:
            text = self.text(person)
            ready = encode(text, joining=self._rules.joining, reference=self._reference)
        except Refusal:
            return None
        return Letter(person, text, ready)

    def text(self, person: Person) -> str:
        """Return the text for a person, as phones show it; refuses what does not fit the fields."""
        own = {word: getattr(person, name) for word, name in OWN_FIELDS.items()}
        have = {**own, **dict(person.fields)}
        filled = self._template.fill({name: have.get(name, "") for name in self._names})
        return sent_text(dataclasses.replace(self._plan, text=filled), self._rules)


def field_names(text: str) -> list[str]:
    """Return the fields that a text needs from the list, beside those that every person has."""
    return [field.name for field in parse(text).fields if field.name not in OWN_FIELDS]
