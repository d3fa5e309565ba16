"""A call as a test sees it: its states with their times, its commands, its end."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, TypeVar

from softswitch.testing.patience import PATIENCE
from softswitch.testing.phone import session, transfer
from softswitch.testing.phone.dialog import Dialog
from softswitch.testing.phone.errors import (
    CallEndedEarly,
    PhoneError,
    RequestRefused,
    WaitTimeout,
)
from softswitch.testing.phone.fields import CSeq, NameAddr, Reason
from softswitch.testing.phone.media import Media
from softswitch.testing.phone.message import Message, Request, Response
from softswitch.testing.phone.negotiate import Local, new_key
from softswitch.testing.phone.sounding import Sound, Sounding
from softswitch.testing.phone.sources import as_source
from softswitch.testing.phone.states import Ended, State, Times
from softswitch.testing.phone.watch import Watch
from softswitch.testing.phone.wire import Address

if TYPE_CHECKING:
    from softswitch.testing.phone.phone import Phone

T = TypeVar("T")


class Call(Sounding):
    outgoing = True

    def __init__(
        self,
        phone: Phone,
        dialog: Dialog,
        remote: Address,
        sound: Sound = None,
        codecs: tuple[str, ...] | None = None,
    ) -> None:
        self.phone = phone
        self.dialog = dialog
        self.remote = remote
        self.state = State.CALLING
        self.times = Times(invited=asyncio.get_running_loop().time())
        self.end: Ended | None = None
        self.invite: Request | None = None
        self.history: list[str] = []
        self.provisionals: list[int] = []
        self.remote_hold = False
        self.reinviting = False
        self.remote_identity: NameAddr | None = None
        self.transfer_progress = transfer.Progress()
        self.replaced_by: Call | None = None
        self.transferred_to: Call | None = None
        self.watch = Watch()
        host = phone.address[0]
        self.media = Media(host, str(self), as_source(sound))
        key = new_key() if phone.srtp else None
        self.local = Local(host, self.media.port, codecs or phone.codecs, key=key)
        self._ack: bytes | None = None
        phone.calls.append(self)

    def __str__(self) -> str:
        arrow = "→" if self.outgoing else "←"
        return f"{self.phone.user} {arrow} {self.dialog.remote.uri.user or self.dialog.remote.uri}"

    # States to wait for. Each gives the moment it came.

    async def ringing(self, timeout: float = PATIENCE) -> float:
        return await self.until(lambda: self.times.ringing, "ring", timeout)

    async def early(self, timeout: float = PATIENCE) -> float:
        return await self.until(lambda: self.times.early, "have early media", timeout)

    async def answered(self, timeout: float = PATIENCE) -> float:
        return await self.until(lambda: self.times.answered, "be answered", timeout)

    async def confirmed(self, timeout: float = PATIENCE) -> float:
        """Answered and acknowledged."""
        return await self.until(lambda: self.times.confirmed, "be confirmed", timeout)

    async def acknowledged(self, timeout: float = PATIENCE) -> None:
        """Wait for the ACK of an answer, or its time-out: no BYE and no offer before it (RFC 3261, 14.1 and 15)."""
        if self.end is None and self.state is State.ANSWERED:
            with contextlib.suppress(CallEndedEarly, WaitTimeout):
                await self.confirmed(timeout)

    async def held(self, timeout: float = PATIENCE) -> None:
        await self.until(lambda: self.remote_hold, "be held", timeout)

    async def resumed(self, timeout: float = PATIENCE) -> None:
        await self.until(lambda: not self.remote_hold, "be resumed", timeout)

    async def ended(self, timeout: float = PATIENCE) -> Ended:
        return await self.watch.until(lambda: self.end, timeout, lambda: self.describe("end"))

    async def until(
        self, value: Callable[[], T | None], wanted: str, timeout: float = PATIENCE
    ) -> T:
        """Wait for anything that `value` reads off this call; its end ends the wait."""

        def predicate() -> T | None:
            found = value()
            if self.end is not None and (found is None or found is False):
                raise CallEndedEarly(self.describe(wanted))
            return found

        return await self.watch.until(predicate, timeout, lambda: self.describe(wanted))

    def describe(self, wanted: str) -> str:
        seen = ", ".join(self.history) or "nothing"
        return f"{self} should {wanted}; it is {self.state.value}, seen: {seen}"

    # Commands.

    async def hangup(self, reason: Reason | str | None = None, timeout: float = PATIENCE) -> Ended:
        """BYE, CANCEL or a refusal, whatever fits the state."""
        await self.acknowledged(timeout)
        if self.end is None and self.state is State.ANSWERED:
            request = self.request("BYE")
            if reason is not None:
                request.headers.add("Reason", reason)
            self.finish(False, text="hung up here")
            await self.phone.transact(request, self.remote, self.dialog.next_sequence, timeout)
        elif self.end is None:
            self.give_up(reason)
        return await self.ended(timeout)

    def give_up(self, reason: Reason | str | None) -> None:
        raise NotImplementedError

    async def hold(self, direction: str = "sendonly") -> None:
        """`sendonly` or `inactive`; the phone says nothing meanwhile."""
        await session.reinvite(self, direction)
        self.mute()

    async def resume(self) -> None:
        await session.reinvite(self, "sendrecv")
        self.mute(False)

    async def send_digits(
        self, digits: str, *, info: bool = False, frames: int = 5, pause: int = 8
    ) -> None:
        """Press keys; `frames` and `pause` are counted in 20 ms. With `info` by SIP INFO.

        A switch that gets no time sees short pauses shorter, and takes two equal keys for one.
        """
        if not info:
            await self.media.press(digits, frames, pause)
            return
        for digit in digits:
            body = f"Signal={digit}\r\nDuration={frames * 20}\r\n".encode()
            await self.send("INFO", {"Content-Type": "application/dtmf-relay"}, body)

    async def transfer(self, target: str) -> None:
        """Blind, to a number or URI. Returns when the far end has accepted to do it."""
        await transfer.refer(self, target)

    async def transfer_to(self, other: Call) -> None:
        """Attended: connect the far ends of this call and another one of this phone."""
        await transfer.refer(self, other)

    async def transferred(self, timeout: float = PATIENCE) -> int:
        """The final status of the transfer, as the far end tells it."""
        return await transfer.outcome(self, timeout)

    async def send(
        self, method: str, headers: dict[str, str] | None = None, body: bytes = b""
    ) -> Response:
        """Any request inside the dialog; a refusal raises."""
        request = self.request(method)
        for name, value in (headers or {}).items():
            request.headers.add(name, value)
        request.body = body
        response = await self.phone.transact(request, self.remote, self.dialog.next_sequence)
        if response.status >= 300:
            text = f"{self}: {method} got {response.status} {response.reason}"
            raise RequestRefused(response.status, text)
        return response

    # What the protocol code calls.

    def request(self, method: str, number: int | None = None) -> Request:
        dialog = self.dialog
        if number is None:
            number = dialog.next_sequence()
        return self.phone.new_request(
            method,
            dialog.target,
            dialog.local,
            dialog.remote,
            dialog.call_id,
            CSeq(number, method),
            self.remote,
            dialog.routes,
        )

    def acknowledge(self, response: Response) -> None:
        # The same number as its INVITE, which is how the far end knows which answer it is for.
        self._ack = self.request("ACK", response.cseq.number).encode()
        self.phone.wire.send(self._ack, self.remote)

    def acknowledge_again(self) -> None:
        if self._ack is not None:
            self.phone.wire.send(self._ack, self.remote)

    def note(self, what: str) -> None:
        self.history.append(what)
        self.watch.notify()

    def note_identity(self, message: Message) -> None:
        value = message.headers.get("P-Asserted-Identity")
        if value:
            self.remote_identity = NameAddr.parse(value)

    def now(self) -> float:
        return asyncio.get_running_loop().time()

    def finish(
        self,
        by_remote: bool,
        message: Message | None = None,
        status: int | None = None,
        text: str = "",
    ) -> None:
        if self.end is not None:
            return
        try:
            reasons = tuple(message.reasons) if message else ()
        except PhoneError:
            reasons = ()
        headers = message.headers if message else None
        self.end = Ended(by_remote, self.now(), status, text, reasons, headers)
        self.state = State.ENDED
        self.media.close(f"the call ended: {text or status}")
        if self in self.phone.calls:
            self.phone.calls.remove(self)
        self.note(f"ended {'by the far end' if by_remote else 'here'} ({text or status})")
        self.phone.watch.notify()


def headers_from(extra: Iterable[tuple[str, str]] | dict[str, str] | None) -> list[tuple[str, str]]:
    return list(extra.items()) if isinstance(extra, dict) else list(extra or ())
