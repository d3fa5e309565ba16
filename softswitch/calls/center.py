"""The call centre of the house: feeds the facts of the switch to the board, the log, intake and the screens."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Coroutine
from typing import Any

from sqlalchemy import Connection

from softswitch.calls import store
from softswitch.calls.board import Board, Changes
from softswitch.calls.call_log import CallLog
from softswitch.calls.commands import Commands
from softswitch.calls.desks import Desks, Seat
from softswitch.calls.dispatch_call import DispatchCall
from softswitch.calls.engine import Engine
from softswitch.calls.features import FeatureService
from softswitch.calls.intake import Duty, Waiting
from softswitch.calls.intake_service import IntakeService
from softswitch.calls.model import Call, CallKind, Leg
from softswitch.calls.phonebook import Phonebook
from softswitch.calls.reconcile import SWITCH_STARTED, Reconciler, Unseen, from_row
from softswitch.calls.screens import Screen, Screens
from softswitch.calls.tasks import TaskService
from softswitch.clock import Clock, Millis, now
from softswitch.ports import (
    ActFailed,
    CallActs,
    Channel,
    ChannelSeen,
    ChannelState,
    Connected,
    ControlFact,
    Disconnected,
    Journal,
    LegRinging,
    PlainActs,
    SwitchFact,
)
from softswitch.store.database import Database

log = logging.getLogger(__name__)


class CallCenter:
    """Board, engine, intake, desks, tasks and log, and what connects them."""

    def __init__(
        self,
        db: Database,
        acts: CallActs,
        plain: PlainActs,
        book: Phonebook,
        screen: Screen,
        *,
        journal: Journal | None = None,
        clock: Clock = now,
    ) -> None:
        self._db = db
        self._plain = plain
        self._clock = clock
        self.book = book
        self.board = Board()
        self.engine = Engine(
            acts, plain, self.board, book, changed=self._mark, ended=self._ended, clock=clock
        )
        self.desks = Desks(self.engine, changed=self._desk_changed, clock=clock)
        self.intake = IntakeService(
            self.engine,
            self.desks,
            changed=self._mark,
            answered=self._answered,
            abandoned=self._abandoned,
            clock=clock,
        )
        self.engine.intake = self.intake
        self.commands = Commands(self.engine, self.intake)
        self.engine.features = FeatureService(self.engine, self.intake, self.commands, clock)
        self.tasks = TaskService(db, self.engine, self.desks, self.commands, self, clock)
        self.log = CallLog(db, book, self._login_of)
        self._reconciler = Reconciler(db, journal, book)
        self.screens = Screens(
            screen,
            book,
            self.board,
            self.engine,
            self.desks,
            self.intake,
            self.tasks,
            self.log,
            clock,
        )
        self.switch_up = False
        self._switch_started: Millis | None = None
        self._recorded: set[str] = set()
        self._background: list[asyncio.Task[None]] = []

    # ---- life

    async def start(self) -> None:
        """Read what was up before, and begin to write."""
        for row in await self._db.read(store.open_calls):
            self.log.remember(row)
            self.engine.remembered[row["id"]] = row
        for seat in await self._db.read(store.all_seats):
            self.desks.seats[seat["extension"]] = Seat(
                seat["login"], Duty(seat["duty"]), seat["since"]
            )
        started = await self._db.read(store.get_state, SWITCH_STARTED)
        self._switch_started = int(started) if started else None
        self._background.append(asyncio.create_task(self.log.run(), name="call-log"))
        await self.tasks.load()
        self.screens.directory_changed()

    async def stop(self) -> None:
        """Write what waits and end; calls keep their audio."""
        await self.engine.stop()
        try:
            await asyncio.wait_for(self.log.written(), timeout=5)
        except TimeoutError:
            log.error("some calls could not be written before the end")
        for task in self._background:
            task.cancel()
        await asyncio.gather(*self._background, return_exceptions=True)

    def spawn(self, work: Coroutine[Any, Any, None]) -> None:
        """Run work beside the present one."""
        self.engine.spawn(work)

    def is_up(self, call_id: str) -> bool:
        """Tell whether a call goes on, plain or under dispatch."""
        return call_id in self.board.calls or call_id in self.engine.calls

    # ---- facts

    def on_switch(self, fact: SwitchFact) -> None:
        """Take one fact of the switch."""
        at = self._clock()
        changes = self.board.apply(fact, at)
        if isinstance(fact, Connected):
            self._connected(fact, changes, at)
        elif isinstance(fact, Disconnected):
            self.switch_up = False
        elif isinstance(fact, ChannelSeen):
            self._record_placed(fact.channel)
        self._follow(changes, at)

    def _record_placed(self, channel: Channel) -> None:
        """A leg that we place is recorded from its first ring; the dialplan never saw it."""
        began = channel.state in _SOUNDS or self.book.extension_of(channel.endpoint) is not None
        if channel.id in self.engine.rings and channel.id not in self._recorded and began:
            self._recorded.add(channel.id)
            self.spawn(self._record(channel))

    def placed_again(self, channel_id: str) -> None:
        """A leg goes out anew under the same id, through another trunk: it is recorded anew."""
        self._recorded.discard(channel_id)

    async def _record(self, channel: Channel) -> None:
        try:
            await self._plain.record(channel.name, channel.id)
        except ActFailed as error:
            log.error("leg %s is not recorded: %s", channel.name, error)

    def on_control(self, fact: ControlFact) -> None:
        """Take one fact of control."""
        self.engine.handle(fact)
        if isinstance(fact, LegRinging) and (ring := self.engine.rings.get(fact.channel_id)):
            self.screens.call_changed(ring.call_id)

    def _follow(self, changes: Changes, at: Millis) -> None:
        for old, into in changes.merged:
            self.log.merged(old, into, at)
            self.screens.call_merged(old)
        for leg, cause in changes.ended_legs:
            self.log.leg_ended(leg, cause, at)
            self.engine.channel_gone(leg.channel.id, cause)
            self._recorded.discard(leg.channel.id)
        last_cause = changes.ended_legs[-1][1] if changes.ended_legs else 0
        for call in changes.ended_calls:
            self._call_ended(call, last_cause, at)
        for call_id in changes.calls:
            self.screens.call_changed(call_id)
        touched, freed = False, set()
        for phone in changes.phones:
            extension = self.book.extension_of(phone)
            if extension is not None:
                self.screens.extension_changed(extension)
                touched = True
                if phone not in self.board.by_phone:
                    freed.add(extension)
        for extension in freed:
            if self.engine.is_free(extension):
                self.desks.became_idle(extension, at)
        if touched and (self.intake.queue or self.tasks.open):
            self.intake.plan()

    def _call_ended(self, call: Call, cause: int, at: Millis) -> None:
        row = self.log.ended(call, cause, at)
        self.engine.remembered.pop(call.id, None)
        self.screens.call_ended(call.id)
        emergency = row is not None and row["kind"] == CallKind.EMERGENCY.value
        if row is not None and emergency and row["answered_at"] is None:
            self.spawn(self.tasks.abandoned(from_row(row, at, "caller")))

    def _connected(self, fact: Connected, changes: Changes, at: Millis) -> None:
        """The stream is up again: close what ended unseen; a new run of the switch has lost the old calls."""
        self.switch_up = True
        restarted = self._switch_started is not None and self._switch_started != fact.started_at
        self._switch_started = fact.started_at
        rows = (self.log.row_of(call.id) for call in changes.ended_calls) if restarted else ()
        lost = [row for row in rows if row is not None]
        gone = [row for key, row in self.engine.remembered.items() if key not in self.board.calls]
        for row in gone:
            del self.engine.remembered[row["id"]]
            self.log.forget(row["id"])
        for call in self.board.calls.values():
            self._clear_orphan(call)
        up = frozenset(self.board.calls)
        unseen = Unseen(gone, lost, up, fact.started_at, restarted, at)
        self.spawn(self._reconcile(unseen))
        if restarted:
            log.warning("the switch was restarted: %d calls were lost", len(lost) + len(gone))

    def _clear_orphan(self, call: Call) -> None:
        """Stop phones that ring for a caller who is gone: we placed them before a restart and knew of it then."""
        legs = call.legs.values()
        if all(_rings_by_us(leg) and leg.channel.id not in self.engine.rings for leg in legs):
            self.screens.never_show(call.id)
            for leg in legs:
                self.spawn(self._plain.hangup(leg.channel.name))

    async def _reconcile(self, unseen: Unseen) -> None:
        for gone in await self._reconciler.write(unseen):
            await self.tasks.abandoned(gone)

    async def put_journal_away(self) -> None:
        """Let the journal not grow for ever; to be called now and then."""
        calls = self.board.calls.values()
        if self.switch_up and not any(self.screens.is_emergency(call) for call in calls):
            await self._reconciler.skip_to_end()

    # ---- what the parts tell

    def _mark(self, call_id: str) -> None:
        self.screens.call_changed(call_id)

    def show_task(self, row: dict[str, Any]) -> None:
        """Show a task, or take a closed one off the screens."""
        self.screens.show_task(row)

    def _answered(self, call: DispatchCall, extension: str | None) -> None:
        self.spawn(self.tasks.reached(call.number))

    def _abandoned(self, call: DispatchCall, waiting: Waiting) -> None:
        """The caller gave up; the board tells the same when his channel ends, and a call counts once."""

    def _ended(self, call: DispatchCall) -> None:
        self.tasks.ended(call)
        self.intake.plan()

    def _login_of(self, extension: str) -> str | None:
        seat = self.desks.seats.get(extension)
        return seat.login if seat else None

    def _desk_changed(self, extension: str) -> None:
        self.spawn(self._db.write_surely(self._put_seat, extension))
        self.screens.extension_changed(extension)
        self.intake.plan()
        self.tasks.look()

    def _put_seat(self, conn: Connection, extension: str) -> None:
        """Store the seat as it is by then: a write that had to wait must not undo a later one."""
        seat = self.desks.seats.get(extension)
        login, duty, since = (seat.login, seat.duty.value, seat.since) if seat else (None, "", 0)
        store.put_seat(conn, extension, login, duty, since)


_SOUNDS = frozenset({ChannelState.RINGING, ChannelState.UP})
"""States in which a line has something to record; before that it may still overflow to another."""


def _rings_by_us(leg: Leg) -> bool:
    """Tell whether a leg is one that control placed and nobody has answered (application AppDial2)."""
    return leg.channel.application == "AppDial2" and leg.channel.state is not ChannelState.UP
