"""The description of all trunks, written once by an operator (TOML), as a :class:`trunk.model.Plan`.

Every refusal names the line.  What single tables say is read here; :mod:`trunk.checks` looks at all of it together.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from pydantic import ValidationError

from softswitch.errors import Refusal, invalid
from softswitch.numbers import quoted
from trunk import bodies, checks
from trunk.certificates import authorities
from trunk.hours import hours
from trunk.model import (
    R2,
    CallerClass,
    CircuitGroup,
    Coding,
    Framing,
    Limits,
    Node,
    Plan,
    Pri,
    Rewrite,
    Route,
    Sip,
    SipMode,
    Slot,
    Span,
    Ss7,
    Step,
    Trunk,
)
from trunk.patterns import Pattern, pattern
from trunk.places import Place, Places
from trunk.pointcodes import code_bits, point_code

LONGEST = 1_000_000
TABLES = ("node", "span", "trunk", "route", "class")


@dataclass(frozen=True, slots=True)
class Written:
    """A plan and where each part of it stands."""

    plan: Plan
    text: str
    places: Places


def read(text: str, emergency: Iterable[str] = ()) -> Plan:
    """Return the plan that ``text`` describes, checked as a whole against the emergency numbers.

    Raises the :class:`Refusal` ``bad_trunks`` or a closer one, each with its line in the message and the path of the
    key as ``field``.
    """
    return written(text, emergency).plan


def written(text: str, emergency: Iterable[str] = ()) -> Written:
    """Return the plan with the lines of its parts; see :func:`read`."""
    if len(text) > LONGEST:
        raise invalid("bad_trunks", "The description is too long.", "Give up to 1 MB.")
    places = Places(text)
    content = _toml(text)
    for key in content:
        if key not in TABLES:
            raise at_line(places, (key,), _unknown_table(key))
    plan = Plan(
        nodes=_each(content, places, "node", _node),
        spans=_each(content, places, "span", _span),
        trunks=_each(content, places, "trunk", _trunk),
        routes=_each(content, places, "route", _route),
        classes=_each(content, places, "class", _class),
    )
    for place, refusal in checks.faults(plan, tuple(emergency)):
        raise at_line(places, place, refusal)
    return Written(plan, text, places)


def _toml(text: str) -> dict[str, Any]:
    try:
        return tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise invalid(
            "bad_trunks",
            f"The description of trunks cannot be read: {error}.",
            "Mend it; it is TOML.",
        ) from None


def _unknown_table(key: str) -> Refusal:
    return invalid(
        "bad_trunks", f"There is no table {quoted(key)}.", f"Use [[{']], [['.join(TABLES)}]]."
    )


def at_line(places: Places, place: Place, refusal: Refusal) -> Refusal:
    """Return the refusal with its line in front."""
    return Refusal(
        refusal.kind,
        refusal.code,
        f"Line {places.line(place)}: {refusal.message}",
        refusal.next_step,
        field=".".join(map(str, place)),
    )


def _each(
    content: Mapping[str, Any], places: Places, table: str, make: Callable[[Any], Any]
) -> tuple[Any, ...]:
    given = content.get(table, [])
    if not isinstance(given, list):
        raise at_line(
            places, (table,), invalid("bad_trunks", f"{table} is no list.", f"Write [[{table}]].")
        )
    return tuple(_made(places, (table, index), make, raw) for index, raw in enumerate(given))


def _made(places: Places, place: Place, make: Callable[[Any], Any], raw: Any) -> Any:
    try:
        return make(raw)
    except ValidationError as error:
        first = error.errors()[0]
        where = (*place, *first["loc"])
        raise at_line(places, where, _from_pydantic(first["loc"], first)) from None
    except Refusal as refusal:
        where = (*place, *(refusal.field or "").split("."))
        raise at_line(places, where, refusal) from None


def _from_pydantic(loc: tuple[str | int, ...], error: Any) -> Refusal:
    name = ".".join(map(str, loc)) or "the table"
    if error["type"] == "extra_forbidden":
        return invalid("bad_trunks", f"There is no key {name}.", "See docs/reference/trunks.md.")
    if error["type"] == "missing":
        return invalid("bad_trunks", f"{name} is missing.", "Add it.")
    given = str(error.get("input", ""))[:40]
    return invalid("bad_trunks", f"{name} = {given!r} is wrong.", f"{error['msg']}.")


# ---- one table each


def _node(raw: Any) -> Node:
    return Node(**bodies.NodeBody.model_validate(raw).model_dump())


def _span(raw: Any) -> Span:
    body = bodies.SpanBody.model_validate(raw)
    european = body.line == "e1"
    return Span(
        number=body.number,
        node=body.node,
        size=31 if european else 24,
        timing=body.timing,
        build_out=body.build_out,
        framing=body.framing or (Framing.CCS if european else Framing.ESF),
        coding=body.coding or (Coding.HDB3 if european else Coding.B8ZS),
        crc4=body.crc4,
        dynamic=body.dynamic,
    )


def _trunk(raw: Any) -> Trunk:
    kind = raw.get("kind") if isinstance(raw, dict) else None
    found = bodies.TRUNKS.get(kind, bodies.TrunkBody) if isinstance(kind, str) else bodies.TrunkBody
    body = found.model_validate(raw)
    return Trunk(
        name=body.name,
        line=_LINES[body.kind](body),
        node=body.node,
        enabled=body.enabled,
        hunt=body.hunt,
        reserved=body.reserved,
        out=tuple(_rewrite(each, "out") for each in body.out),
        inward=tuple(_rewrite(each, "inward") for each in body.inward),
        caller=body.caller,
        category=body.category,
        probe=body.probe,
        limits=Limits(**body.limits.model_dump()),
    )


def _rewrite(body: bodies.RewriteBody, field: str) -> Rewrite:
    return Rewrite(pattern(body.pattern, field), body.strip, body.prepend)


def _pri(body: Any) -> Pri:
    return Pri(
        variant=body.variant,
        side=body.side,
        d_channel=_slot(body.d_channel, "d_channel"),
        b_channels=tuple(slot for each in body.circuits for slot in _slots(each)),
        overlap=body.overlap,
    )


def _ss7(body: Any) -> Ss7:
    bits = code_bits(body.variant)
    adjacent = point_code(body.adjacent, bits, "adjacent")
    groups = []
    for index, each in enumerate(body.circuits):
        if each.first_cic is None:
            raise invalid(
                "bad_trunks", "Circuits of SS7 have no first_cic.", "Give the CIC of the first timeslot.",
                field=f"circuits.{index}.first_cic",
            )  # fmt: skip
        field = f"circuits.{index}.destination"
        other = adjacent if each.destination is None else point_code(each.destination, bits, field)
        groups.append(CircuitGroup(_slots(each), each.first_cic, other))
    return Ss7(
        variant=body.variant,
        own=point_code(body.point_code, bits, "point_code"),
        adjacent=adjacent,
        network_indicator=body.network,
        links=tuple(_slot(text, "links") for text in body.links),
        groups=tuple(groups),
        code_bits=bits,
    )


def _r2(body: Any) -> R2:
    slots = tuple(slot for each in body.circuits for slot in _slots(each))
    return R2(body.variant, slots, body.max_ani, body.max_dnis)


def _sip(body: Any) -> Sip:
    if body.mode == SipMode.REGISTER and not (body.username and body.secret):
        raise invalid(
            "bad_trunks", "A trunk that registers needs an account.", "Give username and secret.",
            field="username",
        )  # fmt: skip
    return Sip(
        host=body.host,
        port=body.port or (5061 if body.transport == "tls" else 5060),
        transport=body.transport,
        mode=SipMode(body.mode),
        username=body.username,
        secret=body.secret,
        realm=body.realm,
        from_domain=body.from_domain,
        match=tuple(body.match),
        calls=body.calls,
        options_seconds=body.options_seconds,
        codecs=tuple(body.codecs),
        srtp=body.srtp,
        ca=authorities(body.ca, body.transport),
    )


_LINES: Mapping[str, Callable[[Any], Pri | Ss7 | R2 | Sip]] = {
    "pri": _pri,
    "ss7": _ss7,
    "r2": _r2,
    "sip": _sip,
}


def _slot(text: str, field: str) -> Slot:
    found = re.fullmatch(r"([0-9]{1,3}):([0-9]{1,2})", text)
    if found is None:
        raise invalid(
            "bad_timeslot", f"{quoted(text)} is no timeslot.", "Write span:timeslot, for example 1:16.",
            field=field,
        )  # fmt: skip
    return Slot(int(found[1]), int(found[2]))


def _slots(body: bodies.CircuitsBody) -> tuple[Slot, ...]:
    found: list[Slot] = []
    for part in body.timeslots.split(","):
        first, _, last = part.partition("-")
        found += [Slot(body.span, n) for n in range(int(first), int(last or first) + 1)]
    return tuple(found)


def _route(raw: Any) -> Route:
    body = bodies.RouteBody.model_validate(raw)
    return Route(
        name=body.name,
        patterns=_patterns(body.patterns, "patterns"),
        steps=tuple(_step(index, each) for index, each in enumerate(body.to)),
        classes=frozenset(body.classes),
        hours=tuple(hours(text, "hours") for text in body.hours),
        precedence=body.precedence,
        strip=body.strip,
        prepend=body.prepend,
        caller=body.caller,
        category=body.category,
    )


def _step(index: int, given: str | bodies.StepBody) -> Step:
    if isinstance(given, str):
        return Step(given, order=index)
    return Step(given.trunk, given.order, given.weight)


def _class(raw: Any) -> CallerClass:
    body = bodies.ClassBody.model_validate(raw)
    return CallerClass(
        name=body.name,
        members=_patterns(body.members, "members"),
        allow=_patterns(body.allow, "allow"),
        deny=_patterns(body.deny, "deny"),
        limits=Limits(**body.limits.model_dump()),
    )


def _patterns(texts: Iterable[str], field: str) -> tuple[Pattern, ...]:
    return tuple(pattern(text, f"{field}.{index}") for index, text in enumerate(texts))
