"""CAP documents out: what we warn of, for other systems. Nothing leaves that the schema refuses."""

from __future__ import annotations

import datetime

from lxml import etree

from smsgateway.cap.model import Alert, Info, Place
from smsgateway.cap.read import NAMESPACE, check
from softswitch.clock import Millis

_MAINLAND = datetime.timezone(datetime.timedelta(hours=8))


def cap_time(at: Millis) -> str:
    """Return an instant as CAP writes it, to the second, in the time of the mainland."""
    moment = datetime.datetime.fromtimestamp(at // 1000, _MAINLAND)
    return moment.isoformat(timespec="seconds")


def document(alert: Alert) -> bytes:
    """Return the XML of an alert. Raises the :class:`Refusal` ``bad_cap`` where the schema does not allow it."""
    root = etree.Element(f"{{{NAMESPACE}}}alert", nsmap={None: NAMESPACE})  # type: ignore[dict-item]  # the default namespace
    _put(root, "identifier", alert.identifier)
    _put(root, "sender", alert.sender)
    _put(root, "sent", alert.sent)
    _put(root, "status", alert.status.value)
    _put(root, "msgType", alert.kind.value)
    _put(root, "scope", alert.scope)
    _maybe(root, "restriction", alert.restriction)
    _maybe(root, "addresses", alert.addresses)
    _maybe(root, "note", alert.note)
    _maybe(root, "references", " ".join(map(str, alert.references)))
    for info in alert.infos:
        _info(etree.SubElement(root, f"{{{NAMESPACE}}}info"), info)
    check(root)
    return etree.tostring(root, xml_declaration=True, encoding="UTF-8", pretty_print=True)


def _info(node: etree._Element, info: Info) -> None:
    _put(node, "language", info.language)
    for category in info.categories:
        _put(node, "category", category)
    _put(node, "event", info.event)
    _put(node, "urgency", info.urgency)
    _put(node, "severity", info.severity)
    _put(node, "certainty", info.certainty)
    for name, at in (("effective", info.effective), ("expires", info.expires)):
        if at is not None:
            _put(node, name, cap_time(at))
    _maybe(node, "headline", info.headline)
    _maybe(node, "description", info.description)
    _maybe(node, "instruction", info.instruction)
    for place in info.places:
        _place(etree.SubElement(node, f"{{{NAMESPACE}}}area"), place)


def _place(node: etree._Element, place: Place) -> None:
    _put(node, "areaDesc", place.description)
    for ring in place.polygons:
        _put(node, "polygon", " ".join(f"{_degrees(y)},{_degrees(x)}" for y, x in ring))
    for circle in place.circles:
        where = f"{_degrees(circle.latitude)},{_degrees(circle.longitude)}"
        _put(node, "circle", f"{where} {circle.radius:g}")


def _degrees(value: float) -> str:
    """Six places are ten centimetres."""
    return f"{value:.6f}".rstrip("0").rstrip(".")


def _put(node: etree._Element, name: str, text: str) -> None:
    etree.SubElement(node, f"{{{NAMESPACE}}}{name}").text = text


def _maybe(node: etree._Element, name: str, text: str) -> None:
    if text:
        _put(node, name, text)
