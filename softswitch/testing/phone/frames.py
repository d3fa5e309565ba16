"""One received frame, and the time without one."""

from __future__ import annotations

from dataclasses import dataclass

from softswitch.testing import audio
from softswitch.testing.phone import g711


class Frame:
    """One received frame. It is decoded when somebody asks, so that most frames cost nothing."""

    __slots__ = ("_amplitudes", "at", "codec", "payload", "sequence", "timestamp")

    def __init__(self, at: float, sequence: int, timestamp: int, payload: bytes, codec: str):
        self.at = at
        self.sequence = sequence
        self.timestamp = timestamp
        self.payload = payload
        self.codec = codec
        self._amplitudes: audio.Amplitudes | None = None

    @property
    def samples(self) -> audio.Samples:
        return g711.decode(self.payload, self.codec)

    @property
    def amplitudes(self) -> audio.Amplitudes:
        if self._amplitudes is None:
            self._amplitudes = audio.spectrum(self.samples)
        return self._amplitudes

    @property
    def audible(self) -> bool:
        return audio.level(self.samples) > audio.SILENCE_LEVEL

    def has(self, frequency: int) -> bool:
        if not self.payload:
            return False
        loudest = float(self.amplitudes[1:].max(initial=0.0))
        found = audio.amplitude_in(self.amplitudes, len(self.payload), frequency)
        return found >= max(audio.HEARD_LEVEL, audio.HEARD_SHARE * loudest)

    @property
    def tones(self) -> tuple[int, ...]:
        return audio.tones_in(self.samples)


@dataclass(frozen=True)
class Gap:
    """Time without what was looked for: from the frame before it to the frame after it."""

    start: float
    length: float
