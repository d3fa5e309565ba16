"""What is said to people whose call is cleared or refused: spoken once into files, played by name.

Without a speech program the congestion tone stands in, so nobody is left in silence.
"""

from __future__ import annotations

import asyncio
import logging
import os
import subprocess
import wave
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from softswitch.setup.espeak import EspeakInstall

log = logging.getLogger(__name__)

TEXTS: Mapping[str, tuple[str, str]] = {
    "released": (
        "您的通话因更高优先级的调度需要被中断。",
        "Your call is being interrupted by a call of higher priority.",
    ),
    "blocked": (
        "对方正在进行同级或更高级别的通话，请稍后再拨。",
        "The called party is in a call of equal or higher precedence.",
    ),
    "refused": ("您无权执行此操作。", "You may not do this."),
    "unauthorized": ("您无权使用此优先级。", "You may not use this precedence."),
    "gone": ("没有可操作的通话。", "There is no such call."),
    "waiting": ("请等待第二人确认。", "Please wait until a second person confirms."),
}
CONGESTION = "tone:450/700,0/700"
TONE_MILLISECONDS = 2_100
VOICES = {"zh": "cmn", "en": "en"}


@dataclass(frozen=True, slots=True)
class Announcement:
    """Something to play, and how long it lasts."""

    media: str
    milliseconds: int


class Announcements:
    """The spoken texts by name and language, in ``folder``."""

    def __init__(self, folder: Path, espeak: EspeakInstall | None) -> None:
        self._folder = folder
        self._espeak = espeak
        self._ready: dict[tuple[str, str], Announcement] = {}

    async def prepare(self) -> None:
        """Speak what is not there yet; what fails is replaced by a tone."""
        if self._espeak is None:
            log.warning("No speech program: announcements are tones.")
            return
        self._folder.mkdir(parents=True, exist_ok=True)
        for name, texts in TEXTS.items():
            for language, text in zip(VOICES, texts, strict=True):
                try:
                    made = await asyncio.to_thread(self._speak, name, language, text)
                except (OSError, subprocess.SubprocessError, wave.Error, EOFError) as error:
                    log.warning("Announcement %s cannot be spoken: %s", name, error)
                else:
                    self._ready[name, language] = made

    def get(self, name: str, language: str) -> Announcement:
        """Return an announcement, or the congestion tone where it could not be spoken."""
        return self._ready.get((name, language)) or Announcement(CONGESTION, TONE_MILLISECONDS)

    def _speak(self, name: str, language: str, text: str) -> Announcement:
        stem = self._folder / f"{name}-{language}"
        target = stem.with_suffix(".wav")
        if not target.exists():
            assert self._espeak is not None
            raw = stem.with_suffix(".raw.wav")
            subprocess.run(
                self._espeak.argv("-v", VOICES[language], "-w", str(raw), text),
                env={**os.environ, **self._espeak.environment},
                check=True,
                capture_output=True,
                timeout=30,
            )
            to_telephone(raw, target)
            raw.unlink()
        with wave.open(str(target)) as file:
            milliseconds = file.getnframes() * 1000 // file.getframerate()
        return Announcement(f"sound:{stem.absolute()}", milliseconds)


def to_telephone(source: Path, target: Path) -> None:
    """Write a WAV file of any rate as 8 kHz mono 16 bit, which Asterisk plays (format_wav)."""
    import numpy as np

    with wave.open(str(source)) as file:
        rate = file.getframerate()
        samples = np.frombuffer(file.readframes(file.getnframes()), np.int16).astype(np.float64)
        if file.getnchannels() > 1:
            samples = samples.reshape(-1, file.getnchannels()).mean(axis=1)
    # A moving average over one output sample keeps what lies above 4 kHz from folding down.
    width = max(1, round(rate / 8000))
    smooth = np.convolve(samples, np.ones(width) / width, mode="same")
    places = np.arange(0, len(smooth), rate / 8000)
    out = np.interp(places, np.arange(len(smooth)), smooth).astype("<i2")
    part = target.with_suffix(".part")
    with wave.open(str(part), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(8000)
        file.writeframes(out.tobytes())
    part.replace(target)
