"""What surrounds every request: host check, size of the body, security headers, unexpected errors."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from starlette.datastructures import Headers, MutableHeaders
from starlette.exceptions import HTTPException
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from softswitch.errors import Kind, Refusal
from softswitch.web.errors import refusal_response, unexpected_response
from softswitch.web.headers import FIXED, Hosts, content_security_policy

BODY_LIMIT = 1_000_000
IMPORT_LIMIT = 10_000_000
"""Bytes of a request's body: in general, and for the import of CSV files."""


class Outer:
    """The outermost layer. It answers itself when the request must go no further."""

    def __init__(
        self,
        app: ASGIApp,
        hosts: Hosts,
        secure: bool = False,
        limits: Mapping[str, int] = MappingProxyType({}),
    ) -> None:
        self._app = app
        self._hosts = hosts
        self._secure = secure
        self._limits = limits  # of paths whose routes read the body as a stream

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            await self._app(scope, receive, send)
            return
        host = Headers(scope=scope).get("host", "")
        if scope["type"] == "websocket":
            await self._socket(scope, receive, send, host)
            return
        await self._http(scope, receive, _WithHeaders(send, host, self._secure), host)

    async def _socket(self, scope: Scope, receive: Receive, send: Send, host: str) -> None:
        if self._hosts.allows(host):
            await self._app(scope, receive, send)
            return
        await receive()
        await send({"type": "websocket.close", "code": 1008, "reason": "wrong host"})

    async def _http(self, scope: Scope, receive: Receive, send: _WithHeaders, host: str) -> None:
        usual = IMPORT_LIMIT if scope["path"].endswith("/import") else BODY_LIMIT
        limit = self._limits.get(scope["path"], usual)
        try:
            if not self._hosts.allows(host):
                raise _wrong_host()
            _check_length(Headers(scope=scope), limit)
            await self._app(scope, _Counted(receive, limit), send)
        except HTTPException:
            if not send.started:  # only _Counted raises it where no route sees it
                await refusal_response(_too_large(limit))(scope, receive, send)
        except Refusal as refusal:
            if not send.started:
                await refusal_response(refusal)(scope, receive, send)
        except Exception as error:
            response = unexpected_response(f"{scope['method']} {scope['path']!r}", error)
            if send.started:
                raise  # half an answer is out: only a broken connection tells the client
            await response(scope, receive, send)


class _WithHeaders:
    """Adds the security headers to the beginning of an answer and remembers that it began."""

    def __init__(self, send: Send, host: str, secure: bool) -> None:
        self._send = send
        self._host = host
        self._secure = secure
        self.started = False

    async def __call__(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self.started = True
            headers = MutableHeaders(scope=message)
            headers.raw.extend(FIXED)
            headers.raw.append((b"content-security-policy", content_security_policy(self._host)))
            if self._secure:
                headers.raw.append((b"strict-transport-security", b"max-age=31536000"))
            if "cache-control" not in headers:
                headers.raw.append((b"cache-control", b"no-store"))
        await self._send(message)


class _Counted:
    """Counts the bytes of a body that comes in pieces without a length."""

    def __init__(self, receive: Receive, limit: int) -> None:
        self._receive = receive
        self._limit = limit
        self._seen = 0

    async def __call__(self) -> Message:
        message = await self._receive()
        self._seen += len(message.get("body", b""))
        if self._seen > self._limit:
            # Not a refusal: FastAPI lets only this pass while it reads a body.
            raise HTTPException(Kind.TOO_LARGE)
        return message


def _check_length(headers: Headers, limit: int) -> None:
    length = headers.get("content-length", "0")
    if length.isascii() and length.isdigit() and int(length[:18]) > limit:
        raise _too_large(limit)


def _too_large(limit: int) -> Refusal:
    return Refusal(
        Kind.TOO_LARGE,
        "too_large",
        f"The request is larger than {limit} bytes.",
        "Send less at once.",
    )


def _wrong_host() -> Refusal:
    return Refusal(
        Kind.INVALID,
        "wrong_host",
        "The server is not known under this name.",
        "Use its address, or add the name to http_names in the configuration.",
    )
