"""What the screens show of calls, extensions, who waits and tasks: computed once for all changes of a turn."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any, Protocol

from softswitch.calls import views
from softswitch.calls.board import Board
from softswitch.calls.call_log import CallLog
from softswitch.calls.describe import Nature, nature
from softswitch.calls.desks import Desks
from softswitch.calls.dispatch_call import DispatchCall
from softswitch.calls.engine import Engine
from softswitch.calls.intake_service import IntakeService
from softswitch.calls.model import Call, CallKind
from softswitch.calls.names import Names
from softswitch.calls.phonebook import Phonebook
from softswitch.calls.tasks import TaskService
from softswitch.clock import Clock, Millis

MANY_VIEWS, MOST_REST_SECONDS = 20, 0.05
"""After so many views at once (a group call) the next may wait so long: the calls themselves go first."""


class Screen(Protocol):
    """Where views are shown (the live hub)."""

    def put(self, entity: str, id: str, value: dict[str, Any]) -> None: ...  # noqa: A002
    def drop(self, entity: str, id: str) -> None: ...  # noqa: A002


class Screens:
    """The views of the call centre: what is marked as changed is shown with the next turn of the loop."""

    def __init__(
        self,
        screen: Screen,
        book: Phonebook,
        board: Board,
        engine: Engine,
        desks: Desks,
        intake: IntakeService,
        tasks: TaskService,
        log: CallLog,
        clock: Clock,
    ) -> None:
        self._screen = screen
        self._book = book
        self._board = board
        self._engine = engine
        self._desks = desks
        self._intake = intake
        self._tasks = tasks
        self._log = log
        self._clock = clock
        self._names = Names(book, engine.spawn, self._name_found, clock)
        self.incident_of: Callable[[str], str | None] = lambda call_id: None
        self.precedence_of: Callable[[str], int | None] = lambda call_id: None
        self._natures: dict[str, Nature] = {}
        self._orphans: set[str] = set()
        self._calls: set[str] = set()
        self._extensions: set[str] = set()
        """What has changed since it was shown last."""
        self._shown_extensions: set[str] = set()
        self._show_at = 0.0
        self._flushing = False

    # ---- what changes

    def call_changed(self, call_id: str) -> None:
        """Show a call anew."""
        self._calls.add(call_id)
        self._soon()

    def calls_changed(self, call_ids: list[str]) -> None:
        """Show calls anew: their incident has become known, say."""
        for call_id in call_ids:
            self.call_changed(call_id)

    def extension_changed(self, extension: str) -> None:
        """Show an extension anew."""
        self._extensions.add(extension)
        self._soon()

    def directory_changed(self) -> None:
        """Show every extension anew, and no longer those that are gone."""
        wanted = set(self._book.extensions())
        for gone in self._shown_extensions - wanted:
            self._screen.drop("extension", gone)
        self._shown_extensions = wanted
        for extension in wanted:
            self.extension_changed(extension)

    def call_merged(self, call_id: str) -> None:
        """A call has become part of another."""
        self._screen.drop("call", call_id)

    def call_ended(self, call_id: str) -> None:
        """A call is over."""
        self._natures.pop(call_id, None)
        self._orphans.discard(call_id)
        self._screen.drop("call", call_id)
        self._screen.drop("waiting", call_id)

    def never_show(self, call_id: str) -> None:
        """A call of ours that nobody needs: it is being ended already."""
        self._orphans.add(call_id)

    def show_task(self, row: dict[str, Any]) -> None:
        """Show a task, or take a closed one off the screens."""
        if row["state"] == "closed":
            self._screen.drop("task", row["id"])
        else:
            known = self._names.known(row["number"])
            self._screen.put("task", row["id"], views.task_view(row, self._book, known))

    def is_emergency(self, call: Call) -> bool:
        """Tell whether a call is for an emergency number; one of which nothing is known yet may be."""
        kept = self._natures.get(call.id)
        return kept is None or kept.kind is CallKind.EMERGENCY

    # ---- showing

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
        calls, self._calls = self._calls, set()
        at = self._clock()
        for call_id in calls:
            self._show_call(call_id, at)
        extensions, self._extensions = self._extensions, set()
        for number in filter(self._book.has, extensions):
            view = views.extension_view(
                number,
                self._book,
                self._board,
                self._desks,
                self._engine.calls,
                self._engine.guests.hides,
            )
            self._screen.put("extension", number, view)
        if extensions:
            self._tasks.look()
        return len(calls) + len(extensions)

    def _show_call(self, call_id: str, at: Millis) -> None:
        if call_id in self._orphans:
            return
        call = self._board.calls.get(call_id)
        under = self._engine.calls.get(call_id)
        waiting = self._intake.queue.get(call_id)
        if call is None:
            if waiting is None:
                self._screen.drop("waiting", call_id)
            if under is None:
                self._screen.drop("call", call_id)
            return
        what = self._nature(call, under)
        known = self._names.known(what.caller_number)
        self._log.shown(call, under, what, at, self._engine.guests.hides)
        view = views.call_view(
            call,
            under,
            what,
            self._book,
            waiting=waiting is not None,
            known=known,
            incident_id=self.incident_of(call_id),
            hides=self._engine.guests.hides,
            precedence=self.precedence_of(call_id),
        )
        self._screen.put("call", call_id, view)
        for leg in call.legs.values():
            if extension := self._book.extension_of(leg.channel.endpoint):
                self._extensions.add(extension)
        if waiting is None:
            self._screen.drop("waiting", call_id)
        else:
            self._screen.put(
                "waiting",
                call_id,
                views.waiting_view(
                    waiting, what, self._book, known, under.category if under else None
                ),
            )

    def _nature(self, call: Call, under: DispatchCall | None) -> Nature:
        kept = self._natures.get(call.id)
        told = nature(call, under, self._book)
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
                self.call_changed(call_id)
        for row in self._tasks.open.values():
            if row["number"] == number:
                self.show_task(row)
