"""A plan in the words of the switch, pure: what ``pjsip.conf`` and the dialplan are rendered from."""

from __future__ import annotations

from collections.abc import Iterable

from softswitch.asterisk.outside import (
    LinkAccount,
    NumberRule,
    Outside,
    OutsideClass,
    OutsideRoute,
    OutsideTrunk,
    TrunkAccount,
)
from trunk.guard import class_of
from trunk.hours import DAYS
from trunk.model import Hours, Hunt, Link, Node, Plan, Rewrite, Route, Sip, SipMode, Trunk
from trunk.patterns import Pattern

NODE_QUALIFY_SECONDS = 10


def outside(plan: Plan) -> Outside:
    """Return what the core's switch is configured from. Trunks on a node have one account each, over SIP or IAX2."""
    return Outside(
        accounts=tuple(
            account
            for trunk in plan.trunks
            if trunk.enabled and (account := _account(plan, trunk)) is not None
        ),
        links=tuple(
            LinkAccount(trunk.name, node.host, node.iax_port, node.secret, NODE_QUALIFY_SECONDS)
            for trunk in plan.trunks
            if trunk.enabled and (node := over_iax2(plan, trunk)) is not None
        ),
        trunks=tuple(_trunk(plan, trunk) for trunk in plan.trunks if trunk.enabled),
        routes=tuple(_route(plan, route) for route in plan.routes if route.precedence == 4),
        classes=tuple(
            OutsideClass(each.name, _texts(each.allow), _texts(each.deny)) for each in plan.classes
        ),
        asks=bool(plan.routes),
        authorities=tuple(
            trunk.line.ca for trunk in plan.trunks if isinstance(trunk.line, Sip) and trunk.line.ca
        ),
    )


def caller_class(plan: Plan, extension: str) -> str:
    """Return the name of an extension's class, empty for none."""
    known = class_of(plan, extension)
    return known.name if known else ""


def dial(plan: Plan, trunk: Trunk, number: str = "{number}") -> str:
    """Return what the core dials to reach a number on a trunk."""
    if over_iax2(plan, trunk) is not None:
        return f"IAX2/{trunk.name}/{number}"
    if isinstance(trunk.line, Sip) or trunk.node != "core":
        return f"PJSIP/{number}@{trunk.name}"
    return f"{group(plan, trunk)}/{number}"


def node_of(plan: Plan, trunk: Trunk) -> Node | None:
    """Return the node that has a trunk's lines; None: the core itself, or a trunk over SIP."""
    return next((each for each in plan.nodes if each.name == trunk.node), None)


def over_iax2(plan: Plan, trunk: Trunk) -> Node | None:
    """Return the node of a trunk that the core reaches over IAX2, else None."""
    node = node_of(plan, trunk)
    return node if node is not None and node.link is Link.IAX2 else None


def group(plan: Plan, trunk: Trunk) -> str:
    """Return DAHDI's group of a trunk: ``g`` hunts from its lowest channel up, ``G`` from the highest down."""
    return f"DAHDI/{'g' if trunk.hunt is Hunt.UP else 'G'}{plan.number(trunk)}"


def _account(plan: Plan, trunk: Trunk) -> TrunkAccount | None:
    if isinstance(trunk.line, Sip):
        return None if trunk.line.mode is SipMode.ACCEPT else _sip(trunk.name, trunk.line)
    node = node_of(plan, trunk)
    if node is None or node.link is Link.IAX2:
        return None  # DAHDI of the core itself; over IAX2 it is no account of SIP
    return TrunkAccount(
        trunk.name,
        node.host,
        node.sip_port,
        username=trunk.name if node.secret else "",
        secret=node.secret,
        vouched=bool(node.secret),
        qualify_seconds=NODE_QUALIFY_SECONDS,
        parameters=f"trunk={trunk.name}",
    )


def _sip(name: str, line: Sip) -> TrunkAccount:
    return TrunkAccount(
        name,
        line.host,
        line.port,
        line.transport,
        registers=line.mode is SipMode.REGISTER,
        username=line.username,
        secret=line.secret,
        realm=line.realm,
        from_domain=line.from_domain,
        match=line.match,
        qualify_seconds=line.options_seconds,
        codecs=line.codecs,
        srtp=line.srtp,
    )


def _trunk(plan: Plan, trunk: Trunk) -> OutsideTrunk:
    return OutsideTrunk(
        trunk.name,
        dial(plan, trunk),
        _rules(trunk.out),
        _rules(trunk.inward),
        trunk.caller,
        signalled(trunk.category),
    )


def signalled(category: str) -> str:
    """Return the word by which a category is told over SIP (3GPP TS 24.229, 7.2A.12); an ordinary one needs none."""
    return "" if category == "ordinary" else category


def _rules(rules: Iterable[Rewrite]) -> tuple[NumberRule, ...]:
    return tuple(NumberRule(rule.pattern.text, rule.strip, rule.prepend) for rule in rules)


def _route(plan: Plan, route: Route) -> OutsideRoute:
    enabled = {trunk.name for trunk in plan.trunks if trunk.enabled}
    steps = sorted(route.steps, key=lambda step: (step.order, -step.weight))
    return OutsideRoute(
        name=route.name,
        patterns=_texts(route.patterns),
        trunks=tuple(step.trunk for step in steps if step.trunk in enabled),
        classes=tuple(sorted(route.classes)),
        hours=tuple(text for hours in route.hours for text in go_if_time(hours)),
        strip=route.strip,
        prepend=route.prepend,
        shown=route.caller,
        category=route.category,
    )


def _texts(patterns: Iterable[Pattern]) -> tuple[str, ...]:
    return tuple(each.text for each in patterns)


def go_if_time(hours: Hours) -> list[str]:
    """Return times of the week as ``GotoIfTime`` takes them; what goes over midnight is two."""
    if hours.start < hours.end:
        return [_time(hours.start, hours.end, hours.days)]
    following = frozenset((day + 1) % 7 for day in hours.days)
    return [_time(hours.start, 1_440, hours.days), _time(0, hours.end, following)]


def _time(start: int, end: int, days: frozenset[int]) -> str:
    last = end - 1  # Asterisk counts the last minute in
    names = "&".join(DAYS[day] for day in sorted(days))
    return f"{start // 60:02}:{start % 60:02}-{last // 60:02}:{last % 60:02},{names},*,*"
