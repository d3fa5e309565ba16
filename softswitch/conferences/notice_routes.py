"""HTTP of notification."""

from typing import Annotated, Any, Literal

from fastapi import APIRouter, Depends, Query
from pydantic import Field

from softswitch.access.model import Actor, Right
from softswitch.conferences import notice_store
from softswitch.conferences.build import Conferences
from softswitch.conferences.notice import person_view
from softswitch.conferences.notice_model import TOLD, PersonState, Rules
from softswitch.conferences.routes import Body, Json
from softswitch.errors import not_found
from softswitch.web.guard import Guard

NoticeId = Annotated[str, Field(pattern=r"^[a-f0-9]{1,32}$")]


class NewNotice(Body):
    """What is said to whom. ``sound`` is a WAV file in base64 that is played in place of the text."""

    text: str = Field(max_length=2000)
    groups: list[str] = Field(default_factory=list, max_length=50)
    numbers: list[str] = Field(default_factory=list, max_length=1000)
    language: Literal["zh", "en"] = "zh"
    sound: str | None = Field(None, max_length=900_000)
    tries: int = 3
    pause_seconds: int = 60
    confirm: bool = True


def notice_routes(conferences: Conferences, guard: Guard) -> APIRouter:
    """Return the routes of notification."""
    router = APIRouter(prefix="/api/notices", tags=["conferences"])
    reader = Annotated[Actor, Depends(guard(Right.CONFERENCE_READ))]
    sender = Annotated[Actor, Depends(guard(Right.NOTIFY_SEND))]
    notices = conferences.notices

    @router.get("")
    async def list_notices(
        _actor: reader, limit: Annotated[int, Query(ge=1, le=1000)] = 50
    ) -> Json:
        rows = await conferences.db.read(notice_store.page, limit)
        return {"notices": [await _row(conferences, row) for row in rows]}

    @router.get("/{notice_id}")
    async def show_notice(notice_id: NoticeId, _actor: reader) -> Json:
        """Return a notification with its ledger, running or over."""
        running = notices.notices.get(notice_id)
        if running is not None:
            return {**running.view(), "ledger": running.ledger()}
        row = await conferences.db.read(notice_store.one, notice_id)
        if row is None:
            raise not_found("notification", notice_id, "Look at the list of notifications.")
        people = await conferences.db.read(notice_store.people_of, notice_id)
        ledger = [person_view(notice_id, person) for person in people]
        return {**await _row(conferences, row), "ledger": ledger}

    @router.post("", status_code=202)
    async def send_notice(body: NewNotice, actor: sender) -> Json:
        """Tell people by telephone until they confirm."""
        groups = [await conferences.groups.one(key) for key in body.groups]
        people = [member for group in groups for member in group["members"]]
        people += [{"number": number} for number in body.numbers]
        rules = Rules(body.tries, body.pause_seconds * 1000, body.confirm)
        notice = await notices.send(
            actor.login, body.text, people, rules, language=body.language, sound=body.sound
        )
        return {**notice.view(), "ledger": notice.ledger()}

    @router.post("/{notice_id}/stop")
    async def stop_notice(notice_id: NoticeId, _body: Body, actor: sender) -> Json:
        """Ring nobody else."""
        return (await notices.stop(actor.login, notice_id)).view()

    return router


async def _row(conferences: Conferences, row: dict[str, Any]) -> Json:
    people = await conferences.db.read(notice_store.people_of, row["id"])
    lost = {PersonState.FAILED, PersonState.STOPPED, PersonState.ESCALATED}
    return {
        **{name: row[name] for name in ("id", "text", "language", "login", "state", "created_at")},
        "ended_at": row["ended_at"],
        "people": len(people),
        "reached": sum(person.state in TOLD for person in people),
        "failed": sum(person.state in lost for person in people),
    }
