"""Listening: what is in the way is told; the end is soft."""

from __future__ import annotations

import asyncio
import socket
from pathlib import Path

import httpx
import pytest

from softswitch.errors import Refusal
from softswitch.testing.patience import PATIENCE
from softswitch.web.frame import create_app
from softswitch.web.server import WebServer, listen
from tests.web.conftest import running


async def test_a_port_in_use_is_told_with_what_to_do() -> None:
    async with running() as site:
        with pytest.raises(Refusal, match=rf"{site.server.port} already.*--http") as refused:
            await WebServer(create_app([]), "127.0.0.1", site.server.port).start()
    assert refused.value.code == "port_in_use"


@pytest.mark.parametrize("host", ["192.0.2.1", "no.such.host.invalid"])
async def test_an_address_that_is_not_ours_is_told(host: str) -> None:
    with pytest.raises(Refusal, match=r"cannot listen") as refused:
        await WebServer(create_app([]), host, 0).start()
    assert refused.value.code == "cannot_listen"


async def test_after_the_end_the_port_is_free_and_no_task_is_left() -> None:
    before = asyncio.all_tasks()
    async with running() as site:
        port = site.server.port
        async with site.client() as client:
            assert (await client.get("/")).status_code == 200
    with socket.socket() as again:
        again.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        again.bind(("127.0.0.1", port))
    assert asyncio.all_tasks() == before


async def test_stopping_what_never_ran_is_harmless() -> None:
    server = WebServer(create_app([]), "127.0.0.1", 0)
    await server.stop()
    await server.wait()


async def test_over_tls(tmp_path: Path) -> None:
    certificate, key = make_certificate(tmp_path)
    app = create_app([], secure=True)
    server = WebServer(app, "127.0.0.1", 0, certificate=certificate, private_key=key)
    await server.start()
    async with httpx.AsyncClient(verify=False, timeout=PATIENCE) as client:
        answer = await client.get(f"https://127.0.0.1:{server.port}/")
    assert answer.status_code == 200
    assert "max-age" in answer.headers["strict-transport-security"]
    await server.stop()


async def test_a_bad_certificate_is_told(tmp_path: Path) -> None:
    server = WebServer(create_app([]), "127.0.0.1", 0, certificate=tmp_path / "no.pem")
    with pytest.raises(Refusal, match=r"certificate") as refused:
        await server.start()
    assert refused.value.code == "bad_certificate"


async def test_malformed_http_harms_nobody() -> None:
    async with running() as site:
        for nonsense in (
            b"\x16\x03\x01\x00",
            b"GET\r\n\r\n",
            b"GET / HTTP/1.1\r\nHost",
            b"\0" * 9_999,
        ):
            reader, writer = await asyncio.open_connection("127.0.0.1", site.server.port)
            writer.write(nonsense)
            writer.write_eof()
            answer = await reader.read()
            assert answer == b"" or answer.startswith(b"HTTP/1.1 400")
            writer.close()
        async with site.client() as client:
            assert (await client.get("/")).status_code == 200


def make_certificate(folder: Path) -> tuple[Path, Path]:
    """Return the files of a self-signed certificate and its key."""
    import datetime

    from cryptography import x509
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import ec

    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "localhost")])
    today = datetime.datetime.now(datetime.UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(today)
        .not_valid_after(today + datetime.timedelta(days=1))
        .sign(key, hashes.SHA256())
    )
    files = folder / "certificate.pem", folder / "key.pem"
    files[0].write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
    files[1].write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
    )
    return files


def test_answers_do_not_wait_for_a_delayed_acknowledgement() -> None:
    """asyncio sets TCP_NODELAY only on sockets that name their protocol."""
    listener = listen("127.0.0.1", 0)
    with listener:
        assert listener.proto == socket.IPPROTO_TCP
