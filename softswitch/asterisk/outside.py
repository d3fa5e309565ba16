"""What the switch must know of the world outside: trunks, routes and classes, as pure values.

With these the dialplan finds the way by itself while nobody decides: the order as written, no health, no reserve.
Patterns are Asterisk's own; whoever makes these values has checked them.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class NumberRule:
    """Numbers of ``pattern`` lose ``strip`` signs in front and get ``prepend``."""

    pattern: str
    strip: int = 0
    prepend: str = ""


@dataclass(frozen=True, slots=True)
class TrunkAccount:
    """A trunk that is reached over SIP: the carrier itself, or a node with 2M lines.

    ``username`` and ``secret`` are ours at the far end; with ``vouched`` the far end shows the same when it calls.
    ``parameters`` go into the request URI. Times are seconds.
    """

    id: str
    host: str
    port: int = 5060
    transport: str = "udp"
    registers: bool = False
    username: str = ""
    secret: str = field(default="", repr=False)
    vouched: bool = False
    realm: str = ""
    from_domain: str = ""
    match: tuple[str, ...] = ()
    qualify_seconds: int = 10
    codecs: tuple[str, ...] = ("alaw", "ulaw")
    srtp: bool = False
    parameters: str = ""


@dataclass(frozen=True, slots=True)
class LinkAccount:
    """A trunk of a node that is reached over IAX2 (RFC 5456): either end shows the secret with each call."""

    id: str
    host: str
    port: int
    secret: str = field(repr=False)
    qualify_seconds: int = 10


@dataclass(frozen=True, slots=True)
class OutsideTrunk:
    """A trunk in the dialplan: ``dial`` has ``{number}`` in it; ``shown`` is who is presented as calling."""

    name: str
    dial: str
    out: tuple[NumberRule, ...] = ()
    inward: tuple[NumberRule, ...] = ()
    shown: str = ""
    category: str = ""
    """Of the calling party, where it is no ordinary subscriber (the word of ``cpc``, 3GPP TS 24.229)."""


@dataclass(frozen=True, slots=True)
class OutsideRoute:
    """A route in the dialplan; ``hours`` are the arguments of ``GotoIfTime``."""

    name: str
    patterns: tuple[str, ...]
    trunks: tuple[str, ...]
    classes: tuple[str, ...] = ()
    hours: tuple[str, ...] = ()
    strip: int = 0
    prepend: str = ""
    shown: str = ""
    category: str = ""
    """Instead of the trunk's; ``ordinary`` too."""


@dataclass(frozen=True, slots=True)
class OutsideClass:
    """Which numbers a class of callers may call."""

    name: str
    allow: tuple[str, ...] = ()
    deny: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Outside:
    """All of it. With ``asks`` every call asks dispatch first and goes by itself when that is not there."""

    accounts: tuple[TrunkAccount, ...] = ()
    links: tuple[LinkAccount, ...] = ()
    trunks: tuple[OutsideTrunk, ...] = ()
    routes: tuple[OutsideRoute, ...] = ()
    classes: tuple[OutsideClass, ...] = ()
    asks: bool = False
    authorities: tuple[str, ...] = ()
    """PEM certificates that carriers' own are signed by, beside those that the machine trusts."""


NEXT_CAUSES = (0, 3, 20, 27, 34, 38, 41, 42, 44, 47, 127, 256)
"""Causes (ITU-T Q.850; 256 is libss7's own) after which the dialplan tries the next trunk."""


def through_gateway(gateway: str) -> Outside:
    """Return a world that is reached through one gateway that registers here."""
    trunk = OutsideTrunk(gateway, f"PJSIP/{{number}}@{gateway}")
    route = OutsideRoute("outside", ("[0-9*#+].",), (gateway,))
    return Outside(trunks=(trunk,), routes=(route,))


def dialplan_values(outside: Outside, lengths: Sequence[int]) -> dict[str, object]:
    """Return what the template of the dialplan is filled with."""
    patterns: dict[str, list[str]] = {}
    for route in outside.routes:
        for pattern in route.patterns:
            patterns.setdefault(pattern, []).append(route.name)
    return {
        "outside": outside,
        "outside_patterns": sorted(patterns.items()),
        "outside_short": sorted(p for p in patterns if _is_short(p, min(lengths))),
        "trunk_dials": {
            trunk.name: trunk.dial.replace("{number}", "${OUT}") for trunk in outside.trunks
        },
        "shown": shown,
        "closed": _closed,
        "next_causes": NEXT_CAUSES,
    }


def shown(template: str) -> str:
    """Return a presented number in the words of the dialplan: ``X`` at its end are the caller's last digits."""
    fixed = template.rstrip("X")
    places = len(template) - len(fixed)
    return f"{fixed}${{CALLERID(num):-{places}}}" if places else fixed


def _is_short(pattern: str, least: int) -> bool:
    """Tell whether a pattern has numbers that are shorter than what always goes outside."""
    return not pattern.endswith(".") and places(pattern) < least


def places(pattern: str) -> int:
    """Return how many signs a pattern has, without a final ``.``."""
    count, inside = 0, False
    for sign in pattern.removesuffix("."):
        inside = sign == "[" or (inside and sign != "]")
        count += not inside
    return count


def _closed(pattern: str, most: int = 20) -> list[str]:
    """Return a pattern without ``.``: one for each length, so that no sign but digits, * # + is let in."""
    if not pattern.endswith("."):
        return [pattern]
    body = pattern.removesuffix(".")
    return [body + "[0-9*#+]" * more for more in range(1, most - places(body) + 1)]
