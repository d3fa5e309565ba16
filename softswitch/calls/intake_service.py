"""Emergency intake at work: keeps the queue, offers calls to desks, lets a dispatcher take one."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable

from softswitch.calls.desks import Desks
from softswitch.calls.dispatch_call import DispatchCall, Purpose, Ring
from softswitch.calls.engine import Engine
from softswitch.calls.intake import (
    ROUTINE,
    BeginAgain,
    CallDuty,
    CallNight,
    NightStep,
    Offer,
    Stage,
    Waiting,
    in_order,
    next_steps,
    night_steps,
    served_levels,
)
from softswitch.calls.model import Role
from softswitch.calls.ringing import ANSWERED_ELSEWHERE
from softswitch.clock import Clock, Millis, now
from softswitch.errors import Refusal, conflict, not_found

log = logging.getLogger(__name__)

DUTY_SECONDS = 40
RETRY_SECONDS = 2.0
ASKING = frozenset({Purpose.OFFER, Purpose.TAKE, Purpose.DUTY, Purpose.NIGHT})
"""Why phones ring that could take a waiting call."""


class IntakeService:
    """The one queue of emergency calls."""

    def __init__(
        self,
        engine: Engine,
        desks: Desks,
        *,
        changed: Callable[[str], None],
        answered: Callable[[DispatchCall, str | None], None],
        abandoned: Callable[[DispatchCall, Waiting], None],
        clock: Clock = now,
    ) -> None:
        self._engine = engine
        self._desks = desks
        self._changed = changed
        self._on_answered = answered
        self._on_abandoned = abandoned
        self._clock = clock
        self._since: dict[str, Millis] = {}
        self.night_targets: Callable[[], tuple[str, ...]] = tuple
        """The numbers that take calls while night service is on; none by day."""
        self.on_duty: Callable[[], tuple[str, ...]] = tuple
        """The numbers of who is on duty, in order; nobody: the duty number that is set."""
        self._planned: asyncio.TimerHandle | asyncio.Handle | None = None
        self.queue: dict[str, Waiting] = {}
        self.precedence_of: Callable[[str], int | None] = lambda call_id: None
        """Returns the precedence level that a call was made with; None where nobody knows of levels."""

    # ---- what the engine tells

    def arrived(self, call: DispatchCall) -> None:
        """A caller waits; one who waited before keeps his place."""
        known = self._engine.book.emergency(call.digits or "")
        since = self._since.setdefault(call.id, call.created_at)
        level = self.precedence_of(call.id)
        self.queue[call.id] = Waiting(
            call.id,
            call.digits or "",
            known.rank if known else 0,
            since,
            known.skill if known else None,
            precedence=ROUTINE if level is None else level,
        )
        self._changed(call.id)
        self.plan()

    def remember(self, call_id: str, since: Millis) -> None:
        """Tell when a call came that was waiting before a restart."""
        self._since[call_id] = since

    def is_waiting(self, call_id: str) -> bool:
        """Tell whether nobody has taken the call yet."""
        return call_id in self.queue

    def answered(self, call: DispatchCall, extension: str | None) -> None:
        """Somebody talks to the caller."""
        self.queue.pop(call.id, None)
        self._since.pop(call.id, None)
        for ring in list(call.rings.values()):
            if ring.purpose in ASKING:
                self._engine.spawn(self._engine.stop_ring(call, ring, ANSWERED_ELSEWHERE))
        self._on_answered(call, extension)
        self._changed(call.id)
        self.plan()

    def unanswered(self, call: DispatchCall, ring: Ring) -> None:
        """A desk, or the duty number, did not answer."""
        waiting = self.queue.get(call.id)
        if waiting is None:
            return
        if ring.purpose is Purpose.DUTY:
            waiting.stage = Stage.DESK
            waiting.refused_by.clear()
        elif ring.purpose is Purpose.NIGHT:
            waiting.stage = Stage.DESK
            waiting.refused_by.add(ring.number)
        elif ring.extension is not None:
            waiting.refused_by.add(ring.extension)
        if ring.extension in (waiting.offered_to, waiting.claimed_by) or ring.extension is None:
            waiting.offered_to = waiting.offered_at = waiting.claimed_by = None
        self._changed(call.id)
        self.plan()

    def gone(self, call: DispatchCall) -> None:
        """The caller gave up."""
        waiting = self.queue.pop(call.id, None)
        self._since.pop(call.id, None)
        if waiting is not None:
            self._on_abandoned(call, waiting)
        self._changed(call.id)
        self.plan()

    # ---- what dispatchers do

    def prioritise(self, call_id: str, rank: int) -> None:
        """Move a waiting call to another class of the queue, whatever levels others claim; age decides within it."""
        waiting = self._waiting(call_id)
        known = self._engine.book.emergency(waiting.digits)
        waiting.rank, waiting.moved = rank, rank - (known.rank if known else 0)
        self._changed(call_id)
        self.plan()

    async def take(self, call_id: str, extension: str) -> None:
        """Take a waiting call to a desk: exactly one of those who press at once gets it.

        The claim is made before anything is awaited, so there is no moment in which two can have it.
        """
        waiting = self._waiting(call_id)
        if waiting.claimed_by is not None and waiting.claimed_by != extension:
            raise conflict(
                "taken",
                f"Desk {waiting.claimed_by} has taken this call.",
                "Take the next one.",
            )
        waiting.claimed_by = extension
        self._changed(call_id)
        async with self._engine.locked(call_id):
            call = self._engine.calls.get(call_id)
            if call is None or call_id not in self.queue:
                raise not_found("waiting call", call_id, "The caller has hung up or is answered.")
            await self._stop_offers(call)
            try:
                await self._engine.ring(call, Purpose.TAKE, extension, auto_answer=True)
            except Refusal:
                waiting.claimed_by = None
                self.plan()
                raise

    async def take_with(self, call_id: str, extension: str) -> DispatchCall:
        """Claim a waiting call for a desk whose phone is on the line already (feature code). Holds no lock."""
        waiting = self._waiting(call_id)
        if waiting.claimed_by is not None and waiting.claimed_by != extension:
            raise conflict("taken", f"Desk {waiting.claimed_by} has taken this call.", "")
        waiting.claimed_by = extension
        call = self._engine.calls[call_id]
        await self._stop_offers(call)
        return call

    def first_for(self, extension: str) -> str | None:
        """Return the call that the desk should take next: the first that nobody has claimed."""
        skills = self._engine.book.skills_of(extension)
        for waiting in in_order(self.queue.values()):
            able = waiting.skill is None or not skills or waiting.skill in skills
            if able and waiting.claimed_by in (None, extension):
                return waiting.call_id
        return None

    def _waiting(self, call_id: str) -> Waiting:
        waiting = self.queue.get(call_id)
        if waiting is None:
            raise not_found("waiting call", call_id, "The caller has hung up or is answered.")
        return waiting

    async def _stop_offers(self, call: DispatchCall) -> None:
        for ring in list(call.rings.values()):
            if ring.purpose in ASKING:
                await self._engine.stop_ring(call, ring, ANSWERED_ELSEWHERE)

    # ---- offering

    def plan(self, seconds: float = 0) -> None:
        """Look at the queue again soon; many reasons in one turn are one look."""
        self._level()
        loop = asyncio.get_running_loop()
        if self._planned is not None:
            self._planned.cancel()
        if seconds:
            self._planned = loop.call_later(seconds, self._look)
        else:
            self._planned = loop.call_soon(self._look)

    def _level(self) -> None:
        """Give each call the level it is served with: that of one who was moved hangs on who else waits."""
        for call_id, level in served_levels(self.queue.values()).items():
            if self.queue[call_id].level != level:
                self.queue[call_id].level = level
                self._changed(call_id)

    def _look(self) -> None:
        self._planned = None
        if not self._engine.control_up or not self.queue:
            return
        on_duty = self._duty_numbers()
        for step in self._steps(next(iter(on_duty), None)):
            waiting = self.queue[step.call_id]
            if isinstance(step, BeginAgain):
                waiting.refused_by.clear()
                continue
            waiting.offered_at = self._clock()
            number: str | None = None
            if isinstance(step, Offer):
                waiting.offered_to, waiting.stage = step.extension, step.stage
            else:
                if isinstance(step, CallNight):
                    number = step.number
                else:
                    number = on_duty[waiting.duty_tries % len(on_duty)]
                    waiting.duty_tries += 1
                waiting.offered_to, waiting.stage = number, Stage.DUTY
            self._changed(step.call_id)
            self._engine.spawn(self._offer(step, number))
        if any(waiting.offered_to is None for waiting in self.queue.values()):
            self.plan(RETRY_SECONDS)

    def _duty_numbers(self) -> tuple[str, ...]:
        fixed = self._engine.book.rules().duty_number
        return self.on_duty() or ((fixed,) if fixed else ())

    def _steps(self, duty: str | None) -> list[NightStep]:
        queue = self.queue.values()
        if all(waiting.rings_or_is_claimed for waiting in queue):
            return []
        desks = self._desks.view()
        if targets := self.night_targets():
            busy = {number for number in targets if self._is_busy(number)}
            return night_steps(queue, targets, busy, desks, duty)
        return list(next_steps(queue, desks, duty))

    def _is_busy(self, number: str) -> bool:
        engine = self._engine
        if any(ring.number == number for ring in engine.rings.values()):
            return True
        return engine.book.has(number) and not engine.is_free(number)

    async def _offer(self, step: Offer | CallDuty | CallNight, duty: str | None) -> None:
        async with self._engine.locked(step.call_id):
            call = self._engine.calls.get(step.call_id)
            waiting = self.queue.get(step.call_id)
            if call is None or waiting is None or waiting.claimed_by is not None:
                return
            try:
                if isinstance(step, Offer):
                    seconds = self._engine.book.rules().offer_seconds
                    await self._engine.ring(call, Purpose.OFFER, step.extension, seconds=seconds)
                elif isinstance(step, CallNight):
                    await self._call_night(call, step.number)
                elif duty is not None:
                    await self._engine.ring(
                        call, Purpose.DUTY, duty, role=Role.PARTY, seconds=DUTY_SECONDS
                    )
            except Refusal as refusal:
                log.warning("call %s could not be offered: %s", step.call_id, refusal)
                waiting.offered_to = waiting.offered_at = None
                if isinstance(step, Offer):
                    waiting.refused_by.add(step.extension)
                elif isinstance(step, CallNight):
                    waiting.stage = Stage.DESK
                    waiting.refused_by.add(step.number)
                else:
                    waiting.stage = Stage.DESK
                    waiting.refused_by.clear()
                self._changed(step.call_id)
                self.plan(RETRY_SECONDS)

    async def _call_night(self, call: DispatchCall, number: str) -> None:
        desk = self._engine.book.is_desk(number)
        role = Role.DESK if desk else Role.PARTY
        await self._engine.ring(call, Purpose.NIGHT, number, role=role, seconds=DUTY_SECONDS)
