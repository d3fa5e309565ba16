"""Options that `softswitch sms send` and `softswitch sms campaign create` have in common."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, TypeVar

import click

from softswitch.cli.times import INSTANT
from softswitch.errors import invalid

F = TypeVar("F", bound=Callable[..., Any])


def audience_options(command: F) -> F:
    """Add whom to send to."""
    for option in reversed(_AUDIENCE):
        command = option(command)
    return command


def plan_options(command: F) -> F:
    """Add how to send."""
    for option in reversed(_PLAN):
        command = option(command)
    return command


_AUDIENCE: tuple[Callable[[Any], Any], ...] = (
    click.option("--list", "lists", multiple=True, help="An imported list; may be repeated."),
    click.option(
        "--area",
        "areas",
        multiple=True,
        help="Of the lists only areas that begin so; may be repeated.",
    ),
    click.option(
        "--shape",
        type=click.Path(exists=True, dir_okay=False, path_type=Path),
        help="Of the lists only who is inside of this GeoJSON polygon.",
    ),
    click.option("--group", "groups", multiple=True, help="A stored group; may be repeated."),
    click.option("--number", "numbers", multiple=True, help="One more number; may be repeated."),
)
_PLAN: tuple[Callable[[Any], Any], ...] = (
    click.option(
        "--life-safety", is_flag=True, help="Lives are at stake: it overtakes all others."
    ),
    click.option(
        "--priority",
        type=click.Choice(["urgent", "normal", "bulk"]),
        default="normal",
        show_default=True,
        help="What goes first among the others.",
    ),
    click.option("--exercise", is_flag=True, help="An exercise: it can reach no live link."),
    click.option("--advertising", is_flag=True, help="Add how to opt out, as carriers ask."),
    click.option("--at", "starts_at", type=INSTANT, help="When to begin; at once unless given."),
    click.option(
        "--validity",
        type=int,
        default=240,
        show_default=True,
        help="Minutes until it is of no use.",
    ),
    click.option("--voice-after", type=int, help="Minutes until who has no receipt is called."),
    click.option(
        "--language",
        type=click.Choice(["zh", "en"]),
        default="zh",
        show_default=True,
        help="Language of the voice.",
    ),
    click.option("--personal", is_flag=True, help="Fill {fields} of the text from the lists."),
    click.option("--incident", "incident_id", help="The incident that it is sent for."),
)


def body_of(name: str, text: str, more: Mapping[str, Any]) -> dict[str, Any]:
    """Return the body of a campaign."""
    return {
        "name": name,
        "text": text,
        "audience": {
            "lists": list(more["lists"]),
            "areas": list(more["areas"]),
            "shape": read_shape(more["shape"]),
            "groups": list(more["groups"]),
            "numbers": list(more["numbers"]),
        },
        "priority": "life_safety" if more["life_safety"] else more["priority"],
        "exercise": more["exercise"],
        "advertising": more["advertising"],
        "starts_at": more["starts_at"],
        "validity_minutes": more["validity"],
        "voice_after_minutes": more["voice_after"],
        "language": more["language"],
        "personal": more["personal"],
        "incident_id": more["incident_id"] or "",
    }


def read_shape(path: Path | None) -> dict[str, Any] | None:
    """Return the GeoJSON of a file, or refuse it."""
    if path is None:
        return None
    try:
        found = json.loads(path.read_text("utf-8"))
    except ValueError as error:
        raise _bad(path, str(error)) from error
    if not isinstance(found, dict):
        raise _bad(path, "it is no object")
    return found


def _bad(path: Path, why: str) -> Exception:
    return invalid("bad_geojson", f"{path} is no GeoJSON: {why}.", "Give a Polygon in GeoJSON.")
