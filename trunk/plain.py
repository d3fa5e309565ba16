"""Calls that phones dial: the dialplan asks which trunks to try, gets its answer as variables, and goes on alone."""

from __future__ import annotations

import logging
from collections.abc import Coroutine
from typing import Any

from softswitch.calls.core import Guests
from softswitch.errors import Refusal
from softswitch.ports import ActFailed, CallActs, Channel, ControlFact, Entered
from trunk.causes import NO_CIRCUIT, q850
from trunk.ledger import Expected
from trunk.model import Attempt
from trunk.selection import ROUTINE
from trunk.service import TrunkService
from trunk.switch import dial, signalled

log = logging.getLogger(__name__)

ASKING = "outside"
"""The word with which the dialplan asks, and the context in which it tries what it is told."""
ASKING_NEXT = "outside-next"
"""The same before each further trunk: since the first was tried, others may have taken the circuits of the next."""
REFUSED = "softswitch-refused"
MOST_ATTEMPTS = 10


class PlainCalls(Guests):
    """Answers the dialplan. A channel that asks is under dispatch for some milliseconds and no part of any call."""

    def __init__(self, service: TrunkService, acts: CallActs, language: str = "zh") -> None:
        self._service = service
        self._acts = acts
        self._language = language
        self._told: dict[str, tuple[Attempt, ...]] = {}
        """What each channel was told to try."""

    def take(self, fact: ControlFact) -> bool:
        """Take a call that asks for its way."""
        return isinstance(fact, Entered) and self._asks(fact.channel, fact.args)

    def adopts(self, channel: Channel, args: tuple[str, ...]) -> bool:
        """Answer a call that asked while nobody was here."""
        return self._asks(channel, args)

    def gone(self, channel_id: str) -> None:
        """Forget a call that is over."""
        self._told.pop(channel_id, None)

    def _asks(self, channel: Channel, args: tuple[str, ...]) -> bool:
        if args[:1] == (ASKING,) and len(args) > 1:
            self._service.spawn(self._answer(channel, self._send(channel, args[1]), args[1]))
            return True
        if args[:1] == (ASKING_NEXT,) and len(args) == 4 and args[2].isdecimal():
            cause = int(args[3]) if args[3].isdecimal() else 0
            further = self._send_on(channel, args[1], int(args[2]), q850(cause))
            self._service.spawn(self._answer(channel, further, args[1]))
            return True
        return False

    async def _answer(
        self, channel: Channel, answering: Coroutine[Any, Any, None], number: str
    ) -> None:
        try:
            await answering
        except ActFailed as error:
            log.info("the call of %s to %s is gone: %s", channel.name, number, error)

    async def _send(self, channel: Channel, number: str) -> None:
        caller = channel.caller_number
        try:
            attempts = await self._service.attempts(number, caller, ROUTINE)
        except Refusal as refusal:
            log.info("%s may not or cannot call %s: %s", caller, number, refusal)
            await self._refuse(channel, number, refusal)
            return
        books = self._service.books
        user = caller if books.book.has(caller) else ""
        books.ledger.expect(
            channel.id, *(Expected(a.trunk, a.number, user, a.route, ROUTINE) for a in attempts)
        )
        self._told[channel.id] = attempts
        told = {"ATTEMPTS": str(min(len(attempts), MOST_ATTEMPTS))}
        for index, attempt in enumerate(attempts[:MOST_ATTEMPTS], 1):
            told[f"DIAL{index}"] = dial(books.plan, books.trunks[attempt.trunk], attempt.number)
            told[f"SHOW{index}"] = "" if attempt.caller == caller else attempt.caller
            told[f"CAT{index}"] = signalled(attempt.category)
        await self._acts.set_variables(channel.id, told)
        await self._acts.release(channel.id, ASKING, number)

    async def _send_on(self, channel: Channel, number: str, tried: int, cause: int) -> None:
        """Send a call to the next trunk that has a circuit for it; ``tried`` have failed, the last by ``cause``."""
        told = self._told.get(channel.id)
        if told is None:  # this program is younger than the call: the order as it was told
            await self._go_on(channel, number, tried + 1)
            return
        for failed in told[tried - 1 : tried]:
            self._service.left_behind(failed.trunk)
        for index, attempt in enumerate(told[tried:MOST_ATTEMPTS], tried + 1):
            why = self._service.lacks(attempt, ROUTINE)
            if not why:
                self._service.books.ledger.claim(channel.id, attempt.trunk)
                await self._go_on(channel, number, index)
                return
            log.info("trunk %s is not tried for %s: %s", attempt.trunk, number, why)
        await self._acts.hangup(channel.id, cause or NO_CIRCUIT)

    async def _go_on(self, channel: Channel, number: str, attempt: int) -> None:
        await self._acts.set_variables(channel.id, {"TRY": str(attempt)})
        await self._acts.release(channel.id, ASKING_NEXT, number)

    async def _refuse(self, channel: Channel, number: str, refusal: Refusal) -> None:
        if refusal.code == "no_route":
            await self._acts.release(channel.id, "unknown", number)
        elif refusal.code == "no_circuit":
            await self._acts.hangup(channel.id, NO_CIRCUIT)
        else:
            await self._acts.release(channel.id, REFUSED, self._language)
