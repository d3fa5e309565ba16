"""What trunks ask of the switches that carry them, and what these tell. One driver for each node and kind."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol


class CircuitState(StrEnum):
    """What one circuit does, as its switch tells it (ITU-T Q.764, 2.8 for the blocked states)."""

    IDLE = "idle"
    BUSY = "busy"
    BLOCKED_HERE = "blocked_here"
    BLOCKED_FAR = "blocked_far"
    BLOCKED_BOTH = "blocked_both"
    RESETTING = "resetting"
    ALARM = "alarm"

    @property
    def usable(self) -> bool:
        """Whether a call can seize it."""
        return self is CircuitState.IDLE


OUT_OF_USE = frozenset({CircuitState.BLOCKED_HERE, CircuitState.BLOCKED_BOTH})
"""We have blocked it, and its last call is over."""


@dataclass(frozen=True, slots=True)
class LineTold:
    """The line of a trunk: what is wrong with it (alarm, D channel or linkset down, far end silent), empty: nothing."""

    trunk: str
    fault: str


@dataclass(frozen=True, slots=True)
class CircuitTold:
    """The state of one circuit; ``circuit`` is :attr:`trunk.model.Circuit.id`."""

    circuit: str
    state: CircuitState


DriverFact = LineTold | CircuitTold


class Driver(Protocol):
    """The lines and circuits of the trunks of one node. Each act raises ``softswitch.ports.ActFailed``."""

    @property
    def trunks(self) -> Sequence[str]:
        """The trunks that it drives."""

    async def look(self) -> Sequence[DriverFact]:
        """Return what holds now: one :class:`LineTold` for each trunk, one :class:`CircuitTold` for each circuit."""

    async def block(self, circuits: Sequence[str]) -> None:
        """Take circuits out of use and tell the far end so (Q.764 BLO; Q.931 SERVICE)."""

    async def unblock(self, circuits: Sequence[str]) -> None:
        """Give them back (UBL)."""

    async def reset(self, circuits: Sequence[str]) -> None:
        """Bring both ends of circuits to idle (Q.764 RSC, GRS; Q.931 RESTART). A call on one is cleared."""

    async def loop(self, trunk: str, on: bool, circuits: Sequence[str] = ()) -> None:
        """Loop circuits back to the far end, for its technician: what comes on a timeslot goes back on it. None: the
        whole line, with its signalling; not every card can."""
