"""Probe and test calls: a call of our own over one trunk, which tells what became of it and ends at once.

A probe goes to a number that the far end always answers. Those that fail count like calls that fail: some in a row take
the trunk out of service although its line reads up; one that gets through brings it back.
"""

from __future__ import annotations

import asyncio
import logging
import secrets
from collections.abc import Callable
from dataclasses import dataclass, field

from softswitch.calls.core import Guests
from softswitch.clock import Millis
from softswitch.errors import not_found
from softswitch.ports import (
    ActFailed,
    CallActs,
    Channel,
    ControlFact,
    Entered,
    Left,
    LegEnded,
    LegRinging,
)
from softswitch.ports import (
    Leg as PlacedLeg,
)
from trunk.causes import FINAL, NORMAL, q850
from trunk.ledger import Expected
from trunk.model import Attempt, Trunk
from trunk.selection import ROUTINE
from trunk.service import TrunkService
from trunk.translate import presented, translated

log = logging.getLogger(__name__)

ASKING = "probe"
PROBE_SECONDS = 5
"""A probe that has not rung by then has failed."""
TEST_SECONDS = 30
TONE = "tone:1004"


@dataclass(slots=True)
class Outcome:
    """What became of a test call; times are milliseconds after it was placed."""

    trunk: str
    number: str
    rang: Millis | None = None
    answered: Millis | None = None
    ended: Millis | None = None
    cause: int = 0
    error: str = ""

    @property
    def through(self) -> bool:
        """Whether the far end took it."""
        return self.rang is not None or self.answered is not None or self.cause in FINAL


@dataclass(slots=True)
class _Running:
    outcome: Outcome
    began: Millis
    until_answer: bool
    done: asyncio.Event = field(default_factory=asyncio.Event)


class Probes(Guests):
    """Places such calls and hears what becomes of them."""

    def __init__(self, service: TrunkService, acts: CallActs, clock: Callable[[], Millis]) -> None:
        self._service = service
        self._acts = acts
        self._clock = clock
        self._running: dict[str, _Running] = {}

    # ---- facts

    def take(self, fact: ControlFact) -> bool:
        """Take a fact of one of these calls."""
        if isinstance(fact, Entered):
            return self._answered(fact)
        channel_id = getattr(fact, "channel_id", "")
        running = self._running.get(channel_id)
        if running is None or not isinstance(fact, LegRinging | LegEnded | Left):
            return False
        after = self._clock() - running.began
        if isinstance(fact, LegRinging):
            running.outcome.rang = running.outcome.rang or after
            if not running.until_answer:
                running.done.set()
        elif isinstance(fact, LegEnded):
            running.outcome.ended, running.outcome.cause = after, q850(fact.cause)
            running.done.set()
        return True

    def adopts(self, channel: Channel, args: tuple[str, ...]) -> bool:
        """End a test call that was up before a restart."""
        if args[:1] == (ASKING,) and channel.id not in self._running:
            self._service.spawn(self._hang_up(channel.id))
            return True
        return args[:1] == (ASKING,)

    def _answered(self, fact: Entered) -> bool:
        if fact.args[:1] != (ASKING,):
            return False
        running = self._running.get(fact.channel.id)
        if running is None:
            self._service.spawn(self._hang_up(fact.channel.id))
            return True
        running.outcome.answered = self._clock() - running.began
        running.done.set()
        return True

    # ---- calls

    async def probe(self, trunk: Trunk) -> Outcome:
        """Call the trunk's probe number until it rings or is answered, and tell the breaker."""
        outcome = await self.call(trunk, trunk.probe, seconds=PROBE_SECONDS, until_answer=False)
        # How a call ended says the ledger, of this one as of any other; what it cannot see is said here.
        breaker = self._service.books.breakers.get(trunk.name)
        if breaker is not None and not outcome.through and outcome.ended is None:
            breaker.failed(self._clock(), f"probe: {outcome.error}")
        self._service.books.changed(trunk.name)
        return outcome

    async def test(self, name: str, number: str) -> Outcome:
        """Call a number over one trunk; it hears a tone, and the call ends when it has answered."""
        trunk = self._service.books.trunks.get(name)
        if trunk is None:
            raise not_found("trunk", name, "Look at the list: softswitch trunk list.")
        return await self.call(trunk, number, seconds=TEST_SECONDS, until_answer=True)

    async def call(
        self, trunk: Trunk, number: str, *, seconds: float, until_answer: bool
    ) -> Outcome:
        """Place a call over a trunk, whatever its state, and return what became of it."""
        channel_id = secrets.token_hex(10)
        outcome = Outcome(trunk.name, number)
        running = _Running(outcome, self._clock(), until_answer)
        attempt = Attempt(
            trunk.name, translated(number, trunk.out), presented(trunk.caller, ""), "", "test"
        )
        leg = self._service.leg(
            PlacedLeg(
                channel_id, "", (ASKING, trunk.name), number, timeout_seconds=int(seconds) + 5
            ),
            attempt,
        )
        self._service.books.ledger.expect(channel_id, _expected(attempt))
        self._running[channel_id] = running
        try:
            await self._acts.place(leg)
            async with asyncio.timeout(seconds):
                await running.done.wait()
            if outcome.answered is not None:
                await self._acts.play(channel_id, secrets.token_hex(10), TONE)
        except ActFailed as error:
            outcome.error = outcome.error or str(error)
        except TimeoutError:
            outcome.error = f"nothing came in {seconds:.0f} s"
        finally:
            self._running.pop(channel_id, None)
            if outcome.ended is None:
                await self._hang_up(channel_id)
        return outcome

    async def _hang_up(self, channel_id: str) -> None:
        try:
            await self._acts.hangup(channel_id, NORMAL)
        except ActFailed as error:
            log.info("a test call could not be ended: %s", error)


def _expected(attempt: Attempt) -> Expected:
    return Expected(attempt.trunk, attempt.number, "", "", ROUTINE)
