"""Which trunks a call tries, in which order: pure functions of the plan, the call and a draw.

The patterns of all routes form one tree of signs, so that finding those of a number takes as long with 10,000 routes
as with ten.  The most exact pattern wins: place by place from the left, fewer signs before more, a fixed end before
``.`` - the order in which Asterisk searches too, so that the dialplan without us goes the same way.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from zlib import crc32

from trunk.model import Attempt, Plan, Route, Step, Trunk
from trunk.translate import presented, translated

ROUTINE = 4
EVERYBODY = ""


@dataclass(frozen=True, slots=True)
class Query:
    """A call that looks for its way.

    ``precedence`` is 0 (flash override) to 4 (routine); ``weekday`` 0 is Monday, ``minute`` counts in the local day;
    ``draw`` is any number, the same draw gives the same order.
    """

    number: str
    caller: str = ""
    caller_class: str = EVERYBODY
    precedence: int = ROUTINE
    weekday: int = 0
    minute: int = 0
    draw: int = 0


@dataclass(slots=True)
class _Node:
    """A place in the tree. ``edges`` lead on by the signs that a place takes."""

    edges: dict[str, _Node] = field(default_factory=dict)
    by_sign: dict[str, tuple[_Node, ...]] = field(default_factory=dict)
    closed: list[Route] = field(default_factory=list)
    open: list[Route] = field(default_factory=list)


class Selector:
    """The routes of one plan, ready to be asked. Never changes: a new plan gets a new one."""

    def __init__(self, plan: Plan) -> None:
        self._root = _Node()
        self._trunks = {trunk.name: trunk for trunk in plan.trunks}
        for route in plan.routes:
            for each in route.patterns:
                node = self._root
                for place in each.places:
                    node = _child(node, place)
                (node.open if each.open else node.closed).append(route)
        _seal(self._root)

    def routes(self, query: Query) -> list[Route]:
        """Return the routes of the most exact pattern that has any for this call, as written; none: no way."""
        for found in _matching(self._root, query.number):
            if serving := [route for route in found if serves(route, query)]:
                return serving
        return []

    def attempts(self, query: Query) -> list[Attempt]:
        """Return the attempts of a call in order; each trunk comes once."""
        found: dict[str, Attempt] = {}
        for route in self.routes(query):
            for step in ordered(route.steps, query.draw):
                trunk = self._trunks[step.trunk]
                if step.trunk not in found and trunk.enabled:
                    found[step.trunk] = attempt(route, trunk, query)
        return list(found.values())


def serves(route: Route, query: Query) -> bool:
    """Tell whether a route is for this caller, precedence and time."""
    return (
        query.precedence <= route.precedence
        and (not route.classes or query.caller_class in route.classes)
        and (
            not route.hours
            or any(hours.holds(query.weekday, query.minute) for hours in route.hours)
        )
    )


def attempt(route: Route, trunk: Trunk, query: Query) -> Attempt:
    """Return what is dialled on a trunk of a route, and who is shown as calling."""
    number = route.prepend + query.number[route.strip :]
    return Attempt(
        trunk=trunk.name,
        number=translated(number, trunk.out),
        caller=presented(route.caller or trunk.caller, query.caller),
        route=route.name,
        category=route.category or trunk.category,
    )


def ordered(steps: Sequence[Step], draw: int) -> list[Step]:
    """Return the steps by order; within one order a step comes first as often as its weight says."""
    if len(steps) == 1:
        return list(steps)
    if len({step.order for step in steps}) == len(steps):
        return sorted(steps, key=lambda step: step.order)
    return sorted(steps, key=lambda step: (step.order, -_lot(step, draw)))


_WORD = (1 << 64) - 1


def _lot(step: Step, draw: int) -> float:
    """Return a lot: the greatest of several is a step's with the probability of its weight.

    u^(1/w) with u even in (0, 1) (Efraimidis and Spirakis, Information Processing Letters 97, 2006); u comes from the
    draw and the name by the finishing steps of SplitMix64 (Steele, Lea and Flood, OOPSLA 2014).
    """
    mixed = (draw * 0x9E3779B97F4A7C15 + crc32(step.trunk.encode()) * 0xD1B54A32D192ED03) & _WORD
    mixed = ((mixed ^ (mixed >> 30)) * 0xBF58476D1CE4E5B9) & _WORD
    mixed = ((mixed ^ (mixed >> 27)) * 0x94D049BB133111EB) & _WORD
    even = ((mixed ^ (mixed >> 31)) + 1) / (_WORD + 2)
    return float(even ** (1 / step.weight))


# ---- the tree


def _child(node: _Node, place: str) -> _Node:
    return node.edges.setdefault(place, _Node())


def _seal(node: _Node) -> None:
    """Order what follows each sign, the fewest signs first, and so below."""
    found: dict[str, list[_Node]] = {}
    for signs in sorted(node.edges, key=lambda signs: (len(signs), signs)):
        for sign in signs:
            found.setdefault(sign, []).append(node.edges[signs])
        _seal(node.edges[signs])
    node.by_sign = {sign: tuple(nodes) for sign, nodes in found.items()}


def _matching(root: _Node, number: str) -> Iterator[list[Route]]:
    """Give the routes of each pattern that matches, the most exact pattern first."""
    length = len(number)
    waiting: list[tuple[_Node, int]] = [(root, 0)]
    while waiting:
        node, at = waiting.pop()
        if at < 0:  # everything behind it was looked at
            yield node.open
        elif at == length:
            if node.closed:
                yield node.closed
        else:
            if node.open:
                waiting.append((node, -1))
            nodes = node.by_sign.get(number[at], ())
            waiting.extend((following, at + 1) for following in reversed(nodes))
