"""The live socket with clients that are wrong, hostile or slow: the others see every change, and calls go on."""

from __future__ import annotations

import asyncio
import base64
import contextlib
import itertools
import json
import os
import socket
import struct
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed

from softswitch.access.model import Role
from softswitch.app import System
from softswitch.testing.patience import PATIENCE
from softswitch.testing.system import sip_phone, until
from tests.robustness.calls import call_up, help_comes

pytestmark = [pytest.mark.asterisk, pytest.mark.asyncio(loop_scope="session")]


def url(system: System) -> str:
    return f"{system.url.replace('http', 'ws', 1)}/api/live"


@asynccontextmanager
async def console(system: System, token: str) -> AsyncIterator[ClientConnection]:
    """A console that is signed in and has its first snapshot."""
    headers = {"Authorization": f"Bearer {token}"}
    async with connect(url(system), additional_headers=headers, max_size=2**24) as socket:
        assert json.loads(await socket.recv())["type"] == "snapshot"
        yield socket


async def next_error(socket: ClientConnection) -> dict[str, Any]:
    async with asyncio.timeout(PATIENCE):
        while True:
            message = json.loads(await socket.recv())
            if message["type"] == "error":
                return dict(message["error"])


async def sees_a_call(system: System, socket: ClientConnection) -> None:
    """Place a call that nobody answers, and wait until the console is told of it."""
    async with sip_phone(system, "2001") as one, sip_phone(system, "2003") as two:
        call = await one.dial("2003")
        await two.incoming()
        async with asyncio.timeout(PATIENCE):
            while True:
                message = json.loads(await socket.recv())
                if any(c["entity"] == "call" for c in message.get("changes", ())):
                    break
        await call.hangup()


@pytest.mark.parametrize(
    "frame",
    [
        "", "{", "null", "[]", '"x"', "{}", '{"type": 1}', '{"type": "no such"}', '{"type": ["refresh"]}',
        "x" * 60_000, "[" * 60_000, '{"type": "refresh", "x": "\\ud800"}', "\0\r\n${SHELL(id)}", b"\xff\xfe\0", b"",
    ],
)  # fmt: skip
async def test_a_message_that_means_nothing_is_answered_with_the_error_shape(
    system: System, tokens: dict[Role, str], frame: str | bytes
) -> None:
    async with console(system, tokens[Role.DISPATCHER]) as socket:
        await socket.send(frame)
        error = await next_error(socket)
        assert error["code"] == "bad_message"
        assert error["message"]
        assert error["next_step"]
        await sees_a_call(system, socket)


async def test_a_frame_that_is_too_large_ends_only_its_own_socket(
    system: System, tokens: dict[Role, str]
) -> None:
    async with (
        call_up(system),
        console(system, tokens[Role.DISPATCHER]) as other,
        console(system, tokens[Role.DISPATCHER]) as socket,
    ):
        with contextlib.suppress(ConnectionClosed):  # the other side may end before it is all sent
            await socket.send("x" * 10_000_000)
        with pytest.raises(ConnectionClosed) as closed:
            await next_error(socket)
        assert closed.value.rcvd is not None
        assert closed.value.rcvd.code == 1009  # RFC 6455 section 7.4.1: too big
        await sees_a_call(system, other)


@pytest.mark.parametrize(
    ("headers", "close_code", "error_code"),
    [
        ({}, 4401, "not_signed_in"),
        ({"Authorization": "Bearer wrong"}, 4401, "bad_token"),
        ({"Cookie": "softswitch_session=wrong"}, 4401, "not_signed_in"),
        ({"Cookie": "softswitch_session=" + "x" * 3_000}, 4401, "not_signed_in"),
    ],
)
async def test_who_is_not_signed_in_is_told_and_shown_nothing(
    system: System, headers: dict[str, str], close_code: int, error_code: str
) -> None:
    async with connect(url(system), additional_headers=headers) as socket:
        message = json.loads(await socket.recv())
        assert message["type"] == "error"
        assert message["error"]["code"] == error_code
        with pytest.raises(ConnectionClosed) as closed:
            await socket.recv()
    assert closed.value.rcvd is not None
    assert closed.value.rcvd.code == close_code


@pytest.mark.parametrize("origin", ["http://evil.example", "null", None, "http://127.0.0.1:1"])
async def test_a_session_from_the_page_of_another_site_sees_nothing(
    system: System, tokens: dict[Role, str], origin: str | None
) -> None:
    from tests.robustness.conftest import PASSWORD

    secret, _user = await system.access.login("dispatcher", PASSWORD, "127.0.0.1")
    headers = {"Cookie": f"softswitch_session={secret}"}
    if origin is not None:
        headers["Origin"] = origin
    async with connect(url(system), additional_headers=headers) as socket:
        message = json.loads(await socket.recv())
        assert message["error"]["code"] == "cross_site"
    headers["Origin"] = system.url
    async with connect(url(system), additional_headers=headers) as socket:
        assert json.loads(await socket.recv())["type"] == "snapshot"


async def test_broken_frames_end_their_connection_and_no_other(
    system: System, tokens: dict[Role, str]
) -> None:
    """Unmasked, reserved bits, unknown opcodes, control frames that are too long or cut (RFC 6455 section 5)."""
    mask = b"\0\0\0\0"
    async with console(system, tokens[Role.DISPATCHER]) as other:
        for frame in (
            b"\x81\x05hello", b"\xf1\x80" + mask, b"\x83\x80" + mask, b"\x89\xfe\x01\x00" + mask + b"x" * 256,
            b"\x09\x80" + mask, b"\x80\x80" + mask, b"\x88\x81" + mask + b"x", b"\x81\x82" + mask + b"\xc3\x28",
            b"\x81\xff" + struct.pack("!Q", 2**63), b"\x01\x81" + mask + b"a" + b"\x01\x81" + mask + b"b",
        ):  # fmt: skip
            reader, writer = await _upgraded(system, tokens[Role.DISPATCHER])
            writer.write(frame)
            async with asyncio.timeout(PATIENCE):
                while await reader.read(65_536):
                    pass
            writer.close()
        await sees_a_call(system, other)
    await until(lambda: system.live.following() == 0, what="no console is left")


async def _upgraded(
    system: System, token: str
) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    reader, writer = await asyncio.open_connection("127.0.0.1", system.http_port)
    key = base64.b64encode(os.urandom(16)).decode()
    writer.write(
        f"GET /api/live HTTP/1.1\r\nHost: 127.0.0.1:{system.http_port}\r\nUpgrade: websocket\r\n"
        f"Connection: Upgrade\r\nSec-WebSocket-Key: {key}\r\nSec-WebSocket-Version: 13\r\n"
        f"Authorization: Bearer {token}\r\n\r\n".encode()
    )
    head = await reader.readuntil(b"\r\n\r\n")
    assert b" 101 " in head
    return reader, writer


async def test_a_reader_that_stands_still_keeps_nobody_waiting(
    system: System, tokens: dict[Role, str]
) -> None:
    """Its queue is bounded; when it reads again it gets a snapshot in place of what it missed."""
    lagged = system.live.statistics.lagged
    async with call_up(system), console(system, tokens[Role.DISPATCHER]) as other:
        reader, writer = await _upgraded(system, tokens[Role.DISPATCHER])
        writer.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4_096)
        reader._limit = 1  # type: ignore[attr-defined]  # the stream stops reading the socket at once
        big = "x" * 50_000
        try:
            async with asyncio.timeout(PATIENCE):
                for number in itertools.count():
                    if system.live.statistics.lagged > lagged:
                        break
                    system.live.put("alarm", "flood", {"text": big, "number": number})
                    await asyncio.sleep(0)
        finally:
            system.live.drop("alarm", "flood")
        await sees_a_call(system, other)
        writer.transport.abort()
    await until(lambda: system.live.following() == 0, what="no console is left")
    await help_comes(system)
