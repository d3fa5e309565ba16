"""Whether anybody takes SIP at an address, told before the phones try for half a minute (RFC 3261, timer F)."""

from __future__ import annotations

import asyncio

PROBE = b"\r\n\r\n"
"""What keeps a connection open (RFC 5626, 3.5.1): no SIP server answers it over UDP, none minds it."""
SECONDS = 0.2
"""How long the refusal of a near machine takes; one far away is found by the phones."""


class _Probe(asyncio.DatagramProtocol):
    def __init__(self) -> None:
        self.refused: asyncio.Future[OSError] = asyncio.get_running_loop().create_future()

    def error_received(self, exc: Exception) -> None:
        if isinstance(exc, OSError) and not self.refused.done():
            self.refused.set_result(exc)


async def need_udp(server: tuple[str, int]) -> None:
    """Return when nothing speaks against `server`; raise the OSError with which its machine refuses the port."""
    loop = asyncio.get_running_loop()
    transport, probe = await loop.create_datagram_endpoint(_Probe, remote_addr=server)
    try:
        transport.sendto(PROBE)
        done, _ = await asyncio.wait([probe.refused], timeout=SECONDS)
        if done:
            raise probe.refused.result()
    finally:
        transport.close()
