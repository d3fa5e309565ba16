"""The part of a call that speaks and listens."""

from __future__ import annotations

import asyncio
from pathlib import Path

from softswitch.testing import audio
from softswitch.testing.patience import PATIENCE
from softswitch.testing.phone import dtmf
from softswitch.testing.phone.ear import Ear
from softswitch.testing.phone.errors import CallEndedEarly
from softswitch.testing.phone.frames import Gap
from softswitch.testing.phone.media import Media
from softswitch.testing.phone.sources import Clip, Source, as_source

Sound = Source | int | tuple[int, ...] | audio.Samples | Path | None


class Sounding:
    media: Media

    @property
    def ear(self) -> Ear:
        """What was received: frames, lost, first_packet, recording() and more."""
        return self.media.ear

    async def hears(
        self, *tones: int, frames: int = 3, timeout: float = PATIENCE, since: float | None = None
    ) -> float:
        return await self.ear.hears(*tones, frames=frames, timeout=timeout, since=since)

    async def hears_not(
        self, *tones: int, frames: int = 15, tolerate: int = 1, timeout: float = PATIENCE
    ) -> None:
        await self.ear.hears_not(*tones, frames=frames, tolerate=tolerate, timeout=timeout)

    async def stops_hearing(
        self, *tones: int, frames: int = 10, timeout: float = PATIENCE
    ) -> float:
        return await self.ear.stops_hearing(*tones, frames=frames, timeout=timeout)

    async def hears_silence(self, frames: int = 10, timeout: float = PATIENCE) -> None:
        await self.ear.hears_silence(frames, timeout)

    async def hears_sound(self, frames: int = 10, timeout: float = PATIENCE) -> float:
        return await self.ear.hears_sound(frames, timeout)

    async def hears_clip(
        self, clip: audio.Samples, likeness: float = 0.8, timeout: float = PATIENCE
    ) -> None:
        await self.ear.hears_clip(clip, likeness, timeout)

    def first_heard(self, frequency: int, since: float = 0.0) -> float | None:
        return self.ear.first_heard(frequency, since)

    def gaps(
        self, frequency: int | None = None, longer_than: float = 0.03, since: float = 0.0
    ) -> list[Gap]:
        return self.ear.gaps(frequency, longer_than, since)

    def sound(self, what: Sound) -> None:
        """Say this from now on: a frequency, several, samples, a WAV file, or None for silence."""
        self.media.source = as_source(what)

    def mute(self, muted: bool = True) -> None:
        self.media.muted = muted

    async def play(self, what: Sound) -> None:
        """Say a clip once, until its last frame is out."""
        source = as_source(what)
        if not isinstance(source, Clip):
            raise TypeError("only something that ends can be played: samples, a WAV file, a Clip")
        try:
            await self.media.play(source)
        except asyncio.CancelledError:
            if self.ear.closed is None:
                raise
            raise CallEndedEarly(f"{self}: ended while a clip was played") from None

    async def play_digits(self, digits: str, seconds: float = 0.1) -> None:
        """Press keys as plain tones, for a far end without telephone events."""
        for digit in digits:
            await self.play(audio.tone(*dtmf.TONES[digit], seconds=seconds, level=0.15))
            await self.play(audio.silence(seconds))

    @property
    def received_digits(self) -> str:
        return self.media.received_digits

    async def receives(self, digits: str, timeout: float = PATIENCE) -> None:
        """Wait until the far end has pressed exactly these keys."""

        def predicate() -> bool:
            if self.ear.closed is not None and self.received_digits != digits:
                raise CallEndedEarly(f"{seen()}, but {self.ear.closed}")
            return self.received_digits == digits

        def seen() -> str:
            return f"{self}: should receive keys {digits!r}; {self.received_digits!r} came"

        await self.ear.watch.until(predicate, timeout, seen)
