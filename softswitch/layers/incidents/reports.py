"""Reports upward: written, submitted, approved by a second person, sent, printed."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from sqlalchemy import Connection

from softswitch import numbers
from softswitch.access.model import SYSTEM_LOGIN, Actor
from softswitch.clock import Millis
from softswitch.errors import Refusal, conflict, invalid, not_found
from softswitch.layers.incidents import order_store, report_store, store
from softswitch.layers.incidents.books import Books, must, new_id, tell
from softswitch.layers.incidents.events import ReportChanged, ReportOverdue
from softswitch.layers.incidents.kinds import ClockOf, set_clock
from softswitch.layers.incidents.model import OVER, Status, changed_text, outdated
from softswitch.layers.incidents.report_model import (
    ReportState,
    check_editable,
    check_step,
    kind_of,
)
from softswitch.layers.incidents.store import Row

LONGEST_TEXT = 8_000
_FACTS = (
    "id", "title", "status", "number", "name", "address", "note", "created_at", "type", "grade",
    "latitude", "longitude", "result", "digits",
)  # fmt: skip


class ReportService:
    """What is told to those above, and until when."""

    def __init__(self, books: Books, clock_of: ClockOf) -> None:
        self._books = books
        self._db = books.db
        self._clock_of = clock_of
        self._late: set[tuple[str, Millis]] = set()

    async def of_incident(self, incident_id: str) -> list[Row]:
        """Return the reports of an incident, the first one first."""

        def read(conn: Connection) -> list[Row]:
            must(conn, incident_id)
            return report_store.of_incident(conn, incident_id)

        return [_view(row) for row in await self._db.read(read)]

    async def get(self, report_id: str) -> Row:
        """Return a report, or refuse."""
        found = await self._db.read(report_store.one, report_id)
        if found is None:
            raise _unknown(report_id)
        return _view(found)

    async def write(
        self, actor: Actor, incident_id: str, text: str, receiver: str, report_id: str
    ) -> Row:
        """Begin the next report of an incident. An id chosen before makes a repeat harmless."""
        said, to = _text(text), changed_text("receiver", receiver)

        def write(conn: Connection, at: Millis) -> set[str]:
            row = must(conn, incident_id)
            if row["merged_into"]:
                raise conflict("is_merged", f"Incident {incident_id} is part of {row['root']}.",
                               f"Report {row['root']}.")  # fmt: skip
            if report_store.one(conn, report_id) is not None:
                return set()
            number = report_store.next_number(conn, incident_id)
            report = {
                "id": report_id, "incident_id": incident_id, "number": number,
                "kind": kind_of(number, Status(row["status"]) in OVER).value,
                "state": ReportState.DRAFT.value, "receiver": to, "text": said, "facts": "{}",
                "author": actor.login, "created_at": at, "due_at": row["report_due_at"],
                "submitted_by": "", "submitted_at": None, "approver": "", "approved_at": None,
                "reason": "", "sent_by": "", "sent_at": None, "version": 1,
            }  # fmt: skip
            report_store.add(conn, report)
            return self._told(conn, report, actor.login, at)

        await self._books.act(write)
        return await self.get(report_id)

    async def edit(self, actor: Actor, report_id: str, version: int, fields: Row) -> Row:
        """Change the text or the receiver of a report that is not submitted."""
        values: Row = {}
        if "text" in fields:
            values["text"] = _text(fields["text"])
        if "receiver" in fields:
            values["receiver"] = changed_text("receiver", fields["receiver"])

        def write(conn: Connection, at: Millis) -> set[str]:
            report = _must(conn, report_id, version)
            check_editable(report)
            author = {"author": actor.login}  # whoever wrote last: he may not approve it
            report_store.change(conn, report_id, version, {**values, **author})
            return {report["incident_id"]}

        await self._books.act(write)
        return await self.get(report_id)

    async def step(
        self, actor: Actor, report_id: str, version: int, after: ReportState, reason: str = ""
    ) -> Row:
        """Submit, approve, reject (with a reason) or send a report."""
        why = changed_text("reason", reason)
        if after is ReportState.REJECTED and not why:
            raise invalid("reason_missing", "Rejecting a report needs a reason.", "Tell why.",
                          field="reason")  # fmt: skip

        def write(conn: Connection, at: Millis) -> set[str]:
            report = _must(conn, report_id, version)
            check_step(report, after, actor.login)
            if after is ReportState.SUBMITTED and not report["text"]:
                raise invalid("no_text", "The report is empty.", "Write its text.", field="text")
            values = self._values(conn, report, after, actor.login, at) | {"reason": why}
            report_store.change(conn, report_id, version, values)
            if after is ReportState.SENT:
                store.put(conn, report["incident_id"], reported_at=at)
                set_clock(conn, must(conn, report["incident_id"]), self._clock_of)
            return self._told(conn, {**report, **values}, actor.login, at)

        await self._books.act(write)
        return await self.get(report_id)

    def _values(
        self, conn: Connection, report: Row, after: ReportState, login: str, at: Millis
    ) -> Row:
        names = {
            ReportState.SUBMITTED: ("submitted_by", "submitted_at"),
            ReportState.APPROVED: ("approver", "approved_at"),
            ReportState.REJECTED: ("approver", "approved_at"),
            ReportState.SENT: ("sent_by", "sent_at"),
        }[after]
        values: Row = {"state": after.value, names[0]: login, names[1]: at}
        if after is ReportState.SUBMITTED:
            facts = json.dumps(_facts(conn, report["incident_id"]), ensure_ascii=False)
            values |= {"facts": facts, "approver": "", "approved_at": None}
        return values

    def _told(self, conn: Connection, report: Row, login: str, at: Millis) -> set[str]:
        incident_id = report["incident_id"]
        body = {name: report[name] for name in ("number", "kind", "state", "receiver", "reason")}
        body["report_id"] = report["id"]
        fact = ReportChanged(
            incident_id, at, report["id"], report["number"], report["state"], login
        )
        tell(conn, login, "incident.report", incident_id, body, fact, at=at, ref=report["id"])
        return {incident_id}

    async def watch(self) -> None:
        """Tell once of each report whose time is over."""

        def write(conn: Connection, at: Millis) -> set[str]:
            changed: set[str] = set()
            for row in store.reports_due(conn, at):
                entry = f"late-{row['id']}-{row['report_due_at']}"
                if late(conn, row, entry, at):
                    changed.add(row["id"])
            return changed

        await self._books.act(write)


def late(conn: Connection, row: Row, entry: str, at: Millis) -> bool:
    """Write that a report is overdue, once for each time that it was due; tell whether it is new."""
    from softswitch.layers.incidents import timeline_store
    from softswitch.store.event_log import append

    body = {"due_at": row["report_due_at"]}
    if timeline_store.known(conn, entry, entry):
        return False
    told = timeline_store.entry(
        row["id"], "incident.report_overdue", at, body, entry_id=entry, login=SYSTEM_LOGIN
    )
    timeline_store.write(conn, told)
    append(conn, ReportOverdue(row["id"], at, row["report_due_at"]), at=at)
    return True


def _facts(conn: Connection, incident_id: str) -> Row:
    """Return the incident as it is now: what is approved is what is printed."""
    row = must(conn, incident_id)
    given = order_store.of_incidents(conn, store.family(conn, incident_id))
    orders = [
        {name: one[name] for name in ("unit", "text", "state", "created_at", "received_at")}
        for one in given
    ]
    return {**{name: row[name] for name in _FACTS}, "orders": orders}


def _must(conn: Connection, report_id: str, version: int) -> Row:
    report = report_store.one(conn, report_id)
    if report is None:
        raise _unknown(report_id)
    if report["version"] != version:
        raise outdated("report", report_id, report["version"], [])
    return report


def _text(text: str) -> str:
    return numbers.plain_text(text, "text", LONGEST_TEXT)


def _view(report: Mapping[str, Any]) -> Row:
    return {**report, "facts": json.loads(report["facts"])}


def _unknown(report_id: str) -> Refusal:
    return not_found("report", report_id, "Look at the incident.")


__all__ = ["ReportService", "new_id"]
