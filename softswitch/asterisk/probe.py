"""Asks whether ARI answers, with nothing but a socket: used before anything else is up."""

from __future__ import annotations

import asyncio
import base64
from contextlib import suppress

from softswitch.asterisk.secrets import USER, NodeSecrets
from softswitch.asterisk.settings import NodeSettings


async def ari_answers(settings: NodeSettings, secrets: NodeSecrets, seconds: float = 2.0) -> bool:
    """Tell whether our Asterisk is fully booted; another's on the same port answers 401 and is not ours."""
    try:
        async with asyncio.timeout(seconds):
            return await _ask(settings, secrets)
    except (OSError, TimeoutError):
        return False


async def _ask(settings: NodeSettings, secrets: NodeSecrets) -> bool:
    reader, writer = await asyncio.open_connection(settings.local_address, settings.http_port)
    try:
        token = base64.b64encode(f"{USER}:{secrets.ari}".encode()).decode()
        writer.write(
            f"GET /ari/asterisk/ping HTTP/1.1\r\nHost: {settings.local_address}\r\n"
            f"Authorization: Basic {token}\r\nConnection: close\r\n\r\n".encode()
        )
        await writer.drain()
        return b" 200 " in await reader.readline()
    finally:
        writer.close()
        with suppress(OSError):
            await writer.wait_closed()
