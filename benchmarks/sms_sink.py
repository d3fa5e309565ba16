"""A message centre that does nothing but answer: in a process of its own, the same for all who send to it.

It answers each submit_sm after a delay, tells a receipt if asked to, and counts. It reads and writes octets by hand:
what it costs is small beside what it measures.
"""

from __future__ import annotations

import asyncio
import ctypes
import gc
import multiprocessing
import os
import socket
import struct
import time
from collections import Counter, deque
from collections.abc import Callable
from dataclasses import dataclass, field
from multiprocessing.connection import Connection
from typing import Any

import uvloop

_HEADER = struct.Struct(">IIII")
_SUBMIT, _DELIVER, _ENQUIRE, _UNBIND = 4, 5, 0x15, 6
_BINDS = (1, 2, 9)
_RESPONSE = 0x8000_0000


@dataclass
class Counts:
    """What came, and when the first and the last of it."""

    submits: int = 0
    before: int = 0
    """Messages that had come when the clock began: the first window, which waits for nobody."""

    first: float = 0.0
    last: float = 0.0
    receipts_acknowledged: int = 0
    answers: int = 0
    held: float = 0.0
    """Seconds in all between a message and its answer: an alarm on a busy machine is late, whoever sends."""

    gaps: Counter[int] = field(default_factory=Counter)
    """Tens of microseconds from an answer on its way out to the next message in its place in the window, and how often.
    This is what is left to the sender where window and delay set the rate."""

    numbers: dict[bytes, int] = field(default_factory=dict)

    def rate(self) -> float:
        """Return the messages a second since the first window was there."""
        return (self.submits - self.before) / (self.last - self.first)

    def gap(self) -> float:
        """Return the median of the gaps in milliseconds."""
        left = self.gaps.total() / 2
        for tens, count in sorted(self.gaps.items()):
            left -= count
            if left <= 0:
                return tens / 100
        return 0.0


class Alarm:
    """Call back at a time of `time.monotonic`, to some ten microseconds.

    The timers of the loop know whole milliseconds (as libuv and epoll do): the time between a message and its answer
    would then depend on the part of a millisecond at which the message comes, and a quicker sender be none the quicker.
    See timerfd_create(2).
    """

    _ABSOLUTE = 1
    _libc = ctypes.CDLL(None, use_errno=True)

    def __init__(self, call: Callable[[], None]) -> None:
        self._call = call
        self._fd = self._libc.timerfd_create(time.CLOCK_MONOTONIC, os.O_NONBLOCK | os.O_CLOEXEC)
        if self._fd < 0:
            raise OSError(ctypes.get_errno(), "timerfd_create")
        asyncio.get_running_loop().add_reader(self._fd, self._ring)

    def at(self, when: float) -> None:
        """Ring at ``when``, or at once if that is past; an earlier wish is forgotten."""
        seconds, nanoseconds = divmod(max(1, round(when * 1e9)), 1_000_000_000)
        wanted = (ctypes.c_long * 4)(0, 0, seconds, nanoseconds)
        if self._libc.timerfd_settime(self._fd, self._ABSOLUTE, wanted, None):
            raise OSError(ctypes.get_errno(), "timerfd_settime")

    def close(self) -> None:
        """Ring no more."""
        asyncio.get_running_loop().remove_reader(self._fd)
        os.close(self._fd)

    def _ring(self) -> None:
        os.read(self._fd, 8)
        self._call()


class Sink(asyncio.Protocol):
    """One connection."""

    def __init__(
        self, counts: Counts, delay: float, receipts: bool, keep_numbers: bool, window: int
    ) -> None:
        self.counts = counts
        self.window = window
        self.delay = delay
        self.receipts = receipts
        self.keep_numbers = keep_numbers
        self.rest = b""
        self.later: deque[tuple[float, float, int, bytes]] = deque()
        self.alarm = Alarm(self.write_due)
        self.free: deque[tuple[float, int]] = deque()
        """When answers went out, and how many, that no message has followed yet."""

        self.sequence = 0

    def connection_made(self, transport: Any) -> None:
        """Answer without waiting for more."""
        self.transport = transport
        transport.get_extra_info("socket").setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    def connection_lost(self, exc: Exception | None) -> None:
        """Forget what was not answered."""
        self.alarm.close()

    def data_received(self, data: bytes) -> None:
        """Answer everything that is complete."""
        if self.rest:
            data = self.rest + data
        at, end, out, before = 0, len(data), [], self.counts.submits
        unpack = _HEADER.unpack_from
        while end - at >= 16:
            length, command, _, sequence = unpack(data, at)
            if length > end - at:
                break
            if command == _SUBMIT:
                out.append(self.submit(sequence, data, at))
            else:
                out.append(self.other(command, sequence))
            at += length
        self.rest = data[at:]
        if out:
            self.send(b"".join(out), self.counts.submits - before)

    def submit(self, sequence: int, data: bytes, at: int) -> bytes:
        """Count a message and return its answer, with a receipt behind it."""
        counts = self.counts
        counts.submits += 1
        name = b"%010x\0" % counts.submits
        answer = _HEADER.pack(27, _SUBMIT | _RESPONSE, 0, sequence) + name
        if not self.receipts and not self.keep_numbers:
            return answer
        number = self.number(data, at)
        if self.keep_numbers:
            counts.numbers[number] = counts.numbers.get(number, 0) + 1
        if not self.receipts:
            return answer
        self.sequence += 1
        text = (
            b"id:%s sub:001 dlvrd:001 submit date:2611222200 done date:2611222200 stat:DELIVRD err:000 text:"
            % name[:-1]
        )
        body = (
            b"\0\1\1"
            + number
            + b"\0\0\0"
            + b"10690\0\x04\0\0\0\0\0\0\0\0"
            + bytes((len(text),))
            + text
        )
        return answer + _HEADER.pack(16 + len(body), _DELIVER, 0, self.sequence) + body

    @staticmethod
    def number(data: bytes, at: int) -> bytes:
        """Return the destination of a submit_sm."""
        start = data.index(b"\0", at + 16) + 3
        start = data.index(b"\0", start) + 3
        return data[start : data.index(b"\0", start)]

    def other(self, command: int, sequence: int) -> bytes:
        """Return the answer to anything else."""
        if command in _BINDS:
            return _HEADER.pack(21, command | _RESPONSE, 0, sequence) + b"sink\0"
        if command in (_ENQUIRE, _UNBIND):
            return _HEADER.pack(16, command | _RESPONSE, 0, sequence)
        if command == _DELIVER | _RESPONSE:
            self.counts.receipts_acknowledged += 1
        return b""

    def send(self, out: bytes, answers: int) -> None:
        """Write now, or when the delay is over."""
        now = time.perf_counter()
        counts = self.counts
        if answers:  # neither the bind nor the leave-taking is part of what is measured
            if not counts.first and counts.submits >= self.window:
                counts.first, counts.before = now, counts.submits
            counts.last = now
            self.fill(now, answers)
        if not self.delay:
            self.free.append((now, answers))
            self.transport.write(out)
            return
        due = time.monotonic() + self.delay
        self.later.append((due, now, answers, out))
        if len(self.later) == 1:
            self.alarm.at(due)

    def fill(self, now: float, came: int) -> None:
        """Messages came into places that answers had freed."""
        free, gaps = self.free, self.counts.gaps
        while free and came:
            wrote, places = free.popleft()
            filled = min(places, came)
            gaps[round((now - wrote) * 100_000)] += filled
            came -= filled
            if places > filled:
                free.appendleft((wrote, places - filled))

    def write_due(self) -> None:
        """Write what has waited long enough."""
        now = time.monotonic()
        while self.later and self.later[0][0] <= now:
            _, came, answers, out = self.later.popleft()
            self.counts.answers += answers
            wrote = time.perf_counter()
            self.counts.held += answers * (wrote - came)
            self.free.append((wrote, answers))
            self.transport.write(out)
        if self.later:
            self.alarm.at(self.later[0][0])


def serve(
    pipe: Connection, port: int, delay: float, receipts: bool, keep_numbers: bool, window: int
) -> None:
    """Be the sink until told to end; every message on the pipe is answered with the counts so far."""

    async def run() -> None:
        counts = Counts()
        loop = asyncio.get_running_loop()
        server = await loop.create_server(
            lambda: Sink(counts, delay, receipts, keep_numbers, window), "127.0.0.1", port
        )
        pipe.send(server.sockets[0].getsockname()[1])
        ended = asyncio.Event()

        def asked() -> None:
            word = pipe.recv()
            pipe.send(counts)
            if word == "reset":
                counts.__init__()  # type: ignore[misc]
            if word == "end":
                ended.set()

        loop.add_reader(pipe.fileno(), asked)
        await ended.wait()
        server.close()

    gc.disable()  # a bounded run; its pauses would be seen in the latencies of others
    uvloop.run(run())


class SinkProcess:
    """``with SinkProcess(delay=0.02) as sink``: ``sink.port``, ``sink.counts()``."""

    def __init__(
        self,
        *,
        port: int = 0,
        delay: float = 0.0,
        receipts: bool = False,
        keep_numbers: bool = False,
        window: int = 1,
    ) -> None:
        self._pipe, there = multiprocessing.Pipe()
        self._process = multiprocessing.get_context("spawn").Process(
            target=serve, args=(there, port, delay, receipts, keep_numbers, window), daemon=True
        )
        self.port = 0

    def __enter__(self) -> SinkProcess:
        self._process.start()
        self.port = self._pipe.recv()
        return self

    def __exit__(self, *exc: object) -> None:
        self._pipe.send("end")
        self._pipe.recv()
        self._process.join(5)

    def counts(self, *, reset: bool = False) -> Counts:
        """Return what came so far; ``reset`` begins anew."""
        self._pipe.send("reset" if reset else "counts")
        found: Counts = self._pipe.recv()
        return found
