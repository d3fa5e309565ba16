"""Which links may carry a message, in which order: by the longest prefix, then by cost. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from smsgateway.model import Priority
from smsgateway.queue.routes import Prefixes


@dataclass(frozen=True, slots=True)
class Offer:
    """A link that serves a prefix at a cost."""

    prefix: str
    link_id: int
    cost: int


class RoutingTable:
    """What the links of one moment offer."""

    def __init__(self, offers: Iterable[Offer]) -> None:
        self._offers = sorted(offers, key=lambda o: (-len(o.prefix), o.cost, o.link_id))
        self._prefixes = Prefixes(offer.prefix for offer in self._offers)
        self._known: dict[str, tuple[Offer, ...]] = {}

    def route_of(self, number: str) -> str:
        """Return the longest prefix of a number that somebody serves."""
        return self._prefixes.longest(number)

    def offers(self, route: str) -> Sequence[Offer]:
        """Return who serves a route, the best first; a link that serves a shorter prefix serves it too."""
        known = self._known.get(route)
        if known is None:
            found: dict[int, Offer] = {}
            for offer in self._offers:
                if route.startswith(offer.prefix):
                    found.setdefault(offer.link_id, offer)
            known = self._known[route] = tuple(found.values())
        return known


def may_carry(
    offers: Sequence[Offer],
    link_id: int,
    priority: Priority,
    able: frozenset[int],
    idle: frozenset[int],
) -> bool:
    """Tell whether a link may take a message now.

    ``able``: links that are bound and not held back; ``idle``: those of them with room.  Links with the same prefix
    and cost share the load.  A dearer one, or one that serves less of the number, comes in when no better one is
    able; for life safety as soon as no better one has room.
    """
    better = idle if priority is Priority.LIFE_SAFETY else able
    own = next((offer for offer in offers if offer.link_id == link_id), None)
    if own is None or link_id not in idle:
        return False
    for offer in offers:
        if (offer.prefix, offer.cost) == (own.prefix, own.cost):
            return True
        if offer.link_id in better:
            return False
    return False
