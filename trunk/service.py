"""Trunks while the system runs: the plan that holds, the way of each call, and making room for the urgent ones."""

from __future__ import annotations

import asyncio
import logging
import random
from collections import defaultdict, deque
from collections.abc import Awaitable, Callable, Coroutine, Iterable, Iterator
from dataclasses import replace
from datetime import tzinfo
from itertools import chain
from typing import Any

from softswitch.calls.center import CallCenter
from softswitch.calls.model import CallKind
from softswitch.clock import Clock, now
from softswitch.errors import Kind, Refusal, conflict
from softswitch.ports import ActFailed, ChannelGone, ControlFact, Leg, LegEnded, SwitchFact
from softswitch.store.database import Database
from trunk import store
from trunk.acts import Trip, TrunkActs, expected, on_trunk
from trunk.admission import EMERGENCY, Admitted, lacks, victim
from trunk.books import Books
from trunk.checks import Fault
from trunk.config import at_line
from trunk.config import written as read_text
from trunk.events import TrunkPreempted
from trunk.guard import Usage
from trunk.ledger import TrunkCall
from trunk.model import Attempt, Plan, Sip
from trunk.selection import ROUTINE
from trunk.switch import dial, over_iax2, signalled

log = logging.getLogger(__name__)

ROOM_SECONDS = 2.0
"""How long a circuit may take to become free after its call was cleared."""
MOST_WAITING = 10_000
"""Records of calls that wait for the database; beyond it they are counted as lost."""


async def _nothing() -> None:
    """Nobody wants to know."""


async def _nobody(call_id: str) -> None:
    raise ActFailed("Nobody can clear a call here")


class TrunkService:
    """The capability: ``books`` has what there is, ``acts`` places legs."""

    def __init__(
        self,
        center: CallCenter,
        acts: TrunkActs,
        db: Database,
        *,
        clock: Clock = now,
        zone: tzinfo | None = None,
    ) -> None:
        self._center = center
        self._db = db
        self._clock = clock
        self.acts = acts
        self.books = Books(center.book, clock, zone)
        self.books.ended = self._ended
        self.text = ""
        self.apply_to_switch: Callable[[], Awaitable[None]] = _nothing
        """Renders the plan and lets the switch take it; raises a :class:`Refusal` when it does not."""
        self.machine_faults: Callable[[Plan], Iterable[Fault]] = lambda plan: ()
        """Gives what a plan needs of hardware and this machine has not."""
        self.clear_call: Callable[[str], Awaitable[None]] = _nobody
        """Clears a call with cause 8, as a forced release does."""
        self.holds: Callable[[Plan], None] = lambda plan: None
        """Told of the plan that holds from now on."""
        self.gaps: deque[float] = deque(maxlen=1_000)
        """Seconds between an attempt that failed and the next, the latest ones."""
        self.lost_records = 0
        self.hands: defaultdict[str, asyncio.Lock] = defaultdict(asyncio.Lock)
        """By trunk: who blocks its circuits or gives them back, one at a time."""
        self._applying = asyncio.Lock()
        self._rows: list[store.Row] = []
        self._writing = False
        self._freed = asyncio.Event()
        acts.ways = self

    def spawn(self, work: Coroutine[Any, Any, None]) -> None:
        """Run work beside the present one."""
        self._center.spawn(work)

    # ---- the plan

    async def load(self) -> None:
        """Read the plan, what is blocked or looped, and what was used. Call it before facts flow."""
        self.text = await self._db.read(store.load)
        self.books.use(kept_plan(self.text))
        self.holds(self.books.written)
        for circuit, trunk in await self._db.read(store.blocked):
            if trunk in self.books.trunks:
                self.books.ledger.blocked[trunk].add(circuit)
        self.books.looped = await self._db.read(store.looped)
        for row in await self._db.read(store.usage, self._clock() - 25 * 3_600_000):
            self._used(row)

    def _used(self, row: store.Row) -> None:
        answered = row["answered_at"]
        talked = 0 if answered is None else row["ended_at"] - answered
        kept = [self.books.loads.get(row["trunk"])]
        if row["user"]:
            kept.append(self.books.users.setdefault(row["user"], Usage()))
        for usage in kept:
            if usage is not None:
                usage.start(row["started_at"])
                usage.end(row["ended_at"], talked)

    def check(self, text: str) -> Plan:
        """Return the plan of a text, or refuse it with the line and the reason. Nothing is touched."""
        read = read_text(text, self._emergency())
        for place, refusal in chain(self._names_taken(read.plan), self.machine_faults(read.plan)):
            raise at_line(read.places, place, refusal)
        return read.plan

    def _emergency(self) -> tuple[str, ...]:
        return tuple(self._center.book.emergency_digits())

    def _names_taken(self, plan: Plan) -> Iterator[Fault]:
        """A trunk and a phone are accounts of one switch."""
        taken = self._center.book.accounts()
        for index, trunk in enumerate(plan.trunks):
            for name in (trunk.name, f"in-{trunk.name}", f"at-{trunk.name}"):
                if name in taken or trunk.name == "translated":
                    yield (
                        ("trunk", index, "name"),
                        conflict(
                            "name_taken", f"{name} is the name of a phone.", "Choose another name."
                        ),
                    )

    async def apply(self, login: str, text: str) -> Plan:
        """Check a description, let the switch take it, and keep it. Calls that are up go on."""
        async with self._applying:
            plan = self.check(text)
            before = self.books.written
            self.books.use(plan)
            try:
                await self.apply_to_switch()
                summary = {"trunks": len(plan.trunks), "routes": len(plan.routes)}
                await self._db.write(store.put, text, self._clock(), login, summary)
            except BaseException:
                self.books.use(before)
                await self._back()
                raise
            self.text = text
            self.holds(plan)
            return plan

    async def _back(self) -> None:
        try:
            await self.apply_to_switch()
        except Refusal as refusal:
            log.error("the switch did not take the former trunks back: %s", refusal)

    def directory_changed(self) -> None:
        """Gateways came or went."""
        self.books.use(self.books.written)

    # ---- facts

    def hides_switch(self, fact: SwitchFact) -> bool:
        """Take a fact of the switch; return whether the core shall not hear it."""
        self.books.take(fact)
        if isinstance(fact, ChannelGone):
            self._freed.set()
        return self.acts.hides_switch(fact)

    def hides_control(self, fact: ControlFact) -> bool:
        """Take a fact of control; return whether the core shall not hear it."""
        return self.acts.hides_control(fact)

    # ---- legs (what :class:`TrunkActs` asks)

    def way_out(self, number: str, by: str | None) -> str:
        """Refuse a number that cannot be reached; the trunk itself is chosen when the leg is placed."""
        self.books.check(number, by)
        return ""

    async def trip(self, leg: Leg) -> Trip:
        """Return the attempts of a leg, with room made for a precedence call."""
        level = self.level_of(leg)
        attempts = await self.attempts(leg.number, leg.caller_number, level)
        user = leg.caller_number if self._center.book.has(leg.caller_number) else ""
        return Trip(leg, deque(attempts), user, level)

    def level_of(self, leg: Leg) -> int:
        """Return the precedence of a leg: that of its call; legs of an emergency are above all."""
        call_id = leg.args[2] if leg.args[:1] == ("leg",) and len(leg.args) > 2 else ""
        call = self._center.engine.calls.get(call_id)
        if call is not None and call.kind is CallKind.EMERGENCY:
            return EMERGENCY
        level = self._center.screens.precedence_of(call_id) if call_id else None
        return ROUTINE if level is None else level

    async def attempts(self, number: str, caller: str, level: int) -> tuple[Attempt, ...]:
        """Return the attempts of a call in order; raise a refusal when there is none."""
        _, admitted = self.books.ways(number, caller, level)
        if admitted.is_full and level < ROUTINE and await self._make_room(admitted, level):
            _, admitted = self.books.ways(number, caller, level)
        if not admitted.attempts:
            for trunk in admitted.refused:
                self.books.ledger.counters[trunk].refusals += 1
            raise _no_circuit(number, admitted)
        return admitted.attempts

    async def _make_room(self, admitted: Admitted, level: int) -> bool:
        """Clear the lowest call on these trunks for one of ``level``; return whether a circuit is free."""
        full = [name for name, why in admitted.refused.items() if why == "busy"]
        chosen = victim(self.books.ledger.calls.values(), full, level)
        if chosen is None:
            return False
        at = self._clock()
        fact = TrunkPreempted(chosen.trunk, at, chosen.call_id, chosen.level, level)
        details = {"trunk": chosen.trunk, "level": chosen.level, "for_level": level}
        await self._db.write(store.preempt, fact, chosen.call_id, details, at)
        self.books.ledger.counters[chosen.trunk].preemptions += 1
        try:
            await self.clear_call(chosen.call_id)
        except (ActFailed, Refusal) as error:
            log.warning("call %s was not cleared: %s", chosen.call_id, error)
            return False
        return await self._is_free(chosen)

    async def _is_free(self, call: TrunkCall) -> bool:
        try:
            async with asyncio.timeout(ROOM_SECONDS):
                while call.channel_id in self.books.ledger.calls:
                    self._freed.clear()
                    await self._freed.wait()
        except TimeoutError:
            return False
        return True

    def leg(self, leg: Leg, attempt: Attempt, level: int = ROUTINE) -> Leg:
        """Return a leg as the trunk of an attempt gets it; precedence (RFC 4412) and category go along."""
        plan, trunk = self.books.plan, self.books.trunks[attempt.trunk]
        priority = f"q735.{level}" if level < ROUTINE else ""
        category = signalled(attempt.category)
        if over_iax2(plan, trunk):
            placed = on_trunk(leg, attempt, dial(plan, trunk, attempt.number))
            told = {"IAXVAR(priority)": priority, "IAXVAR(cpc)": category}
        elif not isinstance(trunk.line, Sip) and trunk.node == "core":
            return on_trunk(leg, attempt, dial(plan, trunk, attempt.number))
        else:
            placed = on_trunk(leg, attempt, "")
            identity = f"<tel:{placed.caller_number};cpc={category}>" if category else ""
            told = {
                "PJSIP_HEADER(add,Resource-Priority)": priority,
                "PJSIP_HEADER(add,P-Asserted-Identity)": identity,
            }
        along = {name: value for name, value in told.items() if value}
        return replace(placed, variables={**placed.variables, **along})

    def expect(self, trip: Trip, attempt: Attempt) -> None:
        """An attempt is about to be placed."""
        self.books.ledger.expect(trip.leg.channel_id, expected(trip, attempt))

    def not_placed(self, trip: Trip, attempt: Attempt, why: str) -> None:
        """An attempt came to nothing at once."""
        self.books.ledger.forget(trip.leg.channel_id)
        self.books.failed(attempt.trunk, why[:200])

    def lacks(self, attempt: Attempt, level: int) -> str:
        """Return why the trunk of an attempt has no circuit for it now, empty: it has.

        Asked again before each attempt: since the first went out, others may have taken what was free.
        """
        trunk = self.books.trunks.get(attempt.trunk)
        return "gone" if trunk is None else lacks(trunk, self.books.ledger, level)

    def overflowed(self, trip: Trip) -> None:
        """A leg goes from one trunk to the next."""
        self.left_behind(trip.trunk)
        self._center.placed_again(trip.leg.channel_id)

    def left_behind(self, trunk: str) -> None:
        """A call goes on to another trunk."""
        if (counters := self.books.ledger.counters.get(trunk)) is not None:
            counters.overflows += 1
            self.books.changed(trunk)

    def gap(self, seconds: float) -> None:
        """The next attempt went out so long after the one before had failed."""
        self.gaps.append(seconds)

    def tell_end(self, channel_id: str, linked_id: str, cause: int) -> None:
        """Tell the core the end of a leg whose last attempt could not be placed."""
        self._center.on_control(LegEnded(channel_id, cause))
        self._center.on_switch(ChannelGone(channel_id, linked_id or channel_id, cause))

    # ---- records

    def _ended(self, call: TrunkCall) -> None:
        if len(self._rows) >= MOST_WAITING:
            self.lost_records += 1
            return
        self._rows.append(store.call_row(call))
        if not self._writing:
            self._writing = True
            self.spawn(self._write_calls())

    async def _write_calls(self) -> None:
        """Write what has gathered, together; try again while the database cannot be used."""
        try:
            while self._rows:
                rows, self._rows = self._rows, []
                try:
                    await self._db.write(store.ended, rows, self._clock())
                except Refusal as refusal:
                    if refusal.kind is not Kind.UNAVAILABLE:
                        raise
                    self._rows = [*rows, *self._rows][:MOST_WAITING]
                    await asyncio.sleep(1 + random.random())
        finally:
            self._writing = False


async def stored_plan(db: Database) -> Plan:
    """Return the plan that was last applied, for the switch that is started before anything else."""
    return kept_plan(await db.read(store.load))


def kept_plan(text: str) -> Plan:
    """Return the plan that was applied once; one that this release cannot read leaves the gateways, and calls go on.

    The emergency numbers may have changed since: that is looked at when the next one is applied.
    """
    try:
        return read_text(text).plan
    except Refusal as refusal:
        log.error("the description of trunks cannot be used: %s", refusal)
        return Plan()


def _no_circuit(number: str, admitted: Admitted) -> Refusal:
    why = ", ".join(f"{trunk}: {reason}" for trunk, reason in sorted(admitted.refused.items()))
    return conflict(
        "no_circuit",
        f"No circuit to {number} is free ({why}).",
        "Wait for one, or call with precedence.",
    )
