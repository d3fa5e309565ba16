"""A call that comes in (RFC 3261 sections 13.3 and 9.2), and what else arrives inside a call."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from softswitch.testing.phone import session, transfer
from softswitch.testing.phone.call import Call, headers_from
from softswitch.testing.phone.dialog import Dialog
from softswitch.testing.phone.errors import MediaError, ParseError, PhoneError
from softswitch.testing.phone.fields import NameAddr, Reason
from softswitch.testing.phone.message import Headers, Request
from softswitch.testing.phone.sounding import Sound
from softswitch.testing.phone.sources import as_source
from softswitch.testing.phone.states import State
from softswitch.testing.phone.transactions import ServerTransaction

if TYPE_CHECKING:
    from softswitch.testing.phone.phone import Phone

Extra = dict[str, str] | list[tuple[str, str]] | None


def wants_auto_answer(invite: Request) -> bool:
    """Call-Info: <...>;answer-after=0 or Alert-Info with info=alert-autoanswer, as desk phones do."""
    if any(
        re.search(r";\s*answer-after=0\b", v, re.IGNORECASE)
        for v in invite.headers.all("Call-Info")
    ):
        return True
    alerts = invite.headers.all("Alert-Info")
    return any(re.search(r"auto.?answer|ring.?answer|intercom", v, re.IGNORECASE) for v in alerts)


class IncomingCall(Call):
    outgoing = False

    def __init__(self, phone: Phone, invite: Request, transaction: ServerTransaction) -> None:
        dialog = Dialog.incoming(invite, phone.new_tag())
        super().__init__(phone, dialog, transaction.source, phone.sound)
        self.invite: Request = invite
        self.transaction = transaction
        self.remote_identity = self.caller
        self.note_identity(invite)
        transaction.on_no_ack = self._on_no_ack
        self._offered = not session.carries_sdp(invite)
        self._answer_sdp = b""

    @property
    def headers(self) -> Headers:
        return self.invite.headers

    @property
    def caller(self) -> NameAddr:
        return self.invite.from_

    @property
    def caller_number(self) -> str:
        return (self.remote_identity or self.caller).uri.user

    @property
    def caller_name(self) -> str:
        return (self.remote_identity or self.caller).name

    async def ring(self, early: bool = False, headers: Extra = None) -> None:
        """180, or 183 with early media."""
        if self.state is State.ENDED:
            return
        if early:
            self._respond(183, "Session Progress", self._sdp(), headers)
            self.times.early = self.now()
            self.state = State.EARLY
        else:
            self.ring_now(headers)

    def ring_now(self, headers: Extra = None) -> None:
        self._respond(180, "Ringing", b"", headers)
        if self.times.ringing is None:
            self.times.ringing = self.now()
        self.state = State.RINGING

    async def answer(self, sound: Sound = None, headers: Extra = None) -> None:
        if sound is not None:
            self.media.source = as_source(sound)
        self.answer_now(headers)

    def answer_now(self, headers: Extra = None) -> None:
        if self.end is not None:
            raise PhoneError(self.describe("be answered here"))
        try:
            body = self._sdp()
        except MediaError as error:
            self.refuse(488, "Not Acceptable Here")
            raise MediaError(f"{self}: {error}") from error
        self.times.answered = self.now()
        self.state = State.ANSWERED
        self._respond(200, "OK", body, headers)

    async def reject(self, status: int = 486, text: str = "", headers: Extra = None) -> None:
        self.refuse(status, text or _TEXTS.get(status, "Refused"), headers)

    def refuse(self, status: int, text: str, headers: Extra = None) -> None:
        if self.end is not None:
            return
        self._respond(status, text, b"", headers)
        self.finish(False, status=status, text=text)

    def give_up(self, reason: Reason | str | None) -> None:
        extra = [("Reason", str(reason))] if reason is not None else None
        self.refuse(603, "Decline", extra)

    def _sdp(self) -> bytes:
        if not self._answer_sdp:
            if self._offered:  # the INVITE had no SDP: ours is the offer, the ACK answers it
                self._answer_sdp = session.offer(self)
            else:
                self._answer_sdp = session.take_offer(self, self.invite.body)
        return self._answer_sdp

    def _respond(self, status: int, text: str, body: bytes, headers: Extra) -> None:
        if self.transaction.answered:
            return
        response = self.phone.response(self.transaction, status, text, self.dialog.local_tag)
        for name, value in headers_from(headers):
            response.headers.add(name, value)
        if body:
            response.headers.add("Content-Type", session.SDP_TYPE)
            response.body = body
        self.transaction.respond(response)
        self.note(f"sent {status} {text}")

    def _on_no_ack(self) -> None:
        self.finish(False, text="no ACK came for the answer")

    def on_ack(self, ack: Request) -> None:
        if self.times.confirmed is not None:
            return
        self.times.confirmed = self.now()
        self.note("ACK")
        if self._offered and session.carries_sdp(ack):
            try:
                session.take_answer(self, ack.body)
            except PhoneError as error:
                self.note(f"bad answer in the ACK: {error}")

    def on_cancel(self, cancel: Request) -> None:
        if self.end is not None or self.state is State.ANSWERED:
            return
        self._respond(487, "Request Terminated", b"", None)
        self.finish(True, cancel, 487, "cancelled by the caller")


_TEXTS = {
    404: "Not Found", 480: "Temporarily Unavailable", 486: "Busy Here", 488: "Not Acceptable Here",
    503: "Service Unavailable", 600: "Busy Everywhere", 603: "Decline",
}  # fmt: skip


def on_request(call: Call, request: Request, transaction: ServerTransaction) -> None:
    """A request inside the dialog of a call."""
    phone = call.phone
    if request.cseq.number <= call.dialog.remote_sequence:
        transaction.respond(phone.response(transaction, 500, "Out Of Order"))
        return
    call.dialog.remote_sequence = request.cseq.number
    status, body = 200, b""
    try:
        if request.method in ("INVITE", "UPDATE"):
            status, body = session.on_reinvite(call, request)
        elif request.method == "BYE":
            call.finish(True, request, text="BYE")
        elif request.method == "REFER":
            status = transfer.on_refer(call, request)
        elif request.method == "NOTIFY":
            status = transfer.on_notify(call, request)
        elif request.method == "INFO":
            _on_info(call, request)
        elif request.method in ("MESSAGE", "OPTIONS"):
            phone.note_message(request)
        else:
            status = 501
    except ParseError as error:
        call.note(f"bad {request.method}: {error}")
        status = 400
    response = phone.response(transaction, status, _RESPONSES.get(status, "Error"))
    if body:
        response.headers.add("Content-Type", session.SDP_TYPE)
        response.body = body
    transaction.respond(response)


_RESPONSES = {
    200: "OK", 202: "Accepted", 400: "Bad Request", 488: "Not Acceptable Here",
    491: "Request Pending", 501: "Not Implemented",
}  # fmt: skip


def _on_info(call: Call, request: Request) -> None:
    kind = (request.headers.get("Content-Type") or "").lower()
    text = request.body.decode("ascii", "replace")
    if kind.startswith("application/dtmf-relay"):
        found = re.search(r"^\s*Signal\s*=\s*([0-9*#A-D])\s*$", text, re.MULTILINE | re.IGNORECASE)
        if found:
            call.media.got_digit(found[1].upper())
    elif kind.startswith("application/dtmf") and text.strip()[:1]:
        call.media.got_digit(text.strip()[0])
    call.note("INFO")
