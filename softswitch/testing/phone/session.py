"""Offer and answer inside a call: first SDP, hold and resume as sender and as receiver (RFC 3264)."""

from __future__ import annotations

import asyncio
import random
from dataclasses import replace
from typing import TYPE_CHECKING

from softswitch.testing.phone.errors import MediaError, RequestRefused
from softswitch.testing.phone.message import Message, Request
from softswitch.testing.phone.negotiate import accept_answer, make_answer, make_offer
from softswitch.testing.phone.sdp import Sdp

if TYPE_CHECKING:
    from softswitch.testing.phone.call import Call

SDP_TYPE = "application/sdp"


def carries_sdp(message: Message) -> bool:
    kind = (message.headers.get("Content-Type") or "").split(";")[0].strip().lower()
    return kind == SDP_TYPE and bool(message.body)


def offer(call: Call, direction: str | None = None) -> bytes:
    if direction is not None:
        call.local = replace(call.local, direction=direction)
    call.local = replace(call.local, version=call.local.version + 1)
    return make_offer(call.local).encode()


def take_answer(call: Call, body: bytes) -> None:
    call.media.configure(accept_answer(Sdp.parse(body), call.local))
    _note_hold(call)


def take_offer(call: Call, body: bytes) -> bytes:
    """Agree to what the far end offers, as far as our own hold allows; our answer."""
    call.local = replace(call.local, version=call.local.version + 1)
    answer, agreed = make_answer(Sdp.parse(body), call.local)
    call.media.configure(agreed)
    _note_hold(call)
    return answer.encode()


def _note_hold(call: Call) -> None:
    agreed = call.media.agreed
    held = agreed is not None and agreed.held_by_remote
    if held != call.remote_hold:
        call.remote_hold = held
        call.note("held by the far end" if held else "resumed by the far end")


async def reinvite(call: Call, direction: str) -> None:
    """Offer a new direction; a refusal leaves the call as it was."""
    await call.acknowledged()
    before = call.local
    for attempt in range(4):
        request = call.request("INVITE")
        request.headers.add("Content-Type", SDP_TYPE)
        request.body = offer(call, direction)
        call.reinviting = True
        try:
            response = await call.phone.transact(request, call.remote, call.dialog.next_sequence)
        finally:
            call.reinviting = False
        if response.status < 300:
            call.dialog.refresh(response)
            call.acknowledge(response)
            take_answer(call, response.body)
            return
        call.local = replace(before, version=call.local.version)
        if response.status != 491 or attempt == 3:
            text = f"{call}: re-INVITE ({direction}) got {response.status} {response.reason}"
            raise RequestRefused(response.status, text)
        # Both sides offered at once: the one that placed the call waits longer (14.1).
        await asyncio.sleep(random.uniform(2.1, 4) if call.outgoing else random.uniform(0, 2))


def on_reinvite(call: Call, request: Request) -> tuple[int, bytes]:
    """Status and SDP for the far end's re-INVITE or UPDATE."""
    if call.reinviting:
        return 491, b""
    call.dialog.refresh(request)
    call.note_identity(request)
    if not carries_sdp(request):
        return 200, (offer(call) if request.method == "INVITE" else b"")
    try:
        return 200, take_offer(call, request.body)
    except MediaError as error:
        call.note(f"refused a re-INVITE: {error}")
        return 488, b""
