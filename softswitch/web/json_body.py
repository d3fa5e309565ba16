"""A JSON body is read strictly (RFC 8259 with the advice of RFC 7493, I-JSON) before anything else sees it.

The parser behind the routes takes more than it should: NaN, half of a surrogate pair (no database stores it), numbers
of thousands of digits, and nesting deep enough to use up the stack.
"""

from __future__ import annotations

from email.message import Message as MimeHeader

import orjson
from starlette.datastructures import Headers
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from softswitch.errors import invalid


class StrictJson:
    """Refuses what is no JSON with ``bad_json``; everything else passes untouched."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http" and is_json(Headers(scope=scope).get("content-type", "")):
            receive = await _checked(receive)
        await self._app(scope, receive, send)


def is_json(content_type: str) -> bool:
    """Return whether a body of this type is read as JSON (RFC 6839 section 3.1 for ``+json``)."""
    header = MimeHeader()
    header["content-type"] = content_type
    subtype = header.get_content_subtype()
    return header.get_content_maintype() == "application" and (
        subtype == "json" or subtype.endswith("+json")
    )


async def _checked(receive: Receive) -> Receive:
    body = b""
    more = True
    while more:
        message = await receive()
        if message["type"] == "http.disconnect":
            return _first(message, receive)
        body += message.get("body", b"")
        more = message.get("more_body", False)
    _check(body)
    return _first({"type": "http.request", "body": body, "more_body": False}, receive)


def _check(body: bytes) -> None:
    if not body:
        return
    try:
        orjson.loads(body)
    except orjson.JSONDecodeError as error:
        raise invalid(
            "bad_json", f"The body is not JSON: {error.msg}.", "Send a JSON object."
        ) from error


def _first(message: Message, then: Receive) -> Receive:
    """Return a ``receive`` that gives ``message`` once and goes on as before."""
    waiting = [message]

    async def receive() -> Message:
        return waiting.pop() if waiting else await then()

    return receive
