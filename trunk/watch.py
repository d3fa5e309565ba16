"""Looks after trunks: what screens show, set-ups that hang, channels that are stuck, probes, unusual traffic."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Protocol

from softswitch.calls.center import CallCenter
from softswitch.clock import Millis
from softswitch.errors import Refusal, told
from softswitch.events import Fact
from softswitch.ports import ActFailed, ChannelState, PlainActs
from softswitch.store.database import Database
from trunk import store, views
from trunk.breaker import Circuit
from trunk.causes import OUT_OF_ORDER, TEMPORARY_FAILURE
from trunk.events import TrunkChanged, UnusualTraffic
from trunk.hanging import busy_trunks, forgotten, forsaken, stalled, trunk_of, unblocked
from trunk.ledger import TrunkCall
from trunk.ports import CircuitState, CircuitTold, Driver, DriverFact
from trunk.probes import Probes
from trunk.service import TrunkService

log = logging.getLogger(__name__)

ENTITY = "trunk"
LOOK_SECONDS = 1.0
_SHOW_SECONDS = 0.05
STUCK_MILLIS = 60_000
"""A channel that has been up alone so long is stuck: nobody hears it."""
PROBE_MILLIS = 10_000
"""How long a trunk may be without a sign of life from its far end before a probe asks for one."""


class Screen(Protocol):
    """Where views are shown (the live hub)."""

    def put(self, entity: str, id: str, value: dict[str, Any]) -> None: ...  # noqa: A002
    def drop(self, entity: str, id: str) -> None: ...  # noqa: A002


class Watch:
    """One look a second, and the screens whenever something changed."""

    def __init__(
        self,
        service: TrunkService,
        probes: Probes,
        center: CallCenter,
        plain: PlainActs,
        db: Database,
        screen: Screen,
    ) -> None:
        self._service = service
        self._books = service.books
        self._probes = probes
        self._center = center
        self._plain = plain
        self._db = db
        self._screen = screen
        self.drivers: list[Driver] = []
        self.states: dict[str, CircuitState] = {}
        """What the drivers told of each circuit."""
        self.stuck_cleared = 0
        self.forsaken_cleared = 0
        self._dirty: set[str] = set()
        self._show_at = 0.0
        self._told: dict[str, str] = {}
        self._unusual: set[str] = set()
        self._probing: set[str] = set()
        self._last_sign: dict[str, Millis] = {}
        self._alone: dict[str, Millis] = {}
        self._held: dict[str, Millis] = {}
        """Circuits that are busy without a call of ours, and since when."""
        self._blocking: set[str] = set()
        """Trunks whose circuits are being blocked again."""
        self._showing = False
        self._books.changed = self._mark

    async def run(self) -> None:
        """Look until cancelled."""
        while True:
            try:
                await self.look()
            except Refusal as refusal:
                log.warning("the look at trunks waits: %s", refusal)
            except Exception:  # the next look must come whatever this one met
                log.exception("the look at trunks failed")
            await asyncio.sleep(LOOK_SECONDS)

    async def look(self) -> None:
        """Do what the time asks for."""
        at = self._books.clock()
        await self._ask_drivers(at)
        await self._end_stalled(at)
        await self._end_stuck(at)
        await self._end_forsaken(at)
        await self._reset_forgotten(at)
        self._probe(at)
        await self._tell(at)

    # ---- lines and circuits

    async def _ask_drivers(self, at: Millis) -> None:
        for driver in self.drivers:
            try:
                facts = await driver.look()
                for fact in facts:
                    self._hear(fact, at)
                self._block_again(driver, facts)
            except ActFailed as error:
                log.warning("a node does not tell its lines: %s", error)

    def _block_again(self, driver: Driver, facts: Sequence[DriverFact]) -> None:
        """A node that was started again knows nothing of what we have blocked or looped."""
        again = unblocked(facts, self._books.ledger.blocked)
        if again and not self._blocking & again.keys():
            self._blocking |= again.keys()
            self._service.spawn(self._blocked_again(driver, again.keys()))

    async def _blocked_again(self, driver: Driver, names: Iterable[str]) -> None:
        for name in names:
            try:
                async with self._service.hands[name]:
                    await self._block_forgotten(driver, name)
            except ActFailed as error:
                log.warning("circuits of trunk %s could not be blocked again: %s", name, error)
            finally:
                self._blocking.discard(name)

    async def _block_forgotten(self, driver: Driver, name: str) -> None:
        """Look once more, now that nobody has his hands on them: what was seen may be older than an operator's act."""
        facts = await driver.look()
        circuits = unblocked(facts, self._books.ledger.blocked).get(name)
        if not circuits:
            return
        log.warning("%d circuits of trunk %s are blocked again", len(circuits), name)
        await driver.block(circuits)
        if looped := [circuit for circuit in circuits if circuit in self._books.looped]:
            await driver.loop(name, True, looped)

    def _hear(self, fact: DriverFact, at: Millis) -> None:
        if isinstance(fact, CircuitTold):
            if self.states.get(fact.circuit) is not fact.state:
                self.states[fact.circuit] = fact.state
                self._mark(fact.circuit.partition("/")[0])
        elif fact.trunk in self._books.breakers:
            self._books.breakers[fact.trunk].line(at, fact.fault)
            self._mark(fact.trunk)

    # ---- calls that hang

    async def _end_stalled(self, at: Millis) -> None:
        """A far end that says nothing to a call set-up: end it with a cause after which the next trunk is tried."""
        for call in stalled(self._books.ledger.calls.values(), at):
            call.stalled = True
            await self._end(call, TEMPORARY_FAILURE)

    async def _end_stuck(self, at: Millis) -> None:
        for call in self._stuck(at):
            self._alone[call.channel_id] = at  # its end is told in a moment
            self.stuck_cleared += 1
            log.warning("channel %s on trunk %s was stuck; it is ended", call.name, call.trunk)
            await self._end(call, TEMPORARY_FAILURE)

    async def _end_forsaken(self, at: Millis) -> None:
        """Before an answer there is no sound whose end could tell. Who waited becomes a call-back task."""
        for call in forsaken(self._books.ledger.calls.values(), self._books.breakers, at):
            self.forsaken_cleared += 1
            log.warning(
                "the line of %s died while he waited; channel %s is ended", call.caller, call.name
            )
            await self._end(call, OUT_OF_ORDER)

    async def _reset_forgotten(self, at: Millis) -> None:
        """A circuit that its node says is busy, while no call of the core is on that trunk, is held by nobody."""
        busy = {name for name, state in self.states.items() if state is CircuitState.BUSY}
        idle = busy - busy_trunks(busy, self._books.ledger.calls.values())
        self._held = {name: self._held.get(name, at) for name in idle}
        for driver in self.drivers:
            stuck = [name for name in forgotten(self._held, at) if trunk_of(name) in driver.trunks]
            for name in stuck:
                self._held.pop(name)
                self.stuck_cleared += 1
                log.warning("circuit %s was busy without a call; it is reset", name)
            try:
                if stuck:
                    await driver.reset(stuck)
            except ActFailed as error:
                log.warning("circuits could not be reset: %s", error)

    async def _end(self, call: TrunkCall, cause: int) -> None:
        try:
            await self._plain.hangup(call.name, cause)
        except ActFailed as error:
            log.info("channel %s could not be ended: %s", call.name, error)

    def _stuck(self, at: Millis) -> list[TrunkCall]:
        """Return channels that have been up alone in their call, and in nobody's hands, for long."""
        alone = {call.channel_id: call for call in self._lonely()}
        self._alone = {key: self._alone.get(key, at) for key in alone}
        return [alone[key] for key, since in self._alone.items() if at - since > STUCK_MILLIS]

    def _lonely(self) -> Iterable[TrunkCall]:
        engine, board = self._center.engine, self._center.board
        under = self._service.acts.under
        for call in self._books.ledger.calls.values():
            leg = board.legs.get(call.channel_id)
            if leg is None or leg.channel.state is not ChannelState.UP or leg.channel.bridge_id:
                continue
            shown = board.calls.get(leg.channel.linked_id)
            others = shown is not None and len(shown.legs) > 1
            held = call.channel_id in engine.call_by_channel or call.channel_id in under
            if not others and not held:
                yield call

    # ---- probes

    def _probe(self, at: Millis) -> None:
        """Ask trunks with a probe number for a sign of life; one that is open is asked when its pause is over."""
        for name, trunk in self._books.trunks.items():
            breaker = self._books.breakers[name]
            if not trunk.probe or not trunk.enabled or name in self._probing:
                continue
            last = self._last_sign.setdefault(name, at)
            waits = 0 if breaker.failures else PROBE_MILLIS
            is_open = breaker.state is not Circuit.CLOSED
            due = breaker.allows(at) if is_open else at - last >= waits
            if due and not breaker.down:
                self._probing.add(name)
                self._service.spawn(self._probe_one(name))

    async def _probe_one(self, name: str) -> None:
        try:
            if (trunk := self._books.trunks.get(name)) is not None:
                await self._probes.probe(trunk)
        finally:
            self._probing.discard(name)
            self._last_sign[name] = self._books.clock()

    # ---- screens and facts

    def _mark(self, name: str) -> None:
        self._dirty.add(name)
        if not self._showing:
            self._showing = True
            asyncio.get_running_loop().call_at(self._show_at, self._show)

    def _show(self) -> None:
        """Show at once, then not again for a moment: a view tells of every circuit, and each call changes it often."""
        self._showing = False
        self._show_at = asyncio.get_running_loop().time() + _SHOW_SECONDS
        dirty, self._dirty = self._dirty, set()
        for name in dirty:
            trunk = self._books.trunks.get(name)
            if trunk is None:
                self._screen.drop(ENTITY, name)
            else:
                self._screen.put(ENTITY, name, views.trunk_view(self._books, trunk, self.states))

    async def _tell(self, at: Millis) -> None:
        """Write what has changed of the states, and what traffic is unusual."""
        facts: list[Fact] = []
        now = {name: self._books.state(name) for name in self._books.trunks}
        for name, state in now.items():
            before = self._told.get(name, "up")
            if state != before:
                breaker = self._books.breakers[name]
                facts.append(TrunkChanged(name, at, state, breaker.down or breaker.why))
                self._trunk_alarm(name, state, breaker.down or breaker.why)
        self._told = now
        facts += self._traffic(at)
        if facts:
            await self._db.write_surely(store.told, facts, at)

    def _traffic(self, at: Millis) -> list[Fact]:
        facts: list[Fact] = []
        watched: Mapping[str, Any] = {
            **{f"trunk {name}": usage for name, usage in self._books.loads.items()},
            **{f"extension {name}": usage for name, usage in self._books.users.items()},
        }
        for who, usage in watched.items():
            unusual = usage.is_unusual(at)
            if unusual and who not in self._unusual:
                self._unusual.add(who)
                facts.append(UnusualTraffic(who, at, usage.in_hour(at)))
                self._screen.put(
                    "alarm", f"traffic {who}", _traffic_alarm(who, usage.in_hour(at), at)
                )
            elif not unusual and who in self._unusual:
                self._unusual.discard(who)
                self._screen.drop("alarm", f"traffic {who}")
        return facts

    def _trunk_alarm(self, name: str, state: str, why: str) -> None:
        described = self._books.written.trunk(name) is not None
        if state in _WELL or not described:  # a gateway of the directory may stay away as it likes
            self._screen.drop("alarm", f"trunk {name}")
            return
        alarm = {
            "id": f"trunk {name}",
            "since": self._books.breakers[name].since,
            **told(
                "trunk_out_of_service",
                f"Trunk {name} is {state.replace('_', ' ')}: {why or 'no circuit is free'}.",
                "Calls take other trunks. Look at it: softswitch trunk show.",
            ),
        }
        self._screen.put("alarm", f"trunk {name}", alarm)


_WELL = frozenset({"up", "disabled"})


def _traffic_alarm(who: str, calls: int, at: Millis) -> dict[str, Any]:
    return {
        "id": f"traffic {who}",
        "since": at,
        **told(
            "unusual_traffic",
            f"Unusual traffic: {who} has made {calls} calls in an hour.",
            "Look who calls where: softswitch trunk calls.",
        ),
    }
