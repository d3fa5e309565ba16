"""Calls that phones dial: the dialplan asks which trunks to try, gets its answer as variables, and goes on alone."""

from __future__ import annotations

import logging

from softswitch.calls.core import Guests
from softswitch.errors import Refusal
from softswitch.ports import ActFailed, CallActs, Channel, ControlFact, Entered
from trunk.causes import NO_CIRCUIT
from trunk.ledger import Expected
from trunk.selection import ROUTINE
from trunk.service import TrunkService
from trunk.switch import dial

log = logging.getLogger(__name__)

ASKING = "outside"
"""The word with which the dialplan asks, and the context in which it tries what it is told."""
REFUSED = "softswitch-refused"
MOST_ATTEMPTS = 10


class PlainCalls(Guests):
    """Answers the dialplan. A channel that asks is under dispatch for some milliseconds and no part of any call."""

    def __init__(self, service: TrunkService, acts: CallActs, language: str = "zh") -> None:
        self._service = service
        self._acts = acts
        self._language = language

    def take(self, fact: ControlFact) -> bool:
        """Take a call that asks for its way."""
        if isinstance(fact, Entered) and fact.args[:1] == (ASKING,) and len(fact.args) > 1:
            self._service.spawn(self._answer(fact.channel, fact.args[1]))
            return True
        return False

    def adopts(self, channel: Channel, args: tuple[str, ...]) -> bool:
        """Answer a call that asked while nobody was here."""
        if args[:1] == (ASKING,) and len(args) > 1:
            self._service.spawn(self._answer(channel, args[1]))
            return True
        return False

    async def _answer(self, channel: Channel, number: str) -> None:
        try:
            await self._send(channel, number)
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
        told = {"ATTEMPTS": str(min(len(attempts), MOST_ATTEMPTS))}
        for index, attempt in enumerate(attempts[:MOST_ATTEMPTS], 1):
            told[f"DIAL{index}"] = dial(books.plan, books.trunks[attempt.trunk], attempt.number)
            told[f"SHOW{index}"] = "" if attempt.caller == caller else attempt.caller
        await self._acts.set_variables(channel.id, told)
        await self._acts.release(channel.id, ASKING, number)

    async def _refuse(self, channel: Channel, number: str, refusal: Refusal) -> None:
        if refusal.code == "no_route":
            await self._acts.release(channel.id, "unknown", number)
        elif refusal.code == "no_circuit":
            await self._acts.hangup(channel.id, NO_CIRCUIT)
        else:
            await self._acts.release(channel.id, REFUSED, self._language)
