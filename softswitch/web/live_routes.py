"""The live socket ``/api/live`` and ``GET /api/board``."""

from __future__ import annotations

import asyncio
import contextlib
import logging
from typing import Any

import orjson
from fastapi import APIRouter, Depends, WebSocket
from starlette.responses import Response
from starlette.websockets import WebSocketDisconnect, WebSocketState

from softswitch.access.model import Actor, Right
from softswitch.errors import Kind, Refusal
from softswitch.web.errors import error_body
from softswitch.web.guard import Guard, permit
from softswitch.web.live import Client, Live
from softswitch.web.origin import cross_site, is_same_origin

log = logging.getLogger(__name__)

PING_SECONDS = 15.0
SEND_SECONDS = 20.0
"""A client that takes no message for so long is dead."""

MOST_CLIENTS = 1_000
# RFC 6455 section 7.4.2: 4000 to 4999 are free for applications.
SIGNED_OUT, NOT_ALLOWED, FULL = 4401, 4403, 4503
_PING = '{"type":"ping"}'
_LONGEST = 4_096


PRIVATE = {"intercept": Right.INTERCEPT_READ}
"""The kinds of entities that not everybody at the board may see, with the right that it takes. Everybody sees
those of his own: the ones with his ``login``."""


def sees(actor: Actor) -> frozenset[str]:
    """Return the private kinds of entities that somebody may see."""
    return frozenset(kind for kind, right in PRIVATE.items() if actor.may(right))


def routes(live: Live, guard: Guard, *, ping_seconds: float = PING_SECONDS) -> APIRouter:
    """Return the routes of the live view."""
    router = APIRouter(tags=["board"])

    @router.get("/api/board")
    async def board(actor: Actor = Depends(guard(Right.BOARD_READ))) -> Response:  # noqa: B008
        return Response(live.snapshot(sees(actor), actor.login), media_type="application/json")

    @router.websocket("/api/live")
    async def follow(socket: WebSocket) -> None:
        await socket.accept()
        try:
            actor = await _admit(socket, live, guard)
        except Refusal as refusal:
            await _refuse(socket, refusal)
            return
        await Connection(socket, live, guard, ping_seconds, actor).run()

    return router


async def _admit(socket: WebSocket, live: Live, guard: Guard) -> Actor:
    if live.following() >= MOST_CLIENTS:
        raise Refusal(
            Kind.UNAVAILABLE,
            "too_many_consoles",
            f"{MOST_CLIENTS} consoles are connected.",
            "Close one that is not needed.",
        )
    actor = await guard.identify(socket)
    # A token is never sent by a browser on its own; a cookie is, from the pages of any site.
    if actor.via == "session" and not is_same_origin(socket):
        raise cross_site("The socket was not opened by a page of this server.")
    return permit(actor, Right.BOARD_READ)


async def _refuse(socket: WebSocket, refusal: Refusal) -> None:
    codes = {Kind.UNAUTHENTICATED: SIGNED_OUT, Kind.FORBIDDEN: NOT_ALLOWED}
    with contextlib.suppress(WebSocketDisconnect, RuntimeError):
        await socket.send_json({"type": "error", **refusal.as_json()})
        await socket.close(codes.get(refusal.kind, FULL), refusal.code)


class Connection:
    """One console on the socket: tasks send, read and watch; whichever ends first ends all."""

    def __init__(
        self, socket: WebSocket, live: Live, guard: Guard, ping_seconds: float, actor: Actor
    ) -> None:
        self._socket = socket
        self._live = live
        self._guard = guard
        self._ping_seconds = ping_seconds
        self._client = Client(actor.login, sees=sees(actor))
        self._ping = False
        # A timer for each message would cost more than the message: one watch looks at this instead.
        self._sending_since: float | None = None

    async def run(self) -> None:
        """Serve the console until it leaves, dies or is signed out."""
        self._live.follow(self._client)
        works = (self._send(), self._receive(), self._watch())
        tasks = [asyncio.create_task(work) for work in works]
        try:
            await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        finally:
            self._live.leave(self._client)
            for task in tasks:
                task.cancel()
            _log_mistakes(await asyncio.gather(*tasks, return_exceptions=True))
            await self._close()

    async def _send(self) -> None:
        client, live = self._client, self._live
        while True:
            await client.ready()
            if client.recheck and not await self._still_allowed():
                return
            if self._ping:
                self._ping = False
                await self._send_text(_PING)
            while (message := live.next_message(client)) is not None:
                await self._send_text(message)

    async def _send_text(self, text: str) -> None:
        self._sending_since = asyncio.get_running_loop().time()
        await self._socket.send({"type": "websocket.send", "text": text})
        self._sending_since = None

    async def _watch(self) -> None:
        """Ping now and then, have the rights looked at with it, and end a client that takes nothing."""
        loop = asyncio.get_running_loop()
        tick = min(self._ping_seconds, SEND_SECONDS)
        next_ping = loop.time() + self._ping_seconds
        while True:
            await asyncio.sleep(tick)
            since, at = self._sending_since, loop.time()
            if since is not None and at - since >= SEND_SECONDS:
                self._live.statistics.closed_dead += 1
                return
            if at >= next_ping:
                next_ping = at + self._ping_seconds
                self._ping = True
                self._client.doubt()

    async def _still_allowed(self) -> bool:
        self._client.recheck = False
        try:
            actor = permit(await self._guard.identify(self._socket), Right.BOARD_READ)
        except Refusal as refusal:
            if refusal.kind is Kind.UNAVAILABLE:
                return True  # a store that does not answer ends nobody's shift
            await _refuse(self._socket, refusal)
            return False
        if sees(actor) != self._client.sees:
            self._client.sees = sees(actor)
            self._client.resync()
        return True

    async def _receive(self) -> None:
        while True:
            message = await self._socket.receive()
            if message["type"] == "websocket.disconnect":
                return
            await self._handle(_parse(message))

    async def _handle(self, message: dict[str, Any] | None) -> None:
        match message:
            case {"type": "pong"}:
                return
            case {"type": "refresh"}:
                self._client.resync()
            case _:
                self._live.statistics.malformed += 1
                await self._send_text(_BAD_MESSAGE)

    async def _close(self) -> None:
        if self._socket.application_state is not WebSocketState.DISCONNECTED:
            with contextlib.suppress(RuntimeError, WebSocketDisconnect):
                await self._socket.close()


def _log_mistakes(outcomes: list[BaseException | None]) -> None:
    """What ends a connection from outside is no news; a mistake of ours is."""
    for outcome in outcomes:
        if isinstance(outcome, Exception) and not isinstance(outcome, WebSocketDisconnect):
            log.error("A live socket failed.", exc_info=outcome)


def _parse(message: Any) -> dict[str, Any] | None:
    text = message.get("text")
    if not isinstance(text, str) or len(text) > _LONGEST:
        return None
    try:
        parsed = orjson.loads(text)
    except orjson.JSONDecodeError:
        return None
    return parsed if isinstance(parsed, dict) else None


_BAD_MESSAGE = orjson.dumps(
    {
        "type": "error",
        **error_body(
            "bad_message",
            "The server does not know this message.",
            'Send {"type":"refresh"} or {"type":"pong"}.',
        ),
    }
).decode()
