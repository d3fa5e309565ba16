"""HTTP of lists, who may not be sent to, templates, replies and alerts."""

import asyncio
from collections.abc import AsyncIterator
from typing import Annotated

from fastapi import APIRouter, Depends, Query, Request
from pydantic import Field
from starlette.responses import Response, StreamingResponse

from smsgateway.bodies import (
    LARGEST_ID,
    Blocked,
    Body,
    CampaignId,
    Json,
    NewTemplate,
    Values,
)
from smsgateway.build import REGISTRY, MassSms
from smsgateway.campaigns import store as campaigns
from smsgateway.cap.read import MOST_BYTES, bad_cap
from smsgateway.recipients import store
from smsgateway.recipients.mobile import mobile
from smsgateway.replies import store as replies
from smsgateway.replies.model import Meaning
from smsgateway.report_routes import batch_of
from smsgateway.text.templates import parse
from softswitch import numbers
from softswitch.access import audit
from softswitch.access.model import Actor, Right
from softswitch.calls.core import new_id
from softswitch.csvio import write_rows
from softswitch.errors import invalid, not_found
from softswitch.web.guard import Guard

ListKey = Annotated[str, Field(min_length=1, max_length=64)]
Limit = Annotated[int, Query(ge=1, le=1000)]


def list_routes(sms: MassSms, guard: Guard) -> APIRouter:
    """Return the routes of lists of recipients and of who may not be sent to."""
    router = APIRouter(prefix="/api/sms", tags=["mass SMS"])
    reader = Annotated[Actor, Depends(guard(Right.SMS_READ))]
    importer = Annotated[Actor, Depends(guard(Right.SMS_IMPORT))]

    @router.get("/lists")
    async def list_lists(_actor: reader) -> Json:
        return {"lists": await sms.lists.all()}

    @router.post("/lists/import")
    async def import_list(
        request: Request, actor: importer, name: Annotated[str, Query(max_length=200)]
    ) -> Json:
        """Read a CSV file (number, name, area, longitude, latitude) into a list; report its bad rows."""
        report = await sms.lists.import_csv(actor.login, name, request.stream())
        details = {key: report[key] for key in ("name", "people", "repeated", "bad")}
        await sms.db.write(audit.append, actor.login, "sms.list.import", str(report["id"]), details)
        return report

    @router.get("/lists/{name}")
    async def show_list(name: ListKey, _actor: reader) -> Json:
        """Return a list with its areas and the first bad rows of its file."""
        row = await sms.lists.one(name)
        areas = await sms.queue.read(store.areas_of, row["id"])
        columns = await sms.queue.read(store.columns_of, row["id"])
        bad = await sms.queue.read(store.bad_page, row["id"], 0, 100)
        return {**row, "areas": areas, "columns": columns, "bad_rows": bad}

    @router.get("/lists/{name}/bad.csv")
    async def export_bad(name: ListKey, _actor: reader) -> StreamingResponse:
        """Return every bad row of the file with its line and the reason."""
        row = await sms.lists.one(name)
        headers = {"content-disposition": f'attachment; filename="bad-rows-{row["id"]}.csv"'}
        rows = _bad_csv(sms, row["id"])
        return StreamingResponse(rows, media_type="text/csv; charset=utf-8", headers=headers)

    @router.delete("/lists/{name}", status_code=204)
    async def remove_list(name: ListKey, actor: importer) -> None:
        row = await sms.lists.remove(name)
        details = {"name": row["name"], "people": row["people"]}
        await sms.db.write(audit.append, actor.login, "sms.list.remove", str(row["id"]), details)

    @router.get("/blocked")
    async def list_blocked(_actor: reader, after: str = "", limit: Limit = 100) -> Json:
        return {"blocked": await sms.queue.read(store.blocked_page, after, limit)}

    @router.post("/blocked", status_code=201)
    async def block(body: Blocked, actor: importer) -> Json:
        """Send nothing more to a number."""
        number, at = mobile(body.number), sms.clock()
        why = numbers.plain_text(body.why, "why")
        await sms.queue.write(store.block, number, body.kind, why, actor.login, at)
        details = {"kind": body.kind, "why": why}
        await sms.db.write(audit.append, actor.login, "sms.block", number, details)
        return {"number": number, "kind": body.kind, "why": why}

    @router.delete("/blocked/{number}", status_code=204)
    async def unblock(number: Annotated[str, Field(max_length=40)], actor: importer) -> None:
        """Let a number be sent to again."""
        typed = mobile(number)
        if not await sms.queue.write(store.unblock, typed):
            raise not_found("blocked number", typed, "Look at the list of blocked numbers.")
        await sms.db.write(audit.append, actor.login, "sms.unblock", typed, {})

    return router


def template_routes(sms: MassSms, guard: Guard) -> APIRouter:
    """Return the routes of templates."""
    router = APIRouter(prefix="/api/sms/templates", tags=["mass SMS"])
    reader = Annotated[Actor, Depends(guard(Right.SMS_READ))]
    configurer = Annotated[Actor, Depends(guard(Right.SMS_CONFIGURE))]

    @router.get("")
    async def list_templates(_actor: reader) -> Json:
        rows = await sms.db.read(campaigns.all_templates)
        return {"templates": [_template(row) for row in rows]}

    @router.post("", status_code=201)
    async def put_template(body: NewTemplate, actor: configurer) -> Json:
        """Store a template; one of this name is replaced."""
        parse(body.text)
        name = numbers.plain_text(body.name, "name")
        if not name:
            raise invalid("no_name", "The template has no name.", "Give one.", field="name")
        rows = await sms.db.read(campaigns.all_templates)
        known = next((row["id"] for row in rows if row["name"] == name), None)
        row = {"id": known or new_id(), "name": name, "text": body.text}
        await sms.db.write(campaigns.put_template, actor.login, row)
        return _template(row)

    @router.post("/{template_id}/fill")
    async def fill_template(template_id: CampaignId, body: Values, _actor: reader) -> Json:
        """Return the text with these values in its fields."""
        rows = await sms.db.read(campaigns.all_templates)
        row = next((row for row in rows if row["id"] == template_id), None)
        if row is None:
            raise not_found("template", template_id, "Look at the list of templates.")
        return {"text": parse(row["text"]).fill(body.values)}

    @router.delete("/{template_id}", status_code=204)
    async def remove_template(template_id: CampaignId, actor: configurer) -> None:
        if not await sms.db.write(campaigns.remove_template, actor.login, template_id):
            raise not_found("template", template_id, "Look at the list of templates.")

    return router


def reply_routes(sms: MassSms, guard: Guard) -> APIRouter:
    """Return the routes of what citizens answered, and of alerts."""
    router = APIRouter(prefix="/api/sms", tags=["mass SMS"])
    reader = Annotated[Actor, Depends(guard(Right.SMS_READ))]
    sender = Annotated[Actor, Depends(guard(Right.SMS_SEND))]

    @router.get("/replies")
    async def list_replies(
        _actor: reader,
        campaign: CampaignId | None = None,
        meaning: Meaning | None = None,
        before: Annotated[int | None, Query(ge=1, le=LARGEST_ID)] = None,
        limit: Limit = 100,
    ) -> Json:
        """Return what citizens answered, the newest first."""
        batch = None
        if campaign is not None:
            batch = await batch_of(sms, await sms.campaigns.one(campaign))
        word = meaning.value if meaning is not None else None
        rows = await sms.queue.read(
            replies.page, batch=batch, meaning=word, before=before, limit=limit
        )
        return {"replies": rows}

    @router.get("/campaigns/{campaign_id}/welfare")
    async def show_welfare(campaign_id: CampaignId, _actor: reader) -> Json:
        """Return how many are safe, how many need help, and who."""
        campaign = await sms.campaigns.one(campaign_id)
        batch = await batch_of(sms, campaign)
        board = await sms.queue.read(replies.board, batch)
        silent = max(0, campaign.people - board["safe"] - board["help"])
        return {**board, "silent": silent, "people": await sms.queue.read(replies.need_help, batch)}

    @router.post("/replies/{reply_id}/seen")
    async def mark_seen(reply_id: int, _body: Body, actor: sender) -> Json:
        """Note that a person has read an answer."""
        if not 0 < reply_id < LARGEST_ID or not await sms.queue.write(
            replies.mark_seen, reply_id, actor.login
        ):
            raise not_found("reply", str(reply_id), "Look at the list of replies.")
        await sms.db.write(audit.append, actor.login, "sms.reply.seen", str(reply_id), {})
        return {"id": reply_id, "seen_by": actor.login}

    @router.get("/alerts")
    async def list_alerts(_actor: reader, limit: Limit = 50) -> Json:
        return {"alerts": await sms.alerts.page(limit)}

    @router.post("/alerts", status_code=201)
    async def take_alert(
        request: Request, actor: sender, registry: Annotated[str, Query(max_length=64)] = REGISTRY
    ) -> Json:
        """Take in a CAP 1.2 document; it drafts a campaign."""
        return await sms.alerts.take(actor.login, await _document(request), registry)

    @router.get("/alerts/{alert_id}")
    async def show_alert(alert_id: CampaignId, _actor: reader) -> Response:
        """Return the document of an alert as it came."""
        row = await sms.alerts.one(alert_id)
        return Response(row["document"].encode(), media_type="application/cap+xml")

    return router


async def _document(request: Request) -> bytes:
    data = b""
    async for chunk in request.stream():
        data += chunk
        if len(data) > MOST_BYTES:
            raise bad_cap(f"It has more than {MOST_BYTES} bytes.")
    return data


async def _bad_csv(sms: MassSms, list_id: int) -> AsyncIterator[bytes]:
    columns = ("line", "why", "cell")
    yield write_rows(columns, [])
    after = 0
    while page := await sms.queue.read(store.bad_page, list_id, after, 5_000):
        text = await asyncio.to_thread(write_rows, columns, page)
        yield text.partition(b"\r\n")[2]
        after = page[-1]["line"]


def _template(row: Json) -> Json:
    return {**row, "fields": [field.as_json() for field in parse(row["text"]).fields]}
