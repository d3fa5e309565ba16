"""What a phone says: tones, silence, clips. A source gives one encoded 20 ms frame at a time."""

from __future__ import annotations

import functools
from pathlib import Path
from typing import Protocol

import numpy as np

from softswitch.testing import audio
from softswitch.testing.phone import g711


class Source(Protocol):
    def frame(self, codec: str) -> bytes | None:
        """The next 160 bytes, or None at the end."""


@functools.lru_cache(maxsize=256)
def _tone_frames(frequencies: tuple[int, ...], level: float, codec: str) -> tuple[bytes, ...]:
    """One whole cycle, encoded once for all phones: one frame on the 50 Hz grid, else a second."""
    count = 1 if all(f % 50 == 0 for f in frequencies) else 50
    samples = audio.tone(*frequencies, seconds=count / 50, level=level)
    encoded = g711.encode(samples, codec)
    return tuple(encoded[at : at + g711.FRAME] for at in range(0, len(encoded), g711.FRAME))


class Tone:
    """Endless sines, of whole Hertz; none at all is silence."""

    def __init__(self, *frequencies: int, level: float = audio.TONE_LEVEL) -> None:
        self.frequencies = tuple(frequencies)
        self.level = level
        self._next = 0

    def frame(self, codec: str) -> bytes:
        frames = _tone_frames(self.frequencies, self.level, codec)
        self._next = (self._next + 1) % len(frames)
        return frames[self._next - 1]

    def __repr__(self) -> str:
        return f"Tone({', '.join(map(str, self.frequencies))})"


def silence() -> Tone:
    """A phone that says nothing sends RTP all the same."""
    return Tone()


class Clip:
    """Samples that are played once, or for ever."""

    def __init__(self, samples: audio.Samples, loop: bool = False) -> None:
        padding = -len(samples) % g711.FRAME
        self._samples = np.append(samples, np.zeros(padding, np.int16))
        self._encoded: dict[str, bytes] = {}
        self._at = 0
        self.loop = loop

    @classmethod
    def wav(cls, path: Path | str, loop: bool = False) -> Clip:
        return cls(audio.read_wav(path), loop)

    @property
    def seconds(self) -> float:
        return len(self._samples) / g711.RATE

    def frame(self, codec: str) -> bytes | None:
        encoded = self._encoded.get(codec)
        if encoded is None:
            encoded = self._encoded[codec] = g711.encode(self._samples, codec)
        if self._at >= len(encoded):
            if not self.loop or not encoded:
                return None
            self._at = 0
        self._at += g711.FRAME
        return encoded[self._at - g711.FRAME : self._at]


def as_source(what: Source | int | tuple[int, ...] | audio.Samples | Path | None) -> Source:
    """A source from what is short to write: 450, (450, 650), samples, a WAV file, None."""
    if what is None:
        return silence()
    if isinstance(what, int):
        return Tone(what)
    if isinstance(what, tuple):
        return Tone(*what)
    if isinstance(what, Path):
        return Clip.wav(what)
    if isinstance(what, np.ndarray):
        return Clip(what)
    return what
