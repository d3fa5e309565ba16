"""What is done to channels and bridges so that exactly the right people hear each other.

The requester's leg R and the bridge C of the call:

- *monitor*: R is muted, then joins C.  It hears all and nobody hears it.
- *insert*: as monitor, then the tone sounds in C, then R is unmuted.
- *whisper*: R leaves C for a bridge of its own with a snoop channel at the target, which hears what the target
  hears and says, and is heard by the target alone.

R is muted before it comes into C and unmuted after it is where it belongs, so no word of it slips out between
two acts, or when the process dies between them.  All functions run under the lock of the call.
"""

from __future__ import annotations

import asyncio

from intercept.place import CallPlace, Place, RoomPlace
from intercept.session import Session
from softswitch.calls import outcomes
from softswitch.calls.core import new_id
from softswitch.calls.dispatch_call import DispatchCall, Member
from softswitch.calls.engine import Engine
from softswitch.calls.model import CallKind, Role
from softswitch.errors import Refusal, conflict, unavailable
from softswitch.ports import ActFailed, Channel

SNOOP_SECONDS = 3.0
TAKEN_OVER = 16


class Hands:
    """The acts of intercept on the switch."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._arriving: dict[str, asyncio.Future[Channel]] = {}

    def arrived(self, channel: Channel) -> None:
        """A snoop channel is under dispatch."""
        future = self._arriving.pop(channel.id, None)
        if future is not None and not future.done():
            future.set_result(channel)

    # ---- where the requester is

    async def listen(self, place: Place, session: Session) -> None:
        """Let the requester hear all, unheard."""
        own = _leg(session)
        acts = self._engine.acts
        place.take_out(own)
        await place.open()
        # One socket carries them in this order.
        session.bridge_id = place.bridge_id
        await _all(acts.mute(own, True), acts.join_aside(place.bridge_id, own))
        await self.end_whisper(session)

    async def enter(self, place: Place, session: Session) -> None:
        """Let one who has just come be a party at once: no tone goes before, so he cannot be heard too early."""
        await place.open()
        session.bridge_id = place.bridge_id
        await self._engine.acts.join_aside(place.bridge_id, _leg(session))
        place.take_in(self.member(session))

    async def speak(self, place: Place, session: Session) -> None:
        """Let everybody hear the requester, who is in the bridge: he is a party of the call now."""
        await self._engine.acts.mute(_leg(session), False)
        place.take_in(self.member(session))

    async def whisper(self, place: Place, session: Session, target: str) -> None:
        """Let the requester hear all, and be heard by the target alone."""
        own, acts = _leg(session), self._engine.acts
        await acts.mute(own, True)
        place.take_out(own)
        await self.end_whisper(session)
        snoop = new_id()
        bridge = _whisper_bridge(snoop)
        arrival: asyncio.Future[Channel] = asyncio.get_running_loop().create_future()
        self._arriving[snoop] = arrival
        session.snoop_id = snoop
        try:
            await _all(
                acts.open_bridge(bridge),
                acts.snoop(target, snoop, ("intercept", session.id, "snoop")),
            )
            await asyncio.wait_for(arrival, SNOOP_SECONDS)
            await acts.join_aside(bridge, snoop, own)
        except (ActFailed, TimeoutError):
            self._arriving.pop(snoop, None)
            await self.end_whisper(session)
            raise
        await acts.mute(own, False)

    async def end_whisper(self, session: Session) -> None:
        """Take away the snoop channel and its bridge."""
        snoop, session.snoop_id = session.snoop_id, None
        if snoop is None:
            return
        acts = self._engine.acts
        await self._engine.drop(snoop)
        await self._engine.quietly(acts.close_bridge(_whisper_bridge(snoop)))

    def member(self, session: Session) -> Member:
        """Return the requester as a party."""
        book, desk = self._engine.book, session.requester.desk
        role = Role.DESK if desk in book.extensions() and book.is_desk(desk) else Role.PARTY
        return Member(_leg(session), role, desk, desk, book.name_of(desk), answered=True)

    # ---- taking the call

    async def take_over(self, place: CallPlace, session: Session) -> None:
        """The requester takes the place of the desk, with the leg that he has."""
        engine, own, call = self._engine, _leg(session), place.call
        replaced = to_replace(call, own)
        place.take_out(own)
        member = self.member(session)
        await outcomes.unhold(engine, call)
        engine.add(call, member)
        # Joined anew, without what keeps a guest apart: his keys are for the others again.
        await _all(engine.acts.mute(own, False), engine.join(call, member))
        await self.end_whisper(session)
        self._owned(call, session)
        if replaced is not None:
            engine.remove(call, replaced.channel_id)
            await engine.drop(replaced.channel_id, TAKEN_OVER)

    async def connect(self, place: CallPlace, session: Session, kept: str) -> list[str]:
        """Leave the requester alone with one party; return the legs of the others, in no bridge."""
        engine, own, call = self._engine, _leg(session), place.call
        if kept not in call.members:
            raise _party_gone()
        place.take_out(own)
        out = [member for member in call.members if member not in (kept, own)]
        await outcomes.unhold(engine, call)
        for other in out:
            engine.remove(call, other)
        await _all(*(engine.quietly(engine.acts.leave(call.bridge_id, each)) for each in out))
        engine.add(call, self.member(session))
        # He may have listened before: then he is muted, or in the bridge of a whisper.
        joining = [m for m in call.members.values() if not m.joined]
        await _all(engine.acts.mute(own, False), engine.join(call, *joining))
        await self.end_whisper(session)
        self._owned(call, session)
        return out

    async def connect_in_room(
        self, place: RoomPlace, session: Session, kept: str, cause: int
    ) -> list[str]:
        """The same in a conference: the chosen member stays in the room, the requester is heard there as a guest."""
        acts, own, room = self._engine.acts, _leg(session), place.room
        if kept not in (member.channel_id for member in room.members()):
            raise _party_gone()
        out = room.let_all_go(cause, kept)
        bridge = room.bridge_id
        await _all(*(self._engine.quietly(acts.leave(bridge, each)) for each in out))
        # Who was kept may have been muted, as a listener or in a lecture.
        session.bridge_id = bridge
        await _all(acts.mute(own, False), acts.mute(kept, False), acts.join_aside(bridge, own))
        await self.end_whisper(session)
        return out

    def _owned(self, call: DispatchCall, session: Session) -> None:
        call.owner = session.requester.desk
        call.parked_at = call.parked_by = None
        if call.kind is CallKind.EMERGENCY:
            self._engine.intake.answered(call, call.owner)


def to_replace(call: DispatchCall, own: str) -> Member | None:
    """Return the leg whose place is taken: the owner's, else another desk's, else the called one.

    None when the requester and one other are left: he has the call already.
    """
    others = [m for m in call.members.values() if m.channel_id != own]
    if len(others) < 2:
        return None
    owner = next((m for m in others if call.owner and m.extension == call.owner), None)
    desk = next((m for m in others if m.role is Role.DESK), None)
    called = [m for m in others if m.role is not Role.CALLER]
    return owner or desk or called[-1]


def _party_gone() -> Refusal:
    return conflict("party_gone", "The chosen party has hung up.", "Look at the board.")


def _whisper_bridge(snoop: str) -> str:
    """Return the bridge of the requester and a snoop channel; it goes with the channel and is never used again."""
    return f"whisper-{snoop}"


def _leg(session: Session) -> str:
    if session.channel_id is None:
        raise unavailable("not_up", "The own phone is not up yet.", "Answer it first.")
    return session.channel_id


async def _all(*acts: object) -> None:
    """Send acts one behind the other without waiting for each; raise what failed first."""
    results = await asyncio.gather(*acts, return_exceptions=True)  # type: ignore[call-overload]
    failed = next((r for r in results if isinstance(r, BaseException)), None)
    if failed is not None:
        raise failed
