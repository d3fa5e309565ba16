"""Keeping a phone registered (RFC 3261 section 10)."""

from __future__ import annotations

import asyncio
import re
from typing import TYPE_CHECKING

from softswitch.testing.patience import PARTING, PATIENCE
from softswitch.testing.phone.errors import NotReached, ParseError, RegistrationFailed
from softswitch.testing.phone.fields import CSeq, NameAddr, Uri
from softswitch.testing.phone.message import Response

if TYPE_CHECKING:
    from softswitch.testing.phone.phone import Phone

RETRY = 0.5


class Registration:
    def __init__(self, phone: Phone, expires: int) -> None:
        self.expires = expires
        self.active = False
        self.count = 0
        self._phone = phone
        self._call_id = phone.new_call_id()
        self._tag = phone.new_tag()
        self._sequence = 0
        self._refresh: asyncio.TimerHandle | None = None

    async def register(self, timeout: float = PATIENCE) -> None:
        response = await self._send(self.expires, timeout)
        if response.status >= 300:
            self.active = False
            text = f"{self._phone.user}: REGISTER got {response.status} {response.reason}"
            raise RegistrationFailed(response.status, text)
        self.active = True
        self.count += 1
        self._phone.watch.notify()
        self._plan(self._granted(response) * 0.8)

    async def unregister(self, timeout: float = PARTING) -> None:
        self.stop()
        if self.active:
            self.active = False
            await self._send(0, timeout)

    def stop(self) -> None:
        if self._refresh is not None:
            self._refresh.cancel()

    def restore(self) -> None:
        """The connection is gone: register anew, again and again."""
        self.active = False
        self._plan(RETRY)

    def _plan(self, delay: float) -> None:
        self.stop()
        loop = asyncio.get_running_loop()
        self._refresh = loop.call_later(delay, lambda: self._phone.spawn(self._again()))

    async def _again(self) -> None:
        try:
            await self.register()
        except (RegistrationFailed, NotReached):
            self.active = False
            self._plan(RETRY)

    def _granted(self, response: Response) -> int:
        """What the registrar gave us: by our Contact, or by the Expires header (10.2.4)."""
        host, port = self._phone.address
        for value in response.headers.listed("Contact"):
            try:
                contact = NameAddr.parse(value)
            except ParseError:
                continue
            found = contact.params.get("expires") or ""
            if (contact.uri.host, contact.uri.port) == (host, port) and found.isdecimal():
                return int(found)
        text = response.headers.get("Expires") or ""
        return int(text) if re.fullmatch(r"[0-9]{1,9}", text) else self.expires

    async def _send(self, expires: int, timeout: float) -> Response:
        phone = self._phone
        assert phone.server is not None
        await phone.wire.connect(phone.server)
        who = NameAddr(phone.aor, phone.display)
        registrar = Uri("", phone.aor.host, phone.aor.port, phone.aor.scheme)
        self._sequence += 1
        request = phone.new_request(
            "REGISTER",
            registrar,
            NameAddr(who.uri, who.name, {"tag": self._tag}),
            NameAddr(who.uri),
            self._call_id,
            CSeq(self._sequence, "REGISTER"),
            phone.server,
        )
        request.headers.add("Expires", expires)
        return await phone.transact(request, phone.server, self._next, timeout)

    def _next(self) -> int:
        self._sequence += 1
        return self._sequence
