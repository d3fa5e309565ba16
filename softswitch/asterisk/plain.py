"""The switch over AMI: the stream of facts, and acts on any channel."""

from __future__ import annotations

import asyncio
import re
import time
from collections import defaultdict
from collections.abc import AsyncIterator, Mapping, Sequence
from pathlib import Path

from softswitch.asterisk.ami import AmiConnection, Statistics, connect, reconnect_pause
from softswitch.asterisk.facts import WANTED, FactMapper
from softswitch.asterisk.secrets import USER, NodeSecrets
from softswitch.asterisk.settings import NodeSettings
from softswitch.clock import Clock, Millis, now
from softswitch.ports import ActFailed, Connected, Disconnected, SwitchFact

_CHANNEL_NAME = re.compile(r"[A-Za-z][A-Za-z0-9]*/[A-Za-z0-9_.@:;+*#-]{1,200}")
_CHANNEL_ID = re.compile(r"[A-Za-z0-9_.-]{1,149}")
_PLACE = re.compile(r"[A-Za-z0-9_*#+.-]{1,79}")
_BOOT_SECONDS = 30.0
PING_SECONDS = 15.0
"""How often Asterisk is asked whether it is still there; one that hangs closes no connection."""


def channel_name(text: str) -> str:
    """Return a full channel name; refuse what could be a pattern (Hangup takes ``/regex/``) or break a line."""
    if not _CHANNEL_NAME.fullmatch(text):
        raise ActFailed(f"{text[:60]!r} is no channel name")
    return text


def _place(text: str) -> str:
    if not _PLACE.fullmatch(text):
        raise ActFailed(f"{text[:60]!r} is no place in the dialplan")
    return text


_GONE = 404
"""The channel has ended: what was wanted, or too late."""


class AmiSwitch:
    """Implements ``ports.PlainActs`` and tells ``ports.SwitchFact``.

    ``facts`` does the connecting, so someone must iterate it, once. It yields :class:`Connected` first, and after
    each cut (:class:`Disconnected`) again. Acts fail while there is no connection.
    """

    def __init__(
        self,
        settings: NodeSettings,
        secrets: NodeSecrets,
        *,
        clock: Clock = now,
        ping_seconds: float = PING_SECONDS,
    ) -> None:
        self.statistics = Statistics()
        self._settings = settings
        self._secrets = secrets
        self._clock = clock
        self._ping_seconds = ping_seconds
        self._mapper = FactMapper(clock)
        self._connection: AmiConnection | None = None
        self._recording: defaultdict[str, asyncio.Lock] = defaultdict(asyncio.Lock)

    async def facts(self) -> AsyncIterator[SwitchFact]:
        """Yield what the switch tells, for ever; reconnects by itself."""
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
        """Give up the connection."""
        connection, self._connection = self._connection, None
        if connection is not None:
            await connection.close()

    async def _connect(self) -> AmiConnection:
        connection = await connect(
            "127.0.0.1",
            self._settings.ami_port,
            USER,
            self._secrets.ami,
            wanted=WANTED,
            statistics=self.statistics,
        )
        try:
            await connection.booted(_BOOT_SECONDS)
        except ActFailed:
            await connection.close()
            raise
        return connection

    async def _live(self, connection: AmiConnection) -> AsyncIterator[SwitchFact]:
        """Tell one connection from its snapshot to its cut."""
        try:
            # Events that come meanwhile wait in the connection and are told after the snapshot.
            started, channels, contacts = await _picture(connection)
        except ActFailed as error:
            await connection.close()
            yield Disconnected(str(error))
            return
        self._mapper.start_from(channels, contacts)
        self._connection = connection
        yield Connected(started, tuple(self._mapper.channels.values()), self._mapper.phones)
        watching = asyncio.create_task(_watch(connection, self._ping_seconds), name="ami-ping")
        try:
            async for event in connection.events():
                for fact in self._mapper.facts(event):
                    yield fact
        finally:
            watching.cancel()
            self._connection = None
            await connection.close()
        yield Disconnected(connection.closed_because)

    # ---- acts ---------------------------------------------------------------------------------------

    async def redirect(self, channel_names: Sequence[str], context: str, exten: str) -> None:
        """Send one channel, or both legs of a call at once, to a place in the dialplan."""
        if not 1 <= len(channel_names) <= 2:
            raise ActFailed("Redirect takes one or two channels")
        fields = {"Context": _place(context), "Exten": _place(exten), "Priority": "1"}
        first, *second = (channel_name(name) for name in channel_names)
        extra = (
            {"ExtraChannel": second[0], **{f"Extra{k}": v for k, v in fields.items()}}
            if second
            else {}
        )
        await self._act("Redirect", {"Channel": first, **fields, **extra})

    async def hangup(self, channel_name_: str, cause: int = 16) -> None:
        """End a channel with a Q.850 cause; one that is gone already is no error."""
        fields = {"Channel": channel_name(channel_name_), "Cause": str(int(cause))}
        try:
            await self._act("Hangup", fields)
        except ActFailed as error:
            if error.status != _GONE:
                raise

    async def clear(self, channel_names: Sequence[str], cause: int) -> None:
        """End channels by one Hangup that matches exactly them.

        Two Hangups would race with the bridge: in 1 of 5 calls the second leg ended with cause 16 before its
        own came; by one that matches both it was 1 of 25 on a busy machine (measured on 22.10.1).
        """
        exact = "|".join(
            re.escape(channel_name(name)).replace("/", "\\/") for name in channel_names
        )
        fields = {"Channel": f"/^({exact})$/", "Cause": str(int(cause))}
        try:
            await self._act("Hangup", fields)
        except ActFailed as error:
            if error.status != _GONE:
                raise

    async def clear_dialled(self, caller: str, called: str, cause: int) -> None:
        """End a call that the dialplan connected: both phones are told ``cause``.

        Only the called one is ended; ``Dial()`` returns in the caller's dialplan, which ends him with what
        CLEARED holds.  Nothing can overtake anything (40 of 40, measured on 22.10.1).
        """
        variable = {
            "Channel": channel_name(caller),
            "Variable": "CLEARED",
            "Value": str(int(cause)),
        }
        results = await asyncio.gather(
            self._act("Setvar", variable), self.hangup(called, cause), return_exceptions=True
        )
        for result in results:
            if isinstance(result, ActFailed) and result.status == _GONE:
                continue
            if isinstance(result, BaseException):
                raise result

    async def record(self, channel_name_: str, channel_id: str) -> None:
        """Record a channel from now on into ``<spool>/<channel id>.wav``; once, however often it is asked."""
        name = channel_name(channel_name_)
        if not _CHANNEL_ID.fullmatch(channel_id):
            raise ActFailed(f"{channel_id[:60]!r} cannot name a recording")
        async with self._recording[channel_id]:
            running = await self._act(
                "Getvar", {"Channel": name, "Variable": "MIXMONITOR_FILENAME"}
            )
            if not running.get("Value"):
                await self._act(
                    "MixMonitor", {"Channel": name, "File": str(self.recording(channel_id))}
                )
        if not self._recording[channel_id].locked():
            self._recording.pop(channel_id, None)

    async def stop_recording(self, channel_name_: str) -> None:
        """End the recording of a channel."""
        await self._act("StopMixMonitor", {"Channel": channel_name(channel_name_)})

    def recording(self, channel_id: str) -> Path:
        """Return where the recording of a channel is written."""
        return self._settings.spool / f"{channel_id}.wav"

    async def snapshot(self) -> Connected:
        """Return what is up now, as Asterisk lists it (not as the events told it)."""
        connection = self._require()
        started, channels, contacts = await _picture(connection)
        fresh = FactMapper(self._clock)
        fresh.channels = dict(self._mapper.channels)
        fresh.start_from(channels, contacts)
        return Connected(started, tuple(fresh.channels.values()), fresh.phones)

    async def _act(self, action: str, fields: Mapping[str, str]) -> dict[str, str]:
        return await self._require().act(action, fields)

    def _require(self) -> AmiConnection:
        if self._connection is None:
            raise ActFailed("The switch is not connected")
        return self._connection


async def _watch(connection: AmiConnection, seconds: float) -> None:
    while True:
        await asyncio.sleep(seconds)
        try:
            await connection.act("Ping", seconds=seconds)
        except ActFailed as error:
            connection.cut(f"Asterisk does not answer: {error}")
            return


async def _picture(
    connection: AmiConnection,
) -> tuple[Millis, list[dict[str, str]], list[dict[str, str]]]:
    status, channels, contacts, links = await asyncio.gather(
        connection.act("CoreStatus"),
        commandable(connection),
        _contacts(connection),
        _links(connection),
    )
    return started_at(status), channels, [*contacts, *links]


async def commandable(connection: AmiConnection) -> list[dict[str, str]]:
    """Return the channels that can be commanded.

    Asterisk lists what it told of channels last. One that was hung up in the moment in which it was transferred or
    recorded may stay on that list for good, as up, while nobody finds it any more; Status goes through the channels
    themselves.
    """
    listed, found = await asyncio.gather(
        connection.listing("CoreShowChannels"), connection.listing("Status")
    )
    there = {row.get("Uniqueid") for row in found}
    return [row for row in listed if row.get("Uniqueid") in there]


async def _contacts(connection: AmiConnection) -> list[dict[str, str]]:
    try:
        return await connection.listing("PJSIPShowContacts")
    except ActFailed as error:
        # With no contact at all Asterisk answers with an error in place of an empty list.
        if "No Contacts found" in str(error):
            return []
        raise


async def _links(connection: AmiConnection) -> list[dict[str, str]]:
    try:
        return await connection.listing("IAXpeerlist")
    except ActFailed as error:
        # Where no node is reached over IAX2 it is not loaded.
        if "unknown command" in str(error):
            return []
        raise


def started_at(status: Mapping[str, str]) -> Millis:
    """Return when Asterisk was started, from CoreStatus (local time, whole seconds)."""
    text = f"{status.get('CoreStartupDate', '')} {status.get('CoreStartupTime', '')}"
    try:
        return int(time.mktime(time.strptime(text, "%Y-%m-%d %H:%M:%S"))) * 1000
    except ValueError:
        raise ActFailed(f"Asterisk does not tell when it started: {text!r}") from None
