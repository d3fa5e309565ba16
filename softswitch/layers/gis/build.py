"""Builds the map from what it needs and connects its parts."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path

from softswitch.layers.gis.board import Board
from softswitch.layers.gis.callers import (
    AddressOf,
    CallerService,
    Forms,
    IncidentOf,
    IsUp,
    ReadCarried,
    ReadEnclosed,
    Screen,
)
from softswitch.layers.gis.consume import KINDS, IncidentPlaces
from softswitch.layers.gis.fetch import Fetcher
from softswitch.layers.gis.maps import MapService
from softswitch.layers.gis.points_csv import Canonical
from softswitch.layers.gis.service import GisService
from softswitch.layers.gis.units import UnitService
from softswitch.store.database import Database
from softswitch.store.event_log import EventLog


@dataclass(frozen=True, slots=True)
class Asks:
    """What the map asks of others."""

    forms: Forms
    """The forms under which a caller's number may be stored."""
    canonical: Canonical
    address_of: AddressOf
    """The address that the registry has for a number; empty for none."""
    carried: ReadCarried
    """The header Geolocation of a call's INVITE (RFC 6442); empty when there is none."""
    enclosed: ReadEnclosed
    """The PIDF-LO documents in the body of a call's INVITE by Content-ID; it may wait a moment for them."""
    incident_of: IncidentOf
    """The incident of a call, where it has one already."""
    is_up: IsUp
    """Whether a call goes on."""


@dataclass(frozen=True, slots=True)
class Ground:
    """Tiles under everything, by WMTS (OGC 07-057r7). An empty ``url``: the outline of the world alone."""

    url: str = ""
    """With ``{z}``, ``{x}``, ``{y}``; the key of the service is part of it."""
    labels: str = ""
    """The same for a layer of names above it."""
    coordinates: str = "wgs84"


class Gis:
    """The layer: ``service`` answers, ``callers`` follows calls, ``maps`` keeps what was imported."""

    def __init__(
        self,
        db: Database,
        screen: Screen,
        folder: Path,
        asks: Asks,
        *,
        location_servers: Collection[str] = (),
        ground: Ground = Ground(),
    ) -> None:
        self.db = db
        self.asks = asks
        self.ground = ground
        self.board = Board()
        self.units = UnitService(db, self.board)
        self.service = GisService(db, self.board, self.units)
        self.maps = MapService(db, folder)
        self.callers = CallerService(
            db,
            self.board,
            screen,
            Fetcher(location_servers),
            forms=asks.forms,
            address_of=asks.address_of,
            carried=asks.carried,
            enclosed=asks.enclosed,
            incident_of=asks.incident_of,
            is_up=asks.is_up,
        )

    async def start(self, events: EventLog) -> None:
        """Read what is stored and follow the facts."""
        await self.service.start()
        await self.callers.start(events)
        events.subscribe("gis incidents", KINDS, IncidentPlaces(self.board).consume)

    async def stop(self) -> None:
        """Ask nobody any more."""
        await self.callers.stop()
