"""HTTP of conferences: rooms and who is in them."""

from collections.abc import Awaitable, Callable, Sequence
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Query
from pydantic import BaseModel, ConfigDict, Field

from softswitch import numbers
from softswitch.access.model import Actor, Right
from softswitch.calls.acting import acting_desk
from softswitch.clock import LATEST, Millis
from softswitch.conferences import store
from softswitch.conferences.build import Conferences
from softswitch.conferences.model import RoomKind, RoomRole
from softswitch.conferences.room import Room
from softswitch.conferences.service import RoomPlan
from softswitch.errors import invalid, not_found
from softswitch.web.guard import Guard

Json = dict[str, Any]
RoomId = Annotated[str, Field(pattern=r"^[a-f0-9]{1,32}$")]
MemberId = Annotated[str, Field(pattern=r"^(\+?[0-9*#]{1,20}|[a-f0-9]{1,32})$")]
Instant = Annotated[Millis, Field(ge=0, le=LATEST)]


class Body(BaseModel):
    """Nothing that is not known."""

    model_config = ConfigDict(extra="forbid")


class NewRoom(Body):
    """A room to make."""

    name: str = Field("", max_length=200)
    number: str = Field("", max_length=8)
    kind: RoomKind = RoomKind.FIXED
    pin: str = Field("", max_length=16)
    most: int = 50
    entry_tone: bool = True
    lecture: bool = False
    starts_at: Instant | None = None
    ends_at: Instant | None = None
    chairs: list[str] = Field(default_factory=list, max_length=20)
    invited: list[str] = Field(default_factory=list, max_length=200)
    groups: list[str] = Field(default_factory=list, max_length=20)


class RoomChange(Body):
    """What shall be otherwise."""

    name: str | None = Field(None, max_length=200)
    pin: str | None = Field(None, max_length=16)
    most: int | None = None
    entry_tone: bool | None = None
    locked: bool | None = None
    lecture: bool | None = None
    recording: bool | None = None


class Invitation(Body):
    """Whom to ring, and as what."""

    numbers: list[str] = Field(default_factory=list, max_length=500)
    groups: list[str] = Field(default_factory=list, max_length=50)
    role: RoomRole = RoomRole.MEMBER
    auto_answer: bool = False
    keep: bool = True


class RoleChange(Body):
    """Which part a member shall play."""

    role: RoomRole


class Floor(Body):
    """Whom to give the floor; nobody named: the earliest hand."""

    member: MemberId | None = None
    on: bool = True


class Other(Body):
    """Another room."""

    room_id: RoomId


class Acting(Body):
    """For which desk."""

    desk: str | None = None


def room_view(room: Room) -> Json:
    """Return a room with its members."""
    members = [room.member_view(member) for member in room.members.values()]
    return {**room.view(), "member_list": members}


RecordingsOf = Callable[[Sequence[str]], Awaitable[list[Json]]]
"""Gives the recordings of legs, as the recordings' own routes show them."""


def routes(conferences: Conferences, guard: Guard, recordings_of: RecordingsOf) -> APIRouter:
    """Return the routes of rooms."""
    router = APIRouter(prefix="/api/rooms", tags=["conferences"])
    _read(router, conferences, guard)
    _past(router, conferences, guard, recordings_of)
    _rooms(router, conferences, guard)
    _members(router, conferences, guard)
    return router


def _read(router: APIRouter, conferences: Conferences, guard: Guard) -> None:
    reader = Annotated[Actor, Depends(guard(Right.CONFERENCE_READ))]

    @router.get("")
    async def list_rooms(
        _actor: reader, past: bool = False, limit: Annotated[int, Query(ge=1, le=1000)] = 100
    ) -> Json:
        if past:
            return {"rooms": await conferences.db.read(store.past_rooms, limit)}
        rooms = sorted(conferences.books.rooms.values(), key=lambda room: room.number)
        return {"rooms": [room.view() for room in rooms[:limit]]}

    @router.get("/{room_id}")
    async def show_room(room_id: RoomId, _actor: reader) -> Json:
        room = conferences.books.room(room_id)
        return {**room_view(room), **conferences.schedules.view(room)}


def _past(
    router: APIRouter, conferences: Conferences, guard: Guard, recordings_of: RecordingsOf
) -> None:
    reader = Annotated[Actor, Depends(guard(Right.CONFERENCE_READ))]

    @router.get("/{room_id}/past")
    async def show_past_room(room_id: RoomId, actor: reader) -> Json:
        """Show a room that is over: who was in it, and for those who may listen its recordings."""
        found = await conferences.db.read(store.past_room, room_id)
        if found is None:
            raise not_found("room", room_id, "See the list of rooms that are over.")
        room, legs = found
        if actor.may(Right.RECORDING_LISTEN):
            room["recordings"] = await recordings_of(legs)
        return room


def _rooms(router: APIRouter, conferences: Conferences, guard: Guard) -> None:
    runner = Annotated[Actor, Depends(guard(Right.CONFERENCE_RUN))]
    rooms = conferences.rooms

    @router.post("", status_code=201)
    async def make_room(body: NewRoom, actor: runner) -> Json:
        given = body.model_dump()
        given["name"] = numbers.plain_text(given["name"], "name")
        given["chairs"] = tuple(given["chairs"])
        invited, groups = given.pop("invited"), given.pop("groups")
        schedules = conferences.schedules
        room = await schedules.create(actor.login, RoomPlan(**given), invited, groups)
        return {**room_view(room), **schedules.view(room)}

    @router.patch("/{room_id}")
    async def change_room(room_id: RoomId, body: RoomChange, actor: runner) -> Json:
        changes = body.model_dump(exclude_unset=True)
        empty = next((name for name, value in changes.items() if value is None), None)
        if empty is not None or not changes:
            raise invalid("missing_value", f"{empty or 'The change'} is empty.", "Give a value.")
        return room_view(await rooms.change(actor.login, room_id, **changes))

    @router.delete("/{room_id}", status_code=204)
    async def end_room(room_id: RoomId, actor: runner) -> None:
        await rooms.close(actor.login, room_id)

    @router.post("/{room_id}/join")
    async def join_room(room_id: RoomId, body: Acting, actor: runner) -> Json:
        """Bring the own desk in, as chair."""
        center = conferences.center
        desk = acting_desk(actor, body.desk, center.desks, center.book)
        return await rooms.invite(
            actor.login, room_id, [desk], role=RoomRole.CHAIR, auto_answer=True
        )

    @router.post("/{room_id}/merge")
    async def join_rooms(room_id: RoomId, body: Other, actor: runner) -> Json:
        """Let those of another room come into this one."""
        return room_view(await rooms.join_rooms(actor.login, room_id, body.room_id))

    @router.post("/{room_id}/split")
    async def part_rooms(room_id: RoomId, _body: Body, actor: runner) -> Json:
        """Let a room that was joined to another be on its own again."""
        return room_view(await rooms.part_rooms(actor.login, room_id))

    @router.post("/{room_id}/floor")
    async def give_floor(room_id: RoomId, body: Floor, actor: runner) -> Json:
        member = await rooms.floor(actor.login, room_id, body.member, body.on)
        return conferences.books.room(room_id).member_view(member)


def _members(router: APIRouter, conferences: Conferences, guard: Guard) -> None:
    runner = Annotated[Actor, Depends(guard(Right.CONFERENCE_RUN))]
    rooms, books = conferences.rooms, conferences.books

    @router.post("/{room_id}/invite")
    async def invite(room_id: RoomId, body: Invitation, actor: runner) -> Json:
        lists = await conferences.groups.lists(body.groups)
        return await rooms.invite(
            actor.login, room_id, *lists, body.numbers, role=body.role,
            auto_answer=body.auto_answer, keep=body.keep,
        )  # fmt: skip

    @router.post("/{room_id}/mute")
    async def mute_all(room_id: RoomId, _body: Body, actor: runner) -> Json:
        """Let nobody but the chairs be heard."""
        return room_view(await rooms.mute_all(actor.login, room_id, True))

    @router.post("/{room_id}/unmute")
    async def unmute_all(room_id: RoomId, _body: Body, actor: runner) -> Json:
        return room_view(await rooms.mute_all(actor.login, room_id, False))

    @router.post("/{room_id}/redial")
    async def redial_missing(room_id: RoomId, _body: Body, actor: runner) -> Json:
        """Ring again everybody who is missing."""
        return {"room_id": room_id, "rung": await rooms.redial(actor.login, room_id)}

    @router.post("/{room_id}/members/{member_id}/redial")
    async def redial_member(
        room_id: RoomId, member_id: MemberId, _body: Body, actor: runner
    ) -> Json:
        return {"room_id": room_id, "rung": await rooms.redial(actor.login, room_id, member_id)}

    @router.post("/{room_id}/members/{member_id}/mute")
    async def mute(room_id: RoomId, member_id: MemberId, _body: Body, actor: runner) -> Json:
        member = await rooms.mute(actor.login, room_id, member_id, True)
        return books.room(room_id).member_view(member)

    @router.post("/{room_id}/members/{member_id}/unmute")
    async def unmute(room_id: RoomId, member_id: MemberId, _body: Body, actor: runner) -> Json:
        member = await rooms.mute(actor.login, room_id, member_id, False)
        return books.room(room_id).member_view(member)

    @router.delete("/{room_id}/members/{member_id}/hand")
    async def lower_hand(room_id: RoomId, member_id: MemberId, actor: runner) -> Json:
        """Lower a raised hand without giving the floor."""
        member = await rooms.lower_hand(actor.login, room_id, member_id)
        return books.room(room_id).member_view(member)

    @router.post("/{room_id}/members/{member_id}/kick")
    async def kick(room_id: RoomId, member_id: MemberId, _body: Body, actor: runner) -> Json:
        """Put a member out; he cannot dial in again until he is invited."""
        member = await rooms.kick(actor.login, room_id, member_id)
        return books.room(room_id).member_view(member)

    @router.put("/{room_id}/members/{member_id}/role")
    async def set_role(
        room_id: RoomId, member_id: MemberId, body: RoleChange, actor: runner
    ) -> Json:
        member = await rooms.role(actor.login, room_id, member_id, body.role)
        return books.room(room_id).member_view(member)
