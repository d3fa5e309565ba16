"""Durable facts of the core: what happened, in the past tense. A capability may add its own (`softswitch.facts`)."""

from __future__ import annotations

from dataclasses import dataclass

from softswitch.clock import Millis
from softswitch.facts import Fact, UnknownKindError, fact, from_json, kinds, to_json

# Beside the facts below: what those who write or read them need.
__all__ = ["Fact", "UnknownKindError", "fact", "from_json", "kinds", "to_json"]

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
