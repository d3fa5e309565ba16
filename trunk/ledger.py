"""Which circuits are in use, by whom, and what became of each call: built from the facts of the switch. Pure.

A channel whose SIP account is a trunk is a call on that trunk, whoever placed it: dispatch, the dialplan, the far end.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from softswitch.clock import Millis
from softswitch.ports import (
    Channel,
    ChannelGone,
    ChannelSeen,
    ChannelState,
    Connected,
    DialBegan,
    DialHeard,
    HangupAsked,
    SwitchFact,
)
from trunk.causes import FINAL, NORMAL, PREEMPTED, q850
from trunk.model import Circuit


class Source(StrEnum):
    """Who ended a call."""

    FAR = "far"
    NEAR = "near"
    PREEMPTED = "preempted"
    UNKNOWN = "unknown"


@dataclass(slots=True)
class TrunkCall:
    """One call on one circuit, from seizure to release; times are milliseconds since 1970."""

    channel_id: str
    name: str
    trunk: str
    circuit: str
    outgoing: bool
    call_id: str
    number: str
    """The called number as the trunk had it."""
    caller: str
    started_at: Millis
    user: str = ""
    """The extension that pays for it; empty for calls of the system itself and incoming ones."""
    route: str = ""
    level: int = 4
    heard_at: Millis | None = None
    """When the far end first said that it is at work."""
    rang_at: Millis | None = None
    """When it rang, or sent sound in place of that."""
    answered_at: Millis | None = None
    ended_at: Millis | None = None
    cause: int = 0
    source: Source = Source.UNKNOWN
    asked_far: bool = False
    stalled: bool = False

    @property
    def talked(self) -> Millis:
        """How long it was answered; 0 for one that was not."""
        if self.answered_at is None or self.ended_at is None:
            return 0
        return max(0, self.ended_at - self.answered_at)


@dataclass(slots=True)
class Counters:
    """What a trunk has done since the start of this process."""

    attempts: int = 0
    """Outgoing call set-ups."""
    seizures: int = 0
    """Of these, those that the far end took: it rang, answered, or told a cause of the number's own."""
    answers: int = 0
    incoming: int = 0
    incoming_answers: int = 0
    millis: Millis = 0
    overflows: int = 0
    preemptions: int = 0
    refusals: int = 0
    causes: Counter[int] = field(default_factory=Counter)
    sources: Counter[Source] = field(default_factory=Counter)
    """Who ended the calls."""


@dataclass(frozen=True, slots=True)
class Expected:
    """What is known of an outgoing call before its channel is seen."""

    trunk: str
    number: str
    user: str = ""
    route: str = ""
    level: int = 4


class Ledger:
    """The calls on all trunks. ``apply`` takes one fact and returns the calls that ended with it."""

    def __init__(self) -> None:
        self.calls: dict[str, TrunkCall] = {}
        self.counters: dict[str, Counters] = {}
        self._circuits: dict[str, list[Circuit]] = {}
        self._busy: dict[str, dict[str, str]] = {}
        """By trunk: which circuit carries which channel."""
        self.blocked: dict[str, set[str]] = {}
        """By trunk: circuits that take no new call."""
        self._expected: dict[str, dict[str, Expected]] = {}
        """By channel, then by trunk."""
        self._claims: dict[str, str] = {}
        """The trunk on which a channel will seize a circuit in a moment: two calls must not count on the same one."""

    def follow(self, circuits: Mapping[str, list[Circuit]]) -> None:
        """Take another set of trunks; calls on those that are gone are forgotten."""
        self._circuits = dict(circuits)
        for name in circuits:
            self.counters.setdefault(name, Counters())
            self._busy.setdefault(name, {})
            self.blocked.setdefault(name, set())
        for call in [c for c in self.calls.values() if c.trunk not in circuits]:
            del self.calls[call.channel_id]

    def expect(self, channel_id: str, first: Expected, *others: Expected) -> None:
        """Tell what the next channel of this id, or those that it dials, are for; claim a circuit for the first."""
        self._expected[channel_id] = {each.trunk: each for each in (first, *others)}
        self._claims[channel_id] = first.trunk

    def claim(self, channel_id: str, trunk: str) -> None:
        """A call of the dialplan goes on to another of the trunks that were expected: a circuit there is its own."""
        self._claims[channel_id] = trunk

    def forget(self, channel_id: str) -> None:
        """A channel was expected and does not come."""
        self._expected.pop(channel_id, None)
        self._claims.pop(channel_id, None)

    # ---- facts

    def apply(self, fact: SwitchFact, at: Millis) -> list[TrunkCall]:
        """Take a fact; return the calls that it ended."""
        if isinstance(fact, ChannelSeen):
            self._seen(fact.channel, at)
        elif isinstance(fact, ChannelGone):
            if (
                fact.channel_id not in self.calls
            ):  # else the next attempt may be expected under the same id
                self.forget(fact.channel_id)
            return self._gone(fact.channel_id, fact.cause, at)
        elif isinstance(fact, HangupAsked):
            if (call := self.calls.get(fact.channel_id)) is not None:
                call.asked_far = True
        elif isinstance(fact, DialHeard):
            if (call := self.calls.get(fact.channel_id)) is not None:
                call.heard_at = call.heard_at or at
                if fact.sound:
                    call.rang_at = call.rang_at or at
        elif isinstance(fact, DialBegan):
            self._dialled(fact)
        elif isinstance(fact, Connected):
            return self._connected(fact.channels, at)
        return []

    def _seen(self, channel: Channel, at: Millis) -> None:
        call = self.calls.get(channel.id)
        if call is None:
            if channel.endpoint not in self._circuits:
                return
            call = self._begin(channel, at)
        call.name, call.call_id = channel.name, channel.linked_id
        if not call.outgoing:
            call.caller = channel.caller_number or call.caller
        if channel.state is ChannelState.RINGING and call.rang_at is None:
            call.rang_at = at
        if channel.state is ChannelState.UP and call.answered_at is None:
            self._answered(call, at)

    def _begin(self, channel: Channel, at: Millis) -> TrunkCall:
        self._claims.pop(channel.id, None)
        known = self._expected.pop(channel.id, {}).get(channel.endpoint)
        # What comes in is told with a caller and in state Ring; what we dial begins as Down.
        outgoing = known is not None or channel.state is ChannelState.DOWN or not channel.dialed
        call = TrunkCall(
            channel_id=channel.id,
            name=channel.name,
            trunk=channel.endpoint,
            circuit=self._seize(channel.endpoint, channel.id),
            outgoing=outgoing,
            call_id=channel.linked_id,
            number=known.number if known else channel.caller_number if outgoing else channel.dialed,
            caller=channel.connected_number if outgoing else channel.caller_number,
            started_at=at,
        )
        self.calls[channel.id] = call
        counters = self.counters[call.trunk]
        if outgoing:
            counters.attempts += 1
        else:
            counters.incoming += 1
        if known is not None:
            call.user, call.route, call.level = known.user, known.route, known.level
        return call

    def _seize(self, trunk: str, channel_id: str) -> str:
        busy = self._busy[trunk]
        blocked = self.blocked[trunk]
        for circuit in self._circuits[trunk]:
            if circuit.id not in busy and circuit.id not in blocked:
                busy[circuit.id] = channel_id
                return circuit.id
        return (
            ""  # more calls than circuits: the far end sends what it likes, or a blocked one drains
        )

    def _dialled(self, fact: DialBegan) -> None:
        """A call of the dialplan: what is known stands under the channel that dials."""
        call = self.calls.get(fact.channel_id)
        found = self._expected.get(fact.caller_id, {})
        order = list(found)
        claimed = self._claims.get(fact.caller_id)
        # The trunk that was claimed, or one after it; word of an earlier attempt may come late.
        if call is not None and claimed in order and call.trunk in order[order.index(claimed) :]:
            del self._claims[fact.caller_id]
        known = found.get(call.trunk) if call is not None else None
        if call is not None and known is not None:
            call.user, call.level = known.user, known.level
            call.number, call.route = known.number, known.route

    def _answered(self, call: TrunkCall, at: Millis) -> None:
        call.answered_at = at
        counters = self.counters[call.trunk]
        if call.outgoing:
            counters.answers += 1
        else:
            counters.incoming_answers += 1

    def _gone(self, channel_id: str, cause: int, at: Millis) -> list[TrunkCall]:
        call = self.calls.pop(channel_id, None)
        if call is None:
            return []
        self._busy[call.trunk].pop(call.circuit, None)
        call.ended_at, call.cause = at, q850(cause)
        if call.cause == PREEMPTED:
            call.source = Source.PREEMPTED
        else:
            call.source = Source.FAR if call.asked_far else Source.NEAR
        self._count(call)
        return [call]

    def _count(self, call: TrunkCall) -> None:
        counters = self.counters[call.trunk]
        counters.causes[call.cause] += 1
        counters.sources[call.source] += 1
        counters.millis += call.talked
        if call.outgoing and got_through(call):
            counters.seizures += 1

    def _connected(self, channels: Iterable[Channel], at: Millis) -> list[TrunkCall]:
        """After a cut: what is not there any more has ended unseen, what is there goes on."""
        present = {channel.id: channel for channel in channels}
        ended = [
            call
            for key in list(self.calls)
            if key not in present
            for call in self._gone(key, 0, at)
        ]
        for channel in present.values():
            self._seen(channel, channel.created_at or at)
        return ended

    # ---- how much is free

    def capacity(self, trunk: str) -> int:
        """Return how many circuits a trunk has that are not blocked."""
        return len(self._circuits.get(trunk, ())) - len(self.blocked.get(trunk, ()))

    def busy(self, trunk: str) -> int:
        """Return how many of them carry a call."""
        return len(self._busy.get(trunk, ()))

    def free(self, trunk: str) -> int:
        """Return how many can be seized."""
        taken = self._busy.get(trunk, {}).keys() | self.blocked.get(trunk, set())
        claimed = sum(1 for each in self._claims.values() if each == trunk)
        return len(self._circuits.get(trunk, ())) - len(taken - {""}) - claimed

    def circuits(self, trunk: str) -> list[tuple[Circuit, TrunkCall | None]]:
        """Return each circuit of a trunk with the call on it."""
        busy = self._busy.get(trunk, {})
        return [
            (circuit, self.calls.get(busy.get(circuit.id, "")))
            for circuit in self._circuits.get(trunk, ())
        ]


def got_through(call: TrunkCall) -> bool:
    """Tell whether the far end took an outgoing call, so that the trunk itself is well."""
    if call.rang_at is not None or call.answered_at is not None:
        return True
    return call.cause in FINAL or (call.cause == NORMAL and call.asked_far)
