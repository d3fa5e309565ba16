"""A TCP proxy that cuts: after so many messages in either direction, before or behind the last one."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator
from dataclasses import dataclass, field


@dataclass
class Proxy:
    """Stands before one port. ``arm`` makes the ``count``-th message from then on the last one."""

    upstream: int = 0
    port: int = 0
    cuts: int = 0
    _left: int | None = None
    _passes: bool = True
    _writers: set[asyncio.StreamWriter] = field(default_factory=set)

    def arm(self, count: int, *, passes: bool) -> None:
        """Cut at the ``count``-th message; ``passes``: it still gets through."""
        self._left, self._passes = count, passes

    def disarm(self) -> None:
        """Cut no more."""
        self._left = None

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Carry one connection."""
        try:
            far_reader, far_writer = await asyncio.open_connection("127.0.0.1", self.upstream)
        except OSError:
            writer.close()
            return
        both = {writer, far_writer}
        self._writers |= both
        await asyncio.gather(self._carry(reader, far_writer), self._carry(far_reader, writer))
        self._writers -= both

    async def _carry(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(OSError):
            while data := await reader.read(1 << 16):
                cut = self._counted()
                if not cut or self._passes:
                    writer.write(data)
                    await writer.drain()
                if cut:
                    self.cut()
        writer.close()

    def _counted(self) -> bool:
        if self._left is None:
            return False
        self._left -= 1
        if self._left > 0:
            return False
        self._left = None
        return True

    def cut(self) -> None:
        """Cut all connections now, without a goodbye."""
        self.cuts += 1
        for writer in self._writers:
            writer.transport.abort() if not self._passes else writer.close()


@contextlib.asynccontextmanager
async def proxy() -> AsyncIterator[Proxy]:
    """Yield a proxy that listens on ``port``; set ``upstream`` before anybody connects."""
    made = Proxy()
    server = await asyncio.start_server(made.serve, "127.0.0.1", 0)
    made.port = server.sockets[0].getsockname()[1]
    try:
        yield made
    finally:
        made.cut()
        server.close()
