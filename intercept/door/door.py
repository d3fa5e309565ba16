"""The socket of the door, and what it counts.

It has no queue: what cannot be sent at once is dropped, and SIP over UDP sends it again.  When the process dies nothing
is lost but what was on its way in that instant: all that later messages need is in the messages themselves.
"""

from __future__ import annotations

import asyncio
import contextlib
import errno
import logging
import socket
import time
from collections import Counter, OrderedDict
from collections.abc import Callable, Mapping
from typing import Any

from intercept.door import relay, rules
from intercept.door.message import Drop, Malformed, Message, parse
from intercept.door.places import Places
from intercept.door.relay import Sent
from intercept.door.via import Place, is_address
from softswitch.errors import Refusal, invalid, unavailable
from softswitch.setting_values import Address

log = logging.getLogger(__name__)

_READ_AT_ONCE = 16
LONGEST_IN_A_SECOND = 0.25
"""Seconds of work, about a hundred calls; a flood here must not keep the rest of the server from its own."""

_LOGINS_KEPT = 1_024
_DATAGRAM = 65_536

MayTry = Callable[[str | None, str], bool]
Failed = Callable[[str, str], None]


class Door:
    """Listens beside the switch. ``start`` and ``close`` it; several may run on different ports.

    ``may_try`` tells whether an account may authenticate from an address (None: whether the address may speak at all);
    ``failed`` hears of wrong passwords, because the switch sees them all come from the door.
    """

    def __init__(self, listen: Address, switch: Address) -> None:
        self._listen = listen
        self._switch = switch
        self.may_try: MayTry = lambda _account, _host: True
        self.failed: Failed = lambda _account, _host: None
        self._socket: socket.socket | None = None
        self._logins: OrderedDict[str, tuple[str, ...]] = OrderedDict()
        self._second = 0
        self._worked = 0.0
        self.requests = 0
        self.refused: Counter[int] = Counter()
        self.dropped: Counter[Drop] = Counter()

    def start(self) -> None:
        """Listen. Raises the :class:`Refusal` ``bad_configuration``, ``port_in_use`` or ``cannot_listen``."""
        self._loop = asyncio.get_running_loop()
        for address in (self._listen, self._switch):
            if not is_address(address.host):
                raise _no_address(address)
        opened = _bound(self._listen)
        self._socket = opened
        port = int(opened.getsockname()[1])
        self.places = Places((self._listen.host, port), (self._switch.host, self._switch.port))
        self._loop.add_reader(opened, self._readable)

    def close(self) -> None:
        """Stop listening."""
        if self._socket is not None:
            self._loop.remove_reader(self._socket)
            self._socket.close()
            self._socket = None

    def is_own(self, host: str) -> bool:
        """Tell whether the switch sees what comes through the door at this address."""
        return self._socket is not None and self.places.is_own(host)

    def state(self) -> Mapping[str, Any]:
        """Return what ``/api/status`` shows."""
        open_ = self._socket is not None
        return {
            "ok": open_,
            "address": "{}:{}".format(*self.places.door) if open_ else "",
            "requests": self.requests,
            "refused": self.refused.total(),
            "discarded": self.dropped.total(),
        }

    def _readable(self) -> None:
        for _ in range(_READ_AT_ONCE):
            if self._socket is None:
                return
            try:
                data, source = self._socket.recvfrom(_DATAGRAM)
            except BlockingIOError:
                return
            except OSError:  # the network's answer to something sent before
                continue
            if data.strip(b"\r\n\x00"):  # else it keeps a NAT open and says nothing
                self.take(data, source)

    def take(self, data: bytes, source: Place) -> None:
        """Deal with one datagram. Whatever is in it, nothing is raised."""
        began = time.thread_time()
        try:
            self._check_load()
            sent = self._turned(parse(data), source)
            if sent is not None:
                self._send(sent)
        except Malformed as error:
            self.dropped[error.reason] += 1
        except Exception:
            self.dropped[Drop.FAILED] += 1
            if self.dropped[Drop.FAILED] == 1:  # once: anybody could fill the log with it
                log.exception("The precedence door failed on a message.")
        finally:
            self._worked += time.thread_time() - began

    def _turned(self, message: Message, source: Place) -> Sent | None:
        from_switch = self.places.is_switch(source)
        if message.status:
            return self._response(message, source, from_switch)
        if from_switch:
            return self._request_out(message, source)
        return self._request_in(message, source)

    def _request_in(self, request: Message, source: Place) -> Sent | None:
        accounts = rules.accounts_of(request)
        if not all(self.may_try(account, source[0]) for account in (None, *accounts)):
            raise Malformed(Drop.LOCKED_OUT)
        door, switch = self.places.facing(source[0]), self.places.switch_for(source[0])
        sent = relay.request_in(request, source, door, switch)
        if sent is None:
            return None
        self.requests += 1
        if sent.answer is not None:
            self.refused[sent.answer.status] += 1
        elif accounts:
            self._remember(sent.branch, accounts)
        return sent

    def _request_out(self, request: Message, source: Place) -> Sent:
        self.requests += 1
        # The switch speaks from the address at which the phone reached us.
        return relay.request_out(request, source, self.places.facing(source[0]))

    def _response(self, response: Message, source: Place, from_switch: bool) -> Sent:
        port = self.places.door[1]
        if not from_switch:
            sent = relay.response_in(response, source, port)
            if not self.places.is_switch(sent.to):
                raise Malformed(Drop.FOREIGN_RESPONSE)
            return sent
        sent = relay.response_out(response, port)
        if response.status >= 200:
            accounts = self._logins.pop(sent.branch, ())
            for account in accounts if relay.failed_login(response) else ():
                self.failed(account, sent.to[0])
        return sent

    def _remember(self, branch: str, accounts: tuple[str, ...]) -> None:
        self._logins[branch] = accounts
        if len(self._logins) > _LOGINS_KEPT:
            self._logins.popitem(last=False)

    def _send(self, sent: Sent) -> None:
        assert self._socket is not None
        try:
            self._socket.sendto(sent.message.encode(), sent.to)
        except OSError as error:
            busy = error.errno in {errno.EAGAIN, errno.ENOBUFS}
            raise Malformed(Drop.BUSY if busy else Drop.UNREACHABLE) from error

    def _check_load(self) -> None:
        second = int(self._loop.time())
        if second != self._second:
            self._second, self._worked = second, 0.0
        if self._worked > LONGEST_IN_A_SECOND:
            raise Malformed(Drop.TOO_MANY)


def _bound(listen: Address) -> socket.socket:
    opened = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    try:
        opened.setblocking(False)
        with contextlib.suppress(OSError):
            opened.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1 << 20)
        opened.bind((listen.host, listen.port))
    except OSError as error:
        opened.close()
        raise _cannot_listen(listen, error) from error
    return opened


def _no_address(address: Address) -> Refusal:
    return invalid(
        "bad_configuration",
        f"The precedence door needs IPv4 addresses, and {address.host[:60]} is none.",
        "Set precedence_door and sip with addresses, for example 0.0.0.0:5080.",
        field="precedence_door",
    )


def _cannot_listen(listen: Address, error: OSError) -> Refusal:
    if error.errno == errno.EADDRINUSE:
        return unavailable(
            "port_in_use",
            f"Another program listens on {listen} (UDP) already.",
            "End it, or give another port with --precedence-door PORT.",
        )
    return unavailable(
        "cannot_listen",
        f"The precedence door cannot listen on {listen}: {error.strerror or error}.",
        "Give an address of this machine and a port from 1024 with --precedence-door HOST:PORT.",
    )
