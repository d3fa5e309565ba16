"""Builds trunks from what they need and connects their parts."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Mapping
from typing import Any, Protocol

from softswitch.calls.center import CallCenter
from softswitch.calls.core import GuestList
from softswitch.clock import Clock, now
from softswitch.errors import Refusal, not_found
from softswitch.ports import ControlFact, PlainActs, SwitchFact
from softswitch.store.database import Database
from trunk import store, views
from trunk.acts import TrunkActs
from trunk.model import Plan
from trunk.operate import Operate
from trunk.plain import PlainCalls
from trunk.ports import Driver
from trunk.probes import Probes
from trunk.service import TrunkService
from trunk.watch import Screen, Watch


class SwitchFacts(Protocol):
    """A switch that tells facts."""

    def facts(self) -> AsyncIterator[SwitchFact]: ...


class ControlFacts(Protocol):
    """A control connection that tells facts."""

    def facts(self) -> AsyncIterator[ControlFact]: ...


class HeardSwitch:
    """The facts of the switch as the core hears them: without the ends of attempts that another follows."""

    def __init__(self, switch: SwitchFacts, service: TrunkService) -> None:
        self._switch = switch
        self._service = service

    async def facts(self) -> AsyncIterator[SwitchFact]:
        """Yield them."""
        async for fact in self._switch.facts():
            if not self._service.hides_switch(fact):
                yield fact


class HeardControl:
    """The facts of control, likewise."""

    def __init__(self, control: ControlFacts, service: TrunkService) -> None:
        self._control = control
        self._service = service

    async def facts(self) -> AsyncIterator[ControlFact]:
        """Yield them."""
        async for fact in self._control.facts():
            if not self._service.hides_control(fact):
                yield fact


class Trunks:
    """The capability: ``service`` finds ways, ``operate`` is what people do, ``watch`` looks after all of it."""

    def __init__(
        self,
        center: CallCenter,
        acts: TrunkActs,
        plain: PlainActs,
        db: Database,
        screen: Screen,
        *,
        clock: Clock = now,
    ) -> None:
        self.center = center
        self._db = db
        self.service = TrunkService(center, acts, db, clock=clock)
        self.books = self.service.books
        self.plain = PlainCalls(self.service, center.engine.acts)
        self.probes = Probes(self.service, acts, clock)
        self.operate = Operate(self.service, self.probes, plain, db)
        self.watch = Watch(self.service, self.probes, center, plain, db, screen)
        self.drivers_of: Callable[[Plan], Mapping[str, Driver]] = lambda plan: {}
        """Makes the drivers of a plan, by the trunks that each drives."""
        self.service.holds = self._drive

    def _drive(self, plan: Plan) -> None:
        drivers = dict(self.drivers_of(plan))
        self.operate.drivers = drivers
        self.watch.drivers = list({id(driver): driver for driver in drivers.values()}.values())
        self.watch.states.clear()

    async def start(self) -> None:
        """Read what is stored and begin to choose the ways of calls. Call it before facts flow."""
        await self.service.load()
        engine = self.center.engine
        engine.way_out = self.service.way_out
        engine.guests = GuestList(self.plain, self.probes, engine.guests)

    # ---- looking

    def shown(self) -> list[dict[str, Any]]:
        """Return every trunk."""
        return [
            views.trunk_view(self.books, trunk, self.watch.states)
            for trunk in self.books.trunks.values()
        ]

    def one(self, name: str) -> dict[str, Any]:
        """Return one trunk, or refuse a name that is none."""
        trunk = self.books.trunks.get(name)
        if trunk is None:
            raise not_found("trunk", name, "Look at the list: softswitch trunk list.")
        return views.trunk_view(self.books, trunk, self.watch.states)

    async def calls(
        self, trunk: str | None, cause: int | None, before: int | None, limit: int
    ) -> list[dict[str, Any]]:
        """Return records of calls that are over."""
        return await self._db.read(store.calls, trunk, cause=cause, before=before, limit=limit)

    def way(self, number: str, caller: str, level: int) -> dict[str, Any]:
        """Return what a call would try now; it is not placed."""
        try:
            _, admitted = self.books.ways(number, caller, level)
        except Refusal as refusal:
            return {"attempts": [], "refused": {}, **refusal.as_json()}
        attempts = [
            {"trunk": a.trunk, "number": a.number, "caller": a.caller, "route": a.route,
             "category": a.category}
            for a in admitted.attempts
        ]  # fmt: skip
        return {"attempts": attempts, "refused": dict(admitted.refused)}
