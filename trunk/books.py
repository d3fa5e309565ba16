"""What trunks know while the system runs: the plan, who is well, who is in use, who has used how much."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import replace
from datetime import datetime, tzinfo

from softswitch.calls.phonebook import Phonebook
from softswitch.clock import Clock, Millis
from softswitch.errors import Refusal, conflict
from softswitch.ports import IAX2, Connected, PhoneReachable, SwitchFact
from trunk import guard
from trunk.admission import EMERGENCY, Admitted, admit
from trunk.breaker import Breaker, Circuit
from trunk.causes import FAULTS
from trunk.ledger import Ledger, TrunkCall, got_through
from trunk.model import Plan, Route, Sip, SipMode, Step, Trunk
from trunk.patterns import pattern
from trunk.selection import ROUTINE, Query, Selector
from trunk.switch import over_iax2

GATEWAY_CALLS = 480
"""What one gateway that registers here is taken to carry: 16 E1."""
SILENT = "the far end does not answer OPTIONS"
SILENT_LINK = "the node does not answer POKE"
SILENT_TLS = "the far end does not answer OPTIONS, or its certificate is not trusted"
UNREGISTERED = "it is not registered"


class Books:
    """The state of all trunks. Nothing here waits or writes; time comes from the clock that was given."""

    def __init__(self, book: Phonebook, clock: Clock, zone: tzinfo | None = None) -> None:
        self.book = book
        self.clock = clock
        self.zone = zone
        self.written = Plan()
        """As the operator wrote it."""
        self.plan = Plan()
        """With the gateways of the directory, which are trunks too."""
        self.gateways: Callable[[], Iterable[str]] = lambda: ()
        self.selector = Selector(self.plan)
        self.ledger = Ledger()
        self.breakers: dict[str, Breaker] = {}
        self.trunks: dict[str, Trunk] = {}
        self.users: dict[str, guard.Usage] = {}
        self.loads: dict[str, guard.Usage] = {}
        self.draws = 0
        self.ended: Callable[[TrunkCall], None] = lambda call: None
        """Told of each call that is over."""
        self.changed: Callable[[str], None] = lambda trunk: None
        """Told of each trunk that looks different."""
        self.looped: set[str] = set()
        """What is looped back to the far end: lines by the name of their trunk, circuits by their id."""
        self._reachable: dict[str, bool] = {}

    # ---- the plan

    def use(self, written: Plan) -> None:
        """Let a plan hold from now on; what is known of trunks that stay is kept."""
        self.written = written
        self.plan = with_gateways(written, self.gateways())
        self.selector = Selector(self.plan)
        before, self.trunks = self.trunks, {t.name: t for t in self.plan.trunks}
        self.ledger.follow({t.name: self.plan.circuits(t) for t in self.plan.trunks})
        at = self.clock()
        for name, trunk in self.trunks.items():
            if name not in self.breakers or before.get(name) != trunk:
                self.breakers[name] = Breaker(since=at)
                self._line(name, at)
            self.loads.setdefault(name, guard.Usage())
        for gone in set(self.breakers) - set(self.trunks):
            del self.breakers[gone]
        for name in {*before, *self.trunks}:
            self.changed(name)

    # ---- facts

    def take(self, fact: SwitchFact) -> None:
        """Take a fact of the switch."""
        at = self.clock()
        if isinstance(fact, PhoneReachable):
            self._told(fact, at)
        elif isinstance(fact, Connected):
            self._reachable.clear()
            for phone in fact.phones:
                self._told(phone, at)
        touched = getattr(getattr(fact, "channel", fact), "id", getattr(fact, "channel_id", ""))
        known = self.ledger.calls.get(touched)
        answered = known is not None and known.answered_at is not None
        rang = known is not None and known.rang_at is not None
        ended = self.ledger.apply(fact, at)
        for call in ended:
            self._over(call, at)
        now_known = self.ledger.calls.get(touched)
        if now_known is not None:
            if known is None:
                self._began(now_known, at)
            heard = now_known.rang_at is not None and not rang
            if now_known.outgoing and (heard or (now_known.answered_at and not answered)):
                self.breakers[now_known.trunk].succeeded(at)
            self.changed(now_known.trunk)

    def _told(self, fact: PhoneReachable, at: Millis) -> None:
        self._reachable[fact.phone_id] = fact.reachable
        name = fact.phone_id.removeprefix(IAX2)
        if name in self.trunks:
            self._line(name, at)
            self.changed(name)

    def _line(self, name: str, at: Millis) -> None:
        """OPTIONS of SIP, POKE of IAX2 tell whether the far end of a trunk is there; a gateway must have registered."""
        trunk = self.trunks[name]
        if over_iax2(self.plan, trunk):
            silent = self._reachable.get(f"{IAX2}{name}") is False
            self.breakers[name].line(at, SILENT_LINK if silent else "")
            return
        told = self._reachable.get(name)
        accepts = isinstance(trunk.line, Sip) and trunk.line.mode is SipMode.ACCEPT
        down = told is False or (accepts and not told)
        secure = isinstance(trunk.line, Sip) and trunk.line.transport == "tls"
        why = UNREGISTERED if accepts else SILENT_TLS if secure else SILENT
        self.breakers[name].line(at, why if down else "")

    def _began(self, call: TrunkCall, at: Millis) -> None:
        self.loads[call.trunk].start(at)
        if call.outgoing:
            self.breakers[call.trunk].tries(at)
            if call.user:
                self.users.setdefault(call.user, guard.Usage()).start(at)

    def _over(self, call: TrunkCall, at: Millis) -> None:
        self.loads[call.trunk].end(at, call.talked)
        if call.user:
            self.users.setdefault(call.user, guard.Usage()).end(at, call.talked)
        if call.outgoing:
            self._judge(call, at)
        self.ended(call)
        self.changed(call.trunk)

    def _judge(self, call: TrunkCall, at: Millis) -> None:
        """What the end of a call says of its trunk. One that we cleared before it rang says nothing."""
        breaker = self.breakers[call.trunk]
        if call.rang_at is not None or call.answered_at is not None:
            return  # told when it rang
        if got_through(call):
            breaker.succeeded(at)
        elif call.stalled or call.cause in FAULTS:
            why = "no answer to a call set-up" if call.stalled else f"cause {call.cause}"
            breaker.failed(at, why)

    def failed(self, trunk: str, why: str) -> None:
        """An attempt came to nothing before there was a channel."""
        at = self.clock()
        self.ledger.counters[trunk].attempts += 1
        self.breakers[trunk].tries(at)
        self.breakers[trunk].failed(at, why)
        self.changed(trunk)

    # ---- which way

    def query(self, number: str, caller: str, level: int) -> Query:
        """Return a call as the routes see it, at this moment."""
        at = self.clock()
        local = datetime.fromtimestamp(at / 1000, self.zone or datetime.now().astimezone().tzinfo)
        known = guard.class_of(self.plan, caller) if self.book.has(caller) else None
        self.draws += 1
        return Query(
            number=number,
            caller=caller,
            caller_class=known.name if known else "",
            precedence=level,
            weekday=local.weekday(),
            minute=local.hour * 60 + local.minute,
            draw=self.draws,
        )

    def check(self, number: str, caller: str | None) -> None:
        """Refuse a number that has no way, or that the caller may not call; ``caller`` is an extension or nobody."""
        if caller is not None and self.book.has(caller):
            self._check_user(number, caller)
        found = self.selector.attempts(self.query(number, caller or "", EMERGENCY))
        if all(self.breakers[attempt.trunk].down for attempt in found):
            raise _no_route(number)

    def _check_user(self, number: str, caller: str) -> None:
        known = guard.class_of(self.plan, caller)
        guard.check_destination(caller, known, number)
        if known is not None:
            usage = self.users.setdefault(caller, guard.Usage())
            up = sum(1 for call in self.ledger.calls.values() if call.user == caller)
            guard.check_limits(f"Extension {caller}", known.limits, up, usage, self.clock())

    def ways(self, number: str, caller: str, level: int) -> tuple[Query, Admitted]:
        """Return the attempts that can be made now. Precedence and emergency calls pass the guard's limits."""
        if self.book.has(caller) and level >= ROUTINE:
            self._check_user(number, caller)
        query = self.query(number, caller, level)
        found = self.selector.attempts(query)
        if not found:
            raise _no_route(number)
        exempt = level < ROUTINE
        return query, admit(
            found, self.trunks, self.ledger, self.breakers, level, self.clock(),
            (lambda trunk: False) if exempt else self._over_limit,
        )  # fmt: skip

    def _over_limit(self, trunk: str) -> bool:
        limits = self.trunks[trunk].limits
        busy = self.ledger.busy(trunk)
        return guard.over(trunk, limits, busy, self.loads[trunk], self.clock()) is not None

    def state(self, trunk: str) -> str:
        """Return the state of a trunk in one word: ``disabled``, ``down``, ``half_open``, ``open``, ``up``."""
        if not self.trunks[trunk].enabled:
            return "disabled"
        breaker = self.breakers[trunk]
        if breaker.down:
            return "down"
        if not self.ledger.capacity(trunk):
            return "blocked"
        return "up" if breaker.state is Circuit.CLOSED else breaker.state.value


def _no_route(number: str) -> Refusal:
    return conflict(
        "no_route",
        f"{number} is no extension, and no line to the outside is up.",
        "Check the number, or the lines with `softswitch trunk list`.",
    )


def with_gateways(plan: Plan, gateways: Iterable[str]) -> Plan:
    """Return a plan in which gateways of the directory are trunks; without any route all numbers go to them."""
    known = {trunk.name for trunk in plan.trunks}
    more = tuple(
        Trunk(name, Sip(host="", mode=SipMode.ACCEPT, calls=GATEWAY_CALLS))
        for name in gateways
        if name not in known
    )
    routes = plan.routes
    if not routes and more:
        steps = tuple(Step(trunk.name, order) for order, trunk in enumerate(more))
        routes = (Route("outside", (pattern("[0-9*#+]."),), steps),)
    return replace(plan, trunks=(*plan.trunks, *more), routes=routes)
