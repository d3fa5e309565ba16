"""A thin client of the Asterisk Manager Interface.

One connection: actions out, responses and events in. An action whose connection is cut is not sent
again: its outcome is unknown and the caller is told so. Events wait in a bounded queue with a statistic;
when it is full the connection is dropped and made anew, because a snapshot is better than a gap.
"""

from __future__ import annotations

import asyncio
import itertools
import random
import re
from collections import deque
from collections.abc import AsyncIterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, field

from softswitch.asterisk.wire import Splitter, encode_action
from softswitch.ports import ActFailed

ACTION_SECONDS = 5.0
LIST_SECONDS = 15.0
_READ_BYTES = 262_144
_BANNER = re.compile(rb"[^\r\n]{0,200}\r\n")


class ConnectionCut(ActFailed):
    """The connection broke before the answer came: unknown outcome."""

    def __init__(self, what: str) -> None:
        super().__init__(f"{what}: the connection was cut, unknown outcome")


@dataclass(slots=True)
class Statistics:
    """What went through, for the status page."""

    events: int = 0
    dropped: int = 0
    """Events of no interest, dropped unread."""
    deepest: int = 0
    """The most events that ever waited."""
    connects: int = 0


@dataclass(slots=True)
class _Pending:
    action: str
    answer: asyncio.Future[list[dict[str, str]]]
    is_list: bool
    items: list[dict[str, str]] = field(default_factory=list)


class AmiConnection:
    """One logged-in connection. ``events`` yields until it is cut."""

    def __init__(
        self,
        reader: asyncio.StreamReader,
        writer: asyncio.StreamWriter,
        wanted: frozenset[bytes] | None,
        most_waiting: int,
        statistics: Statistics,
    ) -> None:
        self.closed_because = ""
        self._reader = reader
        self._writer = writer
        self._splitter = Splitter(wanted)
        self._most_waiting = most_waiting
        self._statistics = statistics
        self._events: deque[dict[str, str]] = deque()
        self._arrived = asyncio.Event()
        self._pending: dict[str, _Pending] = {}
        self._numbers = itertools.count(1)
        self._booted = asyncio.Event()
        self._task = asyncio.create_task(self._read(), name="ami-reader")

    async def act(
        self, action: str, fields: Mapping[str, str] | None = None, seconds: float = ACTION_SECONDS
    ) -> dict[str, str]:
        """Send an action and return its response; raise :class:`ActFailed` when it is refused."""
        return (await self._ask(action, fields or {}, is_list=False, seconds=seconds))[0]

    async def listing(
        self, action: str, fields: Mapping[str, str] | None = None, seconds: float = LIST_SECONDS
    ) -> list[dict[str, str]]:
        """Send an action that answers with a list of events and return them."""
        return await self._ask(action, fields or {}, is_list=True, seconds=seconds)

    async def _ask(
        self, action: str, fields: Mapping[str, str], *, is_list: bool, seconds: float
    ) -> list[dict[str, str]]:
        key = str(next(self._numbers))
        data = encode_action([("Action", action), ("ActionID", key), *fields.items()])
        if self.closed_because:
            raise ActFailed(f"AMI {action}: not connected ({self.closed_because})")
        pending = _Pending(action, asyncio.get_running_loop().create_future(), is_list)
        self._pending[key] = pending
        try:
            self._writer.write(data)
            async with asyncio.timeout(seconds):
                return await pending.answer
        except TimeoutError:
            raise ActFailed(
                f"AMI {action}: no answer in {seconds:.0f} s, unknown outcome"
            ) from None
        finally:
            self._pending.pop(key, None)

    async def booted(self, seconds: float) -> None:
        """Wait until Asterisk has said that everything is loaded; raise :class:`ActFailed` when it does not."""
        try:
            async with asyncio.timeout(seconds):
                await self._booted.wait()
        except TimeoutError:
            raise ActFailed("Asterisk is not fully booted") from None
        if self.closed_because:
            raise ActFailed(self.closed_because)

    async def events(self) -> AsyncIterator[dict[str, str]]:
        """Yield the events in order, until the connection is cut."""
        while True:
            while self._events:
                yield self._events.popleft()
            if self.closed_because:
                return
            self._arrived.clear()
            await self._arrived.wait()

    async def close(self, why: str = "closed") -> None:
        """End the connection; actions that wait for an answer fail."""
        self.cut(why)
        self._task.cancel()
        with suppress(asyncio.CancelledError):
            await self._task
        with suppress(OSError):
            await self._writer.wait_closed()

    # ---- reading ------------------------------------------------------------------------------------

    async def _read(self) -> None:
        try:
            while data := await self._reader.read(_READ_BYTES):
                self._take(data)
            self.cut("Asterisk closed the connection")
        except (OSError, ActFailed) as error:
            self.cut(str(error))

    def _take(self, data: bytes) -> None:
        for message in self._splitter.feed(data):
            if "ActionID" in message and (pending := self._pending.get(message["ActionID"])):
                self._answer(pending, message)
            elif "Event" in message:
                self._statistics.events += 1
                if message["Event"] == "FullyBooted":
                    self._booted.set()
                self._events.append(message)
        self._statistics.dropped = self._splitter.dropped
        waiting = len(self._events)
        self._statistics.deepest = max(self._statistics.deepest, waiting)
        if waiting > self._most_waiting:
            self._events.clear()
            raise ActFailed(f"{waiting} events wait: too many, a snapshot is needed")
        if waiting:
            self._arrived.set()

    def _answer(self, pending: _Pending, message: dict[str, str]) -> None:
        if pending.answer.done():
            return
        if "Response" in message:
            if message["Response"] == "Error":
                pending.answer.set_exception(_refusal(pending.action, message))
            elif not pending.is_list:
                pending.answer.set_result([message])
        elif message.get("EventList") == "Complete":
            pending.answer.set_result(pending.items)
        else:
            pending.items.append(message)

    def cut(self, why: str) -> None:
        """Break the connection at once; `events` ends and actions that wait for an answer fail."""
        if self.closed_because:
            return
        self.closed_because = why
        for pending in self._pending.values():
            if not pending.answer.done():
                pending.answer.set_exception(ConnectionCut(f"AMI {pending.action}"))
        self._booted.set()
        self._arrived.set()
        self._writer.close()


def _refusal(action: str, message: Mapping[str, str]) -> ActFailed:
    text = message.get("Message", "refused")
    return ActFailed(f"AMI {action}: {text}", 404 if text.startswith("No such channel") else 0)


async def connect(
    address: str,
    port: int,
    user: str,
    secret: str,
    *,
    wanted: frozenset[bytes] | None = None,
    most_waiting: int = 100_000,
    statistics: Statistics | None = None,
    seconds: float = ACTION_SECONDS,
) -> AmiConnection:
    """Connect and log in; raise :class:`ActFailed` when that fails."""
    try:
        async with asyncio.timeout(seconds):
            reader, writer = await asyncio.open_connection(address, port, limit=4 * _READ_BYTES)
            banner = await reader.readline()
    except (OSError, TimeoutError) as error:
        raise ActFailed(f"AMI does not answer on {address} port {port}: {error}") from None
    if not _BANNER.fullmatch(banner):
        writer.close()
        raise ActFailed(f"What answers on {address} port {port} is no AMI")
    # The answer to Login, FullyBooted, lists and errors must always be read.
    statistics = statistics or Statistics()
    connection = AmiConnection(reader, writer, wanted, most_waiting, statistics)
    try:
        await connection.act("Login", {"Username": user, "Secret": secret}, seconds)
    except ActFailed:
        await connection.close()
        raise
    statistics.connects += 1
    return connection


def reconnect_pause(attempt: int) -> float:
    """Return how long to wait before the next attempt: up to 2 s, spread so that clients do not march in step."""
    return min(2.0, 0.1 * 2.0 ** min(attempt, 10)) * random.uniform(0.5, 1.0)
