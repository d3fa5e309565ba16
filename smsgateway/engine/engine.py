"""From the queue to the links and back. What must be on the disk first is; see ``Turn``.

One turn is in the writer at a time; what happens meanwhile is gathered into the next.  So the slower the disk, the
larger the turns, and the centres' answers never wait for each other's commits.

What is lost when the process dies between two lines: nothing.  A part is written to the socket only when its message
stands as ``submitting``; a receipt is acknowledged only when it is stored.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from smsgateway.engine.lane import Lane
from smsgateway.engine.limiter import Limiter
from smsgateway.engine.routing import Offer, RoutingTable, may_carry
from smsgateway.engine.shelf import Shelf
from smsgateway.engine.wire import WireJournal
from smsgateway.engine.writer import Writer
from smsgateway.links.model import Link
from smsgateway.model import BatchState, Body, MessageState
from smsgateway.port import Envelope, Fault, Leased, Receipt, Reply, SmsLink, Submission
from smsgateway.queue.repository import THROTTLED
from smsgateway.queue.turn import Lease, LeasedRow, Turn, TurnResult
from smsgateway.queue.upkeep import OpenBatch
from softswitch.clock import Clock, Millis

log = logging.getLogger(__name__)

_Q, _L, _S, _T, _D, _F = (
    MessageState.QUEUED,
    MessageState.LEASED,
    MessageState.SUBMITTING,
    MessageState.SUBMITTED,
    MessageState.IN_DOUBT,
    MessageState.FAILED,
)
# How grave an answer is for a message of several parts: the gravest decides.
_TAKEN, _UNSENT, _LATER, _DOUBT, _REFUSED = range(5)

_NO_ID = "-"
"""For the journal: the centre took it, and gave no id."""

_TURN_SECONDS = 0.02
"""A turn is not begun sooner after the last one while every lane has enough that is ready."""

_RECEIPT_SECONDS = 0.004
"""And while receipts wait: a centre may hold back the next one until the first is acknowledged."""

_MOST_BODIES = 20_000
_LEAST_LEASE, _MOST_LEASE = 100, 2_000


@dataclass(frozen=True, slots=True)
class Rules:
    """How the engine behaves. Times in milliseconds."""

    doubt: Millis = 15_000
    """So long a message in doubt waits for a receipt before the policy of its batch applies."""

    tries: int = 4
    """Tries of a message that the centre refuses for the time being; throttling counts none."""

    pause: Millis = 30_000
    """Before the second try; it doubles."""


class Engine:
    """The owner of the links. Use it from one event loop."""

    def __init__(self, writer: Writer, clock: Clock, rules: Rules, wire: WireJournal) -> None:
        self.lanes: dict[int, Lane] = {}
        self.batches: dict[int, OpenBatch] = {}
        self.table = RoutingTable(())
        self.shelf = Shelf()
        self.draining: set[SmsLink] = set()
        """Links that are closed as soon as their last answers are here."""

        self.stopping = False
        self._writer = writer
        self._clock = clock
        self._rules = rules
        self._wire = wire
        self._turn = Turn()
        self._tokens: dict[int, list[Any]] = {}
        self._going: list[tuple[Lane, Submission]] = []
        self._envelopes: dict[int, Envelope] = {}
        self._bodies: dict[int, Body] = {}
        self._dry: set[tuple[int, str]] = set()
        self._asked: set[tuple[int, str]] = set()
        self._busy = False
        self._scheduled = False
        self._timer: asyncio.TimerHandle | None = None
        self._pacer: asyncio.TimerHandle | None = None
        self._last_turn = 0.0
        self._idle = asyncio.Event()
        self._loop = asyncio.get_running_loop()

    # ---- steering

    def open_lane(self, stored: Link, make: Callable[[Link, Engine], SmsLink]) -> Lane:
        """Begin to use a link."""
        link = make(stored, self)
        limiter = Limiter(stored.config.rate, self._loop.time())
        lane = self.lanes[stored.id] = Lane(stored, link, limiter, since=self._clock())
        return lane

    def close_lane(self, link_id: int) -> Lane | None:
        """Use a link no more: what was not written waits for another."""
        lane = self.lanes.pop(link_id, None)
        if lane is not None:
            self._unsend(lane)
        return lane

    def set_routes(self) -> None:
        """Follow changed links: what is leased is looked at again."""
        self.table = RoutingTable(
            Offer(route.prefix, lane.stored.id, route.cost)
            for lane in self.lanes.values()
            for route in lane.stored.config.routes
        )
        for batch_id, message in self.shelf.drop_all():
            self._shelve(batch_id, [message])
        self.wake()

    def set_batches(self, batches: Sequence[OpenBatch]) -> None:
        """Follow changed batches; what was leased of those that may not send now waits in the queue again."""
        now = self._clock()
        self.batches = {batch.id: batch for batch in batches}
        self._envelopes = {
            batch.id: Envelope(batch.id, batch.sender, batch.receipts, batch.expires_at)
            for batch in batches
        }
        for batch_id in self.shelf.batches():
            if not self.may_send(batch_id, now):
                self._return(batch_id, self.shelf.drop(batch_id))
        for lane in self.lanes.values():
            self._unsend(lane, lambda one: not self.may_send(one.message.envelope.batch_id, now))
        self.wake()

    def may_send(self, batch_id: int, now: Millis) -> bool:
        """Tell whether messages of a batch may go out."""
        batch = self.batches.get(batch_id)
        if batch is None or batch.state is not BatchState.OPEN or batch.starts_at > now:
            return False
        return batch.expires_at is None or batch.expires_at > now

    def wake(self) -> None:
        """There may be something in the queue again."""
        self._dry.clear()
        self._kick()

    def close(self) -> None:
        """Let nothing come back later."""
        for timer in (self._timer, self._pacer):
            if timer is not None:
                timer.cancel()

    async def settle(self) -> None:
        """Wait until nothing is in the writer or waits for it."""
        while self._busy or self._scheduled or not self._turn.is_empty:
            self._idle.clear()
            await self._idle.wait()

    async def put_everything_back(self) -> None:
        """Give what is leased back to the queue: the last act before the end."""
        self.stopping = True
        for lane in self.lanes.values():
            self._unsend(lane)
        for batch_id, message in self.shelf.drop_all():
            self._return(batch_id, [message])
        await self.settle()

    # ---- what links tell

    def bound(self, link: SmsLink) -> None:
        """A link can submit."""
        self._note_change(link)

    def cut(self, link: SmsLink, why: str, doubtful: Sequence[Submission]) -> None:
        """A connection ended."""
        if doubtful:
            log.warning("Link %s: %s; %d parts in doubt.", link.name, why, len(doubtful))
        for submission in doubtful:
            self._part(submission, _DOUBT, "")
        lane = self.lanes.get(link.id)
        if lane is not None:
            self._unsend(lane)
        self._note_change(link)

    def accepted(self, link: SmsLink, submission: Submission, smsc_id: str) -> None:
        """The centre took a part."""
        message = submission.message
        self._wire.answered(message.id, submission.part, smsc_id or _NO_ID)
        if not message.open_parts:
            self._turn.late.append((message.id, submission.part, smsc_id, ""))
        elif len(message.body.parts) == 1 or message.body.as_payload:
            message.open_parts = 0
            self._turn.accepted.append((message.id, smsc_id))
            counts, batch = self._turn.counts, message.envelope.batch_id
            counts[batch, _S] -= 1
            counts[batch, _T] += 1
        else:
            self._turn.parts.append((message.id, submission.part, smsc_id))
            self._part(submission, _TAKEN, "")
        self._note_work()

    def refused(self, link: SmsLink, submission: Submission, fault: Fault, error: str) -> None:
        """The centre refused a part."""
        message = submission.message
        self._wire.answered(message.id, submission.part, "")
        if not message.open_parts:
            self._turn.late.append((message.id, submission.part, "", error))
        elif fault is Fault.THROTTLED:
            lane = self.lanes.get(link.id)
            if lane is not None:
                now = self._loop.time()
                lane.limiter.throttled(now, lane.recent_rate(now))
            self._turn.counts[message.envelope.batch_id, THROTTLED] += 1
            self._part(submission, _UNSENT, "")
        else:
            self._part(submission, _LATER if fault is Fault.TEMPORARY else _REFUSED, error)
        self._kick()

    def unanswered(self, link: SmsLink, submissions: Sequence[Submission]) -> None:
        """No answer in time."""
        log.warning("Link %s: no answer for %d parts; in doubt.", link.name, len(submissions))
        for submission in submissions:
            self._part(submission, _DOUBT, "")
        self._kick()

    def taken(self, link: SmsLink) -> None:
        """A link has told everything that one read brought: places in its window are free now."""
        lane = self.lanes.get(link.id)
        if lane is not None:
            lane.write(self._wire)
            if lane.is_hungry:
                self._kick()

    def receipt(self, link: SmsLink, receipt: Receipt) -> None:
        """A receipt came."""
        self._turn.receipts.append((link.id, receipt))
        if not self._tokens:
            self._kick()  # it waits a shorter time than what is planned
        self._tokens.setdefault(link.id, []).append(receipt.token)

    def reply(self, link: SmsLink, reply: Reply) -> None:
        """A phone wrote."""
        self._turn.replies.append((link.id, reply))
        self._tokens.setdefault(link.id, []).append(reply.token)
        self._kick()

    # ---- what comes of a message

    def _part(self, submission: Submission, rank: int, error: str) -> None:
        """One part of a message has its answer; the last one decides."""
        message = submission.message
        if rank > message.worst:
            message.worst, message.error = rank, error
        message.open_parts -= 1
        if message.open_parts > 0:
            return
        turn, batch = self._turn, message.envelope.batch_id
        match message.worst:
            case 0:
                turn.accepted.append((message.id, ""))
                turn.move(batch, _S, _T)
            case 1:
                self._requeue(message, None, 0)
            case 2 if message.attempts + 1 < self._rules.tries:
                pause = self._rules.pause << message.attempts
                self._requeue(message, self._clock() + pause, 1)
            case 3:
                turn.doubtful.append((message.id, self._clock() + self._rules.doubt))
                turn.move(batch, _S, _D)
            case _:
                turn.failed.append((message.id, message.error))
                turn.move(batch, _S, _F)

    def _requeue(self, message: Leased, due: Millis | None, attempts: int) -> None:
        batch = message.envelope.batch_id
        self._turn.requeued.append((message.id, due, attempts))
        self._turn.move(batch, _S, _Q)
        if due is None:
            self._dry = {key for key in self._dry if key[0] != batch}

    def _return(self, batch_id: int, messages: Sequence[Leased]) -> None:
        for message in messages:
            self._turn.returned.append(message.id)
            self._turn.move(batch_id, _L, _Q)
        self._kick()

    def _unsend(self, lane: Lane, which: Callable[[Submission], bool] = lambda one: True) -> None:
        """Take back what is committed for a lane and was not written."""
        kept = [one for one in lane.ready if not which(one)]
        for one in [one for one in lane.ready if which(one)]:
            self._part(one, _UNSENT, "")
        lane.ready.clear()
        lane.ready.extend(kept)
        self._kick()

    def _note_change(self, link: SmsLink) -> None:
        lane = self.lanes.get(link.id)
        if lane is not None:
            lane.since = self._clock()
        self._kick()

    # ---- turns

    def _note_work(self) -> None:
        """There is more for the next turn; nothing to do when that is planned already."""
        if not self._busy and self._pacer is None:
            self._kick()

    def _kick(self) -> None:
        if not self._scheduled:
            self._scheduled = True
            self._loop.call_soon(self._go)

    def _go(self) -> None:
        """Write what is ready; give the writer its next turn."""
        self._scheduled = False
        for lane in self.lanes.values():
            lane.write(self._wire)
        if self._busy:
            return
        if not self.stopping:
            if self._can_wait():
                return
            self._fill()
        turn = self._turn
        if turn.is_empty:
            self._idle.set()
            return
        self._turn = Turn()
        tokens, self._tokens = self._tokens, {}
        going, self._going = self._going, []
        self._stop_pacer()
        turn.at = self._clock()
        self._busy = True
        self._last_turn = self._loop.time()
        self._wire.begin(self._out())
        known = self._bodies.__contains__
        self._writer.post(
            lambda work: work.turn(turn, known),
            lambda result: self._committed(result, going, tokens),
        )

    def _can_wait(self) -> bool:
        """Tell whether the next turn may grow a little: few large turns cost less than many small ones."""
        pause = _RECEIPT_SECONDS if self._tokens else _TURN_SECONDS
        due = self._last_turn + pause
        if due <= self._loop.time() or any(lane.is_hungry for lane in self.lanes.values()):
            return False
        if self._pacer is None or self._pacer.when() > due:
            self._stop_pacer()
            self._pacer = self._loop.call_at(due, self._paced)
        return True

    def _stop_pacer(self) -> None:
        if self._pacer is not None:
            self._pacer.cancel()
            self._pacer = None

    def _paced(self) -> None:
        self._pacer = None
        self._kick()

    def _out(self) -> Iterator[tuple[int, int]]:
        """Give what is on the wire and unanswered."""
        for link in (*(lane.link for lane in self.lanes.values()), *self.draining):
            for one in link.pending():
                yield one.message.id, one.part

    def _committed(
        self,
        result: TurnResult,
        going: list[tuple[Lane, Submission]],
        tokens: dict[int, list[Any]],
    ) -> None:
        """A turn is on the disk: what waited for that goes on."""
        self._busy = False
        for link_id, known in tokens.items():
            lane = self.lanes.get(link_id)
            if lane is not None:
                lane.link.counters.unknown_receipts += result.unmatched
                lane.link.acknowledge(known)
        for lane, submission in going:
            lane.committing -= 1
            if lane.is_able and not self.stopping and lane.stored.id in self.lanes:
                lane.ready.append(submission)
            else:
                self._part(submission, _UNSENT, "")
        self._take_leased(result)
        self._kick()

    def _take_leased(self, result: TurnResult) -> None:
        self._bodies.update(result.bodies)
        for lease, rows in result.leased:
            self._asked.discard((lease.batch_id, lease.route))
            if len(rows) < lease.limit:
                self._dry.add((lease.batch_id, lease.route))
            messages = [self._leased(lease.batch_id, row) for row in rows]
            if self.stopping or not self.may_send(lease.batch_id, self._clock()):
                self._return(lease.batch_id, messages)
            else:
                self._shelve(lease.batch_id, messages)
        if len(self._bodies) > _MOST_BODIES:  # here, where no turn that relies on them is under way
            self._bodies.clear()

    def _leased(self, batch_id: int, row: LeasedRow) -> Leased:
        envelope = self._envelopes.get(batch_id) or Envelope(batch_id)
        return Leased(
            row.id,
            row.number,
            row.body_id,
            self._bodies[row.body_id],
            envelope,
            row.attempts,
            row.done_parts,
        )

    def _shelve(self, batch_id: int, messages: Sequence[Leased]) -> None:
        batch = self.batches[batch_id]
        by_route: dict[str, list[Leased]] = {}
        for message in messages:
            by_route.setdefault(self.table.route_of(message.number), []).append(message)
        for route, found in by_route.items():
            self.shelf.put(batch_id, route, batch.priority, batch.exercise, found)

    # ---- who gets what

    def _fill(self) -> None:
        """Hand leased messages to lanes with room, and lease more where that runs out."""
        now = self._loop.time()
        for lane in self.lanes.values():
            lane.note_pace(now)
        demands = {key: lane.demand(now) for key, lane in self.lanes.items()}
        able = frozenset(
            key for key, lane in self.lanes.items() if lane.is_able and not lane.limiter.wait(now)
        )
        idle = frozenset(key for key in able if demands[key])
        if idle:
            self._assign(demands, able, idle)
            self._lease(demands, able, idle)
        self._wake_later(now)

    def _assign(self, demands: dict[int, int], able: frozenset[int], idle: frozenset[int]) -> None:
        for pile in self.shelf.piles():
            offers = self.table.offers(pile.route)
            for offer in offers:
                lane = self.lanes[offer.link_id]
                room = demands[offer.link_id]
                if room <= 0 or lane.stored.config.exercise != pile.exercise:
                    continue
                if may_carry(offers, offer.link_id, pile.priority, able, idle):
                    while pile.messages and room > 0:
                        room -= self._commit(lane, pile.messages.popleft())
                    demands[offer.link_id] = room

    def _commit(self, lane: Lane, message: Leased) -> int:
        """Put a message's parts into the turn; return how many."""
        body, turn = message.body, self._turn
        count = 1 if body.as_payload else len(body.parts)
        parts = [part for part in range(count) if part not in message.done_parts]
        message.link_id, message.worst = lane.stored.id, 0
        message.open_parts = len(parts)
        turn.submitting.append((message.id, lane.stored.id))
        turn.move(message.envelope.batch_id, _L, _S)
        if not parts:  # all were taken in an earlier try
            message.open_parts = 1
            self._part(Submission(message, 0), _TAKEN, "")
            return 0
        self._going += [(lane, Submission(message, part)) for part in parts]
        lane.committing += len(parts)
        lane.limiter.take(len(parts))
        return len(parts)

    def _lease(self, demands: dict[int, int], able: frozenset[int], idle: frozenset[int]) -> None:
        """Ask the queue for as much as the lanes may take soon, of the most urgent batches."""
        now, room = self._clock(), sum(self.lanes[key].reach for key in idle)
        wanted = min(max(_LEAST_LEASE, 2 * room), _MOST_LEASE)
        served: dict[int, int] = {}
        for batch in self.batches.values():
            if not self.may_send(batch.id, now):
                continue
            for route in batch.routes:
                key = (batch.id, route)
                lane_id = self._lane_for(batch, route, able, idle)
                if lane_id is None or served.get(lane_id, 0) >= wanted:
                    continue
                waiting = self.shelf.count(batch.id, route)
                if key not in self._dry and key not in self._asked and waiting < wanted // 2:
                    self._asked.add(key)
                    self._turn.leases.append(Lease(batch.id, route, wanted))
                    waiting += wanted
                served[lane_id] = served.get(lane_id, 0) + waiting

    def _lane_for(
        self, batch: OpenBatch, route: str, able: frozenset[int], idle: frozenset[int]
    ) -> int | None:
        offers = self.table.offers(route)
        for offer in offers:
            if self.lanes[offer.link_id].stored.config.exercise != batch.exercise:
                continue
            if may_carry(offers, offer.link_id, batch.priority, able, idle):
                return offer.link_id
        return None

    def _wake_later(self, now: float) -> None:
        """Come back when a held lane may send again."""
        waits = [
            wait
            for lane in self.lanes.values()
            if lane.is_able and (wait := lane.limiter.wait(now)) > 0
        ]
        if waits and self._timer is None:
            self._timer = self._loop.call_later(max(0.005, min(waits)), self._timed)

    def _timed(self) -> None:
        self._timer = None
        self._kick()
