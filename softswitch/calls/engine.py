"""Calls under dispatch: takes the facts of control, rings phones, joins and parts legs.

Everything that changes a call runs under the lock of that call, in the order in which facts and commands
came.  Ids are chosen before the act, so an act that is repeated after a cut connection changes nothing; if the
process dies between two acts, :meth:`Engine.adopt` rebuilds what it knew from the switch.
"""

from __future__ import annotations

import asyncio
import logging
import secrets
from collections import OrderedDict
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine, Iterable
from contextlib import asynccontextmanager
from typing import Any, Protocol

from softswitch.calls import outcomes
from softswitch.calls.board import Board
from softswitch.calls.dispatch_call import DispatchCall, Member, Purpose, Ring
from softswitch.calls.model import CallKind, Role
from softswitch.calls.phonebook import Phonebook
from softswitch.clock import Clock, now
from softswitch.errors import Refusal, conflict, not_found, unavailable
from softswitch.ports import (
    ActFailed,
    CallActs,
    Channel,
    ChannelState,
    ControlDown,
    ControlFact,
    ControlUp,
    Entered,
    KeyPressed,
    Left,
    Leg,
    LegEnded,
    LegRinging,
    PlainActs,
    TransferAsked,
)

log = logging.getLogger(__name__)

ANSWERED_ELSEWHERE = 26
"""Q.850 26, non-selected user clearing: the phone shows no missed call."""

PLACE_SECONDS = 30

LEFT_SECONDS = 1.0
MOST_MADE = 10_000
"""How many rings are remembered, so that a phone that answers too late is told apart."""
"""How long a channel that left dispatch may take to tell the cause of its end."""


def new_id() -> str:
    """Return an id for a channel or ring that no other has, now or after a restart."""
    return secrets.token_hex(10)


class Intake(Protocol):
    """What the engine tells emergency intake."""

    def arrived(self, call: DispatchCall) -> None: ...
    def answered(self, call: DispatchCall, extension: str | None) -> None: ...
    def unanswered(self, call: DispatchCall, ring: Ring) -> None: ...
    def gone(self, call: DispatchCall) -> None: ...
    def is_waiting(self, call_id: str) -> bool: ...


class Features(Protocol):
    """What phones ask for by code, key or REFER."""

    async def entered(self, channel: Channel, args: tuple[str, ...]) -> None: ...
    async def transfer(self, asked: TransferAsked) -> None: ...
    async def key(self, call: DispatchCall, member: Member, digit: str) -> None: ...


class Engine:
    """The calls under dispatch by call id."""

    intake: Intake
    features: Features

    def __init__(
        self,
        acts: CallActs,
        plain: PlainActs,
        board: Board,
        book: Phonebook,
        *,
        changed: Callable[[str], None],
        ended: Callable[[DispatchCall], None] = lambda call: None,
        clock: Clock = now,
    ) -> None:
        self.acts = acts
        self.plain = plain
        self.board = board
        self.book = book
        self.changed = changed
        self.ended = ended
        self.clock = clock
        self.calls: dict[str, DispatchCall] = {}
        self.rings: dict[str, Ring] = {}
        self.call_by_channel: dict[str, str] = {}
        self.control_up = False
        self.remembered: dict[str, dict[str, Any]] = {}
        """Rows of calls that were up before a restart: parked, held, whose."""
        self._locks: dict[str, tuple[asyncio.Lock, int]] = {}
        self._made: OrderedDict[str, None] = OrderedDict()
        """The latest rings of this run by id; a ring that is not among them is of a run before."""
        self._tasks: set[asyncio.Task[None]] = set()
        self._arriving: dict[str, asyncio.Future[Channel]] = {}

    # ---- order and life of tasks

    @asynccontextmanager
    async def locked(self, call_id: str) -> AsyncIterator[None]:
        """Hold the lock of a call; facts and commands on it run one after the other, first come first served."""
        lock, users = self._locks.get(call_id, (None, 0))
        lock = lock or asyncio.Lock()
        self._locks[call_id] = (lock, users + 1)
        try:
            async with lock:
                try:
                    yield
                finally:
                    await self._finish_if_empty(call_id)
        finally:
            # Forgotten only when nobody waits for it, or two could hold two locks of one call.
            users = self._locks[call_id][1] - 1
            if users:
                self._locks[call_id] = (lock, users)
            else:
                del self._locks[call_id]

    async def _finish_if_empty(self, call_id: str) -> None:
        """Forget a call that has lost everybody, also when what was done to it failed half-way."""
        call = self.calls.get(call_id)
        if call is not None and not call.members and not call.rings:
            await self.finish(call)

    def spawn(self, work: Coroutine[Any, Any, None]) -> None:
        """Run work beside the present one; its failure is logged, never lost."""
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._done)

    def _done(self, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        if not task.cancelled() and (error := task.exception()) is not None:
            level = logging.WARNING if isinstance(error, ActFailed | Refusal) else logging.ERROR
            log.log(level, "work on a call failed: %s", error, exc_info=error)

    async def stop(self) -> None:
        """End the work in progress; calls keep their audio."""
        for task in list(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    # ---- facts

    def handle(self, fact: ControlFact) -> None:
        """Take one fact of control; the work that follows runs under the lock of its call."""
        if isinstance(fact, Entered):
            self._entered(fact)
        elif isinstance(fact, LegEnded):
            self._ended(fact.channel_id, fact.cause)
        elif isinstance(fact, Left):
            self._left(fact.channel_id)
        elif isinstance(fact, LegRinging):
            if ring := self.rings.get(fact.channel_id):
                self.changed(ring.call_id)
        elif isinstance(fact, KeyPressed):
            self._key(fact)
        elif isinstance(fact, TransferAsked):
            self.spawn(self.features.transfer(fact))
        elif isinstance(fact, ControlUp):
            self.control_up = True
            self.adopt(fact)
        elif isinstance(fact, ControlDown):
            self.control_up = False

    def _entered(self, fact: Entered) -> None:
        channel, args = fact.channel, fact.args
        word = args[0] if args else ""
        if word == "emergency" and len(args) > 1:
            self.spawn(self._emergency(channel, args[1]))
        elif word == "leg":
            self.spawn(self._leg_answered(channel, args))
        elif (future := self._arriving.pop(channel.id, None)) is not None:
            if not future.done():
                future.set_result(channel)
        elif word in ("feature", "retrieve"):
            self.spawn(self.features.entered(channel, args))
        else:
            log.warning("channel %s came with unknown words %s; it is ended", channel.id, args)
            self.spawn(self.acts.hangup(channel.id))

    def _left(self, channel_id: str) -> None:
        """A channel left dispatch; most end in the same moment and tell their cause, a few go on in the dialplan."""
        if channel_id in self.call_by_channel:
            loop = asyncio.get_running_loop()
            loop.call_later(LEFT_SECONDS, self._ended, channel_id, 0)

    def _ended(self, channel_id: str, cause: int) -> None:
        future = self._arriving.pop(channel_id, None)
        if future is not None and not future.done():
            future.set_exception(ActFailed("the party hung up"))
        if ring := self.rings.get(channel_id):
            self.spawn(self._leg_unanswered(ring, channel_id, cause))
        elif call_id := self.call_by_channel.get(channel_id):
            self.spawn(self._departed(call_id, channel_id, cause))

    def channel_gone(self, channel_id: str, cause: int) -> None:
        """The board has lost a channel. Control tells that too, unless it was cut at that moment."""
        if channel_id in self.rings or channel_id in self.call_by_channel:
            asyncio.get_running_loop().call_later(LEFT_SECONDS, self._ended, channel_id, cause)

    def _key(self, fact: KeyPressed) -> None:
        call = self.calls.get(self.call_by_channel.get(fact.channel_id, ""))
        if call is not None and (member := call.members.get(fact.channel_id)):
            self.spawn(self.features.key(call, member, fact.digit))

    # ---- calls come and go

    async def _emergency(self, channel: Channel, digits: str) -> None:
        call_id = self.call_id_of(channel)
        async with self.locked(call_id):
            call = self.open_call(call_id, CallKind.EMERGENCY, digits=digits)
            call.number, call.name = channel.caller_number, channel.caller_name
            self.add(call, self.member_for(channel, Role.CALLER))
            self.intake.arrived(call)
            self.changed(call.id)

    def call_id_of(self, channel: Channel) -> str:
        """Return the id of the call that a channel belongs to: its linked id, as the board knows it."""
        leg = self.board.legs.get(channel.id)
        return leg.channel.linked_id if leg else channel.linked_id or channel.id

    def open_call(self, call_id: str, kind: CallKind, digits: str | None = None) -> DispatchCall:
        """Take a call under dispatch."""
        call = self.calls.get(call_id)
        if call is None:
            call = self.calls[call_id] = DispatchCall(call_id, kind, self.clock(), digits=digits)
            if (row := self.remembered.pop(call_id, None)) is not None:
                call.kind = CallKind(row["kind"])
                call.digits, call.created_at = digits or row["digits"], row["started_at"]
                call.owner, call.parked_at, call.held_by = (
                    row["owner"],
                    row["parked_at"],
                    row["held_by"],
                )
                call.number, call.name = row["caller_number"], row["caller_name"]
        return call

    def member_for(self, channel: Channel, role: Role | None = None) -> Member:
        """Return the part that a channel plays, told by the phone behind it."""
        extension = self.book.extension_of(channel.endpoint)
        if role is None:
            desk = extension is not None and self.book.is_desk(extension)
            role = Role.DESK if desk else Role.PARTY
        number = channel.caller_number or extension or ""
        name = self.book.name_of(extension) if extension else channel.caller_name
        answered = channel.state is ChannelState.UP
        return Member(channel.id, role, extension, number, name, answered)

    def add(self, call: DispatchCall, member: Member) -> None:
        """Make a channel a member of a call."""
        call.members[member.channel_id] = member
        self.call_by_channel[member.channel_id] = call.id

    def remove(self, call: DispatchCall, channel_id: str) -> Member | None:
        """Take a channel out of the books of a call."""
        self.call_by_channel.pop(channel_id, None)
        return call.members.pop(channel_id, None)

    async def finish(self, call: DispatchCall) -> None:
        """Forget a call in which nobody is left, and give back its bridges."""
        for ring in list(call.rings.values()):
            await self.stop_ring(call, ring)
        for channel_id in list(call.members):
            self.remove(call, channel_id)
        self.calls.pop(call.id, None)
        if call.bridge_open:
            await self.quietly(self.acts.close_bridge(call.bridge_id))
        if call.consult is not None:
            await self.quietly(self.acts.close_bridge(call.consult.bridge_id(call.id)))
        self.ended(call)
        self.changed(call.id)

    async def _departed(self, call_id: str, channel_id: str, cause: int) -> None:
        async with self.locked(call_id):
            call = self.calls.get(call_id)
            if call is None or (member := self.remove(call, channel_id)) is None:
                return
            await outcomes.departed(self, call, member, cause)
            self.changed(call_id)

    # ---- ringing

    def reachable(self, extension: str) -> list[tuple[str, str]]:
        """Return the phones of an extension that are registered now."""
        return [
            (phone_id, kind)
            for phone_id, kind in self.book.phones_of(extension)
            if self.board.is_registered([phone_id])
        ]

    def is_free(self, extension: str) -> bool:
        """Tell whether no phone of an extension is in a call or being rung."""
        if any(ring.extension == extension for ring in self.rings.values()):
            return False
        phones = [phone_id for phone_id, _ in self.book.phones_of(extension)]
        return not self.board.legs_of(phones)

    def destinations(self, number: str) -> tuple[str | None, list[str]]:
        """Return (extension, phone ids) or (None, line ids) that reach a number, or refuse with the reason."""
        if number in self.book.extensions():
            phones = [phone_id for phone_id, _ in self.reachable(number)]
            if not phones:
                raise conflict(
                    "not_registered",
                    f"No phone of extension {number} is registered.",
                    "Call another number of this person.",
                )
            return number, phones
        lines = [line for line in self.book.lines() if self.board.is_registered([line])]
        if not lines:
            raise conflict(
                "no_route",
                f"{number} is no extension, and no line to the outside is up.",
                "Check the number, or the lines with `softswitch phone list`.",
            )
        return None, lines[:1]

    async def ring(
        self,
        call: DispatchCall,
        purpose: Purpose,
        number: str,
        *,
        role: Role = Role.DESK,
        auto_answer: bool = False,
        by: str | None = None,
        replaces: str | None = None,
        next_number: str = "",
        shown: tuple[str, str] | None = None,
        seconds: int = PLACE_SECONDS,
        first_channel_id: str | None = None,
    ) -> Ring:
        """Ring the phones of a number for a call; the first to answer wins.

        ``shown`` is the number and name on their display (default: the caller's).  Raises a refusal when
        nothing can be rung; the call is unchanged then.
        """
        extension, phones = self.destinations(number)
        ring = Ring(new_id(), call.id, purpose, number, extension, role)
        self._made[ring.id] = None
        if len(self._made) > MOST_MADE:
            self._made.popitem(last=False)
        ring.by, ring.replaces, ring.next_number = by, replaces, next_number
        call.rings[ring.id] = ring
        shown_number, shown_name = shown or (call.number, call.name)
        originator = next(iter(call.members), "")
        args = ("leg", ring.id, call.id, purpose.value, role.value, number)
        legs = [
            Leg(
                channel_id=(first_channel_id if first_channel_id and index == 0 else new_id()),
                phone_id=phone_id,
                args=args,
                number="" if extension else number,
                caller_number=shown_number,
                caller_name=shown_name,
                originator=originator or (first_channel_id or "" if index else ""),
                auto_answer=auto_answer,
                timeout_seconds=seconds,
            )
            for index, phone_id in enumerate(phones)
        ]
        await self._place(call, ring, legs)
        return ring

    async def _place(self, call: DispatchCall, ring: Ring, legs: Iterable[Leg]) -> None:
        failed: list[ActFailed] = []
        for leg in legs:
            ring.channel_ids.add(leg.channel_id)
            self.rings[leg.channel_id] = ring
            try:
                await self.acts.place(leg)
            except ActFailed as error:
                failed.append(error)
                ring.channel_ids.discard(leg.channel_id)
                self.rings.pop(leg.channel_id, None)
        if not ring.channel_ids:
            call.rings.pop(ring.id, None)
            raise unavailable(
                "not_placed",
                f"The phones of {ring.number} could not be rung: {failed[0] if failed else 'gone'}.",
                "Try again.",
            )
        self.changed(call.id)

    async def stop_ring(self, call: DispatchCall, ring: Ring, cause: int = 16) -> None:
        """Stop the phones of a ring, except the one that won."""
        call.rings.pop(ring.id, None)
        channel_ids = [c for c in ring.channel_ids if c != ring.winner]
        for channel_id in ring.channel_ids:
            self.rings.pop(channel_id, None)
        ring.channel_ids.clear()
        await asyncio.gather(*(self.quietly(self.acts.hangup(c, cause)) for c in channel_ids))

    async def _leg_answered(self, channel: Channel, args: tuple[str, ...]) -> None:
        if channel.id in self.call_by_channel:
            return  # told twice: by the snapshot after a cut, and by the event behind it
        ring = self.rings.get(channel.id) or self._ring_from(channel, args)
        if ring is None:
            await self.quietly(self.acts.hangup(channel.id))
            return
        async with self.locked(ring.call_id):
            call = self.calls.get(ring.call_id)
            if call is None or ring.id not in call.rings or ring.winner is not None:
                await self.quietly(self.acts.hangup(channel.id, ANSWERED_ELSEWHERE))
                return
            ring.winner = channel.id
            await self.stop_ring(call, ring, ANSWERED_ELSEWHERE)
            name = self.book.name_of(ring.extension) if ring.extension else ""
            member = Member(channel.id, ring.role, ring.extension, ring.number, name)
            self.add(call, member)
            await outcomes.answered(self, call, ring, member)
            self.changed(call.id)

    def _ring_from(self, channel: Channel, args: tuple[str, ...]) -> Ring | None:
        """Rebuild the ring of a leg that was placed before a restart and answers now."""
        if len(args) != 6 or args[2] not in self.calls or args[1] in self._made:
            return None  # one of this run that is not ringing any more was stopped: too late
        _, ring_id, call_id, purpose, role, number = args
        call = self.calls[call_id]
        ring = call.rings.get(ring_id)
        if ring is None:
            extension = number if number in self.book.extensions() else None
            ring = Ring(ring_id, call_id, Purpose(purpose), number, extension, Role(role))
            call.rings[ring_id] = ring
        ring.channel_ids.add(channel.id)
        return ring

    async def _leg_unanswered(self, ring: Ring, channel_id: str, cause: int) -> None:
        async with self.locked(ring.call_id):
            call = self.calls.get(ring.call_id)
            self.rings.pop(channel_id, None)
            ring.channel_ids.discard(channel_id)
            ring.last_cause = cause or ring.last_cause
            if call is None or ring.id not in call.rings or ring.channel_ids:
                return
            del call.rings[ring.id]
            await outcomes.unanswered(self, call, ring)
            self.changed(call.id)

    # ---- joining

    async def join(self, call: DispatchCall, *members: Member) -> None:
        """Put members into the bridge of the call, answering those whose call was not answered yet."""
        acts: list[Awaitable[None]] = [
            self.acts.answer(member.channel_id) for member in members if not member.answered
        ]
        if not call.bridge_open:
            acts.append(self.acts.open_bridge(call.bridge_id))
        acts.append(self.acts.join(call.bridge_id, *(m.channel_id for m in members)))
        # One socket carries them in this order, so they need not wait for one another.
        results = await asyncio.gather(*acts, return_exceptions=True)
        failed = next((r for r in results if isinstance(r, BaseException)), None)
        call.bridge_open = True
        if failed is not None:
            raise failed
        for member in members:
            member.answered = member.joined = True
        call.connected = call.connected or len(call.joined) >= 2

    async def part(self, call: DispatchCall, member: Member) -> None:
        """Take a member out of the bridge; he stays in the call."""
        await self.acts.leave(call.bridge_id, member.channel_id)
        member.joined = False

    async def quietly(self, act: Awaitable[None]) -> None:
        """Do an act that may come too late; a party that is gone already is what was wanted."""
        try:
            await act
        except ActFailed as error:
            log.info("act came too late: %s", error)

    # ---- plain calls come under dispatch

    async def take_in(self, call_id: str) -> DispatchCall:
        """Return the call under dispatch; a plain call is redirected into dispatch first.

        Raises a refusal when the call is gone or cannot be moved.  The caller holds the lock of the call.
        """
        if (call := self.calls.get(call_id)) is not None:
            return call
        shown = self.board.calls.get(call_id)
        if shown is None:
            raise not_found("call", call_id, "It has ended; look at the history.")
        up = [leg for leg in shown.legs.values() if leg.channel.state is ChannelState.UP]
        bridged = [leg for leg in up if leg.channel.bridge_id]
        legs = bridged or [leg for leg in shown.legs.values() if leg.incoming][:1]
        if not legs or len(legs) > 2:
            raise conflict("not_movable", f"Call {call_id} cannot be moved.", "Hang it up instead.")
        channels = await self._redirect(call_id, [leg.channel for leg in legs])
        kind = CallKind.EMERGENCY if legs[0].channel.context == "emergency" else CallKind.INTERNAL
        call = self.open_call(call_id, kind)
        for leg, channel in zip(legs, channels, strict=True):
            member = self.member_for(leg.channel)
            if leg.channel.id == call_id and member.role is not Role.DESK:
                member.role = Role.CALLER
            member.answered = channel.state is ChannelState.UP
            self.add(call, member)
        first = next(iter(call.members.values()))
        call.number, call.name = first.number, first.name
        if bridged:
            await self.join(call, *call.members.values())
        return call

    async def _redirect(self, call_id: str, channels: list[Channel]) -> list[Channel]:
        loop = asyncio.get_running_loop()
        futures: list[asyncio.Future[Channel]] = []
        for channel in channels:
            futures.append(loop.create_future())
            self._arriving[channel.id] = futures[-1]
        try:
            await self.plain.redirect([c.name for c in channels], "softswitch-absorb", call_id)
            return list(await asyncio.wait_for(asyncio.gather(*futures), timeout=3))
        except (ActFailed, TimeoutError) as error:
            raise conflict(
                "not_movable",
                f"The call could not be taken under dispatch: {str(error) or 'no answer from the switch'}.",
                "Look at the board: it may have ended.",
            ) from error
        finally:
            for channel in channels:
                self._arriving.pop(channel.id, None)

    # ---- after a restart or a cut

    def adopt(self, up: ControlUp) -> None:
        """Make the books equal to what is under dispatch in the switch."""
        present = {channel.id for channel, _ in up.channels}
        for channel_id in [known for known in self.call_by_channel if known not in present]:
            self._ended(channel_id, 0)
        bridge_of = {c: bridge for bridge, members in up.bridges.items() for c in members}
        orphans: list[DispatchCall] = []
        for channel, args in up.channels:
            if channel.id in self.rings:
                if channel.state is ChannelState.UP:  # it answered while control was cut
                    self.spawn(self._leg_answered(channel, args))
                continue
            if channel.id in self.call_by_channel:
                continue
            call = self._adopt_channel(channel, args, bridge_of.get(channel.id))
            if call is not None and call not in orphans:
                orphans.append(call)
        for call in orphans:
            self.spawn(self._settle(call))

    def _adopt_channel(
        self, channel: Channel, args: tuple[str, ...], bridge: str | None
    ) -> DispatchCall | None:
        emergency = bool(args) and args[0] == "emergency" and len(args) > 1
        if not args or args[0] not in ("emergency", "leg", "absorb"):
            self.spawn(self.quietly(self.acts.hangup(channel.id)))
            return None
        call_id = self.call_id_of(channel)
        kind = CallKind.EMERGENCY if emergency else CallKind.INTERNAL
        call = self.open_call(call_id, kind, args[1] if emergency else None)
        if emergency:
            call.kind, call.digits = CallKind.EMERGENCY, args[1]
            call.number, call.name = channel.caller_number, channel.caller_name
        role = Role.CALLER if emergency else None
        if args[0] == "leg" and len(args) == 6:
            role = Role(args[4])
        member = self.member_for(channel, role)
        if args[0] == "leg" and len(args) == 6:
            member.number = args[5]
        member.joined = bridge == call.bridge_id
        call.bridge_open = call.bridge_open or member.joined
        self.add(call, member)
        return call

    async def _settle(self, call: DispatchCall) -> None:
        """Bring an adopted call into a state that makes sense: a lone emergency caller waits, a lone desk is freed."""
        async with self.locked(call.id):
            if call.id not in self.calls:
                return
            await outcomes.settle(self, call)
            self.changed(call.id)
