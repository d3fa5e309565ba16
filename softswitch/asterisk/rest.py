"""ARI over one WebSocket: REST requests and events on the same connection.

The reader decodes and enqueues, nothing else: Asterisk cuts off a reader that stalls. Source: the Asterisk
documentation, "ARI REST over WebSocket" (20.14, 21.9, 22.4 and newer).
"""

from __future__ import annotations

import asyncio
import itertools
from base64 import b64encode
from collections import deque
from collections.abc import AsyncIterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from http import HTTPStatus
from http.client import HTTPConnection, HTTPException
from typing import Any, Protocol
from urllib.parse import quote

import orjson
from websockets.asyncio.client import ClientConnection
from websockets.asyncio.client import connect as connect_websocket
from websockets.exceptions import InvalidHandshake, InvalidURI, WebSocketException

from softswitch.ports import ActFailed

OPEN_SECONDS = 5.0
PING_SECONDS = 15.0


class ControlCut(ActFailed):
    """The connection broke while a request was under way."""


@dataclass(frozen=True, slots=True)
class Request:
    """One REST request; ``uri`` is below ``/ari`` and its variable parts are quoted by :func:`path`."""

    method: str
    uri: str
    query: Mapping[str, str]
    body: Mapping[str, Any] | None = None

    def encode(self, key: str) -> bytes:
        """Return the JSON text that asks for this under the id ``key``."""
        message: dict[str, Any] = {
            "type": "RESTRequest",
            "transaction_id": key,
            "request_id": key,
            "method": self.method,
            "uri": self.uri,
            "query_strings": [{"name": name, "value": value} for name, value in self.query.items()],
        }
        if self.body is not None:
            message["content_type"] = "application/json"
            message["message_body"] = orjson.dumps(self.body).decode()
        return orjson.dumps(message)


@dataclass(frozen=True, slots=True)
class Response:
    """The answer to a request: HTTP status and decoded body."""

    status: int
    reason: str
    body: Any

    @property
    def ok(self) -> bool:
        return 200 <= self.status < 300


def path(*parts: str) -> str:
    """Return a URI of parts, each quoted: no id can leave its place."""
    return "/".join(quote(part, safe="") for part in parts)


class Rest(Protocol):
    """What the acts need of a connection."""

    async def ask(self, request: Request) -> Response: ...


class AriConnection:
    """One connection with pipelined requests. ``events`` yields until it is cut."""

    def __init__(self, socket: ClientConnection, most_waiting: int = 100_000) -> None:
        self.closed_because = ""
        self.deepest = 0
        self._socket = socket
        self._most_waiting = most_waiting
        self._numbers = itertools.count(1)
        self._pending: dict[str, asyncio.Future[Response]] = {}
        self._events: deque[Mapping[str, Any]] = deque()
        self._arrived = asyncio.Event()
        self._task = asyncio.create_task(self._read(), name="ari-reader")

    async def ask(self, request: Request) -> Response:
        """Send a request and return the answer; raise :class:`ControlCut` when the connection breaks before it."""
        if self.closed_because:
            raise ControlCut(self.closed_because)
        key = str(next(self._numbers))
        answer: asyncio.Future[Response] = asyncio.get_running_loop().create_future()
        self._pending[key] = answer
        try:
            await self._socket.send(request.encode(key), text=True)
            return await answer
        except (WebSocketException, OSError) as error:
            raise ControlCut(str(error)) from None
        finally:
            self._pending.pop(key, None)
            if answer.done() and not answer.cancelled():
                answer.exception()  # a cut tells both the sender and the answer; one word is enough

    async def events(self) -> AsyncIterator[Mapping[str, Any]]:
        """Yield the events in order, until the connection is cut."""
        while True:
            while self._events:
                yield self._events.popleft()
            if self.closed_because:
                return
            self._arrived.clear()
            await self._arrived.wait()

    async def close(self, why: str = "closed") -> None:
        """End the connection; requests that wait for an answer fail."""
        self._cut(why)
        self._task.cancel()
        with suppress(asyncio.CancelledError):
            await self._task
        with suppress(WebSocketException, OSError, TimeoutError):
            await self._socket.close()

    async def _read(self) -> None:
        try:
            while True:
                self._take(orjson.loads(await self._socket.recv(decode=False)))
        except (WebSocketException, OSError, ValueError, ActFailed) as error:
            self._cut(str(error) or type(error).__name__)

    def _take(self, message: dict[str, Any]) -> None:
        if message.get("type") == "RESTResponse":
            answer = self._pending.get(message.get("request_id", ""))
            if answer is not None and not answer.done():
                answer.set_result(_response(message))
            return
        self.inject(message)
        self.deepest = max(self.deepest, len(self._events))
        if len(self._events) > self._most_waiting:
            self._events.clear()
            raise ActFailed("Too many events wait; a snapshot is needed")

    def inject(self, event: Mapping[str, Any]) -> None:
        """Put an event into the stream, behind those that wait."""
        self._events.append(event)
        self._arrived.set()

    def _cut(self, why: str) -> None:
        if self.closed_because:
            return
        self.closed_because = why
        for answer in self._pending.values():
            if not answer.done():
                answer.set_exception(ControlCut(f"control was cut: {why}"))
        self._arrived.set()


def _response(message: Mapping[str, Any]) -> Response:
    text = message.get("message_body") or ""
    try:
        body = orjson.loads(text) if text else None
    except ValueError:
        body = text
    return Response(int(message["status_code"]), str(message.get("reason_phrase", "")), body)


async def connect(
    address: str, port: int, user: str, secret: str, application: str
) -> AriConnection:
    """Connect as ``application``; raise :class:`ActFailed` when that fails.

    A second connection of the same application takes over: Asterisk ends the first with ApplicationReplaced.
    """
    url = f"ws://{address}:{port}/ari/events?app={application}&api_key={user}:{secret}&subscribeAll=false"
    try:
        async with asyncio.timeout(OPEN_SECONDS):
            socket = await connect_websocket(
                url,
                compression=None,
                max_size=None,
                ping_interval=PING_SECONDS,
                ping_timeout=PING_SECONDS,
                close_timeout=0.5,
                proxy=None,
            )
    except (OSError, TimeoutError, InvalidHandshake, InvalidURI, WebSocketException) as error:
        said = str(error) or type(error).__name__
        raise ActFailed(f"ARI does not answer on {address} port {port}: {said}") from None
    return AriConnection(socket)


async def fetch(address: str, port: int, user: str, secret: str, *uris: str) -> list[Any]:
    """Return what ARI answers to GETs over plain HTTP; raise :class:`ActFailed` when one is refused.

    For lists that grow with the calls: Asterisk builds a WebSocket message on the stack of its thread and dies of one
    with some 800 channels (22.10.1, a segmentation fault in res_http_websocket); HTTP answers have no such limit.
    """
    token = b64encode(f"{user}:{secret}".encode()).decode()
    found = await asyncio.gather(
        *(asyncio.to_thread(_get, address, port, token, uri) for uri in uris)
    )
    return [orjson.loads(content) for content in found]


def _get(address: str, port: int, token: str, uri: str) -> bytes:
    # The standard library, because a restart would wait a fifth of a second for httpx to load.
    connection = HTTPConnection(address, port, timeout=OPEN_SECONDS)
    try:
        connection.request("GET", f"/ari/{uri}", headers={"Authorization": f"Basic {token}"})
        answer = connection.getresponse()
        content = answer.read()
    except (OSError, HTTPException) as error:
        said = str(error) or type(error).__name__
        raise ActFailed(f"ARI does not answer on {address} port {port}: {said}") from None
    finally:
        connection.close()
    if answer.status != HTTPStatus.OK:
        raise ActFailed(f"ARI does not tell what is up: {answer.status}", answer.status)
    return content
