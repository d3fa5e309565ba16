"""Roll calls and hunts: carries out what the machine (rollcall.py) decides, in a room of their own."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Sequence

from softswitch import numbers
from softswitch.calls.core import new_id
from softswitch.conferences import roll_store
from softswitch.conferences.books import Books, Screen
from softswitch.conferences.door import RoomDoor
from softswitch.conferences.legs import RoomLegs
from softswitch.conferences.model import MOST_MEMBERS, MemberState, RoomKind, RoomRole, call_list
from softswitch.conferences.roll import RollCall, from_row
from softswitch.conferences.rollcall import Act, Do, EntryState, RollKind, RollState, roll_of
from softswitch.conferences.room import Room, RoomMember
from softswitch.conferences.service import RoomPlan, RoomService
from softswitch.conferences.voice import Voice
from softswitch.errors import Refusal, conflict, invalid, not_found
from softswitch.ports import ActFailed

log = logging.getLogger(__name__)

ENTITY = "roll"
NEXT_KEY, CONFIRM_KEY = "3", "1"


class RollService:
    """Begins roll calls and keeps them going."""

    def __init__(
        self,
        books: Books,
        legs: RoomLegs,
        rooms: RoomService,
        door: RoomDoor,
        voice: Voice,
        screen: Screen,
    ) -> None:
        self._books = books
        self._legs = legs
        self._rooms = rooms
        self._voice = voice
        self._screen = screen
        self._center = books.center
        self.rolls: dict[str, RollCall] = {}
        """By room."""
        legs.hooks.append(self._member_changed)
        legs.over_hooks.append(self.room_over)
        door.key_hooks.append(self._key)

    async def load(self) -> None:
        """Take up the roll calls that ran before a restart; one whose room is over is over too."""
        for row in await self._books.db.read(roll_store.open_rolls):
            call = from_row(row)
            if call.room_id not in self._books.rooms:
                call.roll.state = RollState.STOPPED
                await self._write_end(call)
                continue
            self.rolls[call.room_id] = call
            desk = self._books.rooms[call.room_id].by_number(call.desk)
            call.roll.desk_in = desk is not None and desk.is_in
            self._screen.put(ENTITY, call.id, call.view())

    def take_up(self) -> None:
        """After a restart or a cut: go on where it was, whatever the last thing was that was written."""
        for call in list(self.rolls.values()):
            room = self._books.rooms.get(call.room_id)
            if room is not None and not call.roll.is_over:
                self._take_up(call, room)

    def _take_up(self, call: RollCall, room: Room) -> None:
        roll, desk = call.roll, room.by_number(call.desk)
        roll.desk_in = desk is not None and desk.is_in
        if roll.current >= 0:
            entry = roll.entries[roll.current]
            member = room.by_number(entry.number)
            if member is not None and member.is_in:
                if entry.state is EntryState.RINGING:
                    self._do(call, roll.answered(roll.current))
            elif entry.state is EntryState.TALKING:
                self._do(call, roll.left(roll.current, "interrupted"))
            elif member is None or member not in room.pending:
                self._do(call, [Act(Do.RING, roll.current)])  # was to be rung, and was not
        if roll.desk_in:
            self._do(call, roll.desk_came())
        elif roll.state is RollState.RUNNING and (desk is None or desk not in room.pending):
            self._do(call, roll.desk_left())

    # ---- commands

    async def begin(
        self,
        login: str,
        desk: str,
        wanted: Sequence[str],
        *,
        kind: RollKind = RollKind.ROLL,
        enough: int = 1,
        confirm: bool = False,
        stay: bool = False,
    ) -> RollCall:
        """Begin: the desk's phone rings first, then one after the other."""
        typed = [numbers.phone_number(number, "numbers") for number in wanted]
        once = call_list(typed, present=[desk])
        listed = [n for n in once.numbers if self._center.book.emergency(n) is None]
        if not listed:
            raise invalid("nobody", "Nobody is on the list.", "Name groups or numbers.")
        if not 1 <= enough <= len(listed):
            raise invalid(
                "bad_rule", f"{enough} answers cannot come of {len(listed)}.", "Give fewer.",
                field="enough",
            )  # fmt: skip
        most = max(2, min(MOST_MEMBERS, len(listed) + 2))
        if stay and len(listed) >= most:
            raise invalid(
                "too_many",
                f"{len(listed)} people cannot all stay on the line: a room takes {most}.",
                "Let them go one by one, or go through them in parts.",
                field="stay",
            )
        name = "点名" if kind is RollKind.ROLL else "顺呼"
        plan = RoomPlan(name, kind=RoomKind.ADHOC, most=most, entry_tone=False, chairs=(desk,))
        room = await self._rooms.create(login, plan)
        roll = roll_of(listed, kind, enough, confirm)
        call = RollCall(new_id(), room.id, desk, login, roll, self._books.clock(), stay)
        self.rolls[room.id] = call
        await self._books.db.write(roll_store.put, call.row())
        self._screen.put(ENTITY, call.id, call.view())
        await self._rooms.invite(
            login, room.id, [desk], role=RoomRole.CHAIR, auto_answer=True, keep=False
        )
        return call

    def one(self, roll_id: str) -> RollCall:
        """Return a roll call that runs, or refuse."""
        found = next((c for c in self.rolls.values() if c.id == roll_id), None)
        if found is None:
            raise not_found("roll call", roll_id, "It is over; look at the list of roll calls.")
        return found

    async def next(self, login: str, roll_id: str) -> RollCall:
        """Go on to the next one now."""
        call = self.one(roll_id)
        if call.roll.is_over:
            raise conflict("roll_over", "The roll call is over.", "Begin another.")
        await self._books.act(login, "roll_next", call.room_id, roll=roll_id)
        self._do(call, call.roll.next())
        return call

    async def stop(self, login: str, roll_id: str) -> RollCall:
        """End it."""
        call = self.one(roll_id)
        await self._books.act(login, "roll_stop", call.room_id, roll=roll_id)
        self._do(call, call.roll.stop())
        return call

    async def resume(self, login: str, roll_id: str) -> RollCall:
        """Ring the desk again after it did not come back."""
        call = self.one(roll_id)
        await self._books.act(login, "roll_resume", call.room_id, roll=roll_id)
        if not call.roll.desk_in and not call.roll.is_over:
            call.roll.desk_tries, call.roll.state = 0, RollState.RUNNING
            self._do(call, call.roll.desk_left())
        return call

    async def into_conference(self, login: str, roll_id: str) -> RollCall:
        """Make it a conference: those on the line stay, those who answered before are rung again."""
        call = self.one(roll_id)
        room = self._books.room(call.room_id)
        await self._books.act(login, "roll_conference", room.id, roll=roll_id)
        self._do(call, call.roll.into_conference())
        for member in room.present:
            if member.number != call.desk:
                member.role, member.keep = RoomRole.MEMBER, True
                await self._legs.hear(room, member)
                self._books.save(member, told=False)
        there = {m.number for m in room.present}
        back = [e.number for e in call.roll.present if e.number not in there]
        if back:
            await self._rooms.invite(login, room.id, back)
        return call

    # ---- facts

    def _member_changed(self, room: Room, member: RoomMember) -> None:
        call = self.rolls.get(room.id)
        if call is None:
            return
        if member.number == call.desk:
            self._desk_changed(call, room, member)
        elif (index := self._index(call, member.number)) is not None:
            if member.is_in:
                self._do(call, call.roll.answered(index))
            elif member.state not in (MemberState.QUEUED, MemberState.RINGING):
                self._do(call, call.roll.left(index, member.state.value))

    def _index(self, call: RollCall, number: str) -> int | None:
        found = (i for i, entry in enumerate(call.roll.entries) if entry.number == number)
        return next(found, None)

    def _desk_changed(self, call: RollCall, room: Room, desk: RoomMember) -> None:
        if desk.is_in:
            self._music(room, False)
            self._do(call, call.roll.desk_came())
        elif desk.state not in (MemberState.QUEUED, MemberState.RINGING):
            self._do(call, call.roll.desk_left())
            if room.present and not call.roll.is_over:
                self._music(room, True)  # nobody is left in silence

    def _music(self, room: Room, on: bool) -> None:
        engine = self._center.engine
        if room.bridge_open:
            self._center.spawn(engine.quietly(engine.acts.bridge_music(room.bridge_id, on)))

    def _key(self, room: Room, member: RoomMember, digit: str) -> bool:
        call = self.rolls.get(room.id)
        if call is None or call.roll.is_over:
            return False
        if member.number == call.desk and digit == NEXT_KEY:
            self._do(call, call.roll.next())
            return True
        if digit == CONFIRM_KEY and call.roll.confirm:
            index = self._index(call, member.number)
            if index is not None:
                self._do(call, call.roll.key(index))
                return True
        return False

    # ---- doing

    def _do(self, call: RollCall, acts: list[Act]) -> None:
        room = self._books.rooms.get(call.room_id)
        for act in acts:
            if room is not None:
                self._center.spawn(self._one(call, room, act))
        self._screen.put(ENTITY, call.id, call.view())
        if any(act.do is Do.FINISH for act in acts):
            self._center.spawn(self._write_end(call))
        else:
            self._center.spawn(self._books.db.write_surely(roll_store.put, call.row()))
        if room is None or (call.roll.is_over and not room.present and not room.pending):
            self._forget(call)

    async def _one(self, call: RollCall, room: Room, act: Act) -> None:
        if act.do is Do.RING:
            await self._ring(call, room, act.entry)
        elif act.do is Do.RING_DESK:
            await asyncio.sleep(0.5)
            if not call.roll.is_over and call.room_id in self._books.rooms:
                await self._rooms.invite(
                    call.login, room.id, [call.desk], role=RoomRole.CHAIR, keep=False
                )
        elif act.do in (Do.CANCEL, Do.RELEASE):
            await self._release(call, room, act)
        else:
            await self._finish(call, room)

    async def _ring(self, call: RollCall, room: Room, entry: int) -> None:
        number = call.roll.entries[entry].number
        try:
            await self._rooms.invite(call.login, room.id, [number], keep=False)
        except (Refusal, ActFailed) as error:
            # The list goes on: who waits behind him is not to wait for ever.
            log.warning("roll call %s did not ring %s: %s", call.id, number, error)
            self._do(call, call.roll.left(entry, "not_rung"))

    async def _release(self, call: RollCall, room: Room, act: Act) -> None:
        member = room.by_number(call.roll.entries[act.entry].number)
        if member is None:
            return
        if act.do is Do.RELEASE and call.stay:
            member.role = RoomRole.LISTENER
            await self._legs.hear(room, member)
            self._books.save(member, told=False)
        else:
            await self._legs.put_out(room, member, MemberState.LEFT)

    async def _finish(self, call: RollCall, room: Room) -> None:
        """Tell the dispatcher how it ended."""
        roll = call.roll
        if roll.kind is not RollKind.ROLL or roll.state is not RollState.DONE or not roll.desk_in:
            return
        text = f"点名结束。应到{len(roll.entries)}人，实到{len(roll.present)}人，缺席{len(roll.absent)}人。"
        spoken = await self._voice.speak(text, "zh")
        if room.bridge_open and room.present:
            engine = self._center.engine
            play = engine.acts.play_to_bridge(room.bridge_id, new_id(), spoken.media)
            await engine.quietly(play)

    async def _write_end(self, call: RollCall) -> None:
        absent = tuple(entry.number for entry in call.roll.absent)
        await self._books.db.write_surely(roll_store.end, call.row(), self._books.clock(), absent)

    def _forget(self, call: RollCall) -> None:
        self.rolls.pop(call.room_id, None)
        self._screen.drop(ENTITY, call.id)

    def room_over(self, room: Room) -> None:
        """The room of a roll call is gone."""
        call = self.rolls.get(room.id)
        if call is not None:
            if not call.roll.is_over:
                call.roll.stop()
                self._center.spawn(self._write_end(call))
            self._forget(call)
