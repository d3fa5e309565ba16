"""What the routes of the map take."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field

from softswitch.clock import LATEST, Millis
from softswitch.errors import invalid
from softswitch.layers.gis.area import Area, circle, polygon
from softswitch.layers.gis.model import MOST_FIXES, Coordinates, Fix, Kind, point

Degrees = Annotated[float, Field(allow_inf_nan=False)]
UnitId = Annotated[str, Field(pattern=r"^[\w.\-]{1,64}$")]


class Body(BaseModel):
    """Nothing is taken that is not known."""

    model_config = ConfigDict(extra="forbid")


class Place(Body):
    """A point in degrees; ``gcj02`` is converted here, at the edge."""

    lon: Degrees
    lat: Degrees
    coordinates: Coordinates = Coordinates.WGS84


class AreaBody(Body):
    """A GeoJSON polygon, or a centre with a radius in metres."""

    area: dict[str, Any] | None = None
    centre: Place | None = None
    radius: Degrees | None = None
    coordinates: Coordinates = Coordinates.WGS84

    def parsed(self) -> Area:
        """Return the area or refuse it."""
        if self.area is not None and self.centre is None and self.radius is None:
            return polygon(self.area, self.coordinates)
        if self.area is None and self.centre is not None and self.radius is not None:
            where = self.centre
            return circle(where.lon, where.lat, self.radius, where.coordinates)
        raise invalid(
            "no_area", "No area is given.", "Give area, or centre and radius.", field="area"
        )


class Inside(AreaBody):
    """Whom and what to look for; nothing named: everything but registered numbers."""

    kinds: list[Kind] = Field(default_factory=list, max_length=len(Kind))
    limit: int = Field(1_000, ge=0, le=1_000)

    def wanted(self) -> list[Kind]:
        """Return the kinds, each once."""
        return list(dict.fromkeys(self.kinds)) or [k for k in Kind if k is not Kind.NUMBER]


class Message(Inside):
    """A text for everybody in an area."""

    text: str = Field(min_length=1, max_length=1_000)
    incident_id: str = Field("", pattern=r"^[a-f0-9]{0,32}$")


class Nearest(Place):
    """Who is nearest: with one of some statuses, with a position not older than so many seconds, rested."""

    kind: Kind = Kind.UNIT
    count: int = Field(5, ge=1, le=100)
    statuses: list[str] = Field(default_factory=list, max_length=20)
    oldest_seconds: int | None = Field(None, ge=1, le=31_536_000)
    rested: bool = False
    with_number: bool = False


class ByHand(Place):
    """Where a dispatcher says that a caller is; ``uncertainty`` in metres."""

    uncertainty: Degrees = 0.0
    address: str = Field("", max_length=200)
    number: str = Field("", max_length=40)


class Position(Place):
    """One position of a unit; ``accuracy`` in metres, ``speed`` in metres a second, ``heading`` in degrees."""

    unit: UnitId
    at: Annotated[Millis, Field(ge=0, le=LATEST)]
    accuracy: Degrees = 0.0
    speed: Degrees | None = None
    heading: Degrees | None = None

    def fix(self) -> Fix:
        """Return the position in WGS-84 or refuse it."""
        where = point(self.lon, self.lat, self.coordinates)
        return Fix(self.unit, self.at, where, self.accuracy, self.speed, self.heading)


class Positions(Body):
    """Positions of many units, in any order."""

    positions: list[Position] = Field(min_length=1, max_length=MOST_FIXES)
