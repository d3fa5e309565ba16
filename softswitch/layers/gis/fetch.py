"""A location by reference (RFC 6753): the INVITE names an address, and we ask there. Strangers name addresses.

So: only servers on the list, only HTTP and HTTPS, only addresses of the public network unless the list names the very
address, the connection goes to the address that was checked, no redirects, one time limit for all of it, and an
answer of at most 64 KiB.  A name is looked up once, so that a second answer cannot lead elsewhere.
"""

from __future__ import annotations

import asyncio
import ipaddress
import socket
from collections.abc import Awaitable, Callable, Collection
from dataclasses import dataclass
from urllib.parse import urlsplit

from softswitch import numbers
from softswitch.errors import Refusal, forbidden, unavailable

SECONDS = 4.0
_PORTS = {"https": 443, "http": 80}
_LONGEST = 2_000

Resolve = Callable[[str, int], Awaitable[list[str]]]


@dataclass(frozen=True, slots=True)
class _Target:
    scheme: str
    host: str
    port: int
    path: str
    named: bool
    """The list names this very address, so it may be a private one."""

    def url(self, address: str) -> str:
        host = f"[{address}]" if ":" in address else address
        return f"{self.scheme}://{host}:{self.port}{self.path}"


async def resolve(host: str, port: int) -> list[str]:
    """Return the addresses of a name."""
    loop = asyncio.get_running_loop()
    found = await loop.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return [str(entry[4][0]) for entry in found]


class Fetcher:
    """Asks location servers. ``servers`` are ``host`` or ``host:port``; none: no reference is ever followed."""

    def __init__(
        self, servers: Collection[str], *, resolve: Resolve = resolve, seconds: float = SECONDS
    ) -> None:
        self._servers = frozenset(server.lower() for server in servers)
        self._resolve = resolve
        self._seconds = seconds

    async def fetch(self, uri: str) -> bytes:
        """Return the document behind a location URI.

        Refuses ``reference_not_allowed`` for an address that is not asked and ``reference_failed`` for one that
        does not answer as it should.
        """
        target = self._target(uri)
        # It takes a tenth of a second to load, which neither calls nor a start should wait for.
        get = await asyncio.to_thread(_get)
        try:
            async with asyncio.timeout(self._seconds):
                address = await self._checked_address(target)
                return await get(target.url(address), target.host, target.port)
        except TimeoutError as error:
            raise _failed(target, f"no answer in {self._seconds:g} s") from error
        except (OSError, UnicodeError) as error:
            raise _failed(target, str(error)[:100] or type(error).__name__) from error

    def _target(self, uri: str) -> _Target:
        if len(uri) > _LONGEST or not uri.isascii() or not uri.isprintable() or " " in uri:
            raise _not_allowed(uri, "it is no URI")
        try:
            parts = urlsplit(uri)
            host, given = (parts.hostname or "").lower(), parts.port
        except ValueError as error:
            raise _not_allowed(uri, "it is no URI") from error
        if parts.scheme not in _PORTS:
            raise _not_allowed(uri, "only http and https are asked")
        if parts.username is not None or parts.password is not None:
            raise _not_allowed(uri, "it carries a password")
        port = given or _PORTS[parts.scheme]
        wanted = {f"{host}:{port}"}
        if port == _PORTS[parts.scheme]:
            wanted.add(host)
        if not host or not wanted & self._servers:
            raise _not_allowed(uri, "its server is not in location_servers")
        path = parts.path or "/"
        return _Target(
            parts.scheme,
            host,
            port,
            f"{path}?{parts.query}" if parts.query else path,
            _address(host) is not None,
        )

    async def _checked_address(self, target: _Target) -> str:
        if target.named:
            return target.host
        addresses = await self._resolve(target.host, target.port)
        for text in addresses:
            address = _address(text)
            if address is None or not address.is_global or address.is_multicast:
                raise _not_allowed(target.host, f"its address {text} is not public")
        if not addresses:
            raise _failed(target, "its name has no address")
        return addresses[0]


def _get() -> Callable[[str, str, int], Awaitable[bytes]]:
    from softswitch.layers.gis.ask import get

    return get


def _address(text: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    try:
        return ipaddress.ip_address(text)
    except ValueError:
        return None


def _not_allowed(uri: str, why: str) -> Refusal:
    return forbidden(
        "reference_not_allowed",
        f"The location at {numbers.quoted(uri, 80)} is not asked for: {why}.",
        "Set the place by hand; an operator may add the server to location_servers.",
    )


def _failed(target: _Target, why: str) -> Refusal:
    return unavailable(
        "reference_failed",
        f"The location server {target.host} did not tell the place: {why}.",
        "Set the place by hand.",
    )
