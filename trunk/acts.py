"""Legs to numbers outside: placed on the first trunk that can, and on the next when the way fails.

All attempts of a leg have its one channel id, so that whoever placed it sees one leg: the end of an attempt is told
to nobody while another follows. Once a number has rung there is no other attempt.
"""

from __future__ import annotations

import logging
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any

from softswitch.errors import Refusal
from softswitch.ports import (
    ActFailed,
    CallActs,
    ChannelGone,
    ChannelSeen,
    ChannelState,
    ControlFact,
    ControlUp,
    DialHeard,
    Entered,
    Left,
    Leg,
    LegEnded,
    LegRinging,
    SwitchFact,
)
from trunk.causes import NO_CIRCUIT, Next, after, q850
from trunk.ledger import Expected
from trunk.model import Attempt

log = logging.getLogger(__name__)


@dataclass(slots=True)
class Trip:
    """One leg on its way through its attempts."""

    leg: Leg
    left: deque[Attempt]
    user: str
    level: int
    trunk: str = ""
    rang: bool = False
    over: bool = False
    cancelled: bool = False
    hides: list[bool] = field(default_factory=list)
    """For each attempt that has ended, whether another followed."""
    told: dict[str, int] = field(default_factory=lambda: {"control": 0, "switch": 0})
    """How many ends each stream has told."""
    cause: int = 0
    linked_id: str = ""
    gaps: list[float] = field(default_factory=list)
    """Seconds from the end of an attempt until the next was placed."""


Choose = Callable[[Leg], Any]


class TrunkActs:
    """The acts on calls (``ports.CallActs``) as the core sees them: everything but ``place`` goes to the switch."""

    def __init__(self, acts: CallActs) -> None:
        self._acts = acts
        self.trips: dict[str, Trip] = {}
        self.under: set[str] = set()
        """The channels that are under dispatch now, for whatever."""
        self.ways: Any = None
        """The :class:`trunk.service.TrunkService`; set when everything is built."""

    def __getattr__(self, name: str) -> Any:
        return getattr(self._acts, name)

    # ---- acts

    async def place(self, leg: Leg) -> None:
        """Ring a phone, or a number outside through the trunks; raises :class:`ActFailed` when nothing could be."""
        if not leg.number or leg.phone_id or leg.dial or self.ways is None:
            await self._acts.place(leg)
            return
        try:
            trip = await self.ways.trip(leg)
        except Refusal as refusal:
            raise ActFailed(f"{refusal.code}: {refusal}") from refusal
        self.trips[leg.channel_id] = trip
        if not await self._next(trip):
            del self.trips[leg.channel_id]
            raise ActFailed(f"No trunk took {leg.number} (cause {trip.cause or NO_CIRCUIT})", 500)

    async def hangup(self, channel_id: str, cause: int = 16) -> None:
        """End a channel with a Q.850 cause; a leg between two attempts makes no other."""
        trip = self.trips.get(channel_id)
        if trip is not None:
            trip.cancelled = True
        await self._acts.hangup(channel_id, cause)

    async def _next(self, trip: Trip) -> bool:
        """Place the next attempt; return whether one was."""
        while trip.left and not trip.cancelled:
            attempt = trip.left.popleft()
            if why := self.ways.lacks(attempt, trip.level):
                log.info("trunk %s is not tried for %s: %s", attempt.trunk, attempt.number, why)
                continue
            trip.trunk = attempt.trunk
            self.ways.expect(trip, attempt)
            try:
                await self._acts.place(self.ways.leg(trip.leg, attempt, trip.level))
            except ActFailed as error:
                log.info("trunk %s did not take %s: %s", attempt.trunk, attempt.number, error)
                self.ways.not_placed(trip, attempt, str(error))
                continue
            await self._end_if_cancelled(trip)
            return True
        return False

    async def _end_if_cancelled(self, trip: Trip) -> None:
        """Whoever gave the leg up while it was being placed could end nothing yet."""
        if trip.cancelled:
            await self._acts.hangup(trip.leg.channel_id)

    # ---- facts

    def hides_control(self, fact: ControlFact) -> bool:
        """Take a fact of control; return whether it is the end of an attempt that another follows."""
        self._follow(fact)
        if isinstance(fact, LegEnded) and (trip := self.trips.get(fact.channel_id)):
            return self._ended(trip, "control", fact.cause)
        if isinstance(fact, LegRinging) and (trip := self.trips.get(fact.channel_id)):
            trip.rang = True
        elif isinstance(fact, Entered) and (trip := self.trips.get(fact.channel.id)):
            trip.rang = trip.over = True
        return False

    def _follow(self, fact: ControlFact) -> None:
        if isinstance(fact, Entered):
            self.under.add(fact.channel.id)
        elif isinstance(fact, Left | LegEnded):
            self.under.discard(fact.channel_id)
        elif isinstance(fact, ControlUp):
            self.under = {channel.id for channel, _ in fact.channels}

    def hides_switch(self, fact: SwitchFact) -> bool:
        """Take a fact of the switch; return whether it is the end of an attempt that another follows."""
        if isinstance(fact, ChannelGone) and (trip := self.trips.get(fact.channel_id)):
            trip.linked_id = fact.linked_id
            return self._ended(trip, "switch", fact.cause)
        if isinstance(fact, ChannelSeen) and (trip := self.trips.get(fact.channel.id)):
            trip.rang = trip.rang or fact.channel.state in (ChannelState.RINGING, ChannelState.UP)
        elif (
            isinstance(fact, DialHeard) and fact.sound and (trip := self.trips.get(fact.channel_id))
        ):
            trip.rang = True
        return False

    def _ended(self, trip: Trip, stream: str, cause: int) -> bool:
        trip.told[stream] += 1
        attempt = trip.told[stream]
        if attempt > len(trip.hides):  # the first stream to tell decides
            self._decide(trip, cause)
        self._forget(trip)
        return trip.hides[attempt - 1]

    def _decide(self, trip: Trip, cause: int) -> None:
        trip.cause = q850(cause) or trip.cause
        goes_on = (
            not trip.cancelled
            and bool(trip.left)
            and not trip.over
            and after(cause, rang=trip.rang) is Next.NEXT_TRUNK
        )
        trip.hides.append(goes_on)
        if goes_on:
            self.ways.overflowed(trip)
            self.ways.spawn(self._again(trip, time.monotonic()))
        else:
            trip.over = True

    def _forget(self, trip: Trip) -> None:
        """A leg is done with when no end is still to be hidden."""
        ends = len(trip.hides)
        if trip.over and not trip.hides[-1] and all(n >= ends - 1 for n in trip.told.values()):
            self.trips.pop(trip.leg.channel_id, None)

    async def _again(self, trip: Trip, since: float) -> None:
        if await self._next(trip):
            trip.gaps.append(time.monotonic() - since)
            self.ways.gap(trip.gaps[-1])
            return
        # Both streams were told nothing of the last attempt's end: they are now.
        trip.over = True
        self.trips.pop(trip.leg.channel_id, None)
        self.ways.tell_end(trip.leg.channel_id, trip.linked_id, trip.cause or NO_CIRCUIT)


def expected(trip: Trip, attempt: Attempt) -> Expected:
    """Return what the ledger shall know of an attempt."""
    return Expected(attempt.trunk, attempt.number, trip.user, attempt.route, trip.level)


def on_trunk(leg: Leg, attempt: Attempt, dial: str) -> Leg:
    """Return the leg as one trunk gets it."""
    caller = attempt.caller or leg.caller_number
    return replace(
        leg, number=attempt.number, caller_number=caller, phone_id=attempt.trunk, dial=dial
    )
