"""HTTP of groups and of group calls."""

from typing import Annotated

from fastapi import APIRouter, Depends
from pydantic import Field

from softswitch import numbers
from softswitch.access.model import Actor, Right
from softswitch.calls.acting import acting_desk
from softswitch.conferences.build import Conferences
from softswitch.conferences.model import MOST_MEMBERS, RoomKind, RoomRole, call_list
from softswitch.conferences.routes import Acting, Body, Json, room_view
from softswitch.conferences.service import RoomPlan
from softswitch.errors import invalid
from softswitch.web.guard import Guard

GroupKey = Annotated[str, Field(min_length=1, max_length=200)]


class GroupMember(Body):
    """One who is called with the others; ``deputy`` is rung when a notification does not reach him."""

    number: str = Field(max_length=40)
    name: str = Field("", max_length=200)
    deputy: str = Field("", max_length=40)


class Group(Body):
    """A group, whole."""

    name: str = Field(max_length=200)
    members: list[GroupMember] = Field(max_length=1000)


class GroupCall(Acting):
    """Whom to call together."""

    groups: list[str] = Field(default_factory=list, max_length=50)
    numbers: list[str] = Field(default_factory=list, max_length=500)
    name: str = Field("", max_length=200)
    auto_answer: bool = False
    lecture: bool = False
    recording: bool = False


def group_routes(conferences: Conferences, guard: Guard) -> APIRouter:
    """Return the routes of groups and group calls."""
    router = APIRouter(prefix="/api", tags=["conferences"])
    reader = Annotated[Actor, Depends(guard(Right.CONFERENCE_READ))]
    editor = Annotated[Actor, Depends(guard(Right.GROUP_EDIT))]
    runner = Annotated[Actor, Depends(guard(Right.CONFERENCE_RUN))]
    groups = conferences.groups

    @router.get("/groups")
    async def list_groups(_actor: reader) -> Json:
        return {"groups": await groups.all()}

    @router.post("/groups", status_code=201)
    async def make_group(body: Group, actor: editor) -> Json:
        members = [member.model_dump() for member in body.members]
        return await groups.put(actor.login, body.name, members)

    @router.put("/groups/{group}")
    async def change_group(group: GroupKey, body: Group, actor: editor) -> Json:
        members = [member.model_dump() for member in body.members]
        return await groups.put(actor.login, body.name, members, group)

    @router.delete("/groups/{group}", status_code=204)
    async def remove_group(group: GroupKey, actor: editor) -> None:
        await groups.drop(actor.login, group)

    @router.post("/group-calls", status_code=202)
    async def call_group(body: GroupCall, actor: runner) -> Json:
        """Ring everybody of the groups and numbers into a new room, and the own desk as chair."""
        center = conferences.center
        desk = acting_desk(actor, body.desk, center.desks, center.book)
        lists = [*await groups.lists(body.groups), body.numbers]
        wanted = call_list(*lists, present=[desk])
        if not wanted.numbers:
            raise invalid("nobody", "Nobody is to be called.", "Name groups or numbers.")
        if len(wanted.numbers) >= MOST_MEMBERS:
            raise invalid(
                "too_many",
                f"{len(wanted.numbers)} are too many for one room.",
                f"Call up to {MOST_MEMBERS - 1} at once.",
            )
        name = numbers.plain_text(body.name, "name") or "、".join(body.groups)[:100] or "组呼"
        plan = RoomPlan(
            name=name, kind=RoomKind.ADHOC, most=MOST_MEMBERS, lecture=body.lecture, chairs=(desk,)
        )
        room = await conferences.rooms.create(actor.login, plan)
        if body.recording:
            await conferences.rooms.change(actor.login, room.id, recording=True)
        try:
            await conferences.rooms.invite(
                actor.login, room.id, [desk], role=RoomRole.CHAIR, auto_answer=True
            )
            report = await conferences.rooms.invite(
                actor.login, room.id, *lists, auto_answer=body.auto_answer
            )
        except Exception:
            await conferences.rooms.close(actor.login, room.id)
            raise
        return {**report, "room": room_view(room)}

    return router
