"""How links connect: over TLS, as transmitter and receiver, again after a pause; and how they ask who is there."""

from __future__ import annotations

import asyncio
import socket
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path

import pytest

from smsgateway.links.keeping import keep
from smsgateway.links.model import Bind
from smsgateway.testing.control import CentreProcess
from softswitch.testing.phone.certificates import self_signed
from tests.smsgateway.engine.kit import Queue, until


@asynccontextmanager
async def tls_before(port: int, folder: Path) -> AsyncIterator[tuple[int, str]]:
    """Speak TLS before a centre; give the port and the file with the certificate."""
    certificate, key = self_signed()
    file = folder / "centre.pem"
    file.write_bytes(certificate + key)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(file)
    tasks: set[asyncio.Task[None]] = set()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        inner_reader, inner_writer = await asyncio.open_connection("127.0.0.1", port)
        await asyncio.gather(pump(reader, inner_writer), pump(inner_reader, writer))

    async def pump(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(OSError):
            while data := await reader.read(65_536):
                writer.write(data)
        writer.close()
        with suppress(OSError):
            await writer.wait_closed()

    def accept(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        tasks.add(asyncio.ensure_future(serve(reader, writer)))

    server = await asyncio.start_server(accept, "127.0.0.1", 0, ssl=context)
    try:
        yield server.sockets[0].getsockname()[1], str(file)
    finally:
        server.close()
        await asyncio.gather(*tasks)


async def test_a_link_over_tls_sends_and_gets_receipts(
    queue: Queue, centre: CentreProcess, tmp_path: Path
) -> None:
    await centre.set(receipts="after")
    async with tls_before(centre.port, tmp_path) as (port, certificate):
        await queue.link(port, tls=True, tls_ca=certificate)
        async with queue.gateway():
            batch = await queue.batch(30)
            await queue.reaches(batch, delivered=30)


async def test_small_writes_do_not_wait_for_each_other(queue: Queue, centre: CentreProcess) -> None:
    await queue.link(centre.port)
    async with queue.gateway() as gateway:
        batch = await queue.batch(1)
        await queue.reaches(batch, submitted=1)
        transport = gateway.engine.lanes[1].link._transmitter._transport  # type: ignore[attr-defined]
        sock = transport.get_extra_info("socket")
        assert sock.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY)


async def test_a_certificate_that_nobody_vouches_for_is_refused(
    queue: Queue, centre: CentreProcess, tmp_path: Path
) -> None:
    async with tls_before(centre.port, tmp_path) as (port, _):
        await queue.link(port, tls=True)
        async with queue.gateway() as gateway:

            async def refused() -> bool:
                return gateway.engine.lanes[1].link.detail.startswith("certificate refused")

            await until(refused)
            assert not gateway.engine.lanes[1].link.is_bound
    assert (await centre.counts())["binds"] == 0


async def test_a_transmitter_sends_and_a_receiver_hears(
    queue: Queue, centre: CentreProcess
) -> None:
    await centre.set(receipts="after")
    await queue.link(centre.port, bind=Bind.SEPARATE)
    async with queue.gateway() as gateway:
        batch = await queue.batch(30)
        await queue.reaches(batch, delivered=30)
        assert gateway.engine.lanes[1].link.counters.connections == 2
    counts = await centre.counts()
    assert (counts["binds"], counts["receipts_acknowledged"]) == (2, 30)


async def test_a_quiet_link_asks_and_lives_on(queue: Queue, centre: CentreProcess) -> None:
    await queue.link(centre.port, enquire_seconds=1.0, response_seconds=1.0)
    async with queue.gateway() as gateway:

        async def asked() -> bool:
            return (await centre.counts())["enquiries"] >= 2

        await until(asked)
        link = gateway.engine.lanes[1].link
        assert link.is_bound
        assert link.counters.connections == 1


@pytest.mark.parametrize(
    ("jitter", "wanted"),
    [(0.0, [0.25, 0.5, 1.0, 2.0, 4.0, 8.0, 15.0, 15.0]), (1.0, [0.5, 1, 2, 4, 8, 16, 30, 30])],
)
async def test_the_pause_before_a_new_connection_grows_and_differs_from_link_to_link(
    jitter: float, wanted: list[float]
) -> None:
    pauses: list[float] = []
    told: list[str] = []

    async def pause(seconds: float) -> None:
        pauses.append(seconds)
        if len(pauses) == len(wanted):
            raise asyncio.CancelledError

    async def connect() -> None:
        raise ConnectionRefusedError(111, "Connection refused")

    with pytest.raises(asyncio.CancelledError):
        await keep(connect, told.append, jitter=lambda: jitter, sleep=pause)
    assert pauses == wanted
    assert set(told) == {"no connection: Connection refused"}
