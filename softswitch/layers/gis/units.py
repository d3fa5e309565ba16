"""Units on the map: what other layers tell of them, and the positions that their trackers tell."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any, Protocol

from softswitch.clock import Clock, Millis, now
from softswitch.errors import Refusal
from softswitch.layers.gis import store
from softswitch.layers.gis.board import Board
from softswitch.layers.gis.model import Fix, Kind, Point, Thing, check_fix
from softswitch.store.database import Database

KEEP_TRACKS_DAYS = 180
MOST_OF_TRACK = 10_000
_DAY: Millis = 86_400_000


class Told(Protocol):
    """A position as it came: making a fix of it may refuse it."""

    def fix(self) -> Fix: ...


class UnitService:
    """The latest position of each unit is in memory; all positions are in the tracks."""

    def __init__(self, db: Database, board: Board, *, clock: Clock = now) -> None:
        self._db = db
        self._board = board
        self._clock = clock
        self._fixes: dict[str, Fix] = {}
        self._declared: dict[str, Thing] = {}

    async def start(self) -> None:
        """Read the latest positions."""
        for row in await self._db.read(store.all_positions):
            self._moved(_fix(row))

    async def report(self, positions: Sequence[Told]) -> dict[str, Any]:
        """Store positions; each one that is refused is told with its place in the list, and stops no other."""
        now_, good = self._clock(), list[Fix]()
        refused: list[dict[str, Any]] = []
        for at, told in enumerate(positions):
            try:
                good.append(check_fix(told.fix(), now_))
            except Refusal as refusal:
                chinese = "".join(refusal.in_chinese)
                refused.append(
                    {
                        "index": at,
                        "code": refusal.code,
                        "message": str(refusal),
                        "message_zh": chinese,
                    }
                )
        if good:
            for fix in await self._db.write(store.put_fixes, good):
                self._moved(fix)
        return {"taken": len(good), "refused": refused}

    async def track(self, unit: str, since: Millis, until: Millis) -> list[dict[str, Any]]:
        """Return where a unit was, oldest first."""
        return await self._db.read(store.track, unit, since, until, MOST_OF_TRACK)

    async def tidy(self) -> None:
        """Remove what is older than tracks are kept."""
        before = self._clock() - KEEP_TRACKS_DAYS * _DAY
        while await self._db.write(store.prune_tracks, before):
            pass

    def declare(self, thing: Thing) -> None:
        """Tell the name, numbers, status and home of a unit; where its tracker is counts more than its home."""
        self._declared[thing.id] = thing
        self._show(thing.id)

    def forget(self, unit: str) -> None:
        """Take what was declared back; one that tells positions stays on the map."""
        self._declared.pop(unit, None)
        self._show(unit)

    def _moved(self, fix: Fix) -> None:
        known = self._fixes.get(fix.unit)
        if known is None or known.at <= fix.at:
            self._fixes[fix.unit] = fix
            self._show(fix.unit)

    def _show(self, unit: str) -> None:
        thing, fix = self._declared.get(unit), self._fixes.get(unit)
        if fix is not None:
            thing = thing or Thing(Kind.UNIT, unit, fix.point, unit)
            thing = replace(thing, point=fix.point, fix_at=fix.at)
        if thing is None:
            self._board.drop(Kind.UNIT, unit)
        else:
            self._board.put(thing)


def _fix(row: dict[str, Any]) -> Fix:
    return Fix(
        row["unit"], row["at"], Point(row["lon"], row["lat"]),
        row["accuracy"], row["speed"], row["heading"],
    )  # fmt: skip
