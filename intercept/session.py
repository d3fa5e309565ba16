"""One who is, or will be, in a call of others: values."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from intercept.model import Act, Levels
from softswitch.clock import Millis


class Stage(StrEnum):
    """How far an intercept is."""

    PENDING = "pending"  # waits for a second person
    RINGING = "ringing"  # the requester's own phone rings
    WARNING = "warning"  # the tone sounds; the requester is not heard yet
    UP = "up"
    ENDED = "ended"


@dataclass(frozen=True, slots=True)
class Requester:
    """Who asks. ``login`` stands in the audit log; ``desk`` is the extension that will hear and speak."""

    login: str
    desk: str
    rights: frozenset[str]
    levels: Levels
    language: str = "zh"


@dataclass(slots=True)
class Session:
    """An intercept from the request to its end."""

    id: str
    call_id: str
    act: Act
    requester: Requester
    reason: str
    since: Millis
    target: str | None = None
    waive_tone: bool = False
    stage: Stage = Stage.RINGING
    rung: set[str] = field(default_factory=set)
    """The requester's phones that ring."""
    channel_id: str | None = None
    """The leg of the requester once it is up."""
    snoop_id: str | None = None
    """The ear and mouth at the party that is whispered to."""
    second: str = ""
    expires_at: Millis | None = None
    place: str = ""
    """What the place is called as long as it lasts, when it is not the call: a conference room."""
    bridge_id: str = ""
    """The bridge that the requester was last brought into."""
    written: asyncio.Event = field(default_factory=asyncio.Event)
    """The intent is on the disk: until then nobody is let into the call."""

    @property
    def key(self) -> str:
        """What the place of the intercept is called: its lock has that name too."""
        return self.place or self.call_id

    @property
    def silent(self) -> bool:
        """The other parties do not hear the requester (all of them: all but the target)."""
        return self.stage is not Stage.UP or self.act in (Act.MONITOR, Act.WHISPER)

    def row(self) -> dict[str, Any]:
        """Return what the database keeps."""
        return {
            "id": self.id,
            "call_id": self.call_id,
            "act": self.act.value,
            "login": self.requester.login,
            "desk": self.requester.desk,
            "target": self.target or "",
            "reason": self.reason,
            "second": self.second,
            "tone": 0 if self.waive_tone else 1,
            "started_at": self.since,
        }

    def view(self) -> dict[str, Any]:
        """Return what people with the right see."""
        return {
            "id": self.id,
            "call_id": self.call_id,
            "room_id": self.place.removeprefix("room-") or None,
            "act": self.act.value,
            "stage": self.stage.value,
            "login": self.requester.login,
            "desk": self.requester.desk,
            "target": self.target,
            "reason": self.reason,
            "second": self.second or None,
            "since": self.since,
            "expires_at": self.expires_at,
        }
