"""Control of the calls under dispatch: acts by ARI, each of which ends known.

An act that a cut interrupts is sent again after the reconnect, until its deadline: every id is chosen by the
caller, so a repeat finds its own work done. Two acts are not safe to repeat and are not: keys (they would be heard
twice) and placing a leg (the first may have rung and ended). After a cut, ``place`` looks whether the leg is
there, and if it is not, says so.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import suppress
from typing import Any

from softswitch.asterisk import control
from softswitch.asterisk.ami import reconnect_pause
from softswitch.asterisk.render import safe_name
from softswitch.asterisk.rest import AriConnection, ControlCut, Request, Response, connect, path
from softswitch.asterisk.secrets import USER, NodeSecrets
from softswitch.asterisk.settings import NodeSettings
from softswitch.ports import ActFailed, ControlDown, ControlFact, ControlUp, Leg

DEADLINE_SECONDS = 5.0
_SETTLE_SECONDS = (0.0, 0.1, 0.3)
"""When to look for a leg after a cut: what Asterisk had already received it still carries out."""


class AriControl:
    """Implements ``ports.CallActs`` and tells ``ports.ControlFact``.

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

    async def _live(self, connection: AriConnection) -> AsyncIterator[ControlFact]:
        try:
            async with asyncio.timeout(self.deadline):
                up = await _picture(connection)
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

    # ---- acts ---------------------------------------------------------------------------------------

    async def place(self, leg: Leg) -> None:
        """Ring a phone; ``Entered`` follows when it answers, ``LegEnded`` when it does not."""
        request = place_request(leg)
        self._followed.add(leg.channel_id)
        try:
            await self._do(request, done=(409,), repeat=False)
        except ControlCut:
            await self._find(leg.channel_id)

    async def _find(self, channel_id: str) -> None:
        for pause in _SETTLE_SECONDS:
            await asyncio.sleep(pause)
            found = await self._ask(Request("GET", path("channels", channel_id), {}))
            if found.ok:
                return
        raise ActFailed(f"Leg {channel_id} is not there after control was cut")

    async def answer(self, channel_id: str) -> None:
        """Answer a channel; one that is up already is no error."""
        await self._channel("POST", channel_id, "answer")

    async def ring(self, channel_id: str, on: bool = True) -> None:
        """Start or stop the ringing tone towards a channel."""
        await self._channel("POST" if on else "DELETE", channel_id, "ring")

    async def hangup(self, channel_id: str, cause: int = 16) -> None:
        """End a channel with a Q.850 cause; a channel that is gone already is no error."""
        query = {"reason_code": str(int(cause))}
        await self._do(Request("DELETE", path("channels", channel_id), query), done=(404,))

    async def open_bridge(self, bridge_id: str) -> None:
        """Make a mixing bridge; one that is there already is no error.

        It always mixes, also for two (that is what ``video_sfu`` means for calls without video): a recording of
        the one who stays would lose the next party otherwise, see docs/decisions/0003-always-mix.md.
        """
        kind = {"type": "mixing,video_sfu"}
        await self._do(Request("POST", path("bridges", bridge_id), kind), done=(409,))

    async def close_bridge(self, bridge_id: str) -> None:
        """Remove a bridge; one that is gone already is no error."""
        # 409: it is being taken down at this moment.
        await self._do(Request("DELETE", path("bridges", bridge_id), {}), done=(404, 409))

    async def join(self, bridge_id: str, *channel_ids: str) -> None:
        """Bring channels into a bridge, out of the one they are in."""
        await self._end_playbacks(*channel_ids)
        query = {"channel": ",".join(channel_ids)}
        await self._do(Request("POST", path("bridges", bridge_id, "addChannel"), query))

    async def leave(self, bridge_id: str, *channel_ids: str) -> None:
        """Take channels out of a bridge; those that are not in it are no error."""
        query = {"channel": ",".join(channel_ids)}
        uri = path("bridges", bridge_id, "removeChannel")
        await self._do(Request("POST", uri, query), done=(400, 404, 422))

    async def music(self, channel_id: str, on: bool) -> None:
        """Start or stop music on hold towards a channel that is in no bridge."""
        await self._channel("POST" if on else "DELETE", channel_id, "moh")

    async def bridge_music(self, bridge_id: str, on: bool) -> None:
        """Start or stop music on hold for everyone in a bridge."""
        uri = path("bridges", bridge_id, "moh")
        await self._do(Request("POST" if on else "DELETE", uri, {}), done=() if on else (409,))

    async def play(self, channel_id: str, playback_id: str, media: str) -> None:
        """Play ``media`` (``sound:…``, ``tone:…``) to a channel under an id of ours."""
        await self._end_playbacks(channel_id)
        uri = path("channels", channel_id, "play", playback_id)
        self._playing[channel_id] = playback_id
        await self._do(Request("POST", uri, {"media": media}), done=(409,))

    async def send_keys(self, channel_id: str, digits: str) -> None:
        """Send keys (RFC 4733); never repeated: after a cut the outcome is unknown and said to be so."""
        await self._end_playbacks(channel_id)
        uri = path("channels", channel_id, "dtmf")
        try:
            await self._do(Request("POST", uri, {"dtmf": digits}), repeat=False)
        except ControlCut as error:
            raise ActFailed(f"Keys to {channel_id}: {error}, unknown outcome") from None

    async def release(self, channel_id: str, context: str, exten: str) -> None:
        """Send a channel back into the dialplan."""
        await self._end_playbacks(channel_id)
        query = {"context": context, "extension": exten, "priority": "1"}
        await self._do(Request("POST", path("channels", channel_id, "continue"), query))

    async def transfer_result(self, channel_id: str, succeeded: bool) -> None:
        """Tell a phone that asked by REFER how its transfer went (RFC 3515 NOTIFY)."""
        state = "channel_answered" if succeeded else "channel_declined"
        uri = path("channels", channel_id, "transfer_progress")
        await self._do(Request("POST", uri, {"states": state}), done=(404,))

    async def _channel(self, method: str, channel_id: str, act: str) -> None:
        await self._end_playbacks(channel_id)
        await self._do(Request(method, path("channels", channel_id, act), {}))

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


def place_request(leg: Leg) -> Request:
    """Return the request that rings a phone, or a number behind a line account."""
    variables = dict(leg.variables)
    variables["PJSIP_TRANSFER_HANDLING()"] = "ari-only"
    if leg.auto_answer:
        # Set on the new channel before its INVITE goes out; both forms, for different makes of phones.
        variables["PJSIP_HEADER(add,Alert-Info)"] = "info=alert-autoanswer"
        variables["PJSIP_HEADER(add,Call-Info)"] = "<sip:softswitch>;answer-after=0"
    query = {
        "endpoint": f"PJSIP/{leg.number}@{leg.phone_id}" if leg.number else f"PJSIP/{leg.phone_id}",
        "app": control.APPLICATION,
        "appArgs": ",".join(leg.args),
        "timeout": str(leg.timeout_seconds),
    }
    if leg.caller_number:
        query["callerId"] = f'"{safe_name(leg.caller_name)}" <{leg.caller_number}>'
    if leg.originator:
        query["originator"] = leg.originator
    return Request("POST", path("channels", leg.channel_id), query, {"variables": variables})


async def _picture(connection: AriConnection) -> ControlUp:
    allowed: Mapping[str, Any] = {"allowed": [{"type": kind} for kind in control.WANTED]}
    answers = await asyncio.gather(
        connection.ask(
            Request("PUT", path("applications", control.APPLICATION, "eventFilter"), {}, allowed)
        ),
        connection.ask(Request("GET", "channels", {})),
        connection.ask(Request("GET", "bridges", {})),
    )
    for answer in answers:
        if not answer.ok:
            raise ActFailed(f"ARI does not tell what is up: {answer.reason}", answer.status)
    return control.control_up(answers[1].body, answers[2].body)


def _said(request: Request, answer: Response) -> str:
    message = answer.body.get("message", "") if isinstance(answer.body, dict) else ""
    return f"{request.method} {request.uri}: {answer.status} {message or answer.reason}"
