"""CMPP 3.0 as an ``SmsLink``: one connection for both directions."""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any

from smsgateway.cmpp import pdu
from smsgateway.cmpp.session import Session
from smsgateway.links.keeping import keep, tls_context
from smsgateway.links.model import Link
from smsgateway.model import Body, Coding
from smsgateway.port import Fault, LinkCounters, LinkOwner, Reply, Submission
from smsgateway.quiet import QuietLog
from smsgateway.smpp.quick import validity
from smsgateway.smpp.session import Times
from smsgateway.text.alphabet import decode
from softswitch.clock import Clock, now

log = logging.getLogger(__name__)

_LEAST_SILENT = 5
_ASCII = 0


class CmppLink:
    """One link to one gateway of the carrier."""

    def __init__(self, link: Link, owner: LinkOwner, *, clock: Clock = now) -> None:
        self.id = link.id
        self.name = link.config.name
        self.window = link.config.window
        self.counters = LinkCounters()
        self.quiet = QuietLog(log)
        self.detail = "connecting"
        self._config = link.config
        self._owner = owner
        self._clock = clock
        self._session: Session | None = None
        self._task: asyncio.Task[None] | None = None
        self._drained = asyncio.Event()
        self._silent = 0

    # ---- the port

    @property
    def is_bound(self) -> bool:
        """Tell whether parts can be submitted now."""
        return self._session is not None and self._session.is_bound

    @property
    def in_flight(self) -> int:
        """Return how many parts wait for their answer."""
        return self._session.in_flight if self._session is not None else 0

    def pending(self) -> Iterable[Submission]:
        """Return the parts that wait for their answer."""
        return self._session.pending() if self._session is not None else ()

    def submit(self, submissions: Sequence[Submission]) -> None:
        """Send parts, all in one write; what CMPP cannot carry is refused at once."""
        assert self._session is not None
        fit = []
        for one in submissions:
            why = unfit(one.message.body)
            if why:
                self.counters.refused += 1
                self._owner.refused(self, one, Fault.PERMANENT, why)
            else:
                fit.append(one)
        if fit:
            self._session.submit(fit, self._encode)

    def acknowledge(self, tokens: Sequence[Any]) -> None:
        """Tell the gateway that receipts and replies are on the disk."""
        by_session: dict[Session, list[tuple[int, int]]] = {}
        for session, sequence, number in tokens:
            by_session.setdefault(session, []).append((sequence, number))
        for session, pairs in by_session.items():
            session.acknowledge(pairs)

    def start(self) -> None:
        """Connect, and connect again for ever."""
        kept = keep(self._connect, self._tell)
        self._task = asyncio.create_task(kept, name=f"sms link {self.name}")

    async def stop(self, drain_seconds: float) -> None:
        """Wait so long for the answers that are out, take leave and close."""
        self._drained.clear()
        self._note_drained()
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(drain_seconds):
                await self._drained.wait()
        session = self._session
        if session is not None:
            session.leave()
            await session.closed.wait()
        if self._task is not None:
            self._task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._task

    # ---- what the session tells

    def session_bound(self, session: Session) -> None:
        """The gateway let us in."""
        self.counters.connections += 1
        self.detail = ""
        self._owner.bound(self)

    def session_ended(self, session: Session, why: str, doubtful: list[Submission]) -> None:
        """The connection is gone."""
        self._session = None
        self.detail = why
        self._owner.cut(self, why, doubtful)
        self._note_drained()

    def answered(self, submission: Submission, result: int, message_id: str) -> None:
        """A CMPP_SUBMIT was answered."""
        self._silent = 0
        self._note_drained()
        if not result:
            self.counters.submitted += 1
            self._owner.accepted(self, submission, message_id)
        elif result in pdu.THROTTLED:
            self.counters.throttled += 1
            self._owner.refused(self, submission, Fault.THROTTLED, f"cmpp:{result}")
        else:
            self.counters.refused += 1
            fault = Fault.TEMPORARY if result in pdu.TEMPORARY else Fault.PERMANENT
            self._owner.refused(self, submission, fault, f"cmpp:{result}")

    def read_ended(self) -> None:
        """Everything that one read brought has been told."""
        self._owner.taken(self)

    def unanswered(self, submissions: list[Submission]) -> None:
        """No answer in time."""
        self._owner.unanswered(self, submissions)
        self._note_drained()
        self._silent += len(submissions)
        if self._silent >= max(self.window, _LEAST_SILENT) and self._session is not None:
            self._silent = 0
            self._session.close("no answers")

    def delivered(self, got: pdu.Deliver, token: Any) -> bool:
        """A status report or a reply came."""
        if got.is_report:
            self.counters.receipts += 1
            self._owner.receipt(self, pdu.report(got, token))
        else:
            self.counters.replies += 1
            reply = Reply(got.source, got.destination, got.fmt, got.content, got.headed, token)
            self._owner.reply(self, reply)
        return True

    # ---- its own

    async def _connect(self) -> None:
        config = self._config
        stamp = int(
            datetime.fromtimestamp(self._clock() / 1_000).astimezone().strftime("%m%d%H%M%S")
        )
        times = Times(config.enquire_seconds, config.response_seconds)
        async with asyncio.timeout(config.response_seconds):
            _, session = await asyncio.get_running_loop().create_connection(
                lambda: Session(self, config.system_id, config.password, stamp, times),
                config.host,
                config.port,
                ssl=tls_context(config),
            )
        self._session = session
        try:
            await session.closed.wait()
        except asyncio.CancelledError:
            session.close("stopped")
            raise

    def _tell(self, why: str) -> None:
        self.detail = why

    def _note_drained(self) -> None:
        if not self.in_flight or not self.is_bound:
            self._drained.set()

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
