"""The HTTP entrance of the recordings."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterator
from dataclasses import replace
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Query, Request
from fastapi.responses import JSONResponse, Response, StreamingResponse
from pydantic import BaseModel, ConfigDict

from softswitch.access.model import Actor, Right
from softswitch.clock import LATEST, Millis, now
from softswitch.errors import Kind, Refusal
from softswitch.numbers import extension as parse_extension
from softswitch.recordings import export, store
from softswitch.recordings.byterange import Part, RangeRefusal, parse_range
from softswitch.recordings.library import Library, Opened, running, view
from softswitch.recordings.model import State, recording_id
from softswitch.web.guard import Guard
from softswitch.web.places import Offset

DeskOf = Callable[[Actor], Awaitable[str | None]]
"""Gives the extension of the desk where somebody is seated."""


class Hold(BaseModel):
    """The body of a legal hold."""

    model_config = ConfigDict(extra="forbid")
    hold: bool
    reason: str


def routes(library: Library, guard: Guard, desk_of: DeskOf) -> APIRouter:
    """Return the routes; ``library`` is ``RecordingService.library``."""
    router = APIRouter(prefix="/api/recordings", tags=["recordings"])
    _lists(router, library, guard, desk_of)
    _listening(router, library, guard)
    _keeping(router, library, guard)
    return router


def _lists(router: APIRouter, library: Library, guard: Guard, desk_of: DeskOf) -> None:
    listener = Depends(guard(Right.RECORDING_LISTEN))

    @router.get("")
    async def find(
        call_id: Annotated[str | None, Query(max_length=200)] = None,
        extension: str | None = None,
        since: Annotated[Millis | None, Query(alias="from", ge=0, le=LATEST)] = None,
        until: Annotated[Millis | None, Query(alias="to", ge=0, le=LATEST)] = None,
        offset: Offset = None,
        limit: Annotated[int, Query(ge=1, le=1000)] = 100,
        who: Actor = listener,
    ) -> dict[str, Any]:
        """List recordings by call, desk and time (milliseconds since 1970 UTC), newest first.

        With ``offset`` from that place of the whole list on, with its ``count``.
        """
        desk = None if extension is None else parse_extension(extension, "extension")
        wanted = store.Filter(call_id, desk, since, until)
        if offset is None:
            rows = await library.find(replace(wanted, limit=limit))
            return {"recordings": [view(row) for row in rows]}
        rows, count = await library.part(wanted, offset, limit)
        return {"recordings": [view(row) for row in rows], "count": count}

    @router.get("/recent")
    async def recent(desk: str | None = None, who: Actor = listener) -> dict[str, Any]:
        """List the last 30 minutes of the own desk, running recordings included, newest first."""
        own = parse_extension(desk, "desk") if desk is not None else await desk_of(who)
        if own is None:
            raise Refusal(
                Kind.CONFLICT, "no_desk", "You are seated at no desk.", "Take a seat first."
            )
        return {"desk": own, "recordings": [view(row) for row in await library.recent(own)]}

    @router.get("/{name}")
    async def get(name: str, who: Actor = listener) -> dict[str, Any]:
        """Show one recording."""
        return view(await library.get(recording_id(name)))


def _listening(router: APIRouter, library: Library, guard: Guard) -> None:
    listener = Depends(guard(Right.RECORDING_LISTEN))

    @router.get("/{name}/audio", response_class=Response)
    async def audio(
        name: str, request: Request, download: bool = False, who: Actor = listener
    ) -> Response:
        """Send the sound (audio/wav), whole or the part of a Range field. The listen is audited first."""
        opened = await library.open(recording_id(name))
        try:
            part = _part(request, opened)
        except RangeRefusal as refusal:
            field = {"Content-Range": f"bytes */{refusal.whole}"}
            return JSONResponse(refusal.as_json(), 416, headers=field)
        act = "recording.downloaded" if download else "recording.listened"
        await library.note_listening(who, opened.recording, act)
        return _send(opened, part, download)

    @router.get("/{name}/waveform")
    async def waveform(name: str, points: int = 400, who: Actor = listener) -> dict[str, Any]:
        """Return the lowest and highest sample of each of ``points`` parts, in 1/127 of full scale."""
        return {"points": points, "peaks": await library.waveform(recording_id(name), points)}


def _keeping(router: APIRouter, library: Library, guard: Guard) -> None:
    holder = Depends(guard(Right.RECORDING_HOLD))
    exporter = Depends(guard(Right.RECORDING_EXPORT))

    @router.put("/{name}/hold")
    async def hold(name: str, body: Hold, who: Actor = holder) -> dict[str, Any]:
        """Put a recording on legal hold, or take the hold away; both with a reason."""
        return view(await library.set_hold(who, recording_id(name), body.hold, body.reason))

    @router.post("/{name}/verify")
    async def verify(name: str, who: Actor = exporter) -> dict[str, Any]:
        """Compare the file with the checksum that it was put away with."""
        return await library.verify(recording_id(name))

    @router.get("/{name}/export", response_class=Response)
    async def send_export(name: str, who: Actor = exporter) -> Response:
        """Send a zip file with the sound, what is known of it, and SHA256SUMS. Audited first."""
        opened = await library.open(recording_id(name))
        row = opened.recording
        if row.state is State.RUNNING:
            raise running(row)
        check = await library.verify(row.id)
        await library.note(who, row, "recording.exported", ok=check["ok"], sha256=check["found"])
        about = {
            **view(row),
            "checksum_ok": check["ok"],
            "exported_by": who.login,
            "exported_at": now(),
        }
        body = export.export(opened.file, row.id, about, row.began_at)
        return StreamingResponse(
            body, media_type="application/zip", headers=_attachment(f"{row.id}.zip")
        )


def _part(request: Request, opened: Opened) -> Part | None:
    """Return the part that is asked for; If-Range with another tag means: send the whole (RFC 9110 section 13.1.5)."""
    condition = request.headers.get("if-range")
    if condition is not None and condition != _tag(opened):
        return None
    return parse_range(request.headers.get("range"), opened.whole)


def _send(opened: Opened, part: Part | None, download: bool) -> Response:
    wanted = part or Part(0, opened.whole, opened.whole)
    headers = {
        "Accept-Ranges": "bytes",
        "Content-Length": str(wanted.length),
        "Cache-Control": "private, no-store",
    }
    if tag := _tag(opened):
        headers["ETag"] = tag
    if part is not None:
        headers["Content-Range"] = part.content_range
    if download:
        headers |= _attachment(f"{opened.recording.id}.wav")
    body: Iterator[bytes] = opened.read(wanted)
    status = 200 if part is None else 206
    return StreamingResponse(body, status, headers=headers, media_type="audio/wav")


def _tag(opened: Opened) -> str | None:
    """Return a strong tag of a finished recording; one that still grows has none."""
    return f'"{opened.recording.sha256}"' if opened.recording.state is State.KEPT else None


def _attachment(file_name: str) -> dict[str, str]:
    return {"Content-Disposition": f'attachment; filename="{file_name}"'}
