"""Looks up what steps name, once for all of them: the world that :func:`softswitch.layers.plans.reach.reach` takes."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from softswitch.errors import invalid
from softswitch.layers.plans.model import Kind, Step
from softswitch.layers.plans.ports import DutyBook, Incidents, Messenger, Places, Telephony
from softswitch.layers.plans.reach import Contact, World

LONGEST_AREA = 500_000


@dataclass(slots=True)
class Parts:
    """The other parts of the system, as far as they are there."""

    telephony: Telephony
    duty: DutyBook | None = None
    messenger: Messenger | None = None
    places: Places | None = None
    incidents: Incidents | None = None


async def look_up(
    parts: Parts, steps: Iterable[Step], area: str, extra: Iterable[str] = ()
) -> World:
    """Return the world of some steps; ``area`` is GeoJSON as text, ``extra`` numbers that stand for the area."""
    listed = list(steps)
    groups = await parts.telephony.groups() if any(s.to.groups for s in listed) else {}
    duty = {
        key: contacts
        for key in {name for step in listed for name in step.to.duty}
        if parts.duty is not None and (contacts := parts.duty.on_duty(key)) is not None
    }
    keys = sorted({name for step in listed for name in step.to.people})
    people = await parts.duty.people(keys) if parts.duty is not None and keys else {}
    wanted = any(step.to.area for step in listed)
    inside = await _inside(parts, area, tuple(extra)) if wanted else None
    asked = parts.messenger if any(step.kind is Kind.SMS for step in listed) else None
    return World(
        groups, duty, people, inside, parts.places is not None or bool(tuple(extra)),
        asked is not None and await asked.ready(), parts.telephony.is_emergency, parts.telephony.name_of,
    )  # fmt: skip


async def _inside(parts: Parts, area: str, extra: tuple[str, ...]) -> tuple[Contact, ...] | None:
    found = [Contact(parts.telephony.name_of(number), (number,)) for number in extra]
    if area and parts.places is not None:
        found += await parts.places.inside(json.loads(area))
    return tuple(found) if found or (area and parts.places is not None) else None


def area_text(area: Mapping[str, Any] | None) -> str:
    """Return an area as it is kept, or refuse one that is no polygon of GeoJSON (RFC 7946)."""
    if area is None:
        return ""
    if area.get("type") not in {"Polygon", "MultiPolygon", "Feature", "FeatureCollection"}:
        raise invalid(
            "bad_area", "The area is no polygon.", "Give GeoJSON (RFC 7946).", field="area"
        )
    text = json.dumps(area, separators=(",", ":"))
    if len(text) > LONGEST_AREA:
        raise invalid("bad_area", "The area has too many points.", "Draw it simpler.", field="area")
    return text
