"""HTTP of intercept: acts on calls, the own intercept, confirmation by a second person, levels and settings."""

import re
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Query
from pydantic import BaseModel, ConfigDict, Field

from intercept import store
from intercept.build import Intercept
from intercept.levels import Holder, check_levels
from intercept.model import Act, Levels, Precedence
from intercept.session import Requester
from softswitch import numbers
from softswitch.access.model import Actor, Right
from softswitch.access.policy import rights_of
from softswitch.calls.acting import acting_desk
from softswitch.errors import invalid, not_found
from softswitch.web.guard import Guard

Json = dict[str, Any]
CallId = Annotated[str, Field(pattern=r"^[A-Za-z0-9._-]{1,64}$")]
Id = Annotated[str, Field(pattern=r"^[a-z0-9]{1,64}$")]
ChannelId = Annotated[str, Field(pattern=r"^[A-Za-z0-9._-]{1,149}$")]
_LOGIN_OR_ID = re.compile(r"[a-z0-9][a-z0-9._-]{0,63}")


class Ask(BaseModel):
    """Why, and for which desk."""

    model_config = ConfigDict(extra="forbid")
    reason: str = Field("", max_length=200)
    desk: str | None = None


class AskWhisper(Ask):
    """To whom: a leg of the call."""

    target: ChannelId | None = None


class AskInsert(Ask):
    """With or without the warning tone."""

    waive_tone: bool = False


class AskRelease(Ask):
    """With ``connect`` (a leg of the call) the requester talks to that party afterwards."""

    connect: ChannelId | None = None


class Switch(BaseModel):
    """What the own intercept shall become."""

    model_config = ConfigDict(extra="forbid")
    act: Act
    target: ChannelId | None = None
    waive_tone: bool = False
    desk: str | None = None


class Acting(BaseModel):
    """For which desk."""

    model_config = ConfigDict(extra="forbid")
    desk: str | None = None


class ConfigChange(BaseModel):
    """Settings to change."""

    model_config = ConfigDict(extra="forbid")
    tone: str | None = Field(None, max_length=200)
    two_person: list[str] | None = Field(None, max_length=8)
    confirm_seconds: int | None = None
    reason_required: bool | None = None
    phone_reason: bool | None = None
    emergency_precedence: int | None = None
    language: str | None = Field(None, max_length=8)


class LevelsBody(BaseModel):
    """The levels of a user, an extension or a line."""

    model_config = ConfigDict(extra="forbid")
    intrusion: int = 0
    protection: int = 0
    interruption: int = 0
    interruption_protection: int = 0
    precedence: int = int(Precedence.ROUTINE)


def routes(intercept: Intercept, guard: Guard) -> APIRouter:
    """Return the routes of intercept."""
    router = APIRouter(prefix="/api", tags=["intercept"])
    _acts(router, intercept, guard)
    _own(router, intercept, guard)
    _second(router, intercept, guard)
    _read(router, intercept, guard)
    _configure(router, intercept, guard)
    return router


async def _requester(intercept: Intercept, actor: Actor, desk: str | None) -> Requester:
    center = intercept.center
    acting = acting_desk(actor, desk, center.desks, center.book)
    await intercept.look.refresh()
    return intercept.look.actor(actor, acting)


async def _ask(
    intercept: Intercept, actor: Actor, act: Act, call_id: str, body: Ask, **more: Any
) -> Json:
    reason = numbers.plain_text(body.reason, "reason")
    requester = await _requester(intercept, actor, body.desk)
    session = await intercept.service.begin(requester, act, call_id, reason=reason, **more)
    return session.view()


def _acts(router: APIRouter, intercept: Intercept, guard: Guard) -> None:
    monitors = Annotated[Actor, Depends(guard(Right.INTERCEPT_MONITOR))]
    whispers = Annotated[Actor, Depends(guard(Right.INTERCEPT_WHISPER))]
    inserts = Annotated[Actor, Depends(guard(Right.INTERCEPT_INSERT))]
    releases = Annotated[Actor, Depends(guard(Right.INTERCEPT_RELEASE))]

    @router.post("/calls/{call_id}/monitor", status_code=202)
    async def monitor(call_id: CallId, body: Ask, actor: monitors) -> Json:
        return await _ask(intercept, actor, Act.MONITOR, call_id, body)

    @router.post("/calls/{call_id}/whisper", status_code=202)
    async def whisper(call_id: CallId, body: AskWhisper, actor: whispers) -> Json:
        return await _ask(intercept, actor, Act.WHISPER, call_id, body, target=body.target)

    @router.post("/calls/{call_id}/insert", status_code=202)
    async def insert(call_id: CallId, body: AskInsert, actor: inserts) -> Json:
        return await _ask(intercept, actor, Act.INSERT, call_id, body, waive_tone=body.waive_tone)

    @router.post("/calls/{call_id}/release", status_code=202)
    async def release(call_id: CallId, body: AskRelease, actor: releases) -> Json:
        return await _ask(intercept, actor, Act.RELEASE, call_id, body, target=body.connect)


def _own(router: APIRouter, intercept: Intercept, guard: Guard) -> None:
    """What everybody does who intercepts; the act's own right is checked by the decision."""
    user = Annotated[Actor, Depends(guard(Right.INTERCEPT_USE))]

    @router.get("/calls/{call_id}/intercept")
    async def options(call_id: CallId, actor: user, desk: str | None = None) -> Json:
        requester = await _requester(intercept, actor, desk)
        return {"call_id": call_id, "acts": intercept.service.options(requester, call_id)}

    @router.get("/intercept-options")
    async def allowed_acts(
        actor: user, call_id: Annotated[list[CallId], Query(max_length=50)], desk: str | None = None
    ) -> Json:
        requester = await _requester(intercept, actor, desk)
        return {"calls": {each: intercept.service.options(requester, each) for each in call_id}}

    @router.get("/intercepts/own")
    async def own(actor: user) -> Json:
        found = [
            session.view()
            for sessions in (intercept.books.sessions, intercept.books.pending)
            for session in sessions.values()
            if session.requester.login == actor.login
        ]
        return {"intercepts": found}

    @router.post("/intercepts/{intercept_id}/switch")
    async def switch(intercept_id: Id, body: Switch, actor: user) -> Json:
        requester = await _requester(
            intercept, actor, _desk_of(intercept, intercept_id, actor, body.desk)
        )
        session = await intercept.service.switch(
            requester, intercept_id, body.act, target=body.target, waive_tone=body.waive_tone
        )
        return session.view()

    @router.post("/intercepts/{intercept_id}/leave")
    async def leave(intercept_id: Id, body: Acting, actor: user) -> Json:
        if (waiting := intercept.books.pending.get(intercept_id)) is not None:
            if waiting.requester.login != actor.login:
                raise not_found("intercept", intercept_id, "It is over.")
            return (await intercept.service.turn_down(actor.login, intercept_id)).view()
        requester = await _requester(
            intercept, actor, _desk_of(intercept, intercept_id, actor, body.desk)
        )
        return (await intercept.service.leave(requester, intercept_id)).view()


def _desk_of(intercept: Intercept, intercept_id: str, actor: Actor, desk: str | None) -> str | None:
    """Without a desk named, the one that the own intercept is at."""
    session = intercept.books.sessions.get(intercept_id)
    if desk is None and session is not None and session.requester.login == actor.login:
        return session.requester.desk
    return desk


def _second(router: APIRouter, intercept: Intercept, guard: Guard) -> None:
    confirms = Annotated[Actor, Depends(guard(Right.INTERCEPT_CONFIRM))]

    @router.get("/intercepts/pending")
    async def pending(_actor: confirms) -> Json:
        return {"intercepts": [session.view() for session in intercept.books.pending.values()]}

    @router.post("/intercepts/{intercept_id}/confirm")
    async def confirm(intercept_id: Id, _body: Acting, actor: confirms) -> Json:
        rights = frozenset(right.value for right in rights_of(actor.role))
        await intercept.look.refresh()
        return (await intercept.service.confirm(actor.login, rights, intercept_id)).view()

    @router.post("/intercepts/{intercept_id}/refuse")
    async def refuse(intercept_id: Id, _body: Acting, actor: confirms) -> Json:
        return (await intercept.service.turn_down(actor.login, intercept_id)).view()


def _read(router: APIRouter, intercept: Intercept, guard: Guard) -> None:
    reader = Annotated[Actor, Depends(guard(Right.INTERCEPT_READ))]

    @router.get("/intercepts")
    async def history(
        _actor: reader,
        call_id: CallId | None = None,
        limit: Annotated[int, Query(ge=1, le=1000)] = 100,
    ) -> Json:
        return {"intercepts": await intercept.db.read(store.page, call_id, limit)}


def _configure(router: APIRouter, intercept: Intercept, guard: Guard) -> None:
    setter = Annotated[Actor, Depends(guard(Right.INTERCEPT_CONFIGURE))]
    config = intercept.config

    @router.get("/intercept-settings")
    async def settings(_actor: setter) -> Json:
        return config.settings.view()

    @router.put("/intercept-settings")
    async def change(body: ConfigChange, actor: setter) -> Json:
        changes = body.model_dump(exclude_unset=True)
        empty = next((name for name, value in changes.items() if value is None), None)
        if empty is not None:
            raise invalid("missing_value", f"{empty} is empty.", "Give a value.", field=empty)
        if "two_person" in changes:
            changes["two_person"] = tuple(changes["two_person"])
        return (await config.change(actor.login, changes)).view()

    @router.get("/intercept-levels")
    async def all_levels(_actor: setter) -> Json:
        rows = sorted(config.levels.rows.items())
        return {"levels": [levels_view(kind, key, levels) for (kind, key), levels in rows]}

    @router.put("/intercept-levels/{kind}/{key}")
    async def set_levels(kind: Holder, key: str, body: LevelsBody, actor: setter) -> Json:
        await _check_holder(intercept, kind, key)
        levels = check_levels(**body.model_dump())
        await config.set_levels(actor.login, kind, key, levels)
        return levels_view(kind, key, levels)

    @router.delete("/intercept-levels/{kind}/{key}", status_code=204)
    async def drop_levels(kind: Holder, key: str, actor: setter) -> None:
        await config.drop_levels(actor.login, kind, key)


async def _check_holder(intercept: Intercept, kind: Holder, key: str) -> None:
    """Levels of nobody would be a trap: they would wait for whoever gets that name."""
    if not _LOGIN_OR_ID.fullmatch(key):
        raise invalid(
            "bad_key", f"{key[:40]!r} is no name of a {kind.value}.", "Check it.", field="key"
        )
    if kind is Holder.USER:
        known = await intercept.look.knows(key)
    elif kind is Holder.EXTENSION:
        known = key in intercept.center.book.extensions()
    else:
        known = key in intercept.center.book.lines()
    if not known:
        raise not_found(kind.value, key, "Look at the list of users, extensions or lines.")


def levels_view(kind: Holder, key: str, levels: Levels) -> Json:
    """Return the levels of somebody as JSON."""
    return {
        "kind": kind.value,
        "key": key,
        "intrusion": levels.intrusion,
        "protection": levels.protection,
        "interruption": levels.interruption,
        "interruption_protection": levels.interruption_protection,
        "precedence": int(levels.precedence),
    }
