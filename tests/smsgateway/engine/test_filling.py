"""The way from an answer to the next message: a few writes for the places that one read freed, and nothing in between.

A session and the engine as they are, with a wire and a writer of the test.
"""

from __future__ import annotations

import asyncio
import struct
from collections.abc import AsyncIterator
from contextlib import closing
from types import SimpleNamespace
from typing import Any, cast

import pytest

from smsgateway.engine.engine import Engine
from smsgateway.engine.lane import Lane
from smsgateway.engine.outcome import Rules
from smsgateway.engine.wire import WireJournal
from smsgateway.engine.writer import Writer
from smsgateway.links.model import Link, LinkConfig
from smsgateway.links.window import LAST_SEQUENCE, Window
from smsgateway.model import Body, Coding
from smsgateway.port import Envelope, Leased, Submission
from smsgateway.smpp.constants import Command, Status
from smsgateway.smpp.link import SmppLink
from smsgateway.smpp.pdu import Pdu
from smsgateway.smpp.session import Session
from softswitch.testing.patience import PATIENCE

WINDOW = 4
TEXT = Body(Coding.UCS2, ("台风来了".encode("utf-16-be"),))
HOUR = 3_600_000


class Wire:
    """A connection that keeps each write, and what the journal and the queue knew at it."""

    def __init__(self, engine: Engine) -> None:
        self.writes: list[bytes] = []
        self.noted: list[int] = []
        self._engine = engine

    def get_extra_info(self, name: str) -> None:
        return None

    def set_write_buffer_limits(self, *, high: int) -> None:
        assert high == 0, "nothing waits for the end of the read"

    def write(self, data: bytes) -> None:
        self.writes.append(data)
        self.noted.append(len(self._engine._turn.accepted))

    def abort(self) -> None: ...


class Bench:
    """A bound link with a full window and ``ready`` parts behind it."""

    def __init__(self, window: int = WINDOW) -> None:
        self.at = 1_000_000
        self.journal = WireJournal(None)
        self.answered: list[list[int]] = []
        told, journal = self.answered, self.journal
        add = journal.answered

        def note(answers: Any) -> None:
            found = list(answers)
            told.append([message for message, _, _ in found])
            add(found)

        journal.answered = note  # type: ignore[method-assign]
        writer = cast(Writer, SimpleNamespace(post=lambda fn, done: None))
        self.engine = Engine(writer, lambda: self.at, Rules(), journal)
        self.lane: Lane = self.engine.open_lane(
            Link(1, LinkConfig("centre", "127.0.0.1", 2775, "x", "y", window=window)),
            lambda link, owner: SmppLink(link, owner, clock=lambda: self.at),
        )
        link = cast(SmppLink, self.lane.link)
        self.session: Session = link._make(Command.BIND_TRANSCEIVER)
        self.wire = Wire(self.engine)
        self.session.connection_made(cast(Any, self.wire))
        bound = Pdu(Command.BIND_TRANSCEIVER_RESP, 1, 0, {"system_id": b"centre"})
        self.session.data_received(bound.encode())
        self.ready(range(3 * window), None)
        self.lane.write(journal)
        self.wire.writes.clear()
        self.wire.noted.clear()
        self.answered.clear()

    def ready(self, ids: range, expires_at: int | None) -> None:
        envelope = Envelope(1, "10690", expires_at=expires_at)
        messages = [Leased(n, f"86138{n:08}", 1, TEXT, envelope, open_parts=1) for n in ids]
        self.lane.add([Submission(one, 0) for one in messages])

    def sent(self) -> list[Pdu]:
        """Return the messages that were written, in order."""
        found, data = [], b"".join(self.wire.writes)
        while data:
            length = struct.unpack(">I", data[:4])[0]
            found.append(Pdu.decode(data[:length]))
            data = data[length:]
        return found

    def close(self) -> None:
        self.session.connection_lost(None)
        self.engine.close()
        self.journal.close()


def answers(*sequences: int, status: int = 0) -> bytes:
    return b"".join(
        Pdu(Command.SUBMIT_SM_RESP, n, status, {"message_id": b"id%d" % n}).encode()
        for n in sequences
    )


@pytest.fixture
async def bench() -> AsyncIterator[Bench]:
    with closing(Bench()) as made:
        yield made


async def test_one_read_is_followed_by_one_write_before_anything_is_noted(bench: Bench) -> None:
    bench.session.data_received(answers(2, 3, 4))
    assert len(bench.wire.writes) == 1
    assert [pdu.sequence for pdu in bench.sent()] == [6, 7, 8]
    numbers = [pdu.fields["destination_addr"] for pdu in bench.sent()]
    assert numbers == [b"86138%08d" % n for n in (4, 5, 6)]
    assert bench.answered == [[0, 1, 2]], "the journal knows before the window is filled anew"
    assert bench.wire.noted == [0], "and the queue's part comes behind"
    assert [message for message, _ in bench.engine._turn.accepted] == [0, 1, 2]
    assert bench.lane.link.in_flight == WINDOW


async def test_a_window_that_is_answered_at_once_goes_out_again_while_the_rest_is_read() -> None:
    with closing(Bench(window=8)) as bench:
        bench.session.data_received(answers(*range(2, 10)))
        assert [len(told) for told in bench.answered] == [4, 4]
        assert len(bench.wire.writes) == 2
        assert [pdu.sequence for pdu in bench.sent()] == list(range(10, 18))
        assert bench.wire.noted == [0, 0]
        assert [message for message, _ in bench.engine._turn.accepted] == list(range(8))
        assert bench.lane.link.in_flight == 8
        assert bench.lane.link.counters.submitted == 8


async def test_an_answer_in_two_pieces_counts_when_it_is_whole(bench: Bench) -> None:
    octets = answers(2, 3)
    bench.session.data_received(octets[:30])
    assert [pdu.sequence for pdu in bench.sent()] == [6]
    bench.session.data_received(octets[30:])
    assert [pdu.sequence for pdu in bench.sent()] == [6, 7]


async def test_what_was_answered_before_a_leave_in_the_same_read_still_counts(
    bench: Bench,
) -> None:
    bench.session.data_received(answers(2, 3) + Pdu(Command.UNBIND, 77).encode() + answers(4))
    assert [message for message, _ in bench.engine._turn.accepted] == [0, 1]
    assert [pdu.command for pdu in bench.sent()] == [Command.UNBIND_RESP], "nothing new goes out"
    bench.session.connection_lost(None)
    assert {message for message, _ in bench.engine._turn.doubtful} == {2, 3}


async def test_a_refused_part_frees_its_place_too(bench: Bench) -> None:
    bench.session.data_received(answers(2, status=int(Status.ESME_RINVDSTADR)))
    assert [message for message, _ in bench.engine._turn.failed] == [0]
    assert [pdu.sequence for pdu in bench.sent()] == [6]


async def test_a_validity_that_was_encoded_ahead_is_never_a_second_old(bench: Bench) -> None:
    bench.lane.ready.clear()
    bench.at += 1_000
    bench.ready(range(20, 24), bench.at + HOUR)
    bench.session.data_received(answers(2))
    bench.at += 600_000
    bench.session.data_received(answers(3))
    told = [pdu.fields["validity_period"] for pdu in bench.sent()]
    assert told == [b"000000010000000R", b"000000005000000R"]


async def test_a_link_that_is_taken_away_goes_with_the_last_answer_however_many_come_at_once(
    bench: Bench,
) -> None:
    assert bench.engine.close_lane(bench.lane.stored.id) is bench.lane
    going = asyncio.create_task(bench.lane.link.stop(HOUR))
    await asyncio.sleep(0)
    bench.session.data_received(answers(2, 3, 4, 5))
    async with asyncio.timeout(PATIENCE):
        await going
    assert bench.sent() == [], "nothing new goes out"


async def test_answers_that_come_many_at_once_tell_that_the_centre_lives() -> None:
    with closing(Bench(window=8)) as bench:
        link = cast(SmppLink, bench.lane.link)
        link.unanswered(list(link.pending())[:7])
        bench.session.data_received(answers(*range(2, 10)))
        link.unanswered(list(link.pending())[:7])
        assert link.is_bound


def test_sequences_begin_again_and_what_is_overdue_is_found_across_that() -> None:
    window, parts = Window(), [cast(Submission, object()) for _ in range(6)]
    window.sequence = LAST_SEQUENCE - 3
    assert list(window.put(parts[:2], 1.0)) == [LAST_SEQUENCE - 2, LAST_SEQUENCE - 1]
    assert list(window.put(parts[2:4], 2.0)) == [1, 2], "those of one write have no gap"
    assert list(window.put(parts[4:], 9.0)) == [3, 4]
    assert window.take(LAST_SEQUENCE - 1) is parts[1]
    assert window.overdue(2.0) == [parts[0], parts[2], parts[3]]
    assert len(window) == 2
    assert window.take(1) is parts[2], "an answer may still come"
    assert window.take(1) is None
    assert window.end() == parts[4:]
