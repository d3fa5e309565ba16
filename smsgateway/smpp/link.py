"""SMPP as an ``SmsLink``: one session, or a transmitter and a receiver; connected again whenever they end."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import random
from collections.abc import Callable, Coroutine, Iterable, Sequence
from typing import Any

from smsgateway.links.keeping import FIRST_PAUSE, keep, tls_context
from smsgateway.links.model import Bind, Link
from smsgateway.port import Fault, LinkCounters, LinkOwner, Reply, Submission
from smsgateway.quiet import QuietLog
from smsgateway.smpp import quick
from smsgateway.smpp.constants import Command
from smsgateway.smpp.session import Login, Session, Times
from softswitch.clock import Clock, now

log = logging.getLogger(__name__)

_MOST_TEMPLATES = 2_000
_LEAST_SILENT = 5
_COMMANDS = {
    Bind.TRANSCEIVER: (Command.BIND_TRANSCEIVER,),
    Bind.SEPARATE: (Command.BIND_TRANSMITTER, Command.BIND_RECEIVER),
    Bind.TRANSMITTER: (Command.BIND_TRANSMITTER,),
    Bind.RECEIVER: (Command.BIND_RECEIVER,),
}


class SmppLink:
    """One link to one centre."""

    def __init__(
        self,
        link: Link,
        owner: LinkOwner,
        *,
        clock: Clock = now,
        jitter: Callable[[], float] = random.random,
        first_pause: float = FIRST_PAUSE,
    ) -> None:
        self.id = link.id
        self.name = link.config.name
        self.window = link.config.window
        self.counters = LinkCounters()
        self.quiet = QuietLog(log)
        self.detail = "connecting"
        self._config = link.config
        self._owner = owner
        self._clock = clock
        self._jitter = jitter
        self._first_pause = first_pause
        self._sessions: dict[Command, Session] = {}
        self._transmitter: Session | None = None
        self._templates: dict[tuple[int, int], quick.Template] = {}
        self._templates_until = 0
        self._tasks: list[asyncio.Task[None]] = []
        self._drained = asyncio.Event()
        self._drained.set()
        self._silent = 0

    # ---- the port

    @property
    def is_bound(self) -> bool:
        """Tell whether parts can be submitted now."""
        return self._transmitter is not None and self._transmitter.is_bound

    @property
    def in_flight(self) -> int:
        """Return how many parts wait for their answer."""
        return self._transmitter.in_flight if self._transmitter is not None else 0

    def pending(self) -> Iterable[Submission]:
        """Return the parts that wait for their answer."""
        return self._transmitter.pending() if self._transmitter is not None else ()

    def submit(self, submissions: Sequence[Submission]) -> None:
        """Send parts, all in one write."""
        assert self._transmitter is not None
        if self._clock() >= self._templates_until or len(self._templates) > _MOST_TEMPLATES:
            self._forget_templates()
        self._transmitter.submit(
            [(one, self._template(one), one.message.number.encode()) for one in submissions]
        )

    def acknowledge(self, tokens: Sequence[Any]) -> None:
        """Tell the centre that receipts and replies are on the disk."""
        by_session: dict[Session, list[tuple[int, int]]] = {}
        for session, command, sequence in tokens:
            by_session.setdefault(session, []).append((command, sequence))
        for session, sequences in by_session.items():
            session.acknowledge(sequences)

    def start(self) -> None:
        """Connect, and connect again for ever."""
        for command in _COMMANDS[self._config.bind]:
            task = asyncio.create_task(self._keep(command), name=f"sms link {self.name}")
            self._tasks.append(task)

    async def stop(self, drain_seconds: float) -> None:
        """Wait so long for the answers that are out, take leave and close."""
        self._drained.clear()
        self._note_drained()
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(drain_seconds):
                await self._drained.wait()
        sessions = list(self._sessions.values())
        for session in sessions:
            session.unbind()
        for session in sessions:
            await session.closed.wait()
        for task in self._tasks:
            task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await task
        self._tasks.clear()

    # ---- what sessions tell

    def session_bound(self, session: Session) -> None:
        """A session is ready."""
        self.counters.connections += 1
        if self._is_transmitter(session):
            self._transmitter = session
            self.detail = ""
            self._owner.bound(self)

    def session_ended(self, session: Session, why: str, doubtful: list[Submission]) -> None:
        """A session is gone."""
        self._sessions = {k: s for k, s in self._sessions.items() if s is not session}
        if session is self._transmitter:
            self._transmitter = None
            self._owner.cut(self, why, doubtful)
        if not self.is_bound:
            self.detail = why
        self._note_drained()

    def answered(self, submission: Submission, status: int, message_id: bytes) -> None:
        """The centre answered a submit_sm."""
        self._silent = 0
        if not self._drained.is_set():
            self._note_drained()
        if not status:
            self.counters.submitted += 1
            smsc_id = message_id[:64].decode("ascii", "replace").replace("\0", "")
            self._owner.accepted(self, submission, smsc_id)
            return
        fault = Fault.PERMANENT
        if quick.is_throttling(status):
            self.counters.throttled += 1
            fault = Fault.THROTTLED
        else:
            self.counters.refused += 1
            if quick.is_temporary(status):
                fault = Fault.TEMPORARY
        self._owner.refused(self, submission, fault, f"smpp:{status}")

    def read_ended(self) -> None:
        """Everything that one read brought has been told."""
        self._owner.taken(self)

    def unanswered(self, submissions: list[Submission]) -> None:
        """No answer in time."""
        self._owner.unanswered(self, submissions)
        self._note_drained()
        self._silent += len(submissions)
        if self._silent >= max(self.window, _LEAST_SILENT) and self._transmitter is not None:
            # A whole window and not one answer: a new connection is a better hope than more time.
            self._silent = 0
            self._transmitter.close("no answers")

    def _note_drained(self) -> None:
        if not self.in_flight or not self.is_bound:
            self._drained.set()

    def delivered(self, got: quick.Delivered, token: Any) -> bool:
        """A receipt or a reply came."""
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

    # ---- connecting

    def _keep(self, command: Command) -> Coroutine[Any, Any, None]:
        return keep(
            lambda: self._session(command),
            self._tell,
            jitter=self._jitter,
            first_pause=self._first_pause,
        )

    def _tell(self, why: str) -> None:
        self.detail = why

    async def _session(self, command: Command) -> None:
        config = self._config
        login = Login(command, config.system_id, config.password, config.system_type)
        times = Times(config.enquire_seconds, config.response_seconds)
        loop = asyncio.get_running_loop()
        async with asyncio.timeout(config.response_seconds):
            _, session = await loop.create_connection(
                lambda: Session(self, login, times),
                config.host,
                config.port,
                ssl=tls_context(config),
            )
        self._sessions[command] = session
        try:
            await session.closed.wait()
        except asyncio.CancelledError:
            session.close("stopped")
            raise

    def _is_transmitter(self, session: Session) -> bool:
        return session is not self._sessions.get(Command.BIND_RECEIVER) and (
            self._config.bind is not Bind.RECEIVER
        )

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
