"""Durable facts of the map."""

from __future__ import annotations

from dataclasses import dataclass

from softswitch.clock import Millis
from softswitch.facts import Fact, fact


@fact("caller.located", right="map.read")
@dataclass(frozen=True, slots=True)
class CallerLocated(Fact):
    """It is known where a caller is, or known better. Degrees in WGS-84, metres."""

    call_id: str
    at: Millis
    lon: float
    lat: float
    uncertainty: float
    source: str  # address, number, value, reference, hand
    address: str = ""
    login: str = ""

    @property
    def latitude(self) -> float:
        """The place as every fact tells it that gives one to its incident."""
        return self.lat

    @property
    def longitude(self) -> float:
        """The same."""
        return self.lon


@fact("map.imported", right="map.read")
@dataclass(frozen=True, slots=True)
class MapImported(Fact):
    """A map of the customer's was imported or replaced."""

    map_id: str
    at: Millis
    name: str
    features: int
    login: str = ""


@fact("map.removed", right="map.read")
@dataclass(frozen=True, slots=True)
class MapRemoved(Fact):
    """A map was removed."""

    map_id: str
    at: Millis
    name: str
    login: str = ""
