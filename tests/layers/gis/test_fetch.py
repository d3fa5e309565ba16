"""A location by reference: what is asked, what is not, and what a server may answer."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

import pytest

from softswitch.errors import Refusal
from softswitch.layers.gis.fetch import Fetcher

Answer = Callable[[bytes], bytes]


@asynccontextmanager
async def server(answer: Answer | None) -> AsyncIterator[tuple[str, list[bytes]]]:
    """A small server that answers each request with bytes, or never."""
    asked: list[bytes] = []
    ended = asyncio.Event()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        asked.append(await reader.readuntil(b"\r\n\r\n"))
        if answer is None:
            await ended.wait()
        else:
            writer.write(answer(asked[-1]))
        writer.close()

    listening = await asyncio.start_server(serve, "127.0.0.1", 0)
    port = listening.sockets[0].getsockname()[1]
    try:
        yield f"127.0.0.1:{port}", asked
    finally:
        ended.set()
        listening.close()
        await listening.wait_closed()


def ok(body: bytes) -> Answer:
    head = b"HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: %d\r\n\r\n" % len(body)
    return lambda _request: head + body


async def test_a_server_on_the_list_is_asked() -> None:
    async with server(ok(b"<presence/>")) as (host, asked):
        assert await Fetcher([host]).fetch(f"http://{host}/where?x=1") == b"<presence/>"
    assert asked[0].startswith(b"GET /where?x=1 HTTP/1.1\r\n")
    assert f"host: {host}".encode() in asked[0].lower()


@pytest.mark.parametrize(
    "uri",
    [
        "http://169.254.169.254/latest/meta-data",
        "http://other.example/",
        "http://lis.example:81/",
        "file:///etc/passwd",
        "ftp://lis.example/",
        "http://user:secret@lis.example/",
        "http://lis.example@other.example/",
        "http://lis.example\\@other.example/",
        "http://[::1",
        "http://lis.example/\r\nX: y",
        "",
    ],
)
async def test_what_is_never_asked(uri: str) -> None:
    async def resolve(host: str, port: int) -> list[str]:
        raise AssertionError("a name was looked up")

    with pytest.raises(Refusal) as refused:
        await Fetcher(["lis.example"], resolve=resolve).fetch(uri)
    assert refused.value.code == "reference_not_allowed"


@pytest.mark.parametrize(
    "address", ["127.0.0.1", "10.1.1.1", "192.168.0.1", "169.254.169.254", "::1", "fd00::1",
                "::ffff:127.0.0.1", "0.0.0.0", "224.0.0.1", "100.64.0.1"]
)  # fmt: skip
async def test_a_name_that_leads_inside_is_not_followed(address: str) -> None:
    async def resolve(host: str, port: int) -> list[str]:
        return ["93.184.216.34", address]

    with pytest.raises(Refusal) as refused:
        await Fetcher(["lis.example"], resolve=resolve).fetch("http://lis.example/a")
    assert refused.value.code == "reference_not_allowed"


def redirect(_request: bytes) -> bytes:
    return b"HTTP/1.1 302 Found\r\nLocation: http://127.0.0.1/\r\nContent-Length: 0\r\n\r\n"


def endless(_request: bytes) -> bytes:
    return b"HTTP/1.1 200 OK\r\n\r\n" + b" " * 70_000


def nonsense(_request: bytes) -> bytes:
    return b"220 smtp ready\r\n"


@pytest.mark.parametrize("answer", [redirect, endless, nonsense, None])
async def test_answers_that_are_not_taken(answer: Answer | None) -> None:
    async with server(answer) as (host, asked):
        with pytest.raises(Refusal) as refused:
            await Fetcher([host], seconds=5.0 if answer else 0.2).fetch(f"http://{host}/")
    assert refused.value.code == "reference_failed"
    assert len(asked) == 1


async def test_nobody_listens() -> None:
    async with server(None) as (host, _):
        pass
    with pytest.raises(Refusal) as refused:
        await Fetcher([host]).fetch(f"http://{host}/")
    assert refused.value.code == "reference_failed"
