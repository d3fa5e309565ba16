"""From a tree to a plan: every problem with its line or its place, not only the first. Pure."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any, TypeVar

from softswitch import numbers
from softswitch.errors import Refusal, invalid
from softswitch.layers.plans.model import (
    MINUTE,
    MOST_LEVELS,
    MOST_STEPS,
    REACHES,
    SAYS,
    Kind,
    Level,
    Plan,
    Step,
    Target,
    Trigger,
    circle,
    step_arrows,
)
from softswitch.layers.plans.tree import Node

T = TypeVar("T")
MOST_NAMED = 200
MOST_TOLD = 5
_KEY = re.compile(r"[\w.-]{1,32}")
_WORD = re.compile(r"[\w.:/-]{1,64}")


@dataclass(frozen=True, slots=True)
class Problem:
    """What is wrong and where. ``line`` 0: it did not come as a file, ``place`` tells where."""

    line: int
    place: str
    message: str

    def text(self) -> str:
        """Return it as people read it."""
        where = f"Line {self.line}" if self.line else self.place or "The plan"
        return f"{where}: {self.message}."


def plan_of(root: Node) -> Plan:
    """Return the plan that a tree describes, or refuse it (``bad_plan``) with its first problems."""
    plan, problems = check(root)
    if plan is None or problems:
        raise refused(problems)
    return plan


def refused(problems: Iterable[Problem]) -> Refusal:
    """Return the refusal of a plan with problems."""
    listed = sorted(problems, key=lambda each: each.line)
    told = " ".join(each.text() for each in listed[:MOST_TOLD])
    more = f" And {len(listed) - MOST_TOLD} more." if len(listed) > MOST_TOLD else ""
    return invalid(
        "bad_plan", told + more, "Mend it and try again.", field=listed[0].place or "yaml"
    )


def check(root: Node) -> tuple[Plan | None, list[Problem]]:
    """Return the plan, as far as it can be read, and all problems."""
    reader = _Reader()
    plan = reader.plan(root)
    return plan, reader.problems


def step_of(root: Node) -> Step:
    """Return one step as it was stored, or refuse it."""
    reader = _Reader()
    step = reader.step(root, "step")
    if step is None or reader.problems:
        raise refused(reader.problems)
    return step


class _Reader:
    def __init__(self) -> None:
        self.problems: list[Problem] = []

    def wrong(self, node: Node, place: str, message: str) -> None:
        self.problems.append(Problem(node.line, place, message))

    # ---- the plan

    def plan(self, root: Node) -> Plan | None:
        names = ("key", "name", "trigger", "levels", "note")
        fields = self.fields(root, "", names, needed=("key", "name", "levels"))
        if fields is None:
            return None
        levels = self.each(fields, "levels", "", self.level, MOST_LEVELS)
        self.once([level.id for level in levels], fields.get("levels", root), "levels", "level")
        trigger = fields.get("trigger")
        return Plan(
            self.key(fields, "key", ""), self.text(fields, "name", "", 100),
            self.trigger(trigger) if trigger is not None and trigger.value is not None else None,
            tuple(levels), self.text(fields, "note", "", 2_000),
        )  # fmt: skip

    def trigger(self, node: Node) -> Trigger:
        fields = self.fields(node, "trigger", ("types", "grades", "areas", "auto")) or {}
        return Trigger(
            self.words(fields, "types", "trigger"), self.grades(fields, "trigger"),
            self.words(fields, "areas", "trigger"), self.flag(fields, "auto", "trigger", False),
        )  # fmt: skip

    def level(self, node: Node, place: str) -> Level | None:
        names = ("id", "name", "approvals", "grades", "steps")
        fields = self.fields(node, place, names, needed=("id", "steps"))
        if fields is None:
            return None
        steps = self.each(fields, "steps", place, self.step, MOST_STEPS)
        where = fields.get("steps", node)
        self.once([step.id for step in steps], where, f"{place}.steps", "step")
        self.arrows(steps, where, f"{place}.steps")
        return Level(
            self.key(fields, "id", place), self.text(fields, "name", place, 100),
            self.whole(fields, "approvals", place, 0, 0, 5), self.grades(fields, place),
            tuple(steps),
        )  # fmt: skip

    def arrows(self, steps: list[Step], node: Node, place: str) -> None:
        known = {step.id for step in steps}
        for step in steps:
            for name in step.after:
                if name not in known:
                    self.wrong(node, place, f"step {step.id} waits for {name}, which is not there")
        round_ = circle(step_arrows(steps))
        if round_:
            self.wrong(node, place, f"the steps wait for each other: {' → '.join(round_)}")

    # ---- a step

    def step(self, node: Node, place: str) -> Step | None:
        names = (
            "id", "do", "name", "to", "text", "language", "confirm", "tries", "pause_seconds",
            "deadline_minutes", "after", "plan", "level",
        )  # fmt: skip
        fields = self.fields(node, place, names, needed=("id", "do"))
        if fields is None:
            return None
        kind = self.kind(fields, place)
        if kind is None:
            return None
        deadline = self.whole(fields, "deadline_minutes", place, 0, 1, 100_000)
        made = Step(
            self.key(fields, "id", place), kind, self.text(fields, "name", place, 100),
            self.target(fields, place), self.text(fields, "text", place, 2_000),
            self.language(fields, place), self.flag(fields, "confirm", place, True),
            self.whole(fields, "tries", place, 3, 1, 20),
            self.whole(fields, "pause_seconds", place, 60, 1, 86_400) * 1000,
            deadline * MINUTE if deadline else None, self.keys(fields, "after", place),
            self.key(fields, "plan", place) if "plan" in fields else "",
            self.text(fields, "level", place, 32),
        )  # fmt: skip
        self.complete(made, node, place)
        return made

    def complete(self, step: Step, node: Node, place: str) -> None:
        """A step without what it needs would do nothing on the day it counts."""
        if step.kind in REACHES and step.to.is_empty():
            self.wrong(node, place, f"step {step.id} names nobody under to")
        if step.kind in SAYS and not step.text:
            self.wrong(node, place, f"step {step.id} has no text")
        if step.kind is Kind.PLAN and not step.plan:
            self.wrong(node, place, f"step {step.id} names no plan")
        if step.deadline is not None and step.kind not in (Kind.TASK, Kind.NOTIFY):
            self.wrong(node, place, f"step {step.id}: only tasks and notifications have a deadline")

    def kind(self, fields: Mapping[str, Node], place: str) -> Kind | None:
        node = fields["do"]
        try:
            return Kind(node.value)
        except ValueError:
            known = ", ".join(kind.value for kind in Kind)
            self.wrong(
                node, f"{place}.do", f"{shown(node.value)} is nothing that a step does ({known})"
            )
            return None

    def language(self, fields: Mapping[str, Node], place: str) -> str:
        found = self.text(fields, "language", place, 2) or "zh"
        if found not in ("zh", "en"):
            self.wrong(fields["language"], f"{place}.language", "give zh or en")
        return found

    def target(self, fields: Mapping[str, Node], place: str) -> Target:
        node = fields.get("to")
        if node is None or node.value is None:
            return Target()
        place = f"{place}.to"
        names = ("groups", "duty", "people", "numbers", "area")
        found = self.fields(node, place, names) or {}
        return Target(
            self.texts(found, "groups", place), self.keys(found, "duty", place),
            self.keys(found, "people", place), self.dialled(found, place),
            self.flag(found, "area", place, False),
        )  # fmt: skip

    def dialled(self, fields: Mapping[str, Node], place: str) -> tuple[str, ...]:
        made: list[str] = []
        for node in self.items(fields, "numbers", place, MOST_NAMED):
            try:
                made.append(str(numbers.phone_number(str(node.value), "numbers")))
            except Refusal as refusal:
                self.wrong(node, f"{place}.numbers", refusal.message.rstrip("."))
        return tuple(dict.fromkeys(made))

    # ---- values

    def fields(
        self, node: Node, place: str, names: tuple[str, ...], needed: tuple[str, ...] = ()
    ) -> Mapping[str, Node] | None:
        if not isinstance(node.value, dict):
            self.wrong(node, place, f"give {', '.join(names)}")
            return None
        for name in node.value.keys() - set(names):
            self.wrong(
                node.value[name], f"{place}.{name}".lstrip("."), f"{shown(name)} is not known"
            )
        missing = [name for name in needed if name not in node.value]
        for name in missing:
            self.wrong(node, place, f"{name} is missing")
        return None if missing else node.value

    def each(
        self, fields: Mapping[str, Node], name: str, place: str,
        read: Callable[[Node, str], T | None], most: int,
    ) -> list[T]:  # fmt: skip
        there = self.items(fields, name, place, most)
        where = f"{place}.{name}".lstrip(".")
        if not there and name in fields:
            self.wrong(fields[name], where, "give at least one")
        made = [read(node, f"{where}[{index}]") for index, node in enumerate(there)]
        return [one for one in made if one is not None]

    def items(self, fields: Mapping[str, Node], name: str, place: str, most: int) -> list[Node]:
        node = fields.get(name)
        if node is None or node.value is None:
            return []
        if not isinstance(node.value, list):
            self.wrong(node, f"{place}.{name}".lstrip("."), "give a list")
            return []
        if len(node.value) > most:
            self.wrong(node, f"{place}.{name}".lstrip("."), f"give at most {most}")
            return []
        return node.value

    def text(self, fields: Mapping[str, Node], name: str, place: str, longest: int) -> str:
        node = fields.get(name)
        return (
            ""
            if node is None or node.value is None
            else self.words_of(node, f"{place}.{name}", longest)
        )

    def words_of(self, node: Node, place: str, longest: int) -> str:
        if isinstance(node.value, dict | list):
            self.wrong(node, place.lstrip("."), "give a text")
            return ""
        try:
            return numbers.plain_text(str(node.value), place.rpartition(".")[2], longest)
        except Refusal as refusal:
            self.wrong(
                node, place.lstrip("."), f"{refusal.message} {refusal.next_step}".rstrip(".")
            )
            return ""

    def texts(self, fields: Mapping[str, Node], name: str, place: str) -> tuple[str, ...]:
        nodes = self.items(fields, name, place, MOST_NAMED)
        return tuple(self.words_of(node, f"{place}.{name}", 200) for node in nodes)

    def key(self, fields: Mapping[str, Node], name: str, place: str) -> str:
        return self.matched(fields[name], _KEY, f"{place}.{name}") if name in fields else ""

    def keys(self, fields: Mapping[str, Node], name: str, place: str) -> tuple[str, ...]:
        nodes = self.items(fields, name, place, MOST_NAMED)
        return tuple(self.matched(node, _KEY, f"{place}.{name}") for node in nodes)

    def words(self, fields: Mapping[str, Node], name: str, place: str) -> tuple[str, ...]:
        nodes = self.items(fields, name, place, MOST_NAMED)
        return tuple(self.matched(node, _WORD, f"{place}.{name}") for node in nodes)

    def matched(self, node: Node, pattern: re.Pattern[str], place: str) -> str:
        found = "" if isinstance(node.value, dict | list | None) else str(node.value)
        if not pattern.fullmatch(found):
            self.wrong(node, place.lstrip("."), f"{shown(node.value)} is no short name")
        return found

    def flag(self, fields: Mapping[str, Node], name: str, place: str, otherwise: bool) -> bool:
        node = fields.get(name)
        if node is None or node.value is None:
            return otherwise
        if not isinstance(node.value, bool):
            self.wrong(node, f"{place}.{name}".lstrip("."), "give true or false")
            return otherwise
        return node.value

    def whole(
        self, fields: Mapping[str, Node], name: str, place: str, otherwise: int, low: int, high: int
    ) -> int:
        node = fields.get(name)
        if node is None or node.value is None:
            return otherwise
        text = "" if isinstance(node.value, bool) else str(node.value)
        if not re.fullmatch(r"[0-9]{1,9}", text) or not low <= int(text) <= high:
            self.wrong(node, f"{place}.{name}".lstrip("."), f"give a whole number, {low} to {high}")
            return otherwise
        return int(text)

    def grades(self, fields: Mapping[str, Node], place: str) -> tuple[int, ...]:
        nodes = self.items(fields, "grades", place, 4)
        return tuple(self.whole({"grades": node}, "grades", place, 0, 1, 4) for node in nodes)

    def once(self, names: list[str], node: Node, place: str, what: str) -> None:
        for name in sorted({name for name in names if names.count(name) > 1}):
            self.wrong(node, place, f"{what} {name} is there twice")


def shown(value: Any) -> str:
    """Return a value fit to stand in a message."""
    return "a list" if isinstance(value, dict | list) else numbers.quoted(str(value))
