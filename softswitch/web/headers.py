"""Security headers on every answer, and the hosts that we answer for."""

from __future__ import annotations

import ipaddress
import re
import socket
from collections.abc import Iterable

_HOST = re.compile(r"(?P<name>\[[0-9a-fA-F:.]+\]|[A-Za-z0-9._-]+)(?::\d{1,5})?")
_SERVER = re.compile(r"https?://[A-Za-z0-9.:\[\]{}-]+")
_DOMAIN = re.compile(r"[A-Za-z0-9.-]+")

FIXED: tuple[tuple[bytes, bytes], ...] = (
    (b"x-content-type-options", b"nosniff"),
    (b"x-frame-options", b"DENY"),
    (b"referrer-policy", b"no-referrer"),
    (b"cross-origin-opener-policy", b"same-origin"),
    (b"cross-origin-resource-policy", b"same-origin"),
    (b"permissions-policy", b"microphone=(self), camera=(), geolocation=()"),
)


def content_security_policy(host: str, images: str = "") -> bytes:
    """Return the policy for a page asked under ``host`` (W3C CSP 3).

    It fits a Vite build with Element Plus (styles set by script) and lets the browser phone reach the
    switch, which listens on another port of the same host.  ``images`` are further sources of images.
    """
    name = name_of(host)
    if name is not None and _DOMAIN.fullmatch(name):
        sockets = f"ws://{name}:* wss://{name}:*"
    else:
        sockets = "ws: wss:"  # CSP has no way to write an IPv6 address
    return (
        "default-src 'self'; script-src 'self'; style-src 'self' 'unsafe-inline'; "
        f"img-src 'self' data: blob:{images}; "
        "media-src 'self' data: blob:; font-src 'self' data:; "
        f"worker-src 'self' blob:; connect-src 'self' {sockets}; object-src 'none'; "
        "base-uri 'none'; form-action 'self'; frame-ancestors 'none'"
    ).encode()


def image_sources(urls: Iterable[str]) -> str:
    """Return the servers of some URLs as sources for the policy; ``{a-c}`` in a name stands for any."""
    found = [match.group() for url in urls if (match := _SERVER.match(url))]
    sources = dict.fromkeys(re.sub(r"^(https?://)[^.]*\{[^.]*\}", r"\1*", each) for each in found)
    return "".join(f" {source}" for source in sources)


class Hosts:
    """The names under which the server may be asked.

    Any address is fine; a name must be known, or another site could point its own name at us and read
    our pages as its own (DNS rebinding).
    """

    def __init__(self, names: Iterable[str] = ()) -> None:
        own = {"localhost", socket.gethostname().lower()}
        self._names = own | {name.lower() for name in names}

    def allows(self, host: str) -> bool:
        """Return whether the header ``Host`` names us; an absent one is refused (RFC 9112 section 3.2)."""
        name = name_of(host)
        return name is not None and (name in self._names or _is_address(name))


def name_of(host: str) -> str | None:
    """Return the name or address in ``Host``, without port and brackets; None when it cannot be read."""
    match = _HOST.fullmatch(host)
    return match["name"].strip("[]").lower() if match else None


def _is_address(name: str) -> bool:
    try:
        ipaddress.ip_address(name)
    except ValueError:
        return False
    return True
