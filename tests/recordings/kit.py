"""A service on a real database and folder, a switch that writes files as MixMonitor does, and a set clock."""

from __future__ import annotations

import os
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from softswitch.access.model import Actor, Role
from softswitch.clock import Millis
from softswitch.ports import (
    Channel,
    ChannelGone,
    ChannelSeen,
    ChannelState,
    Connected,
    RecordingBegan,
)
from softswitch.recordings import model, store, wav
from softswitch.recordings.service import RecordingService
from softswitch.store.database import Database

SECOND = 1_000
DAY: Millis = 24 * 3600 * SECOND
CALL = "1700000000.1"
DISPATCHER = Actor("li", "Li", Role.DISPATCHER, address="127.0.0.1")


@dataclass
class SetClock:
    """A clock that stands where it is put."""

    at: int = 1_700_000_000_000

    def __call__(self) -> int:
        return self.at


@dataclass
class Alarms:
    """What is shown to operators."""

    shown: dict[str, dict[str, Any]] = field(default_factory=dict)

    def __call__(self, name: str, value: dict[str, object] | None) -> None:
        if value is None:
            self.shown.pop(name)
        else:
            self.shown[name] = value


class Switch:
    """Tells facts and writes spool files; ``clock`` sets the time of the files."""

    def __init__(self, service: RecordingService, clock: SetClock) -> None:
        self.service = service
        self.clock = clock

    def file(self, channel: str) -> Path:
        return self.service.folder.spool / f"{channel}.wav"

    async def connect(self, *channels: Channel) -> None:
        await self.service.handle(Connected(1, channels, ()))

    async def begin(self, channel: str, call: str = "", phone: str = "", number: str = "") -> None:
        picture = Channel(
            channel,
            f"PJSIP/{phone or 'trunk'}-{channel}",
            call or channel,
            ChannelState.RINGING,
            endpoint=phone,
            caller_number=number,
            connected_number=number,
        )
        await self.service.handle(ChannelSeen(picture))
        await self.service.handle(RecordingBegan(channel, call or channel))

    def write(self, channel: str, samples: np.ndarray | bytes, closed: bool = True) -> bytes:
        """Write what MixMonitor has on disk; a file that is not closed has zero lengths in its header."""
        data = samples if isinstance(samples, bytes) else samples.astype("<i2").tobytes()
        audio = wav.audio_of(wav.HEADER_BYTES + len(data))
        head = wav.header(audio if closed else wav.Audio(0))
        self.file(channel).write_bytes(head + data)
        self.touch(channel)
        return data

    def touch(self, channel: str) -> None:
        os.utime(self.file(channel), ns=(self.clock() * 1_000_000,) * 2)

    async def end(self, channel: str) -> None:
        await self.service.handle(ChannelGone(channel, channel, 16))

    async def record(self, channel: str, seconds: float = 1.0, **about: str) -> bytes:
        """Make one whole recording, to the archive."""
        await self.begin(channel, **about)
        data = self.write(channel, tone(seconds))
        self.clock.at += int(seconds * SECOND)
        await self.end(channel)
        await self.service.settled()
        return data


def tone(seconds: float, hertz: int = 450, size: int = 8_000) -> np.ndarray:
    """Return a sine of 16-bit samples."""
    at = np.arange(round(seconds * wav.SAMPLE_RATE)) / wav.SAMPLE_RATE
    return (size * np.sin(2 * np.pi * hertz * at)).astype(np.int16)


def service_at(
    folder: Path, db: Database, clock: SetClock, alarms: Alarms, **options: Any
) -> RecordingService:
    phones = {"desk-1001": "1001", "desk-1002": "1002"}
    return RecordingService(
        db,
        folder / "recordings",
        extension_of=phones.get,
        clock=clock,
        show_alarm=alarms,
        **{"floor_bytes": 0, **options},
    )


async def rows(db: Database) -> dict[str, model.Recording]:
    """Return what is indexed, by id."""
    return {row.id: row for row in await db.read(store.everything)}
