"""Messages that are leased: in memory, in the order in which they are to go. Bounded by who leases. Pure."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from smsgateway.model import Priority
from smsgateway.port import Leased


@dataclass(slots=True)
class Pile:
    """What is leased of one batch for one route."""

    batch_id: int
    route: str
    priority: Priority
    exercise: bool
    messages: deque[Leased] = field(default_factory=deque)


class Shelf:
    """Piles by batch and route."""

    def __init__(self) -> None:
        self._piles: dict[tuple[int, str], Pile] = {}
        self._turn = 0

    def __len__(self) -> int:
        return sum(len(pile.messages) for pile in self._piles.values())

    def count(self, batch_id: int, route: str) -> int:
        """Return how many of a pile are there."""
        pile = self._piles.get((batch_id, route))
        return len(pile.messages) if pile else 0

    def put(
        self,
        batch_id: int,
        route: str,
        priority: Priority,
        exercise: bool,
        messages: Sequence[Leased],
    ) -> None:
        """Add messages at the end of a pile."""
        pile = self._piles.get((batch_id, route))
        if pile is None:
            pile = self._piles[batch_id, route] = Pile(batch_id, route, priority, exercise)
        pile.messages.extend(messages)

    def piles(self) -> Iterator[Pile]:
        """Give the piles, the most urgent first; among equals another one begins each time."""
        filled = [pile for pile in self._piles.values() if pile.messages]
        if not filled:
            return
        self._turn += 1
        start = self._turn % len(filled)
        yield from sorted(filled[start:] + filled[:start], key=lambda pile: pile.priority)

    def drop(self, batch_id: int) -> list[Leased]:
        """Take everything of a batch away."""
        taken: list[Leased] = []
        for key in [key for key in self._piles if key[0] == batch_id]:
            taken += self._piles.pop(key).messages
        return taken

    def drop_all(self) -> list[tuple[int, Leased]]:
        """Take everything away, with the batch of each."""
        taken = [(pile.batch_id, one) for pile in self._piles.values() for one in pile.messages]
        self._piles.clear()
        return taken

    def batches(self) -> set[int]:
        """Return the batches of which something is there."""
        return {batch for (batch, _), pile in self._piles.items() if pile.messages}
