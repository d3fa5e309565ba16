"""The gateway over CMPP 3.0: the same engine, the same promises, another protocol."""

from __future__ import annotations

import hashlib
from collections.abc import AsyncIterator

import pytest

from smsgateway.cmpp import pdu
from smsgateway.cmpp.link import unfit
from smsgateway.links.model import Protocol
from smsgateway.model import Body, Coding
from smsgateway.queue import repository
from smsgateway.testing.control import CMPP, CentreProcess
from tests.smsgateway.engine.kit import LONG, Queue, until

LINK = {"protocol": Protocol.CMPP, "system_id": "901234", "password": "secret", "sender": "10690"}


@pytest.fixture
async def carrier() -> AsyncIterator[CentreProcess]:
    async with CentreProcess(CMPP) as running:
        yield running


async def test_messages_arrive_and_their_reports_are_told(
    queue: Queue, carrier: CentreProcess
) -> None:
    await carrier.set(receipts="after", throttle=2)
    await queue.link(carrier.port, window=16, **LINK)
    async with queue.gateway():
        batch = await queue.batch(100)
        long = await queue.batch(10, "c2", body=LONG, first=500)
        await queue.reaches(batch, delivered=100)
        await queue.reaches(long, delivered=10)
    counts = await carrier.counts()
    assert (counts["messages"], counts["numbers"]) == (120, 110)
    assert counts["receipts_acknowledged"] == 120
    assert LONG.parts[1].hex() in await carrier.do("texts")
    told = [(await queue.progress(one)).throttled for one in (batch, long)]
    assert sum(told) == 2


async def test_a_wrong_secret_is_told(queue: Queue, carrier: CentreProcess) -> None:
    await queue.link(carrier.port, **(LINK | {"password": "wrong"}))
    async with queue.gateway() as gateway:

        async def refused() -> bool:
            return gateway.engine.lanes[1].link.detail == "connect refused: 3"

        await until(refused)


@pytest.mark.parametrize("how", ["cut", "unbind", "garbage"])
async def test_nothing_is_lost_when_the_connection_ends(
    queue: Queue, carrier: CentreProcess, how: str
) -> None:
    await carrier.set(delay=0.05)
    await queue.link(carrier.port, **LINK)
    async with queue.gateway():
        batch = await queue.batch(200)

        async def under_way() -> bool:
            return (await carrier.counts())["messages"] >= 40

        await until(under_way)
        if how == "garbage":
            await carrier.do("raw", octets="00" * 40)
        else:
            await carrier.do(how)
        await queue.reaches(batch, submitted=200)
    told, counts = await queue.progress(batch), await carrier.counts()
    assert counts["numbers"] == 200
    assert counts["messages"] - 200 <= told.resent <= 10


async def test_refusals_and_failures_say_why(queue: Queue, carrier: CentreProcess) -> None:
    await carrier.set(receipts="after", receipt_state="MK:0001", refuse=1)
    await queue.link(carrier.port, **LINK)
    async with queue.gateway():
        batch = await queue.batch(2)
        await queue.reaches(batch, failed=2)
    errors = {message.error for message in await queue.db.read(repository.page, batch)}
    assert errors == {"cmpp:5", "receipt:MK:0001"}


async def test_a_reply_is_stored_as_it_came(queue: Queue, carrier: CentreProcess) -> None:
    await queue.link(carrier.port, **LINK)
    async with queue.gateway() as gateway:

        async def bound() -> bool:
            return gateway.engine.lanes[1].link.is_bound

        await until(bound)
        text = "平安".encode("utf-16-be").hex()
        given = {"source": "8613800000001", "to": "10690", "headed": False, "coding": 8}
        await carrier.do("deliver", text=text, **given)

        async def stored() -> bool:
            return bool(await queue.db.read(repository.inbound_after, 0))

        await until(stored)
    (reply,) = await queue.db.read(repository.inbound_after, 0)
    assert (reply.number, reply.service, reply.coding) == ("8613800000001", "10690", 8)
    assert reply.octets.hex() == text


def test_the_proof_is_that_of_the_specification() -> None:
    told = pdu.connect(1, "901234", "1234", 708_090_149)
    source = b"901234" + bytes(9) + b"1234" + b"0708090149"  # a leading zero of the month stays
    assert told[:12] == bytes.fromhex("000000270000000100000001")
    assert told[12:18] == b"901234"
    assert told[18:34] == hashlib.md5(source, usedforsecurity=False).digest()
    assert told[34:] == b"\x30" + (708_090_149).to_bytes(4)


@pytest.mark.parametrize(
    "octets",
    [
        pdu.header(pdu.Command.DELIVER, 1, bytes(20)),
        pdu.header(pdu.Command.DELIVER, 1, bytes(76) + b"\xff" + bytes(20)),
    ],
)
def test_a_deliver_that_is_cut_off_is_refused(octets: bytes) -> None:
    with pytest.raises(pdu.CmppError):
        pdu.deliver(octets)


def test_what_cmpp_cannot_carry_is_told() -> None:
    assert unfit(Body(Coding.GSM7, (b"hello",))) == ""
    assert unfit(Body(Coding.GSM7, (b"\x10 delta",))) == "cmpp:alphabet"
    assert unfit(Body(Coding.UCS2, (b"a" * 400,), as_payload=True)) == "cmpp:payload"
