"""Durable facts: what happened, in the past tense.

A fact is a frozen dataclass, registered under its ``kind``; it goes through JSON and comes back equal.
Adding one is three lines: the decorator, the class, the fields (``str``, ``int``, ``float``, ``bool``,
``tuple`` of these, or any of them ``| None``).  Fields are only ever added, with a default, so that an old log
stays readable; a field that this release does not know is passed over.
"""

from __future__ import annotations

import dataclasses
import types
import typing
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, ClassVar, TypeVar

from softswitch.clock import Millis


class UnknownKindError(Exception):
    """The log holds a fact of a kind that this release does not know."""


class Fact:
    """What every fact has: its kind and the right that it takes to read it."""

    kind: ClassVar[str] = ""
    right: ClassVar[str] = "board.read"
    __slots__ = ()


F = TypeVar("F", bound=type[Fact])
_KINDS: dict[str, type[Fact]] = {}
_PLAIN = (str, int, float, bool, type(None))


def fact(kind: str, *, right: str = "board.read") -> Callable[[F], F]:
    """Register a frozen dataclass under ``kind``, for example ``call.started``."""

    def register(cls: F) -> F:
        if kind in _KINDS:
            raise TypeError(f"There are two facts {kind}: {_KINDS[kind].__name__}, {cls.__name__}.")
        cls.kind = kind
        cls.right = right
        _fields(cls)
        _KINDS[kind] = cls
        return cls

    return register


def kinds() -> Mapping[str, type[Fact]]:
    """Return every registered kind with its class."""
    return types.MappingProxyType(_KINDS)


def to_json(event: Fact) -> dict[str, Any]:
    """Return the fields of a fact as JSON-ready values."""
    return {
        name: list(value) if isinstance(value := getattr(event, name), tuple) else value
        for name in _fields(type(event))
    }


def from_json(kind: str, body: Mapping[str, Any]) -> Fact:
    """Return the fact that :func:`to_json` described.

    Raises :class:`UnknownKindError` for a kind that nobody registered and :class:`TypeError` for a field
    that is missing.
    """
    cls = _KINDS.get(kind)
    if cls is None:
        raise UnknownKindError(kind)
    names = _fields(cls)
    values = {
        name: tuple(value) if isinstance(value, list) else value
        for name, value in body.items()
        if name in names
    }
    return cls(**values)


_FIELDS: dict[type[Fact], tuple[str, ...]] = {}


def _fields(cls: type[Fact]) -> tuple[str, ...]:
    names = _FIELDS.get(cls)
    if names is None:
        hints = typing.get_type_hints(cls)
        members = dataclasses.fields(cls)  # type: ignore[arg-type]  # TypeError when it is none
        for member in members:
            _check_type(cls, member.name, hints[member.name])
        names = _FIELDS[cls] = tuple(member.name for member in members)
    return names


def _check_type(cls: type[Fact], name: str, hint: Any) -> None:
    origin = typing.get_origin(hint)
    parts = typing.get_args(hint) if origin in {typing.Union, types.UnionType, tuple} else (hint,)
    for part in parts:
        if part is Ellipsis or part in _PLAIN:
            continue
        if typing.get_origin(part) is tuple and origin is not tuple:
            _check_type(cls, name, part)
            continue
        raise TypeError(f"{cls.__name__}.{name}: {hint} does not go through JSON.")


# ---- calls ------------------------------------------------------------------------------------------------


@fact("call.started")
@dataclass(frozen=True, slots=True)
class CallStarted(Fact):
    """A call began: its first channel appeared."""

    call_id: str
    at: Millis
    kind_of_call: str  # emergency, internal, incoming, outgoing
    caller_number: str
    called_number: str
    digits: str = ""  # of the emergency service
    caller_name: str = ""
    called_name: str = ""


@fact("call.answered")
@dataclass(frozen=True, slots=True)
class CallAnswered(Fact):
    """Two parties of the call can hear each other for the first time."""

    call_id: str
    at: Millis
    extension: str = ""
    login: str = ""
    ring_milliseconds: int = 0


@fact("call.ended")
@dataclass(frozen=True, slots=True)
class CallEnded(Fact):
    """The last leg of the call ended; ``cause`` is the Q.850 cause."""

    call_id: str
    at: Millis
    cause: int
    answered: bool = False


@fact("call.merged")
@dataclass(frozen=True, slots=True)
class CallMerged(Fact):
    """A call became part of another: Asterisk gave its channels the other's linkedid."""

    call_id: str
    at: Millis
    into_call_id: str


@fact("call.owned")
@dataclass(frozen=True, slots=True)
class CallOwned(Fact):
    """Another desk is now responsible for the call: it answered, took over, or got it by transfer."""

    call_id: str
    at: Millis
    extension: str
    login: str = ""


@fact("call.abandoned")
@dataclass(frozen=True, slots=True)
class CallAbandoned(Fact):
    """An emergency caller gave up, or was lost, before anybody answered."""

    call_id: str
    at: Millis
    digits: str
    number: str
    waited_milliseconds: int = 0
    reason: str = "caller"  # caller, switch_restarted, journal


@fact("call.parked")
@dataclass(frozen=True, slots=True)
class CallParked(Fact):
    """A call was put into a parking slot."""

    call_id: str
    at: Millis
    slot: str
    login: str = ""


@fact("call.transferred")
@dataclass(frozen=True, slots=True)
class CallTransferred(Fact):
    """A call was handed on; ``mode`` is ``blind`` or ``attended``."""

    call_id: str
    at: Millis
    to_number: str
    mode: str
    login: str = ""


@fact("leg.started")
@dataclass(frozen=True, slots=True)
class LegStarted(Fact):
    """A channel of a call appeared."""

    call_id: str
    leg_id: str
    at: Millis
    number: str
    role: str  # caller, desk, party
    extension: str = ""


@fact("leg.answered")
@dataclass(frozen=True, slots=True)
class LegAnswered(Fact):
    """A channel of a call was answered."""

    call_id: str
    leg_id: str
    at: Millis


@fact("leg.ended")
@dataclass(frozen=True, slots=True)
class LegEnded(Fact):
    """A channel of a call ended; ``cause`` is the Q.850 cause."""

    call_id: str
    leg_id: str
    at: Millis
    cause: int


# ---- recordings -------------------------------------------------------------------------------------------


@fact("recording.archived")
@dataclass(frozen=True, slots=True)
class RecordingArchived(Fact):
    """The file of a leg is complete, measured and in the index."""

    recording_id: str
    call_id: str
    leg_id: str
    at: Millis
    path: str
    milliseconds: int
    sha256: str = ""
    extension: str = ""


@fact("recording.deleted")
@dataclass(frozen=True, slots=True)
class RecordingDeleted(Fact):
    """The time of a recording was over and its file was removed."""

    recording_id: str
    at: Millis
    reason: str = "retention"


# ---- call-back tasks, incidents ---------------------------------------------------------------------------


@fact("task.opened", right="task.read")
@dataclass(frozen=True, slots=True)
class TaskOpened(Fact):
    """A number that gave up shall be called back."""

    task_id: str
    at: Millis
    number: str
    digits: str
    call_id: str = ""


@fact("task.closed", right="task.read")
@dataclass(frozen=True, slots=True)
class TaskClosed(Fact):
    """A call-back task is done, with a reason."""

    task_id: str
    at: Millis
    reason: str
    login: str = ""


@fact("incident.drafted", right="incident.read")
@dataclass(frozen=True, slots=True)
class IncidentDrafted(Fact):
    """A draft incident exists for an emergency call."""

    incident_id: str
    at: Millis
    call_id: str
    number: str
    digits: str = ""


@fact("incident.claimed", right="incident.read")
@dataclass(frozen=True, slots=True)
class IncidentClaimed(Fact):
    """An incident got its one owner."""

    incident_id: str
    at: Millis
    login: str


# ---- phones, people ---------------------------------------------------------------------------------------


@fact("phone.registered", right="directory.read")
@dataclass(frozen=True, slots=True)
class PhoneRegistered(Fact):
    """A phone registered (RFC 3261 section 10)."""

    phone_id: str
    at: Millis
    address: str = ""
    user_agent: str = ""


@fact("phone.unregistered", right="directory.read")
@dataclass(frozen=True, slots=True)
class PhoneUnregistered(Fact):
    """The registration of a phone ended or ran out."""

    phone_id: str
    at: Millis


@fact("user.signed_in", right="audit.read")
@dataclass(frozen=True, slots=True)
class UserSignedIn(Fact):
    """A person signed in."""

    login: str
    at: Millis
    address: str = ""


@fact("user.signed_out", right="audit.read")
@dataclass(frozen=True, slots=True)
class UserSignedOut(Fact):
    """A person signed out, or the session ran out."""

    login: str
    at: Millis
    reason: str = "asked"


@fact("user.locked_out", right="audit.read")
@dataclass(frozen=True, slots=True)
class UserLockedOut(Fact):
    """Too many wrong passwords: a login, an address or a SIP account must wait."""

    key: str
    at: Millis
    until: Millis
    entrance: str = "http"  # http, sip
