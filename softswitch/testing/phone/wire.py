"""How SIP messages travel: UDP, TCP and TLS behind one small interface (RFC 3261 section 18)."""

from __future__ import annotations

import asyncio
import contextlib
import ipaddress
import socket
import ssl
from collections.abc import Callable
from typing import Protocol

from softswitch.testing.patience import PATIENCE
from softswitch.testing.phone.certificates import client_context, server_context
from softswitch.testing.phone.errors import NotReached, ParseError
from softswitch.testing.phone.message import StreamSplitter

Address = tuple[str, int]
OnMessage = Callable[[bytes, Address], None]
OnLost = Callable[[Address], None]


class Wire(Protocol):
    name: str
    reliable: bool

    def local(self, remote: Address | None) -> Address:
        """The address under which the remote side can reach us."""

    async def connect(self, remote: Address) -> None:
        """Make sure that `send` to this address will work."""

    def send(self, data: bytes, remote: Address) -> None: ...

    def part_from(self, remote: Address, on_gone: Callable[[], None]) -> None:
        """From now on only this side matters; tell when nobody is there any more (RFC 3261 18.4)."""

    async def close(self) -> None: ...


def is_address(host: str) -> bool:
    try:
        ipaddress.ip_address(host.strip("[]"))
    except ValueError:
        return False
    return True


class UdpWire:
    name = "UDP"
    reliable = False

    def __init__(self, local: Address, on_message: OnMessage) -> None:
        self._loop = asyncio.get_running_loop()
        family = socket.AF_INET6 if ":" in local[0] else socket.AF_INET
        self._socket = socket.socket(family, socket.SOCK_DGRAM)
        try:
            self._socket.setblocking(False)
            self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1 << 20)
            self._socket.bind(local)
        except OSError:
            self._socket.close()
            raise
        self._local: Address = self._socket.getsockname()[:2]
        self._on_message = on_message
        self._on_gone: Callable[[], None] = lambda: None
        self._loop.add_reader(self._socket, self._readable)

    def local(self, remote: Address | None) -> Address:
        return self._local

    async def connect(self, remote: Address) -> None:
        return

    def send(self, data: bytes, remote: Address) -> None:
        with contextlib.suppress(OSError):  # unreachable now: the transaction's timers decide
            self._socket.sendto(data, remote)

    def part_from(self, remote: Address, on_gone: Callable[[], None]) -> None:
        self._on_gone = on_gone
        with contextlib.suppress(OSError):
            self._socket.connect(remote)  # only then the kernel tells of closed ports

    def _readable(self) -> None:
        for _ in range(64):
            try:
                data, source = self._socket.recvfrom(65_536)
            except BlockingIOError:
                return
            except ConnectionRefusedError:
                self._on_gone()
                continue
            except OSError:  # an ICMP error of an earlier message
                continue
            self._on_message(data, source[:2])
            if self._socket.fileno() < 0:
                return

    async def close(self) -> None:
        if self._socket.fileno() >= 0:
            self._loop.remove_reader(self._socket)
            self._socket.close()


class _Connection(asyncio.Protocol):
    def __init__(self, wire: StreamWire) -> None:
        self._wire = wire
        self._splitter = StreamSplitter()
        self.transport: asyncio.Transport | None = None
        self.peer: Address = ("", 0)
        self.local: Address = ("", 0)
        self.gone: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self.transport = transport
        self.peer = transport.get_extra_info("peername")[:2]
        self.local = transport.get_extra_info("sockname")[:2]
        self._wire.connections[self.peer] = self

    def data_received(self, data: bytes) -> None:
        assert self.transport is not None
        try:
            messages = self._splitter.feed(data)
        except ParseError:
            # Where the next message begins cannot be known: hang up, as section 18.3 wants.
            self._wire.bad_streams += 1
            self.transport.abort()
            return
        for message in messages:
            self._wire.on_message(message, self.peer)

    def connection_lost(self, error: Exception | None) -> None:
        if self._wire.connections.get(self.peer) is self:
            del self._wire.connections[self.peer]
        if not self.gone.done():
            self.gone.set_result(None)
        self._wire.on_lost(self.peer)


class StreamWire:
    """TCP, or TLS when a context is given. It listens only when nobody else accepts for it."""

    reliable = True

    def __init__(
        self, host: str, on_message: OnMessage, on_lost: OnLost, tls: ssl.SSLContext | None
    ) -> None:
        self.name = "TLS" if tls else "TCP"
        self.on_message = on_message
        self.on_lost = on_lost
        self.connections: dict[Address, _Connection] = {}
        self.bad_streams = 0
        self._host = host
        self._tls = tls
        self._server: asyncio.Server | None = None
        self._listening: Address = (host, 0)
        self._connecting = asyncio.Lock()

    async def listen(self, port: int = 0) -> None:
        context = server_context(self._host) if self._tls else None
        loop = asyncio.get_running_loop()
        self._server = await loop.create_server(
            lambda: _Connection(self), self._host, port, ssl=context
        )
        self._listening = self._server.sockets[0].getsockname()[:2]

    def local(self, remote: Address | None) -> Address:
        if self._server is None and remote in self.connections:
            return self.connections[remote].local
        return self._listening

    async def connect(self, remote: Address) -> None:
        async with self._connecting:
            if remote in self.connections:
                return
            loop = asyncio.get_running_loop()
            try:
                async with asyncio.timeout(PATIENCE):
                    await loop.create_connection(
                        lambda: _Connection(self),
                        *remote,
                        ssl=self._tls,
                        local_addr=(self._host, 0),
                        server_hostname=remote[0] if self._tls else None,
                    )
            except (OSError, TimeoutError) as error:
                where = f"{remote[0]}:{remote[1]}"
                raise NotReached(f"no {self.name} connection to {where}: {error}") from error

    def send(self, data: bytes, remote: Address) -> None:
        connection = self.connections.get(remote)
        if connection is not None and connection.transport is not None:
            connection.transport.write(data)

    def part_from(self, remote: Address, on_gone: Callable[[], None]) -> None:
        """`connect` says so."""

    async def close(self) -> None:
        if self._server is not None:
            self._server.close()
        connections = list(self.connections.values())
        for connection in connections:
            if connection.transport is not None:
                connection.transport.close()
        for connection in connections:
            try:
                async with asyncio.timeout(0.05):
                    await connection.gone
            except TimeoutError:  # a peer that never ends its TLS session, as Asterisk
                if connection.transport is not None:
                    connection.transport.abort()
        if self._server is not None:
            await self._server.wait_closed()


async def open_wire(
    transport: str,
    local: Address,
    on_message: OnMessage,
    on_lost: OnLost,
    *,
    listen: bool,
    ca_file: str | None = None,
) -> Wire:
    if transport == "udp":
        return UdpWire(local, on_message)
    if transport not in ("tcp", "tls"):
        raise ValueError(f"transport {transport!r} is not udp, tcp or tls")
    context = client_context(ca_file) if transport == "tls" else None
    wire = StreamWire(local[0], on_message, on_lost, context)
    if listen:
        await wire.listen(local[1])
    return wire
