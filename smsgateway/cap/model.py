"""A CAP alert as values: only what a warning by short message needs. Pure, no XML."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from softswitch.clock import Millis


class Status(StrEnum):
    """What an alert is meant for (section 3.2.1)."""

    ACTUAL = "Actual"
    EXERCISE = "Exercise"
    SYSTEM = "System"
    TEST = "Test"
    DRAFT = "Draft"


class Kind(StrEnum):
    """What an alert does (msgType)."""

    ALERT = "Alert"
    UPDATE = "Update"
    CANCEL = "Cancel"
    ACK = "Ack"
    ERROR = "Error"


@dataclass(frozen=True, slots=True)
class Circle:
    """A circle: degrees in WGS 84, radius in kilometres."""

    latitude: float
    longitude: float
    radius: float


@dataclass(frozen=True, slots=True)
class Place:
    """An area: polygons are rings of (latitude, longitude), as CAP writes them."""

    description: str
    polygons: tuple[tuple[tuple[float, float], ...], ...] = ()
    circles: tuple[Circle, ...] = ()


@dataclass(frozen=True, slots=True)
class Info:
    """What happened, in one language."""

    event: str
    urgency: str
    severity: str
    certainty: str
    language: str = "en-US"
    categories: tuple[str, ...] = ("Safety",)
    headline: str = ""
    description: str = ""
    instruction: str = ""
    effective: Millis | None = None
    expires: Millis | None = None
    places: tuple[Place, ...] = ()


@dataclass(frozen=True, slots=True)
class Reference:
    """An earlier alert: identifiers are only unique with the sender and the time as written."""

    sender: str
    identifier: str
    sent: str

    def __str__(self) -> str:
        return f"{self.sender},{self.identifier},{self.sent}"


@dataclass(frozen=True, slots=True)
class Alert:
    """A whole alert. ``sent`` is kept as written: references quote it."""

    identifier: str
    sender: str
    sent: str
    status: Status
    kind: Kind
    scope: str = "Public"
    restriction: str = ""
    addresses: str = ""
    note: str = ""
    references: tuple[Reference, ...] = ()
    infos: tuple[Info, ...] = ()

    @property
    def key(self) -> Reference:
        """What others refer to it by."""
        return Reference(self.sender, self.identifier, self.sent)

    def info(self, language: str = "zh") -> Info | None:
        """Return what it says in a language, else in its first one."""
        fitting = [info for info in self.infos if info.language.lower().startswith(language)]
        return next(iter([*fitting, *self.infos]), None)


def references_of(text: str) -> tuple[Reference, ...]:
    """Return the alerts that ``references`` names; what is no reference is passed over."""
    triples = (each.split(",") for each in text.split())
    return tuple(Reference(*each) for each in triples if len(each) == 3 and all(each))


def message_of(info: Info, longest: int) -> str:
    """Return the text for phones: the headline, then what to do, then what happened, as far as whole texts fit."""
    text = ""
    for piece in (info.headline or info.event, info.instruction, info.description):
        bare = " ".join(piece.split())
        if bare and bare not in text:
            joined = f"{text}{_stop(text)}{bare}"
            if len(joined) <= longest:
                text = joined
    return text or (info.headline or info.event)[:longest]


def _stop(text: str) -> str:
    """Between two sentences: a full stop of the script that the text ends in."""
    if not text or text[-1] in "。！？!?":
        return ""
    if text[-1] == ".":
        return " "
    return ". " if text[-1].isascii() else "。"


def urgent(infos: Sequence[Info]) -> bool:
    """Return whether lives are at stake now: severe or worse, and to be acted on within the hour."""
    return any(
        info.severity in {"Extreme", "Severe"} and info.urgency in {"Immediate", "Expected"}
        for info in infos
    )
