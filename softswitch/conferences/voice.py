"""Speech for announcements: a small Protocol, espeak-ng behind it by default."""

from __future__ import annotations

import asyncio
import hashlib
import logging
import os
import subprocess
import wave
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from softswitch.setup.espeak import EspeakInstall

log = logging.getLogger(__name__)
VOICES = {"zh": "cmn", "en": "en"}


@dataclass(frozen=True, slots=True)
class Spoken:
    """Something to play: ``media`` in the words of ARI, and how long it lasts."""

    media: str
    milliseconds: int


class Voice(Protocol):
    """Makes text into sound."""

    async def speak(self, text: str, language: str) -> Spoken:
        """Return the sound of a text; what cannot be spoken becomes a tone, never an error."""

    def forget(self, text: str, language: str) -> None:
        """Keep the sound of a text no longer; one that was never asked for is no error."""


TONE = Spoken("tone:!950/200,!0/200,!950/200,!0/200", 800)


class EspeakVoice:
    """espeak-ng into files of ``folder``, each text once; without a program there are tones."""

    def __init__(self, folder: Path, espeak: EspeakInstall | None) -> None:
        self._folder = folder
        self._espeak = espeak
        self._kept: dict[tuple[str, str], Spoken] = {}
        self._making: dict[tuple[str, str], asyncio.Lock] = {}

    async def speak(self, text: str, language: str) -> Spoken:
        """Return the sound of a text, made the first time it is asked for."""
        key = (language, text)
        if key not in self._kept and self._espeak is not None:
            # Many answer in the same moment and ask for the same text: the first one makes it for all.
            async with self._making.setdefault(key, asyncio.Lock()):
                if key not in self._kept:
                    await self._keep(key)
            self._making.pop(key, None)
        return self._kept.get(key, TONE)

    def forget(self, text: str, language: str) -> None:
        """Remove the file of a text."""
        self._kept.pop((language, text), None)
        self._file(text, language).unlink(missing_ok=True)

    def _file(self, text: str, language: str) -> Path:
        name = hashlib.sha256(f"{language}\n{text}".encode()).hexdigest()[:32]
        return (self._folder / f"{name}.wav").absolute()

    async def _keep(self, key: tuple[str, str]) -> None:
        language, text = key
        try:
            self._kept[key] = await asyncio.to_thread(self._make, text, language)
        except (OSError, subprocess.SubprocessError, wave.Error, EOFError) as error:
            log.warning("a text cannot be spoken: %s", error)

    def _make(self, text: str, language: str) -> Spoken:
        self._folder.mkdir(parents=True, exist_ok=True)
        target = self._file(text, language)
        if not target.exists():
            assert self._espeak is not None
            raw = target.with_suffix(".raw.wav")
            voice = VOICES.get(language, "en")
            subprocess.run(
                self._espeak.argv("-v", voice, "-w", str(raw), "--", text),
                env={**os.environ, **self._espeak.environment},
                check=True,
                capture_output=True,
                timeout=60,
            )
            to_telephone(raw, target)
            raw.unlink()
        return Spoken(f"sound:{target.with_suffix('')}", length_of(target))


def length_of(path: Path) -> int:
    """Return the milliseconds of a WAV file."""
    with wave.open(str(path)) as file:
        return int(file.getnframes() * 1000 // file.getframerate())


def to_telephone(source: Path, target: Path) -> None:
    """Write a WAV file of any rate as 8 kHz mono 16 bit, which Asterisk plays (format_wav)."""
    import numpy as np

    with wave.open(str(source)) as file:
        rate, channels, width = file.getframerate(), file.getnchannels(), file.getsampwidth()
        if width != 2:
            raise wave.Error(f"{width * 8} bits a sample; 16 are needed")
        samples = np.frombuffer(file.readframes(file.getnframes()), np.int16).astype(np.float64)
    if channels > 1:
        samples = samples[: len(samples) // channels * channels].reshape(-1, channels).mean(axis=1)
    if rate > 8000:  # what lies above 4 kHz must not fold down
        span = round(rate / 8000)
        samples = np.convolve(samples, np.ones(span) / span, mode="same")
    places = np.arange(0, len(samples), rate / 8000)
    out = np.interp(places, np.arange(len(samples)), samples).astype("<i2")
    part = target.with_suffix(".part")
    with wave.open(str(part), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(8000)
        file.writeframes(out.tobytes())
    part.replace(target)


TEXTS: Mapping[str, tuple[str, str]] = {
    "pin": (
        "请输入会议密码，以井号键结束。",
        "Enter the code of the conference, then the hash key.",
    ),
    "wrong_pin": ("密码错误。", "The code is wrong."),
    "locked": ("会议已锁定。", "The conference is locked."),
    "full": ("会议人数已满。", "The conference is full."),
    "too_early": ("会议尚未开始。", "The conference has not begun."),
    "over": ("会议已结束。", "The conference is over."),
    "put_out": ("您已被移出会议。", "You were removed from the conference."),
    "unknown": ("没有这个会议室。", "There is no such conference room."),
}
