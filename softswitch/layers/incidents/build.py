"""Builds the incidents layer from what it needs and connects its parts."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from pathlib import Path
from typing import Any

from softswitch.clock import Clock, now
from softswitch.errors import Refusal
from softswitch.layers.incidents import store
from softswitch.layers.incidents.books import Books, ClassName, LookUp, Screen
from softswitch.layers.incidents.joins import JoinService
from softswitch.layers.incidents.kinds import KindService
from softswitch.layers.incidents.orders import OrderService
from softswitch.layers.incidents.ports import ShortMessages, Telephone
from softswitch.layers.incidents.reports import ReportService
from softswitch.layers.incidents.service import IncidentService
from softswitch.layers.incidents.store import Row
from softswitch.store.database import Database
from softswitch.store.event_log import EventLog

log = logging.getLogger(__name__)
EVERY_SECONDS = 5.0
"""How often deadlines are looked at."""


class Incidents:
    """The layer: ``service`` is one incident, the others what belongs to it."""

    def __init__(
        self,
        db: Database,
        screen: Screen,
        *,
        class_name: ClassName,
        look_up: LookUp,
        calls_changed: Callable[[list[str]], None],
        telephone: Telephone | None = None,
        messages: ShortMessages | None = None,
        font: Callable[[], Path | None] = lambda: None,
        clock: Clock = now,
    ) -> None:
        self.db = db
        self.books = Books(
            db, screen, class_name=class_name, calls_changed=calls_changed, clock=clock
        )
        self.kinds = KindService(db, clock)
        self.service = IncidentService(self.books, look_up=look_up, clock_of=self.kinds.clock_of)
        self.joins = JoinService(self.books, self.kinds.clock_of)
        self.orders = OrderService(self.books, telephone, messages)
        self.reports = ReportService(self.books, self.kinds.clock_of)
        self._font = font

    async def start(self, event_log: EventLog) -> None:
        """Read the tables, show what is worked on and follow the facts of calls."""
        await self.kinds.load()
        await self.service.start(event_log)
        await self.orders.start(event_log)

    async def get(self, incident_id: str) -> dict[str, Any]:
        """Return one incident, or refuse."""
        return await self.service.get(incident_id)

    async def placed(self) -> list[Row]:
        """Return the incidents that are worked on and have a place."""
        return await self.db.read(store.placed)

    async def run(self) -> None:
        """Tell orders that were cut off, then look at deadlines until cancelled."""
        while True:
            try:
                await self.orders.resume()
                await self.once()
            except Refusal as refusal:
                log.warning("the deadlines of incidents wait: %s", refusal)
            except Exception:
                log.exception("looking at the deadlines of incidents failed")
            await asyncio.sleep(EVERY_SECONDS)

    async def once(self) -> None:
        """Look at every deadline now."""
        await self.orders.watch()
        await self.reports.watch()

    async def pdf(self, report_id: str) -> tuple[str, bytes]:
        """Return the name and the content of the printable file of a report."""
        report = await self.reports.get(report_id)
        facts = report["facts"]
        kind = self.kinds.types.get(facts.get("type", ""))
        grade = self.kinds.grades.get(facts.get("grade", 0))
        content = await asyncio.to_thread(
            _printed, report, kind.name_zh if kind else "", grade.name_zh if grade else "",
            self._font(),
        )  # fmt: skip
        return f"report-{report['incident_id']}-{report['number']}.pdf", content


def _printed(report: Row, type_name: str, grade_name: str, font: Path | None) -> bytes:
    # Loaded when the first report is printed: at the start it would keep calls waiting.
    from softswitch.layers.incidents.pdf import report_pdf

    return report_pdf(report, type_name, grade_name, font)
