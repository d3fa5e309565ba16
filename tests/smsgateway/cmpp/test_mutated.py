"""A CMPP session against PDUs with something wrong in them: passed over or answered, or the connection ends."""

from __future__ import annotations

import asyncio
import gc
import logging
import random
import struct
import sys
from typing import Any, cast

import pytest

from smsgateway.cmpp import pdu
from smsgateway.cmpp.pdu import HEADER, Command
from smsgateway.cmpp.session import Session
from smsgateway.links import session as links
from smsgateway.links.session import Times
from smsgateway.port import LinkCounters
from smsgateway.quiet import QuietLog

COUNT = 40_000
SETTLED = 10_000
"""So many first, then memory is looked at."""


class Owner:
    """A link that stores each receipt at once."""

    def __init__(self) -> None:
        self.counters = LinkCounters()
        self.quiet = QuietLog(logging.getLogger("smsgateway.cmpp"))
        self.ended = 0
        self.tokens: list[tuple[Any, ...]] = []

    def session_bound(self, session: links.Session) -> None: ...

    def session_ended(self, session: links.Session, why: str, doubtful: list[Any]) -> None:
        self.ended += 1

    def answered(self, submission: Any, result: int, message_id: str) -> None: ...

    def read_ended(self) -> None: ...

    def unanswered(self, submissions: list[Any]) -> None: ...

    def delivered(self, got: pdu.Deliver, token: tuple[Any, ...]) -> None:
        if got.is_report:
            pdu.report(got, token)
        self.tokens.append(token[1:])


class Transport:
    """A transport that takes everything."""

    def __init__(self) -> None:
        self.is_open = True
        self.written = b""

    def get_extra_info(self, name: str) -> None:
        return None

    def set_write_buffer_limits(self, high: int) -> None: ...

    def write(self, data: bytes) -> None:
        self.written = data

    def abort(self) -> None:
        self.is_open = False


def deliver(content: bytes, *, report: bool, fmt: int = 8) -> bytes:
    body = struct.pack(
        ">Q21s10sBBB32sBBB", 99, b"10690", b"svc", 0, 0, fmt, b"13800000001", 0, report, len(content)
    )  # fmt: skip
    return pdu.header(Command.DELIVER, 5, body + content + bytes(20))


REPORT = struct.pack(
    ">Q7s10s10s32sI", 99, b"DELIVRD", b"2611230600", b"2611230600", b"13800000001", 1
)
SEEDS = (
    deliver(REPORT, report=True),
    deliver("平安".encode("utf-16-be"), report=False),
    pdu.header(Command.SUBMIT_RESP, 3, struct.pack(">QI", 99, 0)),
    pdu.header(Command.ACTIVE_TEST, 3),
    pdu.header(Command.ACTIVE_TEST_RESP, 3, b"\0"),
    pdu.header(Command.CONNECT_RESP, 1, struct.pack(">I16sB", 0, bytes(16), 0x30)),
    pdu.header(Command.TERMINATE, 9),
    pdu.header(Command.TERMINATE_RESP, 9),
)  # fmt: skip


def mutate(octets: bytes, chance: random.Random) -> bytes:
    """Return a PDU with something wrong in it; most keep a true length, so that what is inside is read."""
    found = bytearray(octets)
    match chance.randrange(4):
        case 0:
            found[chance.randrange(4, len(found))] = chance.randrange(256)
        case 1:
            del found[chance.randrange(HEADER, len(found) + 1) :]
        case 2:
            at = chance.randrange(HEADER, len(found) + 1)
            found[at:at] = chance.randbytes(chance.randrange(1, 40))
        case _:
            return chance.randbytes(4) + bytes(found[4:])
    found[:4] = len(found).to_bytes(4)
    return bytes(found)


def blocks() -> int:
    """Return how many pieces of memory Python holds."""
    gc.collect()
    return sys.getallocatedblocks()


def begin(owner: Owner) -> tuple[Session, Transport]:
    session, transport = Session(owner, "123456", "x", 1, Times()), Transport()
    session.connection_made(cast(Any, transport))
    session.data_received(SEEDS[5])
    assert session.is_bound
    return session, transport


async def test_mutated_pdus_leave_nothing_behind(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    chance, owner = random.Random(30), Owner()
    session, transport = begin(owner)
    sessions, before = 1, 0
    for count in range(COUNT):
        if not transport.is_open:
            session.connection_lost(None)
            session, transport = begin(owner)
            sessions += 1
        session.data_received(mutate(SEEDS[count % len(SEEDS)], chance))
        tokens, owner.tokens = owner.tokens, []
        session.acknowledge(tokens)
        assert session._unacknowledged == 0, "what cannot be read is waited for by nobody"
        if count % 1_000 == 0:
            await asyncio.sleep(0)  # the loop drops the timers of ended sessions
        if count == SETTLED:
            before = blocks()
    await asyncio.sleep(0)
    grown = blocks() - before
    session.connection_lost(None)
    assert owner.ended == sessions, "each session ended once"
    assert sessions > 1_000
    assert grown < 5_000, "memory grows with what comes in"
    assert len(caplog.records) < 20, "the log grows with what comes in"


async def test_a_report_that_is_cut_off_is_answered_as_malformed() -> None:
    session, transport = begin(Owner())
    session.data_received(deliver(REPORT[:20], report=True))
    assert transport.written == pdu.deliver_answer(5, 99, pdu.MALFORMED)
    session.connection_lost(None)
