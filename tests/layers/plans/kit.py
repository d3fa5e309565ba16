"""Plans over a real database, with a telephone that remembers what it was asked to do."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple

from softswitch.access import store as access_store  # noqa: F401 - the audit's table
from softswitch.layers.plans.lookup import Parts
from softswitch.layers.plans.model import Incident, Plan
from softswitch.layers.plans.ports import Told
from softswitch.layers.plans.reach import Contact, Reached
from softswitch.layers.plans.reading import plan_of
from softswitch.layers.plans.service import PlanService
from softswitch.layers.plans.tree import of_yaml
from softswitch.store.database import Database

GROUPS = {
    "消防": (Contact("一队", ("2001",), "2002"), Contact("二队", ("2003",))),
    "空": (),
}
PLAN = """
key: flood
name: 防汛应急响应
trigger: {types: ["11"], grades: [1, 2, 3], auto: true}
levels:
  - id: l3
    name: 三级
    grades: [3]
    steps:
      - {id: ring, do: ring, name: 抢险组, to: {groups: [消防]}}
      - {id: tell, do: notify, text: 到岗, deadline_minutes: 10, to: {duty: [chief], numbers: ["138 0000"]}}
      - {id: job, do: task, text: 巡堤, deadline_minutes: 30, to: {groups: [消防]}, after: [ring]}
      - {id: web, do: publish, text: 已启动三级响应, after: [job]}
  - id: l1
    approvals: 2
    grades: [1, 2]
    steps:
      - {id: ring, do: conference, name: 总指挥部, to: {groups: [消防], people: [liming, gone, nobody]}}
      - {id: rest, do: plan, plan: flood, level: l3}
"""


def plan(text: str = PLAN) -> Plan:
    return plan_of(of_yaml(text))


class Telephone:
    """Remembers each act once by its id, as the real one does; ``trouble`` comes before or after the act."""

    def __init__(self) -> None:
        self.up = True
        self.did: dict[str, tuple[str, tuple[str, ...]]] = {}
        self.asked: list[str] = []
        self.stopped: list[str] = []
        self.reached: set[str] = set()
        self.trouble: Callable[[str, str], None] = lambda when, act_id: None
        self.gate: asyncio.Event | None = None

    def is_emergency(self, number: str) -> bool:
        return number in {"110", "119", "120"}

    def name_of(self, number: str) -> str:
        return ""

    async def groups(self) -> Mapping[str, tuple[Contact, ...]]:
        return GROUPS

    async def _do(self, kind: str, act_id: str, who: Sequence[Reached]) -> str:
        self.trouble("before", act_id)
        self.asked.append(act_id)
        self.did.setdefault(act_id, (kind, tuple(each.number for each in who)))
        if self.gate is not None:
            await self.gate.wait()
        self.trouble("after", act_id)
        return act_id

    async def ring(
        self, login: str, act_id: str, name: str, who: Sequence[Reached], *, stays: bool
    ) -> str:
        return await self._do("conference" if stays else "ring", act_id, who)

    async def notify(
        self, login: str, act_id: str, text: str, who: Sequence[Reached], *, language: str,
        confirm: bool, tries: int, pause: int,
    ) -> str:  # fmt: skip
        return await self._do("notify", act_id, who)

    async def told(self, ref: str) -> Sequence[Told]:
        return [Told(n, n in self.reached, n not in self.reached) for n in self.did[ref][1]]

    async def stop(self, login: str, ref: str) -> None:
        if ref in self.did:
            self.stopped.append(ref)


class Sent(NamedTuple):
    """A message as it was asked for."""

    name: str
    text: str
    numbers: tuple[str, ...]
    incident_id: str
    agreed: tuple[str, ...]


class Messenger:
    """Short messages that were sent, each once by its id."""

    def __init__(self) -> None:
        self.linked = True
        self.sent: dict[str, Sent] = {}
        self.stopped: list[str] = []

    async def ready(self) -> bool:
        return self.linked

    async def send(
        self, login: str, act_id: str, name: str, text: str, numbers: Sequence[str], *,
        language: str, incident_id: str, agreed: Sequence[str],
    ) -> str:  # fmt: skip
        message = Sent(name, text, tuple(numbers), incident_id, tuple(agreed))
        self.sent.setdefault(act_id, message)
        return act_id

    async def stop(self, login: str, ref: str) -> None:
        if ref in self.sent:
            self.stopped.append(ref)


class Duty:
    """One post with a person, who has two numbers and a deputy; an address book."""

    def on_duty(self, roster: str) -> tuple[Contact, ...] | None:
        return {"chief": (Contact("李明", ("13801", "13802"), "13809"),), "empty": ()}.get(roster)

    async def people(self, keys: Sequence[str]) -> Mapping[str, Contact]:
        from softswitch.layers.plans.reach import Trouble

        book = {
            "liming": Contact("李明", ("13801", "13802"), "13809"),
            "gone": Contact("王五", ("13805",), state=Trouble.LEFT),
        }
        return {key: book[key] for key in keys if key in book}


class Incidents:
    def __init__(self) -> None:
        self.known: dict[str, Incident] = {}

    async def incident(self, incident_id: str) -> Incident | None:
        return self.known.get(incident_id)


class Screen:
    """What would be shown."""

    def __init__(self) -> None:
        self.shown: dict[str, dict[str, Any]] = {}

    def put(self, entity: str, id: str, value: dict[str, Any]) -> None:  # noqa: A002
        self.shown[id] = value

    def drop(self, entity: str, id: str) -> None:  # noqa: A002
        self.shown.pop(id, None)


@dataclass
class Rig:
    """A service that can be killed and started anew on the same database."""

    path: Path
    db: Database
    phone: Telephone = field(default_factory=Telephone)
    messenger: Messenger = field(default_factory=Messenger)
    incidents: Incidents = field(default_factory=Incidents)
    screen: Screen = field(default_factory=Screen)
    time: list[int] = field(default_factory=lambda: [1_790_000_000_000])
    service: PlanService = field(init=False)

    def __post_init__(self) -> None:
        self.anew()

    def anew(self) -> None:
        parts = Parts(self.phone, Duty(), self.messenger, incidents=self.incidents)
        self.service = PlanService(self.db, self.screen, parts, clock=lambda: self.time[0])

    async def kill(self) -> None:
        """Everything in memory is gone, as after a kill -9; what was written stays."""
        await self.service.runner.stop()
        self.anew()

    async def facts(self, kind: str) -> list[Any]:
        from softswitch.store.event_rows import read_after

        batch = await self.db.read(read_after, 0, (kind,), 500)
        return [stored.event for stored in batch.facts]
