"""Call-back tasks: callers who gave up are called back, by a dispatcher or by the system itself."""

from __future__ import annotations

import logging
from typing import Any, Protocol

from softswitch.access import audit
from softswitch.calls import task_store
from softswitch.calls.commands import Commands
from softswitch.calls.desks import Desks
from softswitch.calls.dispatch_call import DispatchCall
from softswitch.calls.engine import Engine
from softswitch.calls.intake import Duty
from softswitch.clock import Clock, Millis, now
from softswitch.errors import Refusal, conflict, invalid, not_found
from softswitch.events import CallAbandoned
from softswitch.store.database import Database

log = logging.getLogger(__name__)

RETRY_AFTER: Millis = 60_000


class Shown(Protocol):
    """Where tasks are shown."""

    def show_task(self, row: dict[str, Any]) -> None: ...


class TaskService:
    """The open call-back tasks, in memory as in the database."""

    def __init__(
        self,
        db: Database,
        engine: Engine,
        desks: Desks,
        commands: Commands,
        shown: Shown,
        clock: Clock = now,
    ) -> None:
        self._db = db
        self._engine = engine
        self._desks = desks
        self._commands = commands
        self._shown = shown
        self._clock = clock
        self.open: dict[str, dict[str, Any]] = {}

    async def load(self) -> None:
        """Read the open tasks; one that was being called when we stopped is open again."""
        for row in await self._db.read(task_store.open_tasks):
            if row["state"] == "calling" and not self._is_up(row["id"]):
                changed = await self._db.write(task_store.change, row["id"], state="open")
                row = changed or row
            self._keep(row)

    def _is_up(self, task_id: str) -> bool:
        return any(call.task_id == task_id for call in self._engine.calls.values())

    def _keep(self, row: dict[str, Any]) -> None:
        if row["state"] == "closed":
            self.open.pop(row["id"], None)
        else:
            self.open[row["id"]] = row
        self._shown.show_task(row)

    async def abandoned(self, gone: CallAbandoned) -> None:
        """A caller gave up."""
        row = await self._db.write_surely(task_store.abandoned, gone)
        if row is not None:
            self._keep(row)
            self.look()

    async def asked(self, key: str, number: str, digits: str) -> str:
        """Somebody asks to be called, by other means than a call; return the id of the task.

        The same ``key`` opens it once. ``digits`` stands for the way: ``sms``.
        """
        row = await self._db.write_surely(task_store.asked, key, number, digits, self._clock())
        if row is None:
            return task_store.task_id(key)
        self._keep(row)
        self.look()
        return str(row["id"])

    async def reached(self, number: str) -> None:
        """Somebody talks to this number; what was to be called back is done."""
        if any(row["number"] == number for row in self.open.values()):
            at = self._clock()
            for task_id in await self._db.write_surely(
                task_store.close_for_number, number, "called_again", at
            ):
                row = self.open.get(task_id)
                if row is not None:
                    self._keep({**row, "state": "closed", "reason": "called_again"})

    async def call(self, desk: str, login: str, task_id: str) -> str:
        """Call back from a desk; return the id of the new call."""
        row = self._get(task_id)
        if row["state"] == "calling":
            raise conflict(
                "already_calling",
                f"{row['owner']} is calling {row['number']} back.",
                "Wait for it.",
            )
        if not row["number"]:
            raise invalid("no_number", "The caller showed no number.", "Close the task.")
        row["state"] = (
            "calling"  # before anything is awaited: two who press at once cannot both get it
        )
        try:
            call_id = await self._commands.dial(desk, row["number"], task_id=task_id)
        except BaseException:
            row["state"] = "open"
            raise
        changed = await self._db.write(
            task_store.change,
            task_id,
            state="calling",
            owner=login,
            attempts=row["attempts"] + 1,
            next_at=self._clock() + RETRY_AFTER,
        )
        if changed is not None:
            self._keep(changed)
        return call_id

    def ended(self, call: DispatchCall) -> None:
        """A call for a task is over."""
        if call.task_id is not None:
            self._engine.spawn(self._settle(call.task_id, call.connected))

    async def _settle(self, task_id: str, connected: bool) -> None:
        if connected:
            row = await self._db.write_surely(
                task_store.close, task_id, "called_back", self._owner(task_id), self._clock()
            )
        else:
            row = await self._db.write_surely(task_store.change, task_id, state="open")
        if row is not None:
            self._keep(row)

    def _owner(self, task_id: str) -> str:
        return str(self.open.get(task_id, {}).get("owner") or "")

    async def close(self, login: str, task_id: str, reason: str) -> None:
        """Close a task by hand, with a reason."""
        self._get(task_id)
        if not reason:
            raise invalid("reason_missing", "A reason is required.", "Say why.", field="reason")
        at = self._clock()

        def change(conn: Any) -> dict[str, Any] | None:
            audit.append(conn, login, "task.close", task_id, {"reason": reason})
            return task_store.close(conn, task_id, reason, login, at)

        row = await self._db.write(change)
        if row is not None:
            self._keep(row)

    def _get(self, task_id: str) -> dict[str, Any]:
        row = self.open.get(task_id)
        if row is None:
            raise not_found("open task", task_id, "It may be closed already.")
        return row

    def look(self) -> None:
        """Call the oldest back by itself, when that is switched on and a desk has nothing else to do."""
        if not self._engine.book.rules().callback_auto or not self._engine.control_up:
            return
        at = self._clock()
        due = [
            row
            for row in self.open.values()
            if row["state"] == "open" and row["number"] and row["next_at"] <= at
        ]
        free = [desk for desk in self._desks.view() if desk.duty is Duty.READY and desk.free]
        if not due or not free:
            return
        row = min(due, key=lambda row: (row["first_at"], row["id"]))
        desk = min(free, key=lambda desk: (desk.turn, desk.extension))
        seat = self._desks.seats.get(desk.extension)
        self._engine.spawn(self._call_by_itself(desk.extension, seat, row["id"]))

    async def _call_by_itself(self, desk: str, seat: Any, task_id: str) -> None:
        try:
            await self.call(desk, seat.login if seat else "", task_id)
        except Refusal as refusal:
            log.info("task %s could not be called back: %s", task_id, refusal)
            changed = await self._db.write(
                task_store.change, task_id, state="open", next_at=self._clock() + RETRY_AFTER
            )
            if changed is not None:
                self._keep(changed)
