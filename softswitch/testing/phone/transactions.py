"""Client and server transactions with their timers (RFC 3261 section 17)."""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import Callable

from softswitch.testing.phone.fields import CSeq, Via
from softswitch.testing.phone.message import Headers, Request, Response
from softswitch.testing.phone.wire import Address, Wire

T1 = 0.5
T2 = 4.0

ClientKey = tuple[str, str]
ServerKey = tuple[str, str, str]


def new_branch() -> str:
    return "z9hG4bK" + secrets.token_hex(8)


def make_response(
    request: Request, status: int, reason: str, tag: str | None = None, body: bytes = b""
) -> Response:
    """A response with the fields copied that section 8.2.6.2 names."""
    headers = Headers()
    for name in ("Via", "From", "To", "Call-ID", "CSeq", "Record-Route"):
        for value in request.headers.all(name):
            if name == "To" and tag and status > 100 and request.to.tag is None:
                value = f"{value};tag={tag}"
            headers.add(name, value)
    return Response(status, reason, headers=headers, body=body)


def make_ack(invite: Request, response: Response) -> Request:
    """The ACK of a final response that is no success, inside the transaction (17.1.1.3)."""
    headers = Headers([("Via", invite.headers["Via"])])
    for value in invite.headers.all("Route"):
        headers.add("Route", value)
    headers.add("From", invite.headers["From"])
    headers.add("To", response.headers["To"])
    headers.add("Call-ID", invite.call_id)
    headers.add("CSeq", CSeq(invite.cseq.number, "ACK"))
    headers.add("Max-Forwards", 70)
    return Request("ACK", invite.uri, headers=headers)


def make_cancel(invite: Request) -> Request:
    headers = Headers([("Via", invite.headers["Via"])])
    for name in ("Route", "From", "To", "Call-ID"):
        for value in invite.headers.all(name):
            headers.add(name, value)
    headers.add("CSeq", CSeq(invite.cseq.number, "CANCEL"))
    headers.add("Max-Forwards", 70)
    return Request("CANCEL", invite.uri, headers=headers)


class ClientTransaction:
    def __init__(
        self,
        table: Transactions,
        request: Request,
        remote: Address,
        on_response: Callable[[Response], None],
        on_timeout: Callable[[], None],
    ) -> None:
        self.request = request
        self.remote = remote
        self._table = table
        self._on_response = on_response
        self._on_timeout = on_timeout
        self._loop = asyncio.get_running_loop()
        self._resend: asyncio.TimerHandle | None = None
        self._give_up: asyncio.TimerHandle | None = None
        self._final: Response | None = None
        self.key: ClientKey = (request.via.branch, request.method)

    def start(self) -> None:
        self._table.clients[self.key] = self
        self._give_up = self._loop.call_later(64 * self._table.t1, self._timed_out)
        self._transmit(self._table.t1)

    def _transmit(self, interval: float) -> None:
        self._table.wire.send(self.request.encode(), self.remote)
        if not self._table.wire.reliable:
            after = interval * 2 if self.request.method == "INVITE" else min(interval * 2, T2)
            self._resend = self._loop.call_later(interval, self._transmit, after)

    def stop(self) -> None:
        for timer in (self._resend, self._give_up):
            if timer is not None:
                timer.cancel()

    def receive(self, response: Response) -> None:
        invite = self.request.method == "INVITE"
        if response.status < 200:
            if invite:
                self.stop()
            if self._final is None:
                self._on_response(response)
            return
        self.stop()
        first, self._final = self._final is None, response
        if invite and response.status >= 300:
            self._table.wire.send(make_ack(self.request, response).encode(), self.remote)
        # A success of an INVITE is repeated until its ACK arrives, and each one needs an ACK
        # from the dialog: it goes up every time.
        if first or (invite and response.status < 300):
            self._on_response(response)
        if not invite:
            self._table.clients.pop(self.key, None)
        elif first:
            self._table.linger(self.key)

    def give_up(self) -> None:
        """There will be no answer any more."""
        if self._final is None:
            self._timed_out()

    def _timed_out(self) -> None:
        self.stop()
        self._table.clients.pop(self.key, None)
        self._on_timeout()


class ServerTransaction:
    def __init__(self, table: Transactions, request: Request, source: Address) -> None:
        self.request = request
        self.source = source
        self.on_no_ack: Callable[[], None] | None = None
        self.last: Response | None = None
        self._table = table
        self._loop = asyncio.get_running_loop()
        self._timer: asyncio.TimerHandle | None = None
        self._until = 0.0

    @property
    def answered(self) -> bool:
        return self.last is not None and self.last.status >= 200

    def respond(self, response: Response) -> None:
        self.last = response
        self._table.wire.send(response.encode(), self.source)
        if self.request.method != "INVITE" or response.status < 200:
            return
        # A success is repeated on every transport, as the ACK comes end to end (13.3.1.4).
        if response.status < 300 or not self._table.wire.reliable:
            self._until = self._loop.time() + 64 * self._table.t1
            self._timer = self._loop.call_later(self._table.t1, self._repeat, 2 * self._table.t1)

    def _repeat(self, interval: float) -> None:
        if self._loop.time() >= self._until:
            if self.on_no_ack is not None:
                self.on_no_ack()
            return
        self.resend()
        self._timer = self._loop.call_later(interval, self._repeat, min(2 * interval, T2))

    def resend(self) -> None:
        if self.last is not None:
            self._table.wire.send(self.last.encode(), self.source)

    def stop(self) -> None:
        """The ACK is here."""
        if self._timer is not None:
            self._timer.cancel()


class Transactions:
    """All transactions of a phone. Finished ones are dropped when later ones come, not by timers."""

    _MOST_KEPT = 4096

    def __init__(self, wire: Wire, t1: float = T1) -> None:
        self.wire = wire
        self.t1 = t1
        self.clients: dict[ClientKey, ClientTransaction] = {}
        self.servers: dict[ServerKey, tuple[float, ServerTransaction]] = {}
        self._lingering: dict[ClientKey, float] = {}

    def client(
        self,
        request: Request,
        remote: Address,
        on_response: Callable[[Response], None],
        on_timeout: Callable[[], None],
    ) -> ClientTransaction:
        self._sweep()
        transaction = ClientTransaction(self, request, remote, on_response, on_timeout)
        transaction.start()
        return transaction

    def response(self, response: Response) -> bool:
        """Hand a response to its transaction; False when there is none."""
        transaction = self.clients.get((response.via.branch, response.cseq.method))
        if transaction is None:
            return False
        transaction.receive(response)
        return True

    @staticmethod
    def server_key(via: Via, method: str) -> ServerKey:
        return via.branch, f"{via.host}:{via.port}", method

    def server(self, request: Request, source: Address) -> tuple[ServerTransaction, bool]:
        """The transaction of a request, and whether it is new."""
        key = self.server_key(request.via, request.method)
        if key in self.servers:
            return self.servers[key][1], False
        self._sweep()
        transaction = ServerTransaction(self, request, source)
        self.servers[key] = (asyncio.get_running_loop().time(), transaction)
        return transaction, True

    def invite_of(self, request: Request) -> ServerTransaction | None:
        """The INVITE that an ACK or CANCEL with the same branch belongs to."""
        found = self.servers.get(self.server_key(request.via, "INVITE"))
        return found[1] if found else None

    def invites(self, call_id: str, number: int) -> list[ServerTransaction]:
        """The INVITEs of a dialog that an ACK with this number may belong to."""
        found = (t for _, t in self.servers.values() if t.request.method == "INVITE")
        return [
            t for t in found if t.request.call_id == call_id and t.request.cseq.number == number
        ]

    def linger(self, key: ClientKey) -> None:
        self._lingering[key] = asyncio.get_running_loop().time()

    def _sweep(self) -> None:
        old = asyncio.get_running_loop().time() - 64 * self.t1
        for key, since in list(self._lingering.items()):
            if since > old and len(self._lingering) < self._MOST_KEPT:
                break
            del self._lingering[key]
            self.clients.pop(key, None)
        for server_key, (since, transaction) in list(self.servers.items()):
            if since > old and len(self.servers) < self._MOST_KEPT:
                break
            if transaction.request.method == "INVITE" and not transaction.answered:
                continue  # it may ring for minutes
            transaction.stop()
            del self.servers[server_key]

    def give_up(self) -> None:
        for client in list(self.clients.values()):
            client.give_up()

    def close(self) -> None:
        for client in self.clients.values():
            client.stop()
        for _, server in self.servers.values():
            server.stop()
        self.clients.clear()
        self.servers.clear()
