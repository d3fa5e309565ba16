"""CMPP 3.0 as an ``SmsLink``: one connection for both directions."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from smsgateway.cmpp import pdu
from smsgateway.cmpp.session import Session
from smsgateway.links.centre import CentreLink
from smsgateway.model import Body, Coding
from smsgateway.port import Fault, Reply, Submission
from smsgateway.smpp.quick import validity
from smsgateway.text.alphabet import decode

_ASCII = 0
_BOTH_WAYS = "both ways"


class CmppLink(CentreLink[Session, str]):
    """One link to one gateway of the carrier."""

    def submit(self, submissions: Sequence[Submission]) -> None:
        """Send parts, all in one write; what CMPP cannot carry is refused at once."""
        assert self._transmitter is not None
        fit = []
        for one in submissions:
            why = unfit(one.message.body)
            if why:
                self.counters.refused += 1
                self._owner.refused(self, one, Fault.PERMANENT, why)
            else:
                fit.append(one)
        if fit:
            self._transmitter.submit(fit, self._encode)

    # ---- the session

    def _roles(self) -> Sequence[str]:
        return (_BOTH_WAYS,)

    def _make(self, role: str) -> Session:
        config = self._config
        local = datetime.fromtimestamp(self._clock() / 1_000).astimezone()
        stamp = int(local.strftime("%m%d%H%M%S"))
        return Session(self, config.system_id, config.password, stamp, self._times)

    def _transmits(self, role: str) -> bool:
        return True

    def answered(self, submission: Submission, result: int, message_id: str) -> None:
        """A CMPP_SUBMIT was answered."""
        if not result:
            self._accepted(submission, message_id)
            return
        fault = Fault.TEMPORARY if result in pdu.TEMPORARY else Fault.PERMANENT
        if result in pdu.THROTTLED:
            fault = Fault.THROTTLED
        self._refused(submission, fault, f"cmpp:{result}")

    def delivered(self, got: pdu.Deliver, token: Any) -> None:
        """A status report or a reply came."""
        if got.is_report:
            self.counters.receipts += 1
            self._owner.receipt(self, pdu.report(got, token))
        else:
            self.counters.replies += 1
            reply = Reply(got.source, got.destination, got.fmt, got.content, got.headed, token)
            self._owner.reply(self, reply)

    # ---- texts

    def _encode(self, sequence: int, one: Submission) -> bytes:
        message, config = one.message, self._config
        body, envelope = message.body, message.envelope
        until = ""
        if envelope.expires_at is not None:
            until = validity((envelope.expires_at - self._clock()) / 1_000)
        order = pdu.Order(
            config.system_id,
            envelope.sender or config.sender,
            config.service,
            envelope.receipts,
            until,
        )
        return pdu.submit(
            sequence,
            order,
            message.number,
            content(body, one.part),
            _fmt(body),
            headed=body.headed,
            place=one.part + 1,
            total=len(body.parts),
            flash=body.flash,
        )


def _fmt(body: Body) -> int:
    return _ASCII if body.coding is Coding.GSM7 else int(body.coding)


def content(body: Body, part: int) -> bytes:
    """Return a part's octets as CMPP wants them: ``Msg_Fmt`` 0 is ASCII, where SMPP has the GSM alphabet."""
    octets = body.parts[part]
    if body.coding is not Coding.GSM7:
        return octets
    head = octets[: octets[0] + 1] if body.headed else b""
    return head + decode(octets[len(head) :]).encode("ascii")


def unfit(body: Body) -> str:
    """Return why CMPP cannot carry a text; empty when it can."""
    if body.as_payload:
        return "cmpp:payload"
    if body.coding is Coding.GSM7:
        try:
            for part in range(len(body.parts)):
                content(body, part)
        except UnicodeEncodeError:
            return "cmpp:alphabet"
    return ""
