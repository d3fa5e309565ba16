"""CAP documents in: checked against the schema of OASIS by a parser that follows no entity and opens no address."""

from __future__ import annotations

import datetime
import functools
import math
from pathlib import Path

from lxml import etree

from smsgateway.cap.model import Alert, Circle, Info, Kind, Place, Status, references_of
from softswitch.clock import Millis
from softswitch.errors import Refusal, invalid

NAMESPACE = "urn:oasis:names:tc:emergency:cap:1.2"
MOST_BYTES = 900_000
_NS = {"cap": NAMESPACE}
_SCHEMA = Path(__file__).with_name("CAP-v1.2.xsd")


def parse(document: bytes) -> Alert:
    """Return the alert of a CAP 1.2 document.

    Refuses (``bad_cap``) what is too large, no XML, has a document type (entities are how XML attacks), another
    version of CAP, is not valid by the schema, or says what the standard forbids beside it.
    """
    if len(document) > MOST_BYTES:
        raise bad_cap(f"It has {len(document)} bytes; {MOST_BYTES} are allowed.")
    try:
        root = etree.fromstring(document, _parser())
    except (etree.XMLSyntaxError, ValueError) as error:
        raise bad_cap(f"It is no XML: {str(error)[:200]}.") from error
    if root.getroottree().docinfo.doctype:  # type: ignore[union-attr]  # the stubs lack it
        raise bad_cap("It has a document type, which is not allowed.")
    if root.tag != f"{{{NAMESPACE}}}alert":
        raise bad_cap(f"It is {str(root.tag)[:80]}, not an alert of CAP 1.2.")
    check(root)
    return _alert(root)


def check(root: etree._Element) -> None:
    """Refuse a document that is not valid by the schema; the line and the reason are told."""
    schema = _schema()
    if not schema.validate(root):
        error = next(iter(schema.error_log))  # type: ignore[call-overload]
        raise bad_cap(f"Line {error.line}: {error.message.replace(f'{{{NAMESPACE}}}', '')[:300]}")


def bad_cap(message: str) -> Refusal:
    """Return the refusal of a document."""
    return invalid(
        "bad_cap",
        f"The CAP document cannot be taken. {message}",
        "Ask its sender to mend it; the schema is CAP-v1.2.xsd of OASIS.",
        field="document",
    )


def instant(text: str) -> Millis | None:
    """Return a time of CAP (``2026-11-22T18:30:00+08:00``; ``-00:00`` is UTC), or None."""
    try:
        moment = datetime.datetime.fromisoformat(text)
    except ValueError:
        return None
    return int(moment.timestamp() * 1000) if moment.tzinfo is not None else None


def _parser() -> etree.XMLParser:
    return etree.XMLParser(
        resolve_entities=False, no_network=True, load_dtd=False, dtd_validation=False,
        huge_tree=False, remove_comments=True, remove_pis=True,
    )  # fmt: skip


@functools.cache
def _schema() -> etree.XMLSchema:
    return etree.XMLSchema(etree.parse(str(_SCHEMA), _parser()))


def _alert(root: etree._Element) -> Alert:
    alert = Alert(
        identifier=_one(root, "identifier"),
        sender=_one(root, "sender"),
        sent=_one(root, "sent"),
        status=Status(_one(root, "status")),
        kind=Kind(_one(root, "msgType")),
        scope=_one(root, "scope"),
        restriction=_one(root, "restriction"),
        addresses=_one(root, "addresses"),
        note=_one(root, "note"),
        references=references_of(_one(root, "references")),
        infos=tuple(_info(node) for node in root.findall("cap:info", _NS)),
    )
    # Section 3.2.1: what the schema cannot say.
    for name, value in (("identifier", alert.identifier), ("sender", alert.sender)):
        if not value or any(letter in " ,<&" for letter in value):
            raise bad_cap(f"Its {name} is empty or holds a space, comma, < or &.")
    if instant(alert.sent) is None:
        raise bad_cap(f"{alert.sent!r} is no time.")
    if alert.kind in {Kind.UPDATE, Kind.CANCEL} and not alert.references:
        raise bad_cap(f"It is an {alert.kind} and names no earlier alert.")
    return alert


def _info(node: etree._Element) -> Info:
    return Info(
        event=_one(node, "event"),
        urgency=_one(node, "urgency"),
        severity=_one(node, "severity"),
        certainty=_one(node, "certainty"),
        language=_one(node, "language") or "en-US",
        categories=tuple(_all(node, "category")),
        headline=_one(node, "headline"),
        description=_one(node, "description"),
        instruction=_one(node, "instruction"),
        effective=instant(_one(node, "effective")),
        expires=instant(_one(node, "expires")),
        places=tuple(_place(each) for each in node.findall("cap:area", _NS)),
    )


def _place(node: etree._Element) -> Place:
    return Place(
        _one(node, "areaDesc"),
        tuple(_ring(text) for text in _all(node, "polygon")),
        tuple(_circle(text) for text in _all(node, "circle")),
    )


def _ring(text: str) -> tuple[tuple[float, float], ...]:
    points = tuple(_pair(pair) for pair in text.split())
    if len(points) < 4 or points[0] != points[-1]:
        raise bad_cap("A polygon needs four points or more, the last the same as the first.")
    return points


def _circle(text: str) -> Circle:
    place, _, radius = text.partition(" ")
    latitude, longitude = _pair(place)
    return Circle(latitude, longitude, _number(radius))


def _pair(text: str) -> tuple[float, float]:
    latitude, _, longitude = text.partition(",")
    return _number(latitude), _number(longitude)


def _number(text: str) -> float:
    try:
        value = float(text)
    except ValueError:
        value = math.nan
    if not math.isfinite(value):
        raise bad_cap(f"{text[:40]!r} is no number.")
    return value


def _one(node: etree._Element, name: str) -> str:
    return next(iter(_all(node, name)), "")


def _all(node: etree._Element, name: str) -> list[str]:
    return [(each.text or "").strip() for each in node.findall(f"cap:{name}", _NS)]
