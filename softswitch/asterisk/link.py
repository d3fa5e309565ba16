"""The connection to ARI: it comes back by itself, tells facts, and carries requests until their deadline."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import suppress
from typing import Any

from softswitch.asterisk import control
from softswitch.asterisk.ami import reconnect_pause
from softswitch.asterisk.rest import (
    AriConnection,
    ControlCut,
    Request,
    Response,
    connect,
    fetch,
    path,
)
from softswitch.asterisk.secrets import USER, NodeSecrets
from softswitch.asterisk.settings import NodeSettings
from softswitch.ports import ActFailed, ControlDown, ControlFact, ControlUp

DEADLINE_SECONDS = 5.0


class AriLink:
    """Tells ``ports.ControlFact`` and carries requests.

    ``facts`` does the connecting, so someone must iterate it, once. It yields :class:`ControlUp` first, and after
    each cut (:class:`ControlDown`) again.
    """

    def __init__(
        self, settings: NodeSettings, secrets: NodeSecrets, *, deadline: float = DEADLINE_SECONDS
    ) -> None:
        self.deadline = deadline
        self._settings = settings
        self._secrets = secrets
        self._connection: AriConnection | None = None
        self._connected = asyncio.Event()
        self._followed: set[str] = set()
        self._tasks: set[asyncio.Task[None]] = set()
        self._playing: dict[str, str] = {}
        """The playback that may still run on a channel. Asterisk carries out the acts on a channel one after
        the other, a playback is one of them, and a request that waits for its turn holds up every request
        behind it on the connection: so whatever comes after a playback ends it first."""

    # ---- facts --------------------------------------------------------------------------------------

    async def facts(self) -> AsyncIterator[ControlFact]:
        """Yield what happens to the calls under dispatch, for ever; reconnects by itself."""
        attempt = 0
        try:
            while True:
                try:
                    connection = await self._connect()
                except ActFailed:
                    await asyncio.sleep(reconnect_pause(attempt))
                    attempt += 1
                    continue
                attempt = 0
                async for fact in self._live(connection):
                    yield fact
        finally:
            await self.close()

    async def close(self) -> None:
        """Give up the connection; the calls stay as they are."""
        connection, self._connection = self._connection, None
        self._connected.clear()
        if connection is not None:
            await connection.close()

    async def _connect(self) -> AriConnection:
        return await connect(
            self._settings.local_address,
            self._settings.http_port,
            USER,
            self._secrets.ari,
            control.APPLICATION,
        )

    async def _picture(self, connection: AriConnection) -> ControlUp:
        allowed: Mapping[str, Any] = {"allowed": [{"type": kind} for kind in control.WANTED]}
        uri = path("applications", control.APPLICATION, "eventFilter")
        filtered = await connection.ask(Request("PUT", uri, {}, allowed))
        if not filtered.ok:
            raise ActFailed(f"ARI refuses the filter: {filtered.reason}", filtered.status)
        where = self._settings
        channels, bridges = await fetch(
            where.local_address, where.http_port, USER, self._secrets.ari, "channels", "bridges"
        )
        return control.control_up(channels, bridges)

    async def _live(self, connection: AriConnection) -> AsyncIterator[ControlFact]:
        try:
            async with asyncio.timeout(self.deadline):
                up = await self._picture(connection)
        except (ActFailed, TimeoutError) as error:
            await connection.close()
            yield ControlDown(str(error) or "no snapshot in time")
            return
        self._followed.clear()
        yield up
        # Acts start only now: whoever reads the facts has seen the snapshot they are based on.
        self._connection = connection
        self._connected.set()
        for channel, _ in up.channels:
            self._follow(connection, channel.id)
        async for event in connection.events():
            self._note(connection, event)
            for fact in control.facts(event):
                yield fact
        self._connection = None
        self._connected.clear()
        await connection.close()
        yield ControlDown(connection.closed_because)

    def _note(self, connection: AriConnection, event: Mapping[str, Any]) -> None:
        kind = event["type"]
        if kind == "PlaybackFinished":
            self._played(event["playback"])
        elif kind == "StasisStart":
            self._follow(connection, event["channel"]["id"])
        elif kind == "ChannelDestroyed":
            self._followed.discard(event["channel"]["id"])

    def _follow(self, connection: AriConnection, channel_id: str) -> None:
        """Subscribe to a channel for its whole life.

        Asterisk does so for legs that were placed by ARI. One that came from the dialplan it forgets when it
        leaves Stasis, which is also what a hangup looks like: its ChannelDestroyed would never come.
        """
        if channel_id not in self._followed:
            self._followed.add(channel_id)
            task = asyncio.create_task(self._subscribe(connection, channel_id))
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)

    async def _subscribe(self, connection: AriConnection, channel_id: str) -> None:
        uri = path("applications", control.APPLICATION, "subscription")
        source = {"eventSource": f"channel:{channel_id}"}
        with suppress(ControlCut):
            answer = await connection.ask(Request("POST", uri, source))
            if not answer.ok:  # gone before we asked
                connection.inject(control.destroyed(channel_id))

    def _played(self, playback: Mapping[str, Any]) -> None:
        channel_id = str(playback.get("target_uri", "")).removeprefix("channel:")
        if self._playing.get(channel_id) == playback.get("id"):
            del self._playing[channel_id]

    async def _end_playbacks(self, *channel_ids: str) -> None:
        for channel_id in channel_ids:
            if playback_id := self._playing.pop(channel_id, ""):
                await self._do(
                    Request("DELETE", path("playbacks", playback_id), {}), done=(404, 409)
                )

    # ---- asking -------------------------------------------------------------------------------------

    async def _do(
        self, request: Request, *, done: tuple[int, ...] = (), repeat: bool = True
    ) -> None:
        answer = await self._ask(request, repeat=repeat)
        if not answer.ok and answer.status not in done:
            raise ActFailed(_said(request, answer), answer.status)

    async def _ask(self, request: Request, *, repeat: bool = True) -> Response:
        what = f"{request.method} {request.uri}"
        try:
            async with asyncio.timeout(self.deadline):
                while True:
                    connection = await self._wait()
                    try:
                        return await connection.ask(request)
                    except ControlCut:
                        if not repeat:
                            raise
                        # The reader of the facts notices the cut a moment later.
                        await asyncio.sleep(0)
        except TimeoutError:
            raise ActFailed(f"{what}: not done in {self.deadline:g} s, unknown outcome") from None

    async def _wait(self) -> AriConnection:
        while self._connection is None or self._connection.closed_because:
            if self._connection is not None:
                self._connected.clear()
            await self._connected.wait()
        return self._connection


def _said(request: Request, answer: Response) -> str:
    message = answer.body.get("message", "") if isinstance(answer.body, dict) else ""
    return f"{request.method} {request.uri}: {answer.status} {message or answer.reason}"
