"""Incidents on the map, from the facts that the incident layer tells; it is known by its facts alone."""

from __future__ import annotations

from collections.abc import Sequence

from softswitch.layers.gis.board import Board
from softswitch.layers.gis.model import Kind, Thing, point
from softswitch.store.event_log import Stored

KINDS = ("incident.changed", "incident.moved", "incident.merged", "incident.split")
_OVER = frozenset({"closed", "reviewed"})


class IncidentPlaces:
    """Puts incidents with a place on the map and takes those that are over off it."""

    def __init__(self, board: Board) -> None:
        self._board = board

    async def consume(self, facts: Sequence[Stored]) -> None:
        """Apply facts; telling one twice changes nothing."""
        for stored in facts:
            fact = stored.event
            incident: str = getattr(fact, "incident_id", "")
            if fact.kind == "incident.merged":
                self._board.drop(Kind.INCIDENT, incident)
                continue
            status = getattr(fact, "status", "") or getattr(fact, "after", "")
            lon, lat = getattr(fact, "longitude", None), getattr(fact, "latitude", None)
            if status in _OVER:
                self._board.drop(Kind.INCIDENT, incident)
            elif lon is not None and lat is not None:
                self._board.put(Thing(Kind.INCIDENT, incident, point(lon, lat), status=status))
