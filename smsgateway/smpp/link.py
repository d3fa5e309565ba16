"""SMPP as an ``SmsLink``: one session, or a transmitter and a receiver; connected again whenever they end."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from smsgateway.links.centre import CentreLink
from smsgateway.links.model import Bind, Link
from smsgateway.port import Fault, LinkOwner, Reply, Submission
from smsgateway.smpp import quick
from smsgateway.smpp.constants import Command
from smsgateway.smpp.session import Login, Session

_MOST_TEMPLATES = 2_000
_COMMANDS = {
    Bind.TRANSCEIVER: (Command.BIND_TRANSCEIVER,),
    Bind.SEPARATE: (Command.BIND_TRANSMITTER, Command.BIND_RECEIVER),
    Bind.TRANSMITTER: (Command.BIND_TRANSMITTER,),
    Bind.RECEIVER: (Command.BIND_RECEIVER,),
}


class SmppLink(CentreLink[Session, Command]):
    """One link to one centre."""

    def __init__(self, link: Link, owner: LinkOwner, **more: Any) -> None:
        super().__init__(link, owner, **more)
        self._templates: dict[tuple[int, int], quick.Template] = {}
        self._templates_until = 0

    def prepare(self, submissions: Sequence[Submission]) -> None:
        """Encode ahead all but the sequences."""
        if self._clock() >= self._templates_until or len(self._templates) > _MOST_TEMPLATES:
            self._forget_templates()
        until = self._templates_until
        for one in submissions:
            one.octets = self._template(one).encode(one.message.number.encode(), one.part)
            one.true_until = until

    def submit(self, submissions: Sequence[Submission]) -> None:
        """Send parts, all in one write."""
        assert self._transmitter is not None
        now = self._clock()
        if late := [one for one in submissions if one.true_until <= now]:
            self.prepare(late)
        self._transmitter.submit(submissions)

    # ---- sessions

    def _roles(self) -> Sequence[Command]:
        return _COMMANDS[self._config.bind]

    def _make(self, role: Command) -> Session:
        config = self._config
        login = Login(role, config.system_id, config.password, config.system_type)
        return Session(self, login, self._times)

    def _transmits(self, role: Command) -> bool:
        return role is not Command.BIND_RECEIVER

    def answered(self, submission: Submission, status: int, message_id: bytes) -> None:
        """The centre answered a submit_sm."""
        if not status:
            smsc_id = message_id[:64].decode("ascii", "replace").replace("\0", "")
            self._accepted(submission, smsc_id)
            return
        fault = Fault.TEMPORARY if quick.is_temporary(status) else Fault.PERMANENT
        if quick.is_throttling(status):
            fault = Fault.THROTTLED
        self._refused(submission, fault, f"smpp:{status}")

    def delivered(self, got: quick.Delivered, token: Any) -> bool:
        """A receipt or a reply came; return whether it will be acknowledged later."""
        if not got.is_receipt:
            self.counters.replies += 1
            self._owner.reply(self, _reply(got, token))
            return True
        receipt = quick.receipt(got, token)
        if receipt is None:
            self.counters.unknown_receipts += 1
            return False
        self.counters.receipts += 1
        self._owner.receipt(self, receipt)
        return True

    # ---- texts

    def _template(self, one: Submission) -> quick.Template:
        message = one.message
        key = (message.envelope.batch_id, message.body_id)
        template = self._templates.get(key)
        if template is None:
            template = self._templates[key] = self._make_template(one)
        return template

    def _make_template(self, one: Submission) -> quick.Template:
        envelope = one.message.envelope
        left = ""
        if envelope.expires_at is not None:
            left = quick.validity((envelope.expires_at - self._clock()) / 1_000)
        return quick.Template(
            one.message.body,
            sender=envelope.sender or self._config.sender,
            service=self._config.service,
            receipts=envelope.receipts,
            validity=left,
        )

    def _forget_templates(self) -> None:
        """The validity that they tell grows shorter."""
        self._templates.clear()
        self._templates_until = self._clock() + 1_000


def _reply(got: quick.Delivered, token: Any) -> Reply:
    return Reply(
        got.source.decode("ascii", "replace"),
        got.destination.decode("ascii", "replace"),
        got.coding,
        got.text,
        bool(got.esm_class & 0x40),
        token,
    )
