"""What is leased of the queue: which batches may send, what to ask the queue for, what waits in memory for whom."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from smsgateway.engine.lane import Lane
from smsgateway.engine.routing import Offer, RoutingTable, may_carry
from smsgateway.engine.shelf import Shelf
from smsgateway.model import BatchState, Body
from smsgateway.port import Envelope, Leased
from smsgateway.queue.turn import Lease, LeasedRow, Turn, TurnResult
from smsgateway.queue.upkeep import OpenBatch
from softswitch.clock import Clock, Millis

_MOST_BODIES = 20_000
_LEAST_LEASE, _MOST_LEASE = 100, 4_000

Returned = list[tuple[int, Sequence[Leased]]]
"""(batch, messages): they may not go now and belong into the queue again."""

_Key = tuple[int, str]
"""(batch, route)"""


class Leases:
    """The messages between queue and lanes."""

    def __init__(self, clock: Clock) -> None:
        self.batches: dict[int, OpenBatch] = {}
        self.table = RoutingTable(())
        self.shelf = Shelf()
        self._clock = clock
        self._envelopes: dict[int, Envelope] = {}
        self._bodies: dict[int, Body] = {}
        self._dry: set[_Key] = set()
        """Where the queue had less than was asked for: not asked again before something changes."""

        self._asked: set[_Key] = set()
        """What a turn under way asks for."""

    # ---- steering

    def set_routes(self, offers: Iterable[Offer]) -> None:
        """Follow changed links: what is leased is looked at again."""
        self.table = RoutingTable(offers)
        for batch_id, message in self.shelf.drop_all():
            self._shelve(batch_id, [message])

    def set_batches(self, batches: Sequence[OpenBatch]) -> Returned:
        """Follow changed batches; return what is leased of those that may not send now."""
        now = self._clock()
        self.batches = {batch.id: batch for batch in batches}
        self._envelopes = {
            batch.id: Envelope(batch.id, batch.sender, batch.receipts, batch.expires_at)
            for batch in batches
        }
        return [
            (batch_id, self.shelf.drop(batch_id))
            for batch_id in self.shelf.batches()
            if not self.may_send(batch_id, now)
        ]

    def may_send(self, batch_id: int, now: Millis) -> bool:
        """Tell whether messages of a batch may go out."""
        batch = self.batches.get(batch_id)
        if batch is None or batch.state is not BatchState.OPEN or batch.starts_at > now:
            return False
        return batch.expires_at is None or batch.expires_at > now

    def look_again(self, batch_id: int | None = None) -> None:
        """There may be something in the queue again: of one batch, or of any."""
        if batch_id is None:
            self._dry.clear()
        else:
            self._dry = {key for key in self._dry if key[0] != batch_id}

    def knows_body(self, body_id: int) -> bool:
        """Tell whether a text is in memory."""
        return body_id in self._bodies

    # ---- in

    def take(self, result: TurnResult, *, stopping: bool) -> Returned:
        """Take what a turn has leased; return what may not go after all."""
        self._bodies.update(result.bodies)
        returned: Returned = []
        for lease, rows in result.leased:
            self._asked.discard((lease.batch_id, lease.route))
            if len(rows) < lease.limit:
                self._dry.add((lease.batch_id, lease.route))
            messages = [self._leased(lease.batch_id, row) for row in rows]
            if stopping or not self.may_send(lease.batch_id, self._clock()):
                returned.append((lease.batch_id, messages))
            else:
                self._shelve(lease.batch_id, messages)
        if len(self._bodies) > _MOST_BODIES:  # here, where no turn that relies on them is under way
            self._bodies.clear()
        return returned

    def _leased(self, batch_id: int, row: LeasedRow) -> Leased:
        envelope = self._envelopes.get(batch_id) or Envelope(batch_id)
        body = self._bodies[row.body_id]
        return Leased(
            row.id, row.number, row.body_id, body, envelope, row.attempts, row.done_parts
        )  # fmt: skip

    def _shelve(self, batch_id: int, messages: Sequence[Leased]) -> None:
        batch = self.batches[batch_id]
        by_route: dict[str, list[Leased]] = {}
        for message in messages:
            by_route.setdefault(self.table.route_of(message.number), []).append(message)
        for route, found in by_route.items():
            self.shelf.put(batch_id, route, batch.priority, batch.exercise, found)

    # ---- asking

    def ask(
        self, turn: Turn, lanes: Mapping[int, Lane], able: frozenset[int], idle: frozenset[int]
    ) -> None:
        """Ask the queue for as much as the lanes may take soon, of the most urgent batches."""
        now, room = self._clock(), sum(lanes[key].reach for key in idle)
        # Two turns' worth, asked for as it goes: a great many at once would keep the loop from answers.
        wanted = min(max(_LEAST_LEASE, 2 * room), _MOST_LEASE)
        served: dict[int, int] = {}
        for batch in self.batches.values():
            if not self.may_send(batch.id, now):
                continue
            for route in batch.routes:
                key = (batch.id, route)
                lane_id = self._lane_for(batch, route, lanes, able, idle)
                if lane_id is None or served.get(lane_id, 0) >= wanted:
                    continue
                waiting = self.shelf.count(batch.id, route)
                if key not in self._dry and key not in self._asked and 4 * waiting < 3 * wanted:
                    self._asked.add(key)
                    turn.leases.append(Lease(batch.id, route, wanted - waiting))
                    waiting = wanted
                served[lane_id] = served.get(lane_id, 0) + waiting

    def _lane_for(
        self,
        batch: OpenBatch,
        route: str,
        lanes: Mapping[int, Lane],
        able: frozenset[int],
        idle: frozenset[int],
    ) -> int | None:
        offers = self.table.offers(route)
        for offer in offers:
            if lanes[offer.link_id].stored.config.exercise != batch.exercise:
                continue
            if may_carry(offers, offer.link_id, batch.priority, able, idle):
                return offer.link_id
        return None
