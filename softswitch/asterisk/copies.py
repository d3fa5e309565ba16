"""Hears the copies of SIP messages that the switch sends, and keeps the places of callers that INVITEs enclose.

The copies stand beside the calls: whatever happens here, the switch waits for nothing.  A copy that is lost, or that
comes while nobody hears, costs a place and no call.
"""

from __future__ import annotations

import asyncio
import logging
import socket
from collections import OrderedDict
from collections.abc import Callable, Mapping
from typing import Any

from softswitch.asterisk import hep
from softswitch.asterisk.enclosed import enclosed
from softswitch.setting_values import Address

log = logging.getLogger(__name__)

WAIT_SECONDS = 2.0
"""The copy of an INVITE comes by another way than the call, and may be the later of the two."""
KEPT_SECONDS = 60.0
MOST_KEPT = 200
MOST_A_SECOND = 200
"""INVITEs with a place that are taken apart in a second; a flood of them must not keep calls waiting."""
_READ_AT_ONCE = 32
_BUFFER = 1 << 20
_INVITE = b"INVITE "

Documents = Mapping[str, bytes]
Times = Callable[[], float]


class SipCopies:
    """Listens on an address of this machine. ``start`` and ``close`` it.

    A port that is taken is logged and shown in the status; calls go on without.
    """

    def __init__(self, listen: Address, secret: str, *, clock: Times | None = None) -> None:
        self._listen = listen
        self._secret = secret.encode()
        self._clock = clock
        self._socket: socket.socket | None = None
        self._kept: OrderedDict[str, tuple[float, Documents]] = OrderedDict()
        self._waiting: dict[str, list[asyncio.Future[Documents]]] = {}
        self._second = 0
        self._taken = 0
        self.heard = 0
        self.discarded = 0
        """Packets that are no copies of our switch, and places beyond :data:`MOST_A_SECOND`."""

    def start(self) -> None:
        """Listen, if that can be."""
        self._loop = asyncio.get_running_loop()
        opened = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        try:
            opened.setblocking(False)
            opened.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, _BUFFER)
            opened.bind((self._listen.host, self._listen.port))
        except OSError as error:
            opened.close()
            log.warning("Places in INVITEs are not read: %s port %s (UDP): %s. Set sip_copies.",
                        self._listen.host, self._listen.port, error.strerror or error)  # fmt: skip
            return
        self._socket = opened
        self._loop.add_reader(opened, self._readable)

    async def close(self) -> None:
        """Listen no more."""
        if self._socket is not None:
            self._loop.remove_reader(self._socket)
            self._socket.close()
            self._socket = None

    def state(self) -> Mapping[str, Any]:
        """Return what ``/api/status`` shows."""
        return {
            "ok": self._socket is not None,
            "heard": self.heard,
            "discarded": self.discarded,
        }

    async def of(self, call_id: str) -> Documents:
        """Return the documents that the INVITE with a Call-ID enclosed, once; none when no copy of it comes."""
        kept = self._kept.pop(call_id, None)
        if kept is not None:
            return kept[1]
        coming: asyncio.Future[Documents] = asyncio.get_running_loop().create_future()
        self._waiting.setdefault(call_id, []).append(coming)
        try:
            async with asyncio.timeout(WAIT_SECONDS):
                return await coming
        except TimeoutError:
            return {}
        finally:
            self._waiting[call_id].remove(coming)
            if not self._waiting[call_id]:
                del self._waiting[call_id]

    def take(self, packet: bytes) -> None:
        """Deal with one packet. Whatever is in it, nothing is raised."""
        # Of all that a call sends only one message may tell a place: the others are not taken apart.
        if _INVITE not in packet and packet.startswith(hep.SIGN):
            self.heard += 1
            return
        message = hep.payload(packet, self._secret)
        if message is None:
            self.discarded += 1
            return
        self.heard += 1
        if message.startswith(_INVITE):
            self._invite(message)

    def _invite(self, message: bytes) -> None:
        now = self._now()
        if self._is_too_many(now):
            self.discarded += 1
            return
        found = enclosed(message)
        if found is None:
            return
        self._taken += 1
        for waiting in self._waiting.get(found.call_id, ()):
            if not waiting.done():
                waiting.set_result(found.documents)
        # A gateway that is asked for its password sends its INVITE twice: the later counts.
        self._kept.pop(found.call_id, None)
        self._kept[found.call_id] = (now, found.documents)
        while len(self._kept) > MOST_KEPT or self._oldest() < now - KEPT_SECONDS:
            self._kept.popitem(last=False)

    def _is_too_many(self, now: float) -> bool:
        if int(now) != self._second:
            self._second, self._taken = int(now), 0
        return self._taken >= MOST_A_SECOND

    def _oldest(self) -> float:
        return next(iter(self._kept.values()))[0]

    def _now(self) -> float:
        return self._clock() if self._clock else asyncio.get_running_loop().time()

    def _readable(self) -> None:
        for _ in range(_READ_AT_ONCE):
            if self._socket is None:
                return
            try:
                packet = self._socket.recv(hep.MOST_BYTES)
            except OSError:  # nothing more, or the network's answer to something else
                return
            self.take(packet)
