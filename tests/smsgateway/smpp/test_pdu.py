"""The codec: every PDU there and back, the quick paths equal to the plain ones, smpplib as the judge, and garbage."""

from __future__ import annotations

import asyncio
import contextlib
import gc
import logging
import random
import sys
from typing import Any

import pytest
from smpplib import smpp

from smsgateway.links import session as links
from smsgateway.links.session import Times
from smsgateway.model import Body, Coding, MessageState
from smsgateway.port import LinkCounters
from smsgateway.quiet import QuietLog
from smsgateway.smpp import quick
from smsgateway.smpp.constants import Command, Tag
from smsgateway.smpp.layout import FIELDS, WITH_TLVS, Field
from smsgateway.smpp.pdu import Pdu, PduError
from smsgateway.smpp.session import Login, Session

TEXT = Body(Coding.UCS2, ("台风来了".encode("utf-16-be"),))
LOGIN = Login(Command.BIND_TRANSCEIVER, "us", "secret")


def some(item: Field) -> Any:
    """Return a value that fits a field."""
    match item.kind:
        case "text":
            return b"x" * (item.size - 1)
        case "number":
            return 1
        case "octets":
            return bytes(range(200))
    if item.row[0].name == "dest_flag":
        address = {"dest_flag": 1, "dest_addr_ton": 1, "dest_addr_npi": 1}
        return [address | {"destination_addr": b"8613"}, {"dest_flag": 2, "dl_name": b"all"}]
    return [{part.name: some(part) for part in item.row}] * 2


@pytest.mark.parametrize("command", Command)
def test_every_pdu_comes_back_as_it_went(command: Command) -> None:
    fields = {item.name: some(item) for item in FIELDS[command]}
    tlvs = ((int(Tag.MESSAGE_PAYLOAD), b"abc"), (0x1400, b"")) if command in WITH_TLVS else ()
    pdu = Pdu(command, 77, 0, fields, tlvs)
    assert Pdu.decode(pdu.encode()) == pdu


@pytest.mark.parametrize("octets", [b"", bytes(15), bytes(16), b"\0\0\0\x11" + bytes(12)])
def test_octets_that_are_no_pdu_are_refused(octets: bytes) -> None:
    with pytest.raises(PduError):
        Pdu.decode(octets)


def test_a_value_that_does_not_fit_is_refused() -> None:
    for fields in ({"system_id": b"x" * 16}, {"system_id": b"a\0b"}, {"addr_ton": 256}):
        with pytest.raises(PduError):
            Pdu(Command.BIND_TRANSCEIVER, 1, fields=fields).encode()


class _Client:
    """What smpplib wants of a client."""

    sequence = 1

    def next_sequence(self) -> int:
        return 1


@pytest.mark.parametrize(
    "body",
    [
        TEXT,
        Body(Coding.GSM7, (b"hello",), flash=True),
        Body(Coding.UCS2, (b"\5\0\3\1\2\1ab", b"\5\0\3\1\2\2cd"), headed=True),
        Body(Coding.UCS2, (b"x" * 400,), as_payload=True),
    ],
)
def test_the_quick_submit_is_the_plain_one_and_smpplib_reads_it(body: Body) -> None:
    template = quick.Template(body, sender="10690", service="CMT", validity=quick.validity(90_061))
    parts = 1 if body.as_payload else len(body.parts)
    for part in range(parts):
        octets = quick.submits([5], [template.encode(b"8613800000001", part)])
        told = Pdu.decode(octets)
        assert told.encode() == octets
        text = told.tlv(Tag.MESSAGE_PAYLOAD) or told.fields["short_message"]
        assert text == body.parts[part]
        assert told.fields["validity_period"] == b"000001010101000R"
        assert told.fields["esm_class"] == (0x40 if body.headed else 0)
        theirs = smpp.parse_pdu(octets, client=_Client(), allow_unknown_opt_params=True)
        assert theirs.destination_addr == b"8613800000001"
        assert (theirs.short_message or theirs.message_payload) == body.parts[part]
        assert theirs.data_coding == (0x10 if body.flash else 0) | body.coding


def deliver(text: bytes, esm_class: int = 4, tlvs: tuple[tuple[int, bytes], ...] = ()) -> bytes:
    fields = {
        "source_addr": b"8613800000001",
        "destination_addr": b"10690",
        "esm_class": esm_class,
        "short_message": text,
    }
    return Pdu(Command.DELIVER_SM, 9, fields=fields, tlvs=tlvs).encode()


@pytest.mark.parametrize(
    ("text", "tlvs", "wanted"),
    [
        (
            b"id:123 sub:001 dlvrd:001 done date:2611222201 stat:DELIVRD err:000 text:stat:EXPIRED",
            (),
            ("123", MessageState.DELIVERED, ""),
        ),
        (b"id:A1 stat:undeliv err:012", (), ("A1", MessageState.FAILED, "receipt:UNDELIV:012")),
        (b"id:7 stat:EXPIRED", (), ("7", MessageState.EXPIRED, "receipt:EXPIRED:")),
        (b"id:7 stat:ENROUTE err:000", (), ("7", MessageState.SUBMITTED, "")),
        (
            b"",
            ((0x1E, b"zz9\0"), (0x427, b"\5"), (0x423, b"\3\0\x2a")),
            ("zz9", MessageState.FAILED, "receipt:UNDELIV:42"),
        ),
    ],
)
def test_receipts_are_read(text: bytes, tlvs: Any, wanted: tuple[object, ...]) -> None:
    receipt = quick.receipt(quick.delivered(deliver(text, tlvs=tlvs)))
    assert receipt is not None
    assert (receipt.smsc_id, receipt.state, receipt.error) == wanted
    assert receipt.number == "8613800000001"


def test_a_receipt_without_an_id_is_none() -> None:
    assert quick.receipt(quick.delivered(deliver(b"hello"))) is None


def test_a_long_reply_keeps_its_header() -> None:
    got = quick.delivered(deliver(b"\5\0\3\1\2\1ab", esm_class=0x40))
    assert (got.is_receipt, got.esm_class & 0x40, got.text) == (False, 0x40, b"\5\0\3\1\2\1ab")


# ---- garbage


class Owner:
    """A link that only counts."""

    def __init__(self) -> None:
        self.counters = LinkCounters()
        self.quiet = QuietLog(logging.getLogger("smsgateway.smpp"))
        self.ended = 0

    def session_bound(self, session: links.Session) -> None: ...

    def session_ended(self, session: links.Session, why: str, doubtful: list[Any]) -> None:
        self.ended += 1

    def answered(self, submission: Any, status: int, message_id: bytes) -> None: ...

    def read_ended(self) -> None: ...

    def unanswered(self, submissions: list[Any]) -> None: ...

    def delivered(self, got: quick.Delivered, token: Any) -> bool:
        if got.is_receipt:
            quick.receipt(got, token)
        return False


class Transport:
    """A transport that takes everything, and tells that it was closed."""

    def __init__(self) -> None:
        self.session: Session | None = None
        self.is_open = True

    def get_extra_info(self, name: str) -> None:
        return None

    def set_write_buffer_limits(self, high: int) -> None: ...

    def write(self, data: bytes) -> None: ...

    def abort(self) -> None:
        self.is_open = False


def seeds() -> list[bytes]:
    """Return one right PDU of each kind, and those that matter most several times."""
    found = []
    for command in Command:
        fields = {item.name: some(item) for item in FIELDS[command]}
        tlvs = ((int(Tag.MESSAGE_PAYLOAD), b"abc"),) if command in WITH_TLVS else ()
        found.append(Pdu(command, 3, 0, fields, tlvs).encode())
    text = b"id:123 sub:001 dlvrd:001 stat:DELIVRD err:000 text:x"
    with_id = deliver(text, tlvs=((0x1E, b"zz9\0"), (0x427, b"\2")))
    return found + [deliver(text), with_id] * 6


def blocks() -> int:
    """Return how many pieces of memory Python holds."""
    gc.collect()
    return sys.getallocatedblocks()


def mutate(octets: bytes, chance: random.Random) -> bytes:
    """Return the PDU with something wrong in it."""
    found = bytearray(octets)
    match chance.randrange(5):
        case 0:
            found[chance.randrange(len(found))] = chance.randrange(256)
        case 1:
            del found[chance.randrange(len(found)) :]
            found[:4] = len(found).to_bytes(4) if len(found) >= 4 else found[:4]
        case 2:
            at = chance.randrange(16, len(found) + 1)
            found[at:at] = chance.randbytes(chance.randrange(1, 40))
            found[:4] = len(found).to_bytes(4)
        case 3:
            for _ in range(8):
                found[chance.randrange(4, len(found))] = chance.randrange(256)
        case _:
            found[:4] = chance.randbytes(4)
    return bytes(found)


async def test_100_000_mutated_pdus_leave_one_kind_of_error_and_nothing_else(
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level(logging.DEBUG)
    chance, known = random.Random(34), seeds()
    owner, sessions, alive = Owner(), 0, 0
    session = transport = None
    before = 0
    for count in range(100_000):
        octets = mutate(known[count % len(known)], chance)
        with contextlib.suppress(PduError):
            Pdu.decode(octets)
        if session is None or transport is None or not transport.is_open:
            session, transport = await _session(owner, session, known)
            sessions += 1
        session.data_received(octets)
        alive += transport.is_open
        if count % 1_000 == 0:
            await asyncio.sleep(0)  # the loop drops the timers of ended sessions
        if count == 20_000:
            before = blocks()
    await asyncio.sleep(0)
    grown = blocks() - before
    assert session is not None
    session.connection_lost(None)
    assert owner.ended == sessions, "each session ended once"
    assert alive > 50_000, "what can be passed over is"
    assert sessions > 1_000, "and where no next PDU can be found, the connection is closed"
    assert grown < 5_000, "memory grows with what comes in"
    assert len(caplog.records) < 20, "the log grows with what comes in"


async def _session(owner: Owner, before: Session | None, known: list[bytes]) -> Any:
    if before is not None:
        before.connection_lost(None)
    session, transport = Session(owner, LOGIN, Times()), Transport()
    session.connection_made(transport)  # type: ignore[arg-type]
    bound = Pdu(Command.BIND_TRANSCEIVER_RESP, 1, 0, {"system_id": b"centre"})
    session.data_received(bound.encode())
    assert session.is_bound
    return session, transport
