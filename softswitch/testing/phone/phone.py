"""The phone itself: one SIP address with its calls (RFC 3261)."""

from __future__ import annotations

import asyncio
import collections
import contextlib
from collections.abc import AsyncIterator, Callable, Coroutine, Sequence
from typing import Any

from softswitch.testing.patience import PARTING, PATIENCE
from softswitch.testing.phone.call import Call, headers_from
from softswitch.testing.phone.dialog import Dialog
from softswitch.testing.phone.dispatch import dispatch
from softswitch.testing.phone.errors import PhoneError
from softswitch.testing.phone.fields import CSeq, NameAddr, Uri
from softswitch.testing.phone.incoming import Extra, IncomingCall
from softswitch.testing.phone.message import Request, Response
from softswitch.testing.phone.outgoing import OutgoingCall
from softswitch.testing.phone.registration import Registration
from softswitch.testing.phone.requests import Requests
from softswitch.testing.phone.sounding import Sound
from softswitch.testing.phone.transactions import (
    Transactions,
)
from softswitch.testing.phone.watch import Watch
from softswitch.testing.phone.wire import Address, open_wire


class Phone(Requests):
    """Made by `Phone.open` (no registrar) or `Phone.register`, both async context managers."""

    def __init__(self, user: str, server: Address | None, transport: str) -> None:
        self.user = user
        self.server = server
        self.transport = transport
        self.username = user
        self.password = ""
        self.display = ""
        self.sound: Sound = None
        self.srtp = False
        self.codecs: tuple[str, ...] = ("PCMU", "PCMA")
        self.rings = True
        self.auto_answer: bool | None = None
        self.max_calls: int | None = None
        self.calls: list[Call] = []
        self.messages: list[Request] = []
        self.bad_messages: list[tuple[bytes, str]] = []
        self.trace: collections.deque[str] = collections.deque(maxlen=200)
        self.lose_incoming: Callable[[bytes], bool] | None = None
        self.registration: Registration | None = None
        self.watch = Watch()
        self.arrived: collections.deque[IncomingCall] = collections.deque()
        self._tasks: set[asyncio.Task[None]] = set()
        self._closing = False

    @classmethod
    @contextlib.asynccontextmanager
    async def open(
        cls,
        user: str = "phone",
        *,
        server: Address | None = None,
        username: str | None = None,
        password: str = "",
        display: str = "",
        transport: str = "udp",
        local: Address = ("127.0.0.1", 0),
        tone: Sound = None,
        codecs: Sequence[str] = ("PCMU", "PCMA"),
        srtp: bool | None = None,
        rings: bool = True,
        auto_answer: bool | None = None,
        max_calls: int | None = None,
        ca_file: str | None = None,
        t1: float = 0.5,
    ) -> AsyncIterator[Phone]:
        """A phone that can call and be called.

        `rings` sends 180 by itself; `auto_answer` None obeys the headers of the INVITE, True
        answers every call, False none. SRTP is on where the transport is TLS.
        """
        phone = cls(user, server, transport)
        phone.username, phone.password, phone.display = username or user, password, display
        phone.sound, phone.codecs = tone, tuple(codecs)
        phone.srtp = transport == "tls" if srtp is None else srtp
        phone.rings, phone.auto_answer, phone.max_calls = rings, auto_answer, max_calls
        phone.wire = await open_wire(
            transport, local, phone._on_bytes, phone._on_lost, listen=server is None,
            ca_file=ca_file,
        )  # fmt: skip
        phone.transactions = Transactions(phone.wire, t1)
        try:
            if server is not None:
                await phone.wire.connect(server)
            yield phone
        finally:
            await phone.close()

    @classmethod
    @contextlib.asynccontextmanager
    async def register(
        cls, server: Address, user: str, password: str, *, expires: int = 300, **options: Any
    ) -> AsyncIterator[Phone]:
        """The same, registered. The options are those of `open`."""
        async with cls.open(user, server=server, password=password, **options) as phone:
            phone.registration = Registration(phone, expires)
            await phone.registration.register()
            yield phone

    @property
    def uri(self) -> str:
        """Where this phone can be dialled directly, without a server."""
        return str(Uri(self.user, *self.address, params=self.transport_param()))

    @property
    def aor(self) -> Uri:
        return Uri(self.user, *(self.server or self.address))

    def uri_of(self, target: str) -> Uri:
        if ":" in target:
            return Uri.parse(target)
        if self.server is None:
            raise PhoneError(f"{self.user} has no server: dial {target!r} as a whole sip: URI")
        return Uri(target, *self.server, params=self.transport_param())

    async def dial(
        self,
        target: str,
        *,
        headers: Extra = None,
        sound: Sound = None,
        caller: str | None = None,
        display: str | None = None,
        codecs: Sequence[str] | None = None,
    ) -> OutgoingCall:
        """Send an INVITE. `caller` is another number in From, for accounts that may tell one."""
        uri = self.uri_of(target)
        me = Uri(caller or self.user, self.aor.host, self.aor.port)
        name = self.display if display is None else display
        local = NameAddr(me, name, {"tag": self.new_tag()})
        dialog = Dialog(self.new_call_id(), local, NameAddr(uri), uri)
        remote = self.next_hop(uri)
        await self.wire.connect(remote)
        what = self.sound if sound is None else sound
        call = OutgoingCall(self, dialog, remote, what, tuple(codecs) if codecs else None)
        call.start(headers_from(headers))
        return call

    async def incoming(self, timeout: float = PATIENCE) -> IncomingCall:
        """The next call that comes in, or came in and was not asked for yet."""

        def next_call() -> IncomingCall | None:
            return self.arrived.popleft() if self.arrived else None

        return await self.watch.until(
            next_call, timeout, lambda: f"{self.user} should be called; seen: {self.seen()}"
        )

    async def message(self, target: str, text: str) -> Response:
        """An instant message (RFC 3428)."""
        uri = self.uri_of(target)
        remote = self.next_hop(uri)
        await self.wire.connect(remote)
        local = NameAddr(self.aor, self.display, {"tag": self.new_tag()})
        cseq = CSeq(1, "MESSAGE")
        request = self.new_request(
            "MESSAGE", uri, local, NameAddr(uri), self.new_call_id(), cseq, remote
        )
        request.headers.add("Content-Type", "text/plain;charset=utf-8")
        request.body = text.encode()
        return await self.transact(request, remote, lambda: 2)

    async def gets_message(self, timeout: float = PATIENCE) -> str:
        found = await self.watch.until(
            lambda: self.messages.pop(0) if self.messages else None,
            timeout,
            lambda: f"{self.user} should get a message; seen: {self.seen()}",
        )
        return found.body.decode()

    def send_raw(self, data: bytes, remote: Address | None = None) -> None:
        """Any bytes on the wire, for what no phone would say."""
        where = remote or self.server
        if where is None:
            raise PhoneError("send_raw without a server needs an address")
        self.wire.send(data, where)

    def seen(self) -> str:
        return ", ".join(list(self.trace)[-12:]) or "nothing"

    async def close(self) -> None:
        """Hang up, unregister, and leave nothing behind."""
        self._closing = True
        for call in list(self.calls):
            with contextlib.suppress(PhoneError):
                await call.hangup(timeout=PARTING)
            call.finish(False, text="the phone was closed")
        if self.registration is not None:
            if self.server is not None:
                self.wire.part_from(self.server, self.transactions.give_up)
            with contextlib.suppress(PhoneError):
                await self.registration.unregister()
            self.registration.stop()
        for task in list(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        self.transactions.close()
        await self.wire.close()

    # What the protocol code calls.

    def spawn(self, work: Coroutine[Any, Any, None]) -> None:
        """Background work that ends with the phone."""
        if self._closing:
            work.close()
            return
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    def note_message(self, request: Request) -> None:
        if request.method == "MESSAGE":
            self.messages.append(request)
            self.watch.notify()

    def _on_bytes(self, data: bytes, source: Address) -> None:
        if self.lose_incoming is None or not self.lose_incoming(data):
            dispatch(self, data, source)

    def _on_lost(self, remote: Address) -> None:
        if remote == self.server and not self._closing and self.registration is not None:
            self.registration.restore()
