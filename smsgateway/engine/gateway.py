"""The gateway: engine, links and what is to be done now and then, over one queue.

The server and the gateway meet in the tables of the queue: the server changes batches and links, the gateway looks
whether somebody wrote, ten times a second.  Neither waits for the other, and either may die.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import secrets
from collections.abc import Callable
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

import orjson

from smsgateway.engine.clock import SteadyClock
from smsgateway.engine.engine import Engine
from smsgateway.engine.lane import Lane
from smsgateway.engine.outcome import Rules
from smsgateway.engine.wire import WireJournal
from smsgateway.engine.writer import Writer
from smsgateway.links.build import build_link
from smsgateway.links.model import Link, LinkConfig, LinkStatus
from smsgateway.links.store import decode
from smsgateway.model import BatchState, DoubtPolicy, MessageState
from smsgateway.port import LinkOwner, SmsLink
from smsgateway.queue import upkeep
from smsgateway.queue.connection import QueueConnection
from smsgateway.queue.receipts import json_rows
from smsgateway.queue.upkeep import OpenBatch
from smsgateway.queue.work import Work
from softswitch.clock import Clock, Millis

log = logging.getLogger(__name__)

MakeLink = Callable[[Link, LinkOwner], SmsLink]

_KEEP_RECEIPTS: Millis = 7 * 86_400_000
_SWEEPS = 5
"""Pieces of one batch between two looks: who waits for the writer comes in between, and people see it as done."""

_LIVE: dict[str, Any] = {"paused": False, "rate": 0.0, "routes": (), "exercise": False}
"""What of a link can change without a new connection."""


@dataclass(frozen=True, slots=True)
class Pace:
    """How often things are looked at, in seconds."""

    look: float = 0.1
    upkeep: float = 1.0
    drain: float = 5.0


@dataclass(slots=True)
class Seen:
    """What the gateway last read of the tables."""

    batches: list[OpenBatch] = field(default_factory=list)
    links: dict[int, LinkConfig] = field(default_factory=dict)


class Gateway:
    """``async with Gateway(connect(url)) as gateway``; leaving it drains the links and puts back what is leased."""

    def __init__(
        self,
        connection: QueueConnection,
        *,
        clock: Clock | None = None,
        rules: Rules | None = None,
        pace: Pace | None = None,
        make_link: MakeLink = build_link,
        wire: Path | None = None,
    ) -> None:
        self.clock = clock or SteadyClock()
        self.rules = rules or Rules()
        self.recovered = upkeep.Left()

        self._connection = connection
        self._pace = pace or Pace()
        self._make_link = make_link
        self._wire_path = wire
        self._seen = Seen()
        self._closing: set[asyncio.Task[None]] = set()
        self._tasks: list[asyncio.Task[None]] = []
        self._forget_at = 0

    async def __aenter__(self) -> Gateway:
        self.writer = Writer(self._connection)
        self.wire = WireJournal(self._wire_path)
        self.engine = Engine(self.writer, self.clock, self.rules, self.wire)
        await self._recover()
        await self._look()
        self._tasks = [asyncio.create_task(self._watch()), asyncio.create_task(self._keep())]
        return self

    async def __aexit__(self, *exc: object) -> None:
        for task in self._tasks:
            task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await task
        self.engine.stopping = True
        lanes = list(self.engine.lanes.values())
        await asyncio.gather(*(lane.link.stop(self._pace.drain) for lane in lanes))
        await asyncio.gather(*self._closing)
        if not self.writer.failing:
            await self.engine.put_everything_back()
            await self._tell()
        await self.writer.end()
        self.engine.close()
        self.wire.close()

    def abandon(self) -> None:
        """End without a word, as a crash would: the next start goes on from what is on the disk."""
        self.writer.abandon()

    async def _recover(self) -> None:
        at, wire, life = self.clock(), self.wire.found, secrets.token_hex(8)

        def recover(work: Work) -> upkeep.Left:
            before = upkeep.begin_life(work, life)
            known = wire if wire is not None and wire.life == before else None
            out = known.out if known else None
            answered = known.answered if known else None
            return upkeep.recover(work, at, at + self.rules.doubt, out, answered)

        recovering = asyncio.ensure_future(self.writer.do(recover))
        await asyncio.wait((recovering, self.writer.crashed), return_when=asyncio.FIRST_COMPLETED)
        if self.writer.crashed.done():
            recovering.cancel()
            self.writer.crashed.result()
        self.recovered = recovering.result()
        # If we die before this line, the journal belongs to another life, and nothing was sent in this one.
        self.wire.take_over(life)
        if self.recovered != upkeep.Left():
            log.warning("The gateway before this one ended unasked: %s", self.recovered)

    async def failed(self) -> None:
        """Return never, unless by the exception of a mistake of ours."""
        await asyncio.gather(asyncio.shield(self.writer.crashed), *self._tasks)

    # ---- looking

    async def _watch(self) -> None:
        while True:
            await asyncio.sleep(self._pace.look)
            if await self.writer.changed():
                await self._look()
            elif self._is_due():
                self.engine.set_batches(self._seen.batches)

    async def _look(self) -> None:
        seen = await self.writer.do(_read)
        before, self._seen = self._seen, seen
        if seen.links != before.links:
            self._follow_links(seen.links)
        self.engine.set_batches(seen.batches)

    def _is_due(self) -> bool:
        """Tell whether a batch began or ran out since the last look."""
        now = self.clock()
        return any(
            batch.starts_at <= now < batch.starts_at + 1_000
            or (batch.expires_at or 0) <= now < (batch.expires_at or 0) + 1_000
            for batch in self._seen.batches
        )

    def _follow_links(self, links: dict[int, LinkConfig]) -> None:
        lanes = self.engine.lanes
        for link_id, lane in list(lanes.items()):
            config = links.get(link_id)
            if config is None or not config.enabled or _must_reconnect(lane.stored.config, config):
                self._close(lane)
        for link_id, config in links.items():
            lane_now = lanes.get(link_id)
            stored = Link(link_id, config)
            if lane_now is None:
                if config.enabled:
                    self.engine.open_lane(stored, self._make_link).link.start()
                continue
            if config.rate != lane_now.stored.config.rate:
                lane_now.limiter.set_rate(config.rate)
            lane_now.stored = stored
        self.engine.set_routes()

    def _close(self, lane: Lane) -> None:
        self.engine.close_lane(lane.stored.id)
        self.engine.draining.add(lane.link)
        task = asyncio.create_task(self._drain(lane.link))
        self._closing.add(task)
        task.add_done_callback(self._closing.discard)

    async def _drain(self, link: SmsLink) -> None:
        await link.stop(self._pace.drain)
        self.engine.draining.discard(link)

    # ---- upkeep

    async def _keep(self) -> None:
        while True:
            await self._tend()
            await self._tell()
            await asyncio.sleep(self._pace.upkeep)

    async def _tend(self) -> None:
        """Sweep what is cancelled or expired, settle what is in doubt, let come back what was put off."""
        at = self.clock()
        for batch in self._seen.batches:
            await self._sweep(batch, at)
        resend, give_up = _decided(self._seen.batches)
        moved = await self.writer.do(lambda work: upkeep.due(work, at))
        moved |= bool(await self.writer.do(lambda work: upkeep.resend_doubtful(work, resend, at)))
        await self.writer.do(lambda work: upkeep.give_up_doubtful(work, give_up, at))
        await self.writer.do(upkeep.mark_swept)
        if at >= self._forget_at:
            self._forget_at = at + 3_600_000
            await self.writer.do(lambda work: upkeep.forget_receipts(work, at - _KEEP_RECEIPTS))
        if moved:
            self.engine.wake()

    async def _sweep(self, batch: OpenBatch, at: Millis) -> None:
        if batch.state is BatchState.CANCELLED:
            after, error = MessageState.CANCELLED, ""
        elif batch.expires_at is not None and batch.expires_at <= at:
            after, error = MessageState.EXPIRED, "validity"
        else:
            return
        for _ in range(_SWEEPS):
            if not await self.writer.do(
                lambda work: upkeep.sweep(work, batch.id, after, error, at)
            ):
                return

    async def _tell(self) -> None:
        """Write down how the links are."""
        at, now = self.clock(), asyncio.get_running_loop().time()
        rows = [(key, _encode(lane.status(now, at)), at) for key, lane in self.engine.lanes.items()]
        await self.writer.do(lambda work: work.rows(_STATUS, rows))


def _must_reconnect(before: LinkConfig, after: LinkConfig) -> bool:
    return replace(before, **_LIVE) != replace(after, **_LIVE)


def _decided(batches: list[OpenBatch]) -> tuple[list[int], list[int]]:
    """Return the batches whose messages in doubt are sent again, and those whose are given up."""
    resend, give_up = [], []
    for batch in batches:
        if batch.state is BatchState.CANCELLED or batch.decision == "fail":
            give_up.append(batch.id)
        elif batch.decision == "resend" or batch.doubt is DoubtPolicy.RESEND:
            resend.append(batch.id)
    return resend, give_up


def _encode(status: LinkStatus) -> str:
    body = asdict(status)
    del body["updated_at"]
    return orjson.dumps(body).decode()


def _read(work: Work) -> Seen:
    rows = json_rows(work.one(_LINKS))
    links = {int(key): decode(config) for key, config in rows}
    return Seen(upkeep.open_batches(work), links)


_LINKS = "SELECT {agg}id, config{end} FROM sms_links"
_STATUS = (
    "INSERT INTO sms_link_status (link_id, body, updated_at) SELECT {i0}, {t1}, {i2} FROM {rows}"
    " WHERE {i0} IN (SELECT id FROM sms_links)"
    " ON CONFLICT (link_id) DO UPDATE SET body = excluded.body, updated_at = excluded.updated_at"
)
