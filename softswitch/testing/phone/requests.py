"""How a phone makes its requests and responses, and gets through a challenge (RFC 3261 section 8)."""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import Callable, Sequence

from softswitch.testing.patience import PATIENCE
from softswitch.testing.phone import digest
from softswitch.testing.phone.dispatch import SUPPORTED
from softswitch.testing.phone.errors import NotReached
from softswitch.testing.phone.fields import CSeq, NameAddr, Params, Uri, Via
from softswitch.testing.phone.message import Headers, Request, Response
from softswitch.testing.phone.transactions import (
    ServerTransaction,
    Transactions,
    make_response,
    new_branch,
)
from softswitch.testing.phone.wire import Address, Wire, is_address

ALLOW = "INVITE, ACK, CANCEL, BYE, OPTIONS, INFO, UPDATE, REFER, NOTIFY, MESSAGE"


class Requests:
    """The part of a phone that knows its address and its account."""

    wire: Wire
    transactions: Transactions
    user: str
    server: Address | None
    transport: str
    username: str
    password: str

    @property
    def address(self) -> Address:
        return self.wire.local(self.server)

    def transport_param(self) -> Params:
        return {} if self.transport == "udp" else {"transport": self.transport}

    def new_tag(self) -> str:
        return secrets.token_hex(6)

    def new_call_id(self) -> str:
        return f"{secrets.token_hex(10)}@{self.address[0]}"

    def via(self, remote: Address, branch: str) -> Via:
        host, port = self.wire.local(remote)
        return Via(self.wire.name, host, port, {"rport": None, "branch": branch})

    def next_hop(self, uri: Uri, routes: Sequence[str] = ()) -> Address:
        if routes:
            uri = NameAddr.parse(routes[0]).uri
        if not is_address(uri.host):
            if self.server is None:
                raise NotReached(f"{uri}: this phone dials addresses, it looks up no names")
            return self.server
        default = 5061 if self.transport == "tls" else 5060
        return uri.host.strip("[]"), uri.port or default

    def new_request(
        self,
        method: str,
        uri: Uri,
        local: NameAddr,
        to: NameAddr,
        call_id: str,
        cseq: CSeq,
        remote: Address,
        routes: Sequence[str] = (),
    ) -> Request:
        headers = Headers([("Via", str(self.via(remote, new_branch()))), ("Max-Forwards", "70")])
        for route in routes:
            headers.add("Route", route)
        headers.add("From", local)
        headers.add("To", to)
        headers.add("Call-ID", call_id)
        headers.add("CSeq", cseq)
        headers.add("Contact", self.contact(remote))
        headers.add("Allow", ALLOW)
        headers.add("Supported", ", ".join(SUPPORTED))
        headers.add("User-Agent", "softswitch test phone")
        return Request(method, str(uri), headers=headers)

    def contact(self, remote: Address) -> NameAddr:
        return NameAddr(Uri(self.user, *self.wire.local(remote), params=self.transport_param()))

    def response(
        self, transaction: ServerTransaction, status: int, reason: str, tag: str | None = None
    ) -> Response:
        response = make_response(transaction.request, status, reason, tag or self.new_tag())
        if status < 300:
            response.headers.add("Contact", self.contact(transaction.source))
            response.headers.add("Allow", ALLOW)
            response.headers.add("Supported", ", ".join(SUPPORTED))
        return response

    def authorize(self, request: Request, response: Response) -> None:
        """Put the answer to a challenge into a request."""
        proxy = response.status == 407
        asked = "Proxy-Authenticate" if proxy else "WWW-Authenticate"
        challenge = digest.choose(response.headers.all(asked))
        value = digest.credentials(
            challenge, request.method, request.uri, self.username, self.password
        )
        request.headers.set("Proxy-Authorization" if proxy else "Authorization", value)

    async def transact(
        self,
        request: Request,
        remote: Address,
        next_sequence: Callable[[], int],
        timeout: float = PATIENCE,
    ) -> Response:
        """Send a request and wait for its final response, through a challenge if one comes."""
        for attempt in (1, 2):
            future: asyncio.Future[Response] = asyncio.get_running_loop().create_future()

            def done(response: Response, future: asyncio.Future[Response] = future) -> None:
                if response.status >= 200 and not future.done():
                    future.set_result(response)

            def nothing(future: asyncio.Future[Response] = future) -> None:
                if not future.done():
                    future.set_exception(NotReached(f"{self.user}: no response"))

            await self.wire.connect(remote)
            transaction = self.transactions.client(request, remote, done, nothing)
            try:
                async with asyncio.timeout(timeout):
                    response = await future
            except TimeoutError:
                transaction.stop()
                text = f"{self.user}: no response to {request.method} in {timeout:g} s"
                raise NotReached(text) from None
            challenged = response.status in (401, 407) and bool(self.password)
            if not challenged or attempt == 2:
                return response
            self.authorize(request, response)
            request.headers.set("Via", self.via(remote, new_branch()))
            request.headers.set("CSeq", CSeq(next_sequence(), request.method))
        raise AssertionError("unreachable")
