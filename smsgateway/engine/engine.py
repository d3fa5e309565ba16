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
from typing import Any

from smsgateway.engine.lane import Lane
from smsgateway.engine.leases import Leases
from smsgateway.engine.limiter import Limiter
from smsgateway.engine.outcome import Rank, Rules, answered
from smsgateway.engine.pacer import Pacer
from smsgateway.engine.routing import Offer, may_carry
from smsgateway.engine.wire import WireJournal
from smsgateway.engine.writer import Writer
from smsgateway.links.model import Link
from smsgateway.model import MessageState
from smsgateway.port import Fault, Leased, Receipt, Reply, SmsLink, Submission
from smsgateway.queue.repository import THROTTLED
from smsgateway.queue.turn import Turn, TurnResult
from smsgateway.queue.upkeep import OpenBatch
from softswitch.clock import Clock

log = logging.getLogger(__name__)

_Q, _L, _S, _T = (
    MessageState.QUEUED,
    MessageState.LEASED,
    MessageState.SUBMITTING,
    MessageState.SUBMITTED,
)

_NO_ID = "-"
"""For the journal: the centre took it, and gave no id."""


class Engine:
    """The owner of the links. Use it from one event loop."""

    def __init__(self, writer: Writer, clock: Clock, rules: Rules, wire: WireJournal) -> None:
        self.lanes: dict[int, Lane] = {}
        self.leases = Leases(clock)
        self.draining: set[SmsLink] = set()
        """Links that are closed as soon as their last answers are here."""

        self.stopping = False
        self._writer = writer
        self._clock = clock
        self._rules = rules
        self._wire = wire
        self._turn = Turn()
        self._tokens: dict[int, list[Any]] = {}
        self._going: dict[Lane, list[Submission]] = {}
        self._taken: list[tuple[Submission, str]] = []
        """By the centre, in the read that is under way; the places are filled, and nothing is noted yet."""

        self._busy = False
        self._scheduled = False
        self._filled = False
        self._idle = asyncio.Event()
        self._loop = asyncio.get_running_loop()
        self._pacer = Pacer(self._loop, self._kick)

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
        self.leases.set_routes(
            Offer(route.prefix, lane.stored.id, route.cost)
            for lane in self.lanes.values()
            for route in lane.stored.config.routes
        )
        self.wake()

    def set_batches(self, batches: Sequence[OpenBatch]) -> None:
        """Follow changed batches; what was leased of those that may not send now waits in the queue again."""
        for batch_id, messages in self.leases.set_batches(batches):
            self._return(batch_id, messages)
        now, may_send = self._clock(), self.leases.may_send
        for lane in self.lanes.values():
            self._unsend(lane, lambda one: not may_send(one.message.envelope.batch_id, now))
        self.wake()

    def wake(self) -> None:
        """There may be something in the queue again."""
        self.leases.look_again()
        self._kick()

    def close(self) -> None:
        """Let nothing come back later."""
        self._pacer.close()

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
        for batch_id, message in self.leases.shelf.drop_all():
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
            self._part(submission, Rank.DOUBT, "")
        lane = self.lanes.get(link.id)
        if lane is not None:
            self._unsend(lane)
        self._note_change(link)

    def accepted(self, link: SmsLink, answers: Sequence[tuple[Submission, str]]) -> None:
        """The centre took parts: first the places that they free are filled; the rest waits for the end of the read."""
        self._wire.answered(
            [(one.message.id, one.part, smsc_id or _NO_ID) for one, smsc_id in answers]
        )
        lane = self.lanes.get(link.id)
        if lane is not None:
            lane.write(self._wire)
        self._taken.extend(answers)

    def read_ended(self, link: SmsLink) -> None:
        """Note what was taken."""
        lane = self.lanes.get(link.id)
        if lane is not None:
            lane.write(self._wire)
        taken, self._taken = self._taken, []
        for submission, smsc_id in taken:
            self._accept(submission, smsc_id)
        if lane is not None and lane.is_hungry:
            self._kick()
        elif taken:
            self._note_work()

    def refused(self, link: SmsLink, submission: Submission, fault: Fault, error: str) -> None:
        """The centre refused a part."""
        message = submission.message
        self._wire.answered([(message.id, submission.part, "")])
        if not message.open_parts:
            self._turn.late.append((message.id, submission.part, "", error))
        elif fault is Fault.THROTTLED:
            lane = self.lanes.get(link.id)
            if lane is not None:
                now = self._loop.time()
                lane.limiter.throttled(now, lane.recent_rate(now))
            self._turn.counts[message.envelope.batch_id, THROTTLED] += 1
            self._part(submission, Rank.UNSENT, "")
        else:
            self._part(submission, Rank.LATER if fault is Fault.TEMPORARY else Rank.REFUSED, error)
        self._kick()

    def unanswered(self, link: SmsLink, submissions: Sequence[Submission]) -> None:
        """No answer in time."""
        log.warning("Link %s: no answer for %d parts; in doubt.", link.name, len(submissions))
        for submission in submissions:
            self._part(submission, Rank.DOUBT, "")
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

    def _accept(self, submission: Submission, smsc_id: str) -> None:
        """The centre took one part."""
        message, turn = submission.message, self._turn
        if not message.open_parts:
            turn.late.append((message.id, submission.part, smsc_id, ""))
        elif len(message.body.parts) == 1 or message.body.as_payload:
            message.open_parts = 0
            turn.accepted.append((message.id, smsc_id))
            turn.move(message.envelope.batch_id, _S, _T)
        else:
            turn.parts.append((message.id, submission.part, smsc_id))
            self._part(submission, Rank.TAKEN, "")

    def _part(self, submission: Submission, rank: Rank, error: str) -> None:
        """One part of a message has its answer."""
        if answered(self._turn, submission, rank, error, self._clock, self._rules):
            self.leases.look_again(submission.message.envelope.batch_id)

    def _return(self, batch_id: int, messages: Sequence[Leased]) -> None:
        for message in messages:
            self._turn.returned.append(message.id)
            self._turn.move(batch_id, _L, _Q)
        self._kick()

    def _unsend(self, lane: Lane, which: Callable[[Submission], bool] = lambda one: True) -> None:
        """Take back what is committed for a lane and was not written."""
        kept = [one for one in lane.ready if not which(one)]
        for one in [one for one in lane.ready if which(one)]:
            self._part(one, Rank.UNSENT, "")
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
        if not self._busy and (
            not self._pacer.is_waiting or self._pacer.is_nearly_due(self._loop.time())
        ):
            self._filled = True
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
        going, self._going = self._going, {}
        self._pacer.began()
        turn.at = self._clock()
        self._busy = True
        self._wire.begin(self._out())
        known = self.leases.knows_body
        self._writer.post(
            lambda work: work.turn(turn, known),
            lambda result: self._committed(result, going, tokens),
        )

    def _can_wait(self) -> bool:
        hungry = any(lane.is_hungry for lane in self.lanes.values())
        filled, self._filled = self._filled, False
        return self._pacer.can_wait(hungry=hungry, receipts=bool(self._tokens), filled=filled)

    def _out(self) -> Iterator[tuple[int, int]]:
        """Give what is on the wire and unanswered."""
        for link in (*(lane.link for lane in self.lanes.values()), *self.draining):
            for one in link.pending():
                yield one.message.id, one.part

    def _committed(
        self,
        result: TurnResult,
        going: dict[Lane, list[Submission]],
        tokens: dict[int, list[Any]],
    ) -> None:
        """A turn is on the disk: what waited for that goes on."""
        self._busy = False
        took = self._loop.time() - self._pacer.last
        for each in self.lanes.values():
            each.note_turn(took)
        for link_id, known in tokens.items():
            lane = self.lanes.get(link_id)
            if lane is not None:
                lane.link.counters.unknown_receipts += result.unmatched
                lane.link.acknowledge(known)
        for lane, parts in going.items():
            lane.committing -= len(parts)
            if lane.is_able and not self.stopping and lane.stored.id in self.lanes:
                lane.add(parts)
                continue
            for one in parts:
                self._part(one, Rank.UNSENT, "")
        for batch_id, messages in self.leases.take(result, stopping=self.stopping):
            self._return(batch_id, messages)
        self._kick()

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
            self.leases.ask(self._turn, self.lanes, able, idle)
        self._wake_later(now)

    def _assign(self, demands: dict[int, int], able: frozenset[int], idle: frozenset[int]) -> None:
        for pile in self.leases.shelf.piles():
            offers = self.leases.table.offers(pile.route)
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
            self._part(Submission(message, 0), Rank.TAKEN, "")
            return 0
        self._going.setdefault(lane, []).extend(Submission(message, part) for part in parts)
        lane.committing += len(parts)
        lane.limiter.take(len(parts))
        return len(parts)

    def _wake_later(self, now: float) -> None:
        """Come back when a held lane may send again."""
        waits = [
            wait
            for lane in self.lanes.values()
            if lane.is_able and (wait := lane.limiter.wait(now)) > 0
        ]
        if waits:
            self._pacer.wake_in(min(waits))
