"""The books of calls under dispatch: who is in which call, one lock for each call, joining and parting.

Everything that changes a call runs under the lock of that call, in the order in which facts and commands came.
"""

from __future__ import annotations

import asyncio
import logging
import secrets
from collections import OrderedDict
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine
from contextlib import asynccontextmanager
from typing import Any, Protocol

from softswitch.calls.board import Board
from softswitch.calls.conference import Conference
from softswitch.calls.dispatch_call import DispatchCall, Member, Ring
from softswitch.calls.model import CallKind, Role
from softswitch.calls.phonebook import Phonebook
from softswitch.clock import Clock, now
from softswitch.errors import Refusal
from softswitch.ports import (
    ActFailed,
    CallActs,
    Channel,
    ChannelState,
    ControlFact,
    PlainActs,
    TransferAsked,
)

log = logging.getLogger(__name__)

SURE_SECONDS = 3.0


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


class Guests:
    """Who has legs in calls without being a party of them (intercept); here nobody."""

    def take(self, fact: ControlFact) -> bool:
        """Take a fact; return whether it is for no one else."""
        return False

    def adopts(self, channel: Channel, args: tuple[str, ...]) -> bool:
        """Return whether a channel that was found after a restart or a cut is a guest's."""
        return False

    async def check_takeover(self, call_id: str, desk: str) -> None:
        """Refuse when somebody in a call is protected from being taken away by a desk."""

    def gone(self, channel_id: str) -> None:
        """The board has lost a channel."""

    def finished(self, call_id: str) -> None:
        """A call has ended."""

    def hides(self, channel_id: str) -> bool:
        """Return whether a leg is nobody's business but that of those with the right."""
        return False

    def holds(self, call_id: str) -> bool:
        """Return whether a call is a conference, whose legs nobody else may move."""
        return False

    def conference(self, call_id: str) -> Conference | None:
        """Return the conference that a call is, if it is one."""
        return None


class GuestList(Guests):
    """Several kinds of guests as one, the first asked first."""

    def __init__(self, *guests: Guests) -> None:
        self._guests = guests

    def take(self, fact: ControlFact) -> bool:
        """Take a fact; return whether it is for no one else."""
        return any(guest.take(fact) for guest in self._guests)

    def adopts(self, channel: Channel, args: tuple[str, ...]) -> bool:
        """Return whether a channel that was found after a restart or a cut is a guest's."""
        return any(guest.adopts(channel, args) for guest in self._guests)

    async def check_takeover(self, call_id: str, desk: str) -> None:
        """Refuse when somebody in a call is protected from being taken away by a desk."""
        for guest in self._guests:
            await guest.check_takeover(call_id, desk)

    def gone(self, channel_id: str) -> None:
        """The board has lost a channel."""
        for guest in self._guests:
            guest.gone(channel_id)

    def finished(self, call_id: str) -> None:
        """A call has ended."""
        for guest in self._guests:
            guest.finished(call_id)

    def hides(self, channel_id: str) -> bool:
        """Return whether a leg is nobody's business but that of those with the right."""
        return any(guest.hides(channel_id) for guest in self._guests)

    def holds(self, call_id: str) -> bool:
        """Return whether a call is a conference, whose legs nobody else may move."""
        return any(guest.holds(call_id) for guest in self._guests)

    def conference(self, call_id: str) -> Conference | None:
        """Return the conference that a call is, if it is one."""
        found = (guest.conference(call_id) for guest in self._guests)
        return next((each for each in found if each is not None), None)


class Core:
    """The books of the calls under dispatch, their locks, and joining and parting."""

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
        self.doubt: Callable[[], None] = lambda: None
        """Has the board compared with the switch at once."""
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
        self.guests = Guests()
        self.conference_changed: Callable[[str], None] = lambda key: None
        """Told of each conference whose members or bridge have changed, or that is over."""
        self.label: Callable[[str], str] = lambda call_id: ""
        """Returns what stands before the name on phones that are rung for a call: its precedence."""
        self.way_out: Callable[[str, str | None], str] | None = None
        """Returns the line to a number outside for an extension, empty when it is chosen later, or refuses; None: the
        first line that is registered."""
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

    # ---- calls and members

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
        """Make a channel a member of a call; it is in one call at a time."""
        before = self.call_by_channel.get(member.channel_id)
        if before is not None and before != call.id and (other := self.calls.get(before)):
            other.members.pop(member.channel_id, None)
            self.spawn(self._tidy(before))
        call.members[member.channel_id] = member
        self.call_by_channel[member.channel_id] = call.id
        self.make_sure(member.channel_id)

    async def _tidy(self, call_id: str) -> None:
        """Forget a call in which nobody is left: leaving its lock does that."""
        async with self.locked(call_id):
            pass

    def make_sure(self, channel_id: str) -> None:
        """Look a moment later whether a channel that came into the books is there at all.

        It may have ended while a command was bringing it in; nobody tells its end a second time then.
        """
        asyncio.get_running_loop().call_later(SURE_SECONDS, self._look_for, channel_id)

    def _look_for(self, channel_id: str) -> None:
        if channel_id not in self.call_by_channel and channel_id not in self.rings:
            return
        if not self.board.up:
            self.make_sure(channel_id)  # the board cannot tell now
        elif channel_id not in self.board.legs:
            log.info("channel %s is in the books and not in the switch", channel_id)
            self.lost(channel_id)

    def lost(self, channel_id: str) -> None:
        """A channel in the books has ended and nobody told."""
        raise NotImplementedError

    def remove(self, call: DispatchCall, channel_id: str) -> Member | None:
        """Take a channel out of the books of a call; if it has come into another one meanwhile, it stays there."""
        if self.call_by_channel.get(channel_id) == call.id:
            del self.call_by_channel[channel_id]
        return call.members.pop(channel_id, None)

    async def drop(self, channel_id: str, cause: int = 16) -> None:
        """End a channel with a Q.850 cause, and look a moment later: a switch that is busy may not have heard."""
        await self.quietly(self.acts.hangup(channel_id, cause))
        asyncio.get_running_loop().call_later(SURE_SECONDS, self._look_gone, channel_id, cause)

    def _look_gone(self, channel_id: str, cause: int) -> None:
        if channel_id in self.board.legs:
            log.warning("channel %s was to end and is still there; it is told again", channel_id)
            self.doubt()
            self.spawn(self.drop(channel_id, cause))

    async def finish(self, call: DispatchCall) -> None:
        """Forget a call that is over, end whoever is left in it, and give back its bridges."""
        for ring in list(call.rings.values()):
            await self.stop_ring(call, ring)
        for channel_id in list(call.members):
            self.remove(call, channel_id)
            # A desk that answered in the moment in which the caller gave up has nobody to talk to.
            await self.drop(channel_id)
        self.calls.pop(call.id, None)
        if call.bridge_open:
            await self.quietly(self.acts.close_bridge(call.bridge_id))
        if call.consult is not None:
            await self.quietly(self.acts.close_bridge(call.consult.bridge_id(call.id)))
        self.guests.finished(call.id)
        self.ended(call)
        self.changed(call.id)

    async def stop_ring(self, call: DispatchCall, ring: Ring, cause: int = 16) -> None:
        """Stop the phones of a ring, except the one that won."""
        call.rings.pop(ring.id, None)
        channel_ids = [c for c in ring.channel_ids if c != ring.winner]
        for channel_id in ring.channel_ids:
            self.rings.pop(channel_id, None)
        ring.channel_ids.clear()
        await asyncio.gather(*(self.drop(c, cause) for c in channel_ids))

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
