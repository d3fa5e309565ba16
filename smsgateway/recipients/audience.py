"""To whom a campaign goes: lists, an area on the map, groups and single numbers, each person once.

Lists are read in pages and never held as a whole.  When there is more than one source, the numbers that were given
out are remembered: some 100 bytes each.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable, Collection, Mapping, Sequence

from smsgateway.recipients import store
from smsgateway.recipients.area import Area, area_of
from smsgateway.recipients.lists import Lists
from smsgateway.recipients.mobile import find_mobile
from smsgateway.recipients.model import Audience, Tally
from smsgateway.recipients.rows import Person
from softswitch.errors import invalid
from softswitch.store.database import Database

PAGE = 5_000
MOST_NUMBERS = 1_000

Groups = Callable[[Sequence[str]], Awaitable[Sequence[Mapping[str, str]]]]
"""The members (number, name) of stored groups; refuses a group that is not there."""


class Chooser:
    """Finds the people of an audience."""

    def __init__(self, db: Database, lists: Lists, groups: Groups) -> None:
        self._db = db
        self._lists = lists
        self._groups = groups

    async def check(self, audience: Audience) -> None:
        """Refuse an audience that cannot be: nobody, a list or group that is not there, no area."""
        if not audience.sources:
            raise invalid("nobody", "Nobody is to be sent to.", "Name lists, groups or numbers.")
        if len(audience.numbers) > MOST_NUMBERS:
            raise invalid(
                "too_many", f"{len(audience.numbers)} numbers are too many to type.",
                f"Give up to {MOST_NUMBERS}; import more as a list.", field="numbers",
            )  # fmt: skip
        if audience.shape is not None:
            await asyncio.to_thread(area_of, audience.shape)
        if (audience.shape is not None or audience.areas or audience.name) and not audience.lists:
            raise invalid(
                "no_list", "An area chooses within a list, and no list is named.",
                "Name the list of citizens.", field="lists",
            )  # fmt: skip
        for key in audience.lists:
            await self._lists.one(key)
        await self._groups(audience.groups)

    async def at_most(self, audience: Audience) -> int:
        """Return how many people it cannot exceed, at once."""
        rows = [await self._lists.one(key) for key in audience.lists]
        members = await self._groups(audience.groups)
        return sum(int(row["people"]) for row in rows) + len(members) + len(audience.numbers)

    async def check_fields(self, audience: Audience, names: Collection[str]) -> None:
        """Refuse (``field_unknown``) what a text wants to say of people and a list does not tell."""
        for key in audience.lists:
            row = await self._lists.one(key)
            have = await self._db.read(store.columns_of, row["id"])
            missing = [name for name in names if name not in have]
            if missing:
                raise invalid(
                    "field_unknown", f"The list {row['name']} has no column {missing[0]}.",
                    f"Its columns: {', '.join(have) or 'none'}; every person has"
                    " name, area and number.", field="text",
                )  # fmt: skip

    async def pages(
        self, audience: Audience, tally: Tally, *, life_safety: bool, fields: bool = False
    ) -> AsyncGenerator[list[Person], None]:
        """Yield the people in pages, with their ``fields`` if wanted; what was left out is counted in ``tally``.

        Who opted out is still told of a danger to life; who is on the blacklist never is.
        """
        seen: set[str] | None = set() if audience.sources > 1 else None
        async for page in self._raw(audience, tally, fields):
            fresh = _once(page, seen, tally)
            numbers = [person.number for person in fresh]
            kinds = await self._db.read(store.blocked_among, numbers)
            allowed = [p for p in fresh if _may(kinds.get(p.number), life_safety, tally)]
            tally.people += len(allowed)
            if allowed:
                yield allowed

    async def _raw(
        self, audience: Audience, tally: Tally, fields: bool
    ) -> AsyncGenerator[list[Person], None]:
        area = None
        if audience.shape is not None:
            area = await asyncio.to_thread(area_of, audience.shape)
        bounds = area.bounds if area is not None else None
        which = store.Filter(audience.areas, audience.name, bounds, fields)
        for key in audience.lists:
            row = await self._lists.one(key)
            async for page in self._list(row["id"], which, area):
                yield page
        typed = [{"number": number, "name": ""} for number in audience.numbers]
        members = [*await self._groups(audience.groups), *typed]
        yield _mobiles(members, tally)

    async def _list(
        self, list_id: int, which: store.Filter, area: Area | None
    ) -> AsyncGenerator[list[Person], None]:
        after = ""
        while page := await self._db.read(store.page, list_id, which, after, PAGE):
            after = page[-1].number
            yield page if area is None else await asyncio.to_thread(_inside, area, page)


def _inside(area: Area, page: Sequence[Person]) -> list[Person]:
    mask = area.inside([p.longitude or 0.0 for p in page], [p.latitude or 0.0 for p in page])
    return [person for person, is_in in zip(page, mask, strict=True) if is_in]


def _once(page: Sequence[Person], seen: set[str] | None, tally: Tally) -> Sequence[Person]:
    if seen is None:
        return page
    fresh: list[Person] = []
    for person in page:
        if person.number in seen:
            tally.repeated += 1
        else:
            seen.add(person.number)
            fresh.append(person)
    return fresh


def _may(kind: str | None, life_safety: bool, tally: Tally) -> bool:
    if kind == "blacklist":
        tally.blacklisted += 1
        return False
    if kind == "opt_out" and not life_safety:
        tally.opted_out += 1
        return False
    return True


def _mobiles(members: Sequence[Mapping[str, str]], tally: Tally) -> list[Person]:
    found: dict[str, Person] = {}
    for member in members:
        number = find_mobile(member["number"])
        if number is None:
            tally.not_mobile += 1
        elif number in found:
            tally.repeated += 1
        else:
            found[number] = Person(number, member["name"])
    return list(found.values())
