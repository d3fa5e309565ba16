"""What people do to trunks: block, unblock, reset, restore, loop, test. It is written before it happens."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from enum import StrEnum
from typing import Any

from softswitch import chinese
from softswitch.clock import Millis
from softswitch.errors import Refusal, conflict, not_found, unavailable
from softswitch.ports import ActFailed, PlainActs
from softswitch.store.database import Database
from trunk import store
from trunk.causes import TEMPORARY_FAILURE
from trunk.model import Sip, Trunk
from trunk.ports import OUT_OF_USE, CircuitState, CircuitTold, Driver
from trunk.probes import Probes
from trunk.service import TrunkService


class Act(StrEnum):
    """What is done to circuits."""

    BLOCK = "block"
    UNBLOCK = "unblock"
    RESET = "reset"


class Operate:
    """The acts of operators. Circuits of SIP trunks are ours alone; those of 2M lines have a driver, who tells the
    far end."""

    def __init__(
        self, service: TrunkService, probes: Probes, plain: PlainActs, db: Database
    ) -> None:
        self._service = service
        self._books = service.books
        self._probes = probes
        self._plain = plain
        self._db = db
        self.drivers: dict[str, Driver] = {}
        """By trunk."""

    async def act(self, login: str, act: Act, name: str, circuits: Sequence[str]) -> None:
        """Block, unblock or reset circuits of a trunk, all of them when none is named."""
        trunk = self._trunk(name)
        chosen = self._chosen(trunk, circuits)
        at = self._books.clock()
        if act is Act.RESET:
            await self._db.write(
                store.did, login, "trunk.reset", name, {"circuits": chosen[:200]}, at
            )
            await self._reset(trunk, chosen)
        else:
            async with self._service.hands[name]:
                await self._block(login, name, chosen, on=act is Act.BLOCK, at=at)
        self._books.changed(name)

    async def _block(
        self, login: str, name: str, circuits: list[str], *, on: bool, at: Millis
    ) -> None:
        await self._db.write(store.block, name, circuits, on, at, login)
        if not on:
            await self._end_loops(name, circuits)
        blocked = self._books.ledger.blocked[name]
        blocked.update(circuits) if on else blocked.difference_update(circuits)
        await self._tell_driver(Act.BLOCK if on else Act.UNBLOCK, name, circuits)

    async def _tell_driver(self, act: Act, name: str, circuits: list[str]) -> None:
        driver = self.drivers.get(name)
        if driver is None:
            return
        acts = {Act.BLOCK: driver.block, Act.UNBLOCK: driver.unblock, Act.RESET: driver.reset}
        try:
            await acts[act](circuits)
        except ActFailed as error:
            raise _refused(name, error, "Look whether the node runs, then try again.") from None

    async def _reset(self, trunk: Trunk, circuits: list[str]) -> None:
        if trunk.name in self.drivers:
            await self._tell_driver(Act.RESET, trunk.name, circuits)
            return
        chosen = set(circuits)
        for call in [c for c in self._books.ledger.calls.values() if c.circuit in chosen]:
            try:
                await self._plain.hangup(call.name, TEMPORARY_FAILURE)
            except ActFailed as error:
                raise unavailable(
                    "node_refused", f"A call could not be cleared: {error}.", "Try again."
                ) from None

    async def restore(self, login: str, name: str) -> None:
        """Put a trunk back into service; its breaker begins anew."""
        self._trunk(name)
        at = self._books.clock()
        await self._db.write(store.did, login, "trunk.restored", name, {}, at)
        self._books.breakers[name].release(at)
        self._books.changed(name)

    async def loop(self, login: str, name: str, on: bool, circuits: Sequence[str] = ()) -> None:
        """Loop circuits that are blocked back to the far end, or the whole line while it carries no call."""
        trunk = self._trunk(name)
        driver = self.drivers.get(name)
        if isinstance(trunk.line, Sip) or driver is None:
            raise conflict(
                "no_loop", f"Trunk {name} has no line that could be looped.", "Make a test call."
            )
        chosen = self._chosen(trunk, circuits) if circuits else []
        at = self._books.clock()
        details = {"on": on, "circuits": chosen[:200]}
        await self._db.write(store.did, login, "trunk.looped", name, details, at)
        try:
            if on:
                await self._check_loop(trunk, driver, chosen)
            await driver.loop(name, on, chosen)
        except ActFailed as error:
            raise _refused(name, error, _LOOK_AT_LOOPS) from None
        await self._looped(chosen or [name], on)
        self._books.changed(name)

    async def _check_loop(self, trunk: Trunk, driver: Driver, circuits: list[str]) -> None:
        """What is looped can carry no call, and a call could seize a circuit that is not blocked at any moment."""
        facts = await driver.look()
        told = {fact.circuit: fact.state for fact in facts if isinstance(fact, CircuitTold)}
        blocked = self._books.ledger.blocked[trunk.name]
        for circuit in circuits:
            if circuit not in blocked or told.get(circuit) not in OUT_OF_USE:
                raise conflict(
                    "circuit_in_use",
                    f"Circuit {circuit} is not blocked, or its call goes on.",
                    f"Block it, and wait until it is: softswitch trunk block {trunk.name} {circuit}.",
                )
        whole = () if circuits else self._books.ledger.circuits(trunk.name)
        if any(told.get(circuit.id) is CircuitState.BUSY for circuit, _ in whole):
            raise conflict(
                "line_in_use",
                f"Calls go on over trunk {trunk.name}; a loop of its line would cut them off.",
                f"Let it drain: softswitch trunk block {trunk.name}.",
            )

    async def _end_loops(self, name: str, circuits: Sequence[str]) -> None:
        """A circuit that goes back into use is looped no more."""
        looped = [circuit for circuit in circuits if circuit in self._books.looped]
        driver = self.drivers.get(name)
        if not looped or driver is None:
            return
        try:
            await driver.loop(name, False, looped)
        except ActFailed as error:
            raise _refused(name, error, _LOOK_AT_LOOPS) from None
        await self._looped(looped, False)

    async def _looped(self, names: list[str], on: bool) -> None:
        await self._db.write(store.loop, names, on)
        looped = self._books.looped
        looped.update(names) if on else looped.difference_update(names)

    async def test(self, login: str, name: str, number: str) -> dict[str, Any]:
        """Call a number over a trunk; return what became of it."""
        self._trunk(name)
        at = self._books.clock()
        await self._db.write(store.did, login, "trunk.tested", name, {"number": number}, at)
        outcome = await self._probes.test(name, number)
        told = {**dataclasses.asdict(outcome), "through": outcome.through}
        return {**told, "error_zh": chinese.word(outcome.error)}

    def _trunk(self, name: str) -> Trunk:
        trunk = self._books.trunks.get(name)
        if trunk is None:
            raise not_found("trunk", name, "Look at the list: softswitch trunk list.")
        return trunk

    def _chosen(self, trunk: Trunk, circuits: Sequence[str]) -> list[str]:
        known = [circuit.id for circuit, _ in self._books.ledger.circuits(trunk.name)]
        for given in circuits:
            if given not in known:
                raise not_found(
                    "circuit", given, f"Look at it: softswitch trunk show {trunk.name}."
                )
        return list(circuits) or known


_LOOK_AT_LOOPS = (
    "Look whether its dialplan is that of `softswitch trunk install`, and what dahdi_maint says."
)


def _refused(name: str, error: ActFailed, next_step: str) -> Refusal:
    return unavailable(
        "node_refused", f"The node of trunk {name} did not do it: {error}.", next_step
    )
