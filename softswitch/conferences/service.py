"""Rooms: what people do with them, on every entrance."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from softswitch import numbers
from softswitch.calls.core import new_id
from softswitch.conferences import store
from softswitch.conferences.books import Books
from softswitch.conferences.legs import RoomLegs
from softswitch.conferences.model import (
    MISSING,
    MOST_MEMBERS,
    MemberState,
    RoomKind,
    RoomRole,
    RoomState,
    call_list,
)
from softswitch.conferences.room import Room, RoomMember
from softswitch.errors import conflict, invalid

FIRST_NUMBER = 801
_CHAIR_KEYS = {"7": "locked", "9": "lecture"}


@dataclass(frozen=True, slots=True)
class RoomPlan:
    """What a room shall be. ``starts_at`` and ``ends_at`` are instants, None: always."""

    name: str = ""
    number: str = ""
    kind: RoomKind = RoomKind.ADHOC
    pin: str = ""
    most: int = 50
    entry_tone: bool = True
    lecture: bool = False
    starts_at: int | None = None
    ends_at: int | None = None
    chairs: tuple[str, ...] = ()


class RoomService:
    """What people do with rooms. ``login`` is who; the act is written into the audit log before it is done."""

    def __init__(self, books: Books, legs: RoomLegs) -> None:
        self._books = books
        self._legs = legs
        self._engine = books.center.engine

    # ---- making and ending

    async def create(self, login: str, plan: RoomPlan, room_id: str | None = None) -> Room:
        """Make a room; nobody is in it yet. Who chooses ``room_id`` before the act may repeat it: it is one room."""
        if room_id is not None and room_id in self._books.rooms:
            return self._books.rooms[room_id]
        number = self._free_number(plan.number)
        _check(plan)
        room = Room(
            room_id or new_id(), number, plan.name or f"会议 {number}", plan.kind, plan.pin, plan.most,
            plan.entry_tone, plan.starts_at, plan.ends_at,
            tuple(numbers.phone_number(chair, "chairs") for chair in plan.chairs), login,
            since=self._books.clock(), lecture=plan.lecture,
        )  # fmt: skip
        self._books.rooms[room.id] = room
        try:
            await self._books.put(room, "created", login)
        except BaseException:
            self._books.rooms.pop(room.id, None)
            raise
        return room

    def _free_number(self, wanted: str) -> str:
        taken = {room.number for room in self._books.rooms.values()}
        if not wanted:
            return next(str(n) for n in range(FIRST_NUMBER, 999_999) if str(n) not in taken)
        if not (wanted.isascii() and wanted.isdecimal() and 2 <= len(wanted) <= 6):
            raise invalid(
                "bad_room_number",
                f"{numbers.quoted(wanted)} is no room number.",
                "Give 2 to 6 digits, for example 801.",
                field="number",
            )
        if wanted in taken:
            raise conflict(
                "room_taken", f"There is a room {wanted} already.", "Choose another number."
            )
        return wanted

    async def close(self, login: str, room_id: str) -> None:
        """End a room: all legs are cleared."""
        room = self._books.room(room_id)
        await self._books.db.write(store.close_room, room.id, self._books.clock(), login)
        await self._legs.close(room)

    # ---- who comes

    async def invite(
        self,
        login: str,
        room_id: str,
        *lists: Iterable[str],
        role: RoomRole = RoomRole.MEMBER,
        auto_answer: bool = False,
        keep: bool = True,
    ) -> dict[str, Any]:
        """Ring numbers for a room; tell which came twice and which cannot be called."""
        room = self._books.room(room_id)
        if room.state is RoomState.CLOSED:
            raise conflict("room_over", f"Room {room.number} is over.", "Make another.")
        busy = [m.number for m in (*room.present, *room.pending)]
        typed = [[numbers.phone_number(n, "numbers") for n in each] for each in lists]
        wanted = call_list(*typed, present=busy)
        refused = [n for n in wanted.numbers if self._engine.book.emergency(n) is not None]
        fresh = [n for n in wanted.numbers if n not in refused]
        if len(busy) + len(fresh) > room.most:
            raise conflict(
                "room_full",
                f"Room {room.number} takes {room.most}; {len(busy)} are in or rung, {len(fresh)} more do not fit.",
                "Invite fewer, or make the room larger.",
            )
        await self._books.act(login, "invite", room.id, numbers=fresh[:200], role=role.value)
        members = [self._member(room, number, role, auto_answer, keep) for number in fresh]
        await self._legs.ring(room, members)
        return {
            "room_id": room.id,
            "invited": [m.number for m in members],
            "repeated": list(wanted.repeated),
            "refused": refused,
        }

    def _member(
        self, room: Room, number: str, role: RoomRole, auto_answer: bool, keep: bool
    ) -> RoomMember:
        book = self._engine.book
        member = room.by_number(number)
        if member is None:
            extension = number if book.has(number) else None
            name = book.name_of(number) if extension else ""
            member = RoomMember(new_id(), room.id, number, name, extension)
            room.members[member.id] = member
        chair = number in room.chairs
        member.role = RoomRole.CHAIR if chair else role
        member.auto_answer, member.keep, member.invited, member.tries = auto_answer, keep, True, 0
        return member

    async def redial(self, login: str, room_id: str, member_id: str | None = None) -> list[str]:
        """Ring the missing again, or one member; return their numbers."""
        room = self._books.room(room_id)
        if member_id is None:
            again = [m for m in room.members.values() if m.state in MISSING]
        else:
            again = [self._books.member(room, member_id)]
            if again[0].is_in or again[0] in room.pending:
                raise conflict(
                    "already_there", f"{again[0].number} is in or being rung.", "Wait for him."
                )
        await self._books.act(login, "redial", room.id, numbers=[m.number for m in again])
        for member in again:
            member.tries, member.invited = 0, True
        await self._legs.ring(room, again)
        return [m.number for m in again]

    async def kick(self, login: str, room_id: str, member_id: str) -> RoomMember:
        """Put a member out, or stop ringing him; he cannot dial in again until he is invited."""
        room = self._books.room(room_id)
        member = self._books.member(room, member_id)
        if (
            not member.is_in
            and member not in room.pending
            and member.state is not MemberState.DROPPED
        ):
            raise conflict("not_there", f"{member.number} is not in the room.", "Look again.")
        await self._books.act(login, "kick", room.id, number=member.number)
        await self._legs.put_out(room, member, MemberState.KICKED)
        return member

    # ---- who is heard

    async def mute(self, login: str, room_id: str, member_id: str, on: bool) -> RoomMember:
        """Mute a member, or let him be heard."""
        room = self._books.room(room_id)
        member = self._books.member(room, member_id)
        await self._books.act(login, "mute" if on else "unmute", room.id, number=member.number)
        member.muted = on
        await self._heard(room, member)
        return member

    async def mute_all(self, login: str, room_id: str, on: bool) -> Room:
        """Mute everybody but the chairs, or let all be heard; who is still rung comes in that way too."""
        room = self._books.room(room_id)
        await self._books.act(login, "mute_all" if on else "unmute_all", room.id)
        for member in room.members.values():
            wanted = on and member.role is not RoomRole.CHAIR
            if member.muted is not wanted:
                member.muted = wanted
                self._books.save(member, told=False)
        await self._legs.hear_all(room)
        return room

    async def role(self, login: str, room_id: str, member_id: str, role: RoomRole) -> RoomMember:
        """Give a member another part."""
        room = self._books.room(room_id)
        member = self._books.member(room, member_id)
        await self._books.act(login, "role", room.id, number=member.number, role=role.value)
        member.role = role
        await self._heard(room, member)
        return member

    async def floor(
        self, login: str, room_id: str, member_id: str | None = None, on: bool = True
    ) -> RoomMember:
        """Give the floor to a member (without one: to the earliest hand), or take it back."""
        room = self._books.room(room_id)
        if member_id is None and on:
            found = next((h for h in room.hands.queue if h in room.members), None)
            if found is None:
                raise conflict("no_hand", f"No hand is raised in room {room.number}.", "Wait.")
            member_id = found
        if member_id is None:
            raise invalid("no_member", "Nobody was named.", "Name a member.", field="member")
        member = self._books.member(room, member_id)
        await self._books.act(login, "floor", room.id, number=member.number, on=on)
        room.hands.lower(member.id)
        member.floor = on
        await self._heard(room, member)
        self._show_hands(room)
        return member

    async def _heard(self, room: Room, member: RoomMember) -> None:
        await self._legs.hear(room, member)
        self._books.save(member, told=False)

    def _show_hands(self, room: Room) -> None:
        """Every place in the queue may have changed."""
        self._books.show(room, *(room.members[h] for h in room.hands.queue if h in room.members))

    async def lower_hand(self, login: str, room_id: str, member_id: str) -> RoomMember:
        """Lower a member's hand without giving the floor."""
        room = self._books.room(room_id)
        member = self._books.member(room, member_id)
        if room.hands.place(member.id) is None:
            raise conflict("hand_is_down", f"{member.number} has raised no hand.", "Look again.")
        await self._books.act(login, "lower", room.id, number=member.number)
        return await self.raise_hand(room.id, member.id, False)

    async def raise_hand(self, room_id: str, member_id: str, up: bool) -> RoomMember:
        """Raise or lower a member's hand from the console."""
        room = self._books.room(room_id)
        member = self._books.member(room, member_id)
        if up and member.is_in:
            room.hands.raise_(member.id)
        else:
            room.hands.lower(member.id)
        self._books.show(room, member)
        self._show_hands(room)
        return member

    # ---- the room

    async def change(self, login: str, room_id: str, **changes: Any) -> Room:
        """Lock or unlock, begin or end a lecture or the recording, change name, size, PIN or tones."""
        room = self._books.room(room_id)
        _check_changes(changes)
        before = {name: getattr(room, name) for name in changes}
        for name, value in changes.items():
            setattr(room, name, value)
        what = next(iter(changes)) if len(changes) == 1 else "changed"
        shown = ", ".join(f"{k}={v}" for k, v in changes.items() if k != "pin")
        try:
            await self._books.put(room, what, login, shown[:200])
        except BaseException:
            for name, value in before.items():
                setattr(room, name, value)
            raise
        if "lecture" in changes:
            if not room.lecture:
                for member in room.members.values():
                    member.floor = False
            await self._legs.hear_all(room)
            self._books.show(room, *room.members.values())
        if changes.get("recording") is True:
            await self._legs.recording.keep(room)
        elif changes.get("recording") is False:
            await self._legs.recording.stop(room)
        return room

    async def join_rooms(self, login: str, room_id: str, other_id: str) -> Room:
        """Let two rooms be one: those of the second come to the first."""
        first, second = self._books.room(room_id), self._books.room(other_id)
        if first is second:
            raise invalid("same_room", "A room cannot be joined to itself.", "Name another.")
        for room in (first, second):
            if room.joined_to is not None or (room is second and self._books.joined(second)):
                raise conflict(
                    "room_joined", f"Room {room.number} is joined already.", "Part it first."
                )
        await self._books.act(login, "join", first.id, other=second.id)
        await self._legs.move(second, first)
        return second

    async def part_rooms(self, login: str, room_id: str) -> Room:
        """Let a joined room be one of its own again."""
        room = self._books.room(room_id)
        if room.joined_to is None:
            raise conflict("not_joined", f"Room {room.number} is joined to none.", "Nothing to do.")
        await self._books.act(login, "part", room.id)
        await self._legs.move(room, None)
        return room

    # ---- keys

    async def hand(self, room: Room, member: RoomMember) -> None:
        """The key of the hand."""
        up = room.hands.place(member.id) is None
        if not up and member.floor:
            member.floor = False
        await self.raise_hand(room.id, member.id, up)

    async def self_mute(self, room: Room, member: RoomMember) -> None:
        """The key to mute oneself."""
        member.muted = not member.muted
        await self._heard(room, member)

    async def chair_key(self, room: Room, member: RoomMember, key: str) -> None:
        """A key of the chair; written with the number in place of a login."""
        login = member.number
        if (name := _CHAIR_KEYS.get(key)) is not None:
            await self.change(login, room.id, **{name: not getattr(room, name)})
        else:
            await self.floor(login, room.id)


def _check(plan: RoomPlan) -> None:
    _check_changes({"name": plan.name, "pin": plan.pin, "most": plan.most})
    if plan.kind is RoomKind.SCHEDULED and (plan.starts_at is None or plan.ends_at is None):
        raise invalid(
            "no_time",
            "A scheduled room needs a beginning and an end.",
            "Give both.",
            field="starts_at",
        )
    if plan.starts_at is not None and plan.ends_at is not None and plan.ends_at <= plan.starts_at:
        raise invalid("bad_time", "The room ends before it begins.", "Check both.", field="ends_at")


def _check_changes(changes: dict[str, Any]) -> None:
    pin = changes.get("pin", "")
    if pin and not (pin.isascii() and pin.isdecimal() and 4 <= len(pin) <= 16):
        raise invalid("bad_pin", "A PIN has 4 to 16 digits.", "Give digits only.", field="pin")
    most = changes.get("most", 2)
    if not 2 <= most <= MOST_MEMBERS:
        raise invalid(
            "bad_size", f"{most} is no size of a room.", f"Give 2 to {MOST_MEMBERS}.", field="most"
        )
    numbers.plain_text(changes.get("name", ""), "name")
