"""HTTP of the hand-over log and of the daily report."""

from typing import Annotated, Any

from fastapi import APIRouter, Depends, Query

from softswitch.access.model import Actor, Right
from softswitch.layers.duty import handover_store, report
from softswitch.layers.duty.bodies import Body, HandoverBody, Instant
from softswitch.layers.duty.build import Duty
from softswitch.layers.duty.localtime import day_of, zone_of
from softswitch.web.guard import Guard

Json = dict[str, Any]


def log_routes(duty: Duty, guard: Guard) -> APIRouter:
    """Return the routes of the log and the report."""
    router = APIRouter()
    reader = Annotated[Actor, Depends(guard(Right.DUTY_READ))]
    signer = Annotated[Actor, Depends(guard(Right.DUTY_SIGN))]
    service, changes = duty.service, duty.changes

    @router.get("/log")
    async def list_handovers(
        _actor: reader,
        roster: str | None = None,
        before: Instant | None = None,
        limit: Annotated[int, Query(ge=1, le=1000)] = 50,
    ) -> Json:
        """Return the hand-over log, the newest first; ``before`` is when the last of the page before was written."""
        found = await service.db.read(handover_store.page, roster, before, limit)
        return {"handovers": found}

    @router.post("/log", status_code=201)
    async def hand_over(body: HandoverBody, actor: signer) -> Json:
        """Hand over: the text is signed by who leaves."""
        return {"id": await changes.give(actor.login, body.roster, body.text, body.id)}

    @router.post("/log/{entry_id}/sign")
    async def take_over(entry_id: str, _body: Body, actor: signer) -> Json:
        """Sign a hand-over as the one who comes."""
        await changes.take(actor.login, entry_id)
        return {"id": entry_id}

    @router.get("/log/check")
    async def check_log(_actor: reader) -> Json:
        """Read the chain of signatures and tell the first that is broken."""
        return await service.db.read(handover_store.verify)

    @router.get("/report")
    async def daily_report(_actor: reader, date: str, zone: str = "Asia/Shanghai") -> Json:
        """Return the report of a local day."""
        return await report.daily(service, day_of(date), zone_of(zone))

    return router
