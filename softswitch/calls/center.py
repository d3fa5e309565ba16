"""The call centre of the house: feeds the facts of the switch to the board, the log, intake and the screens."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Coroutine
from typing import Any, Protocol

from sqlalchemy import Connection

from softswitch.calls import store, views
from softswitch.calls.board import Board, Changes
from softswitch.calls.call_log import CallLog
from softswitch.calls.commands import Commands
from softswitch.calls.describe import Nature, nature
from softswitch.calls.desks import Desks, Seat
from softswitch.calls.dispatch_call import DispatchCall
from softswitch.calls.engine import Engine
from softswitch.calls.features import FeatureService
from softswitch.calls.intake import Duty, Waiting
from softswitch.calls.intake_service import IntakeService
from softswitch.calls.model import Call, CallKind, Leg
from softswitch.calls.names import Names
from softswitch.calls.phonebook import Phonebook
from softswitch.calls.reconcile import SWITCH_STARTED, Reconciler, Unseen, from_row
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


class Screen(Protocol):
    """Where views are shown (the live hub)."""

    def put(self, entity: str, id: str, value: dict[str, Any]) -> None: ...  # noqa: A002
    def drop(self, entity: str, id: str) -> None: ...  # noqa: A002


MANY_VIEWS, MOST_REST_SECONDS = 20, 0.05
"""After so many views at once (a group call) the next may wait so long: the calls themselves go first."""


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
        self._screen = screen
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
        self.incident_of: Callable[[str], str | None] = lambda call_id: None
        self.precedence_of: Callable[[str], int | None] = lambda call_id: None
        self.switch_up = False
        self._natures: dict[str, Nature] = {}
        self._names = Names(book, self.spawn, self._name_found, clock)
        self._dirty: set[str] = set()
        self._dirty_extensions: set[str] = set()
        self._show_at = 0.0
        self._flushing = False
        self._switch_started: Millis | None = None
        self._recorded: set[str] = set()
        self._orphans: set[str] = set()
        self._shown_extensions: set[str] = set()
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
        self.directory_changed()

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
            self._mark(ring.call_id)

    def _follow(self, changes: Changes, at: Millis) -> None:
        for old, into in changes.merged:
            self.log.merged(old, into, at)
            self._screen.drop("call", old)
        for leg, cause in changes.ended_legs:
            self.log.leg_ended(leg, cause, at)
            self.engine.channel_gone(leg.channel.id, cause)
            self._recorded.discard(leg.channel.id)
        last_cause = changes.ended_legs[-1][1] if changes.ended_legs else 0
        for call in changes.ended_calls:
            self._call_ended(call, last_cause, at)
        for call_id in changes.calls:
            self._mark(call_id)
        touched, freed = False, set()
        for phone in changes.phones:
            extension = self.book.extension_of(phone)
            if extension is not None:
                self._mark_extension(extension)
                touched = True
                if phone not in self.board.by_phone:
                    freed.add(extension)
        for extension in freed:
            if self.engine.is_free(extension):
                self.desks.became_idle(extension, at)
        if touched and (self.intake.queue or self.tasks.open):
            self.intake.plan()

    def _call_ended(self, call: Call, cause: int, at: Millis) -> None:
        self._natures.pop(call.id, None)
        self._orphans.discard(call.id)
        row = self.log.ended(call, cause, at)
        self.engine.remembered.pop(call.id, None)
        self._screen.drop("call", call.id)
        self._screen.drop("waiting", call.id)
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
            self._orphans.add(call.id)
            for leg in legs:
                self.spawn(self._plain.hangup(leg.channel.name))

    async def _reconcile(self, unseen: Unseen) -> None:
        for gone in await self._reconciler.write(unseen):
            await self.tasks.abandoned(gone)

    async def put_journal_away(self) -> None:
        """Let the journal not grow for ever; to be called now and then."""
        calls = self.board.calls.values()
        if self.switch_up and not any(self._is_emergency(call) for call in calls):
            await self._reconciler.skip_to_end()

    def _is_emergency(self, call: Call) -> bool:
        kept = self._natures.get(call.id)
        return kept is None or kept.kind is CallKind.EMERGENCY

    # ---- what the parts tell

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
        self._mark_extension(extension)
        self.intake.plan()
        self.tasks.look()

    def _put_seat(self, conn: Connection, extension: str) -> None:
        """Store the seat as it is by then: a write that had to wait must not undo a later one."""
        seat = self.desks.seats.get(extension)
        login, duty, since = (seat.login, seat.duty.value, seat.since) if seat else (None, "", 0)
        store.put_seat(conn, extension, login, duty, since)

    # ---- screens

    def directory_changed(self) -> None:
        """Show every extension anew, and no longer those that are gone."""
        wanted = set(self.book.extensions())
        for gone in self._shown_extensions - wanted:
            self._screen.drop("extension", gone)
        self._shown_extensions = wanted
        for extension in wanted:
            self._mark_extension(extension)

    def incident_changed(self, call_ids: list[str]) -> None:
        """Show calls anew whose incident has become known."""
        for call_id in call_ids:
            self._mark(call_id)

    def show_task(self, row: dict[str, Any]) -> None:
        """Show a task, or take a closed one off the screens."""
        if row["state"] == "closed":
            self._screen.drop("task", row["id"])
        else:
            known = self._names.known(row["number"])
            self._screen.put("task", row["id"], views.task_view(row, self.book, known))

    def _mark(self, call_id: str) -> None:
        self._dirty.add(call_id)
        self._soon()

    def _mark_extension(self, extension: str) -> None:
        self._dirty_extensions.add(extension)
        self._soon()

    def _soon(self) -> None:
        """Show at once, unless the last time were very many: then the screens get a fifth of the time."""
        if not self._flushing:
            self._flushing = True
            asyncio.get_running_loop().call_at(self._show_at, self._show)

    def _show(self) -> None:
        """Compute the views of all that has changed, once."""
        loop = asyncio.get_running_loop()
        began = loop.time()
        self._flushing = False
        if self._show_changes() > MANY_VIEWS:
            took = loop.time() - began
            self._show_at = loop.time() + min(4 * took, MOST_REST_SECONDS)

    def _show_changes(self) -> int:
        """Return how many views there were."""
        dirty, self._dirty = self._dirty, set()
        at = self._clock()
        for call_id in dirty:
            self._show_call(call_id, at)
        extensions, self._dirty_extensions = self._dirty_extensions, set()
        for number in filter(self.book.has, extensions):
            view = views.extension_view(
                number,
                self.book,
                self.board,
                self.desks,
                self.engine.calls,
                self.engine.guests.hides,
            )
            self._screen.put("extension", number, view)
        if extensions:
            self.tasks.look()
        return len(dirty) + len(extensions)

    def _show_call(self, call_id: str, at: Millis) -> None:
        if call_id in self._orphans:
            return
        call = self.board.calls.get(call_id)
        under = self.engine.calls.get(call_id)
        waiting = self.intake.queue.get(call_id)
        if call is None:
            if waiting is None:
                self._screen.drop("waiting", call_id)
            if under is None:
                self._screen.drop("call", call_id)
            return
        what = self._nature(call, under)
        known = self._names.known(what.caller_number)
        self.log.shown(call, under, what, at, self.engine.guests.hides)
        view = views.call_view(
            call,
            under,
            what,
            self.book,
            waiting=waiting is not None,
            known=known,
            incident_id=self.incident_of(call_id),
            hides=self.engine.guests.hides,
            precedence=self.precedence_of(call_id),
        )
        self._screen.put("call", call_id, view)
        for leg in call.legs.values():
            if extension := self.book.extension_of(leg.channel.endpoint):
                self._dirty_extensions.add(extension)
        if waiting is None:
            self._screen.drop("waiting", call_id)
        else:
            self._screen.put(
                "waiting",
                call_id,
                views.waiting_view(
                    waiting, what, self.book, known, under.category if under else None
                ),
            )

    def _nature(self, call: Call, under: DispatchCall | None) -> Nature:
        kept = self._natures.get(call.id)
        told = nature(call, under, self.book)
        better = kept is None or (
            told.kind is CallKind.EMERGENCY and kept.kind is not CallKind.EMERGENCY
        )
        if better or (call.id in call.legs and kept != told):
            self._natures[call.id] = kept = told
        assert kept is not None
        return kept

    def _name_found(self, number: str) -> None:
        """Show anew where a number stands whose name has become known."""
        for call_id, what in self._natures.items():
            if what.caller_number == number:
                self._mark(call_id)
        for row in self.tasks.open.values():
            if row["number"] == number:
                self.show_task(row)


_SOUNDS = frozenset({ChannelState.RINGING, ChannelState.UP})
"""States in which a line has something to record; before that it may still overflow to another."""


def _rings_by_us(leg: Leg) -> bool:
    """Tell whether a leg is one that control placed and nobody has answered (application AppDial2)."""
    return leg.channel.application == "AppDial2" and leg.channel.state is not ChannelState.UP
