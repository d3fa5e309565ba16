"""Keeps a connection: made again whenever it ends, after a pause that grows and is never the same for all."""

from __future__ import annotations

import asyncio
import random
import ssl
from collections.abc import Awaitable, Callable

from smsgateway.links.model import LinkConfig

FIRST_PAUSE, LONGEST_PAUSE = 0.5, 30.0


async def keep(
    connect: Callable[[], Awaitable[object]],
    tell: Callable[[str], None],
    *,
    jitter: Callable[[], float] = random.random,
    first_pause: float = FIRST_PAUSE,
    sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
) -> None:
    """Run ``connect``, which ends with the connection, for ever; ``tell`` gets why one could not be made."""
    pause = first_pause
    while True:
        began = asyncio.get_running_loop().time()
        try:
            await connect()
        except (OSError, TimeoutError, ssl.SSLError) as error:
            tell(why(error))
        if asyncio.get_running_loop().time() - began > LONGEST_PAUSE:
            pause = first_pause
        # Many links that a centre's restart cut at once shall not come back at once.
        await sleep(pause * (0.5 + jitter() / 2))
        pause = min(LONGEST_PAUSE, pause * 2)


def tls_context(config: LinkConfig) -> ssl.SSLContext | None:
    """Return how the centre's certificate is checked; None without TLS."""
    if not config.tls:
        return None
    context = ssl.create_default_context(cafile=config.tls_ca or None)
    if not config.tls_verify:
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    return context


def why(error: Exception) -> str:
    """Return why a connection could not be made, in words."""
    if isinstance(error, TimeoutError):
        return "no connection in time"
    if isinstance(error, ssl.SSLCertVerificationError):
        return f"certificate refused: {error.verify_message}"
    return f"no connection: {getattr(error, 'strerror', None) or error}"
