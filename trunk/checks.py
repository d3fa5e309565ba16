"""What must hold between the tables of a plan: nothing used twice, nothing named that is not there.

Pure: :func:`faults` gives each fault with the place where it stands; a plan without faults can be rendered.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from softswitch.errors import Refusal, conflict, invalid
from trunk import frames
from trunk.model import R2, Link, Plan, Pri, Route, Sip, SipMode, Slot, Span, Ss7, Trunk
from trunk.patterns import Pattern
from trunk.places import Place

Fault = tuple[Place, Refusal]
CORE = "core"
MOST_GROUPS = 63
"""DAHDI's groups are the bits of a 64-bit word, and we begin at 1."""

PRI_VARIANTS = ("euroisdn", "national", "ni1", "dms100", "4ess", "5ess", "qsig")
R2_VARIANTS = ("itu", "ar", "br", "cn", "cz", "co", "ec", "id", "mx", "ph", "ve")
HIGHEST_CIC = {14: 4_095, 24: 16_383}
"""ITU-T Q.763, 1.2: 12 bits; ANSI T1.113: 14 bits."""


def faults(plan: Plan, emergency: Sequence[str] = ()) -> Iterator[Fault]:
    """Give what is wrong with a plan, the first fault first; ``emergency`` are the digits nobody may shadow."""
    yield from _names(plan)
    yield from _nodes(plan)
    for index, trunk in enumerate(plan.trunks):
        yield from _trunk(plan, index, trunk)
        yield from frames.faults(plan, trunk)
        yield from _inward(index, trunk, emergency)
    yield from _slots(plan)
    yield from _cics(plan)
    yield from _addresses(plan)
    for index, route in enumerate(plan.routes):
        yield from _route(plan, index, route)
        yield from _shadows(index, route, emergency)


def _names(plan: Plan) -> Iterator[Fault]:
    named: list[tuple[str, Iterable[str]]] = [
        ("node", (n.name for n in plan.nodes)),
        ("span", (f"{s.node} {s.number}" for s in plan.spans)),
        ("trunk", (t.name for t in plan.trunks)),
        ("route", (r.name for r in plan.routes)),
        ("class", (c.name for c in plan.classes)),
    ]
    for table, names in named:
        seen: set[str] = set()
        for index, name in enumerate(names):
            if name in seen:
                yield (
                    (table, index),
                    conflict(
                        "name_taken", f"{table} {name} is there twice.", "Choose another name."
                    ),
                )
            seen.add(name)
    for index, node in enumerate(plan.nodes):
        if node.name == CORE:
            yield (
                ("node", index, "name"),
                conflict("name_taken", "core is the name of this system.", "Choose another name."),
            )


def _nodes(plan: Plan) -> Iterator[Fault]:
    for index, node in enumerate(plan.nodes):
        if node.link is Link.IAX2 and not node.secret:
            yield (
                ("node", index, "link"),
                invalid(
                    "bad_trunks",
                    f"Node {node.name} has no secret.",
                    "Give secret: over IAX2 both ends show it with each call.",
                ),
            )
    known = {CORE, *(node.name for node in plan.nodes)}
    named = [("span", [s.node for s in plan.spans]), ("trunk", [t.node for t in plan.trunks])]
    for table, nodes in named:
        for index, name in enumerate(nodes):
            if name not in known:
                yield (table, index, "node"), _unknown("node", name, known)
    for index, trunk in enumerate(plan.trunks):
        if isinstance(trunk.line, Sip) and trunk.node != CORE:
            yield (
                ("trunk", index, "node"),
                invalid(
                    "bad_trunks",
                    f"The SIP trunk {trunk.name} is on a node.",
                    "Leave node out: SIP trunks end at this system.",
                ),
            )
        if not isinstance(trunk.line, Sip) and plan.number(trunk) > MOST_GROUPS:
            yield (
                ("trunk", index),
                invalid(
                    "too_many", "Too many trunks on one node.", f"Put up to {MOST_GROUPS} on each."
                ),
            )


def _unknown(what: str, name: str, known: Iterable[str]) -> Refusal:
    listed = ", ".join(sorted(known)) or "none"
    return invalid(
        f"unknown_{what}",
        f"There is no {what} {name}.",
        f"Name one that is described ({listed}), or describe it.",
    )


# ---- one trunk


def _trunk(plan: Plan, index: int, trunk: Trunk) -> Iterator[Fault]:
    line = trunk.line
    if isinstance(line, Pri) and line.variant not in PRI_VARIANTS:
        yield ("trunk", index, "variant"), _variant(line.variant, "ISDN", PRI_VARIANTS)
    if isinstance(line, R2) and line.variant not in R2_VARIANTS:
        yield ("trunk", index, "variant"), _variant(line.variant, "MFC/R2", R2_VARIANTS)
    if isinstance(line, Ss7) and line.own == line.adjacent:
        yield (
            ("trunk", index, "adjacent"),
            invalid(
                "bad_point_code",
                f"Trunk {trunk.name} has the same point code at both ends.",
                "Ask the carrier for its own.",
            ),
        )
    if trunk.reserved >= trunk.capacity > 0 and trunk.reserved:
        yield (
            ("trunk", index, "reserved"),
            invalid(
                "bad_trunks",
                f"Trunk {trunk.name} has {trunk.capacity} circuits and would reserve {trunk.reserved}.",
                "Reserve fewer than there are.",
            ),
        )
    for slot, use in _uses(trunk):
        yield from _slot(plan, index, trunk, slot, use)


def _variant(given: str, of: str, known: tuple[str, ...]) -> Refusal:
    return invalid(
        "unknown_variant",
        f"{given[:24]!r} is no variant of {of}.",
        f"Give one of {', '.join(known)}.",
    )


def _slot(plan: Plan, index: int, trunk: Trunk, slot: Slot, use: str) -> Iterator[Fault]:
    span = _span(plan, trunk.node, slot.span)
    place = ("trunk", index, _KEYS[use])
    if span is None:
        yield (
            place,
            invalid(
                "unknown_span",
                f"Trunk {trunk.name} uses span {slot.span}, which node {trunk.node} does not have.",
                f"Add a [[span]] with number = {slot.span}.",
            ),
        )
    elif not 1 <= slot.timeslot <= span.size:
        yield (
            place,
            invalid(
                "bad_timeslot",
                f"Span {slot.span} has no timeslot {slot.timeslot}.",
                f"Give 1 to {span.size}; 0 is the frame's own.",
            ),
        )


def _span(plan: Plan, node: str, number: int) -> Span | None:
    return next((s for s in plan.spans if s.node == node and s.number == number), None)


_KEYS = {
    "circuit": "circuits",
    "D channel": "d_channel",
    "signalling link": "links",
    "bits": "circuits",
}


def _uses(trunk: Trunk) -> Iterator[tuple[Slot, str]]:
    """Give each timeslot that a trunk takes, signalling first, with what for."""
    line = trunk.line
    if isinstance(line, Pri):
        yield line.d_channel, "D channel"
    elif isinstance(line, Ss7):
        yield from ((link, "signalling link") for link in line.links)
    elif isinstance(line, R2):
        yield from ((Slot(span, 16), "bits") for span in sorted({s.span for s in line.slots}))
    yield from ((slot, "circuit") for slot, _ in trunk.slots())


# ---- between trunks


def _slots(plan: Plan) -> Iterator[Fault]:
    taken: dict[tuple[str, Slot], tuple[str, str]] = {}
    for index, trunk in enumerate(plan.trunks):
        for slot, use in _uses(trunk):
            before = taken.get((trunk.node, slot))
            if before is not None:
                yield ("trunk", index, _KEYS[use]), _overlap(trunk, slot, use, *before)
            taken[trunk.node, slot] = (trunk.name, use)


def _overlap(trunk: Trunk, slot: Slot, use: str, other: str, other_use: str) -> Refusal:
    code = "signalling_on_circuit" if use != other_use else "circuits_overlap"
    return conflict(
        code,
        f"Timeslot {slot.timeslot} of span {slot.span} is a {use} of {trunk.name} and a {other_use} of {other}.",
        "Give each timeslot one use.",
    )


def _cics(plan: Plan) -> Iterator[Fault]:
    """Two circuits between the same two points need two CICs (ITU-T Q.763, 1.2)."""
    taken: dict[tuple[int, int, int], str] = {}
    for index, trunk in enumerate(plan.trunks):
        line = trunk.line
        if not isinstance(line, Ss7):
            continue
        for number, group in enumerate(line.groups):
            place = ("trunk", index, "circuits", number)
            last = group.first_cic + len(group.slots) - 1
            if last > HIGHEST_CIC[line.code_bits]:
                yield (
                    place,
                    invalid(
                        "bad_cic",
                        f"CIC {last} of {trunk.name} is too high.",
                        f"The highest is {HIGHEST_CIC[line.code_bits]}.",
                    ),
                )
            for cic in range(group.first_cic, last + 1):
                owner = taken.setdefault(
                    (line.own, group.destination, cic), trunk.name + str(number)
                )
                if owner != trunk.name + str(number):
                    yield (
                        place,
                        conflict(
                            "circuits_overlap",
                            f"CIC {cic} to point code {group.destination} is there twice.",
                            "Begin each group of circuits with a CIC of its own.",
                        ),
                    )
                    break


def _addresses(plan: Plan) -> Iterator[Fault]:
    """A call is known by the address that it comes from: two trunks behind one address cannot be told apart."""
    taken: dict[str, str] = {}
    for index, trunk in enumerate(plan.trunks):
        line = trunk.line
        if not isinstance(line, Sip) or line.mode is SipMode.REGISTER:
            continue
        for address in line.match or (line.host,):
            if taken.setdefault(address, trunk.name) != trunk.name:
                yield (
                    ("trunk", index, "match" if line.match else "host"),
                    conflict(
                        "address_taken",
                        f"{address} is {taken[address]} and {trunk.name} at once.",
                        "Make it one trunk, or let one of them register.",
                    ),
                )


# ---- routes


def _route(plan: Plan, index: int, route: Route) -> Iterator[Fault]:
    trunks = {trunk.name for trunk in plan.trunks}
    classes = {each.name for each in plan.classes}
    seen: set[str] = set()
    for step in route.steps:
        if step.trunk not in trunks:
            yield ("route", index, "to"), _unknown("trunk", step.trunk, trunks)
        if step.trunk in seen:
            yield (
                ("route", index, "to"),
                conflict(
                    "name_taken",
                    f"Route {route.name} names {step.trunk} twice.",
                    "Name each trunk once.",
                ),
            )
        seen.add(step.trunk)
    for name in sorted(route.classes - classes):
        yield ("route", index, "classes"), _unknown("class", name, classes)
    for each in route.patterns:
        if route.strip > len(each.places):
            yield (
                ("route", index, "strip"),
                invalid(
                    "bad_trunks",
                    f"Route {route.name} strips more digits than {each.text} has.",
                    "Strip fewer.",
                ),
            )


def _shadows(index: int, route: Route, emergency: Sequence[str]) -> Iterator[Fault]:
    for number, each in enumerate(route.patterns):
        for digits in emergency:
            if each.matches(digits):
                yield ("route", index, "patterns", number), _shadow(each, digits)


def _inward(index: int, trunk: Trunk, emergency: Sequence[str]) -> Iterator[Fault]:
    for rewrite in trunk.inward:
        for digits in emergency:
            if rewrite.pattern.matches(digits):
                yield ("trunk", index, "inward"), _shadow(rewrite.pattern, digits)


def _shadow(each: Pattern, digits: str) -> Refusal:
    return conflict(
        "emergency_shadowed",
        f"The pattern {each.text} takes the emergency number {digits}.",
        "Write it so that it does not match: with more digits, or beginning otherwise.",
    )
