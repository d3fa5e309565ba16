"""What plans ask of the rest of the system. Wired in ``softswitch.app``; a part that is not there is None."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from softswitch.layers.plans.model import Incident
from softswitch.layers.plans.reach import Contact, Reached


@dataclass(frozen=True, slots=True)
class Told:
    """How far one of a notification has come. ``open``: it may still succeed."""

    number: str
    reached: bool
    open: bool


class Telephony(Protocol):
    """Groups, rooms and notifications. ``act_id`` was chosen by us: repeating an act does nothing."""

    @property
    def up(self) -> bool:
        """Tell whether the switch can be told to ring."""

    def is_emergency(self, number: str) -> bool: ...

    def name_of(self, number: str) -> str: ...

    async def groups(self) -> Mapping[str, tuple[Contact, ...]]:
        """Return every stored group under its name and its id."""

    async def ring(
        self, login: str, act_id: str, name: str, who: Sequence[Reached], *, stays: bool
    ) -> str:
        """Ring people into a room; return its id. ``stays``: it is open when nobody is in it."""

    async def notify(
        self, login: str, act_id: str, text: str, who: Sequence[Reached], *, language: str,
        confirm: bool, tries: int, pause: int,
    ) -> str:  # fmt: skip
        """Tell people by telephone; return the id of the notification. ``pause`` in milliseconds."""

    async def told(self, ref: str) -> Sequence[Told]:
        """Return how far a notification has come with each, the deputies among them."""

    async def stop(self, login: str, ref: str) -> None:
        """Ring nobody else for a notification; one that is over is no error."""


class DutyBook(Protocol):
    """Who is on duty now, and the address book."""

    def on_duty(self, roster: str) -> tuple[Contact, ...] | None:
        """Return who is on duty at a post, in order; None: there is no such post."""

    async def people(self, keys: Sequence[str]) -> Mapping[str, Contact]:
        """Return people by key; one who left or is on leave has that as his state."""


class Messenger(Protocol):
    """Short messages. ``act_id`` was chosen by us: repeating an act does nothing."""

    async def ready(self) -> bool:
        """Tell whether there is a link to some message centre."""

    async def send(
        self, login: str, act_id: str, name: str, text: str, numbers: Sequence[str], *,
        language: str, incident_id: str, agreed: Sequence[str],
    ) -> str:  # fmt: skip
        """Send a text to numbers; return the id of the campaign. ``agreed``: who has approved the run."""

    async def stop(self, login: str, ref: str) -> None:
        """Send nothing more of a campaign; one that is over is no error."""


class Places(Protocol):
    """The map."""

    async def inside(self, area: Mapping[str, Any]) -> Sequence[Contact]:
        """Return who is inside a GeoJSON polygon, with numbers; refuses a broken one."""


class Incidents(Protocol):
    """The incidents."""

    async def incident(self, incident_id: str) -> Incident | None:
        """Return what a trigger looks at, None: there is no such incident."""
