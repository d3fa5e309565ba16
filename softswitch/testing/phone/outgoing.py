"""A call that this phone places (RFC 3261 sections 13.2 and 9.1)."""

from __future__ import annotations

from softswitch.testing.phone import session
from softswitch.testing.phone.call import Call
from softswitch.testing.phone.errors import PhoneError
from softswitch.testing.phone.fields import CSeq, Reason
from softswitch.testing.phone.message import Request, Response
from softswitch.testing.phone.states import State
from softswitch.testing.phone.transactions import make_cancel, new_branch


class OutgoingCall(Call):
    """`dial` gives it as soon as the INVITE is out."""

    _challenged = False
    _cancelled = False
    _cancel_reason: Reason | str | None = None

    def start(self, extra: list[tuple[str, str]]) -> None:
        invite = self.request("INVITE")
        for name, value in extra:
            invite.headers.add(name, value)
        invite.headers.add("Content-Type", session.SDP_TYPE)
        invite.body = session.offer(self)
        self._send(invite)

    def _send(self, invite: Request) -> None:
        self.invite = invite
        self.phone.transactions.client(invite, self.remote, self._on_response, self._on_timeout)

    def give_up(self, reason: Reason | str | None) -> None:
        """CANCEL, but not before the far end has shown that it knows of the INVITE (9.1)."""
        first = not self._cancelled
        self._cancelled, self._cancel_reason = True, reason
        if first and self.provisionals:
            self._cancel()

    def _cancel(self) -> None:
        assert self.invite is not None
        request = make_cancel(self.invite)
        if self._cancel_reason is not None:
            request.headers.add("Reason", self._cancel_reason)
        self.note("CANCEL")
        self.phone.transactions.client(request, self.remote, lambda _: None, lambda: None)

    def _on_timeout(self) -> None:
        self.finish(False, status=408, text="no response to the INVITE")

    def _on_response(self, response: Response) -> None:
        if response.status < 200:
            self._on_provisional(response)
        elif response.status < 300:
            self._on_success(response)
        elif response.status in (401, 407) and not self._challenged and self.phone.password:
            self._challenged = True
            self._authorize(response)
        else:
            self.note(f"{response.status} {response.reason}")
            self.finish(True, response, response.status, response.reason)

    def _authorize(self, response: Response) -> None:
        assert self.invite is not None
        if self._cancelled:
            self.finish(False, status=487, text="cancelled here")
            return
        invite = Request(
            "INVITE", self.invite.uri, headers=self.invite.headers.copy(), body=self.invite.body
        )
        try:
            self.phone.authorize(invite, response)
        except PhoneError as error:
            self.finish(True, response, response.status, str(error))
            return
        invite.headers.set("Via", self.phone.via(self.remote, new_branch()))
        invite.headers.set("CSeq", CSeq(self.dialog.next_sequence(), "INVITE"))
        self._send(invite)

    def _on_provisional(self, response: Response) -> None:
        now = self.now()
        self.provisionals.append(response.status)
        if self.times.trying is None:
            self.times.trying = now
        if self.end is not None:
            return
        if response.status > 100:
            self.dialog.learn_from(response)
            self.note_identity(response)
        if response.status == 180 and self.times.ringing is None:
            self.times.ringing = now
            self.state = State.RINGING if self.state is State.CALLING else self.state
        if session.carries_sdp(response):
            self._take_answer(response)
            if self.times.early is None:
                self.times.early = now
            self.state = State.EARLY
        self.note(f"{response.status} {response.reason}")
        if self._cancelled and "CANCEL" not in self.history:
            self._cancel()

    def _on_success(self, response: Response) -> None:
        if self.times.answered is not None:
            if response.to.tag == self.dialog.remote_tag:
                self.acknowledge_again()
            return
        self.dialog.learn_from(response)
        self.note_identity(response)
        self.acknowledge(response)
        now = self.now()
        self.times.answered = self.times.confirmed = now
        if self.end is not None:  # given up, and the answer came all the same
            self._hang_up_at_once("answered after its end")
            return
        self.state = State.ANSWERED
        self.note(f"{response.status} {response.reason}")
        if self._cancelled:
            self._hang_up_at_once("cancelled here, but answered at the same moment")
        elif session.carries_sdp(response):
            self._take_answer(response)

    def _take_answer(self, response: Response) -> None:
        try:
            session.take_answer(self, response.body)
        except PhoneError as error:
            self.note(f"bad answer: {error}")
            if self.state is State.ANSWERED:
                self._hang_up_at_once(str(error))

    def _hang_up_at_once(self, text: str) -> None:
        bye = self.request("BYE")
        self.phone.transactions.client(bye, self.remote, lambda _: None, lambda: None)
        self.finish(False, text=text)
