"""Spoken text by espeak-ng, at 8 kHz, kept so that each sentence is made once."""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
import os
import tempfile
from pathlib import Path
from typing import Protocol

import numpy as np

from softswitch.setup.cache import cache_folder
from softswitch.setup.espeak import find_espeak
from softswitch.testing import audio

WORDS_A_MINUTE = {"cmn": 190, "en": 165}


class Voice(Protocol):
    async def say(self, text: str, language: str) -> audio.Samples: ...


class EspeakVoice:
    """Finds espeak-ng when it is first needed; SetupError says how to get it."""

    def __init__(self, cache: Path | None = None) -> None:
        self._cache = cache or cache_folder()
        # Several callers say the same: one makes it, the others wait.
        self._making = asyncio.Lock()

    async def say(self, text: str, language: str) -> audio.Samples:
        # The name holds all that shapes the sound: another speed is another file.
        key = f"{language}/{WORDS_A_MINUTE.get(language, 165)}/{text}"
        path = self._cache / "speech" / f"{hashlib.sha256(key.encode()).hexdigest()[:32]}.wav"
        async with self._making:
            if not path.is_file():
                await self._make(text, language, path)
        return audio.read_wav(path)

    async def _make(self, text: str, language: str, path: Path) -> None:
        espeak = find_espeak(self._cache)
        path.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory() as folder:
            raw = Path(folder) / "raw.wav"
            speed = str(WORDS_A_MINUTE.get(language, 165))
            # The text goes in by stdin: it can neither be an option nor show in the process list.
            process = await asyncio.create_subprocess_exec(
                *espeak.argv("-v", language, "-s", speed, "-w", str(raw), "--stdin"),
                stdin=asyncio.subprocess.PIPE,
                stdout=asyncio.subprocess.DEVNULL,
                stderr=asyncio.subprocess.PIPE,
                env={**os.environ, **espeak.environment},
            )
            _, complaint = await process.communicate(text.encode())
            if process.returncode or not raw.is_file():
                said = complaint.decode("utf-8", "replace").strip()
                raise RuntimeError(f"espeak-ng could not say {text[:20]!r} in {language}: {said}")
            samples = audio.read_wav(raw)
        await _store(path, samples)


async def _store(path: Path, samples: audio.Samples) -> None:
    """Whole or not at all: another process may read the same file."""
    part = path.with_suffix(f".{os.getpid()}.part")
    with contextlib.ExitStack() as stack:
        stack.callback(part.unlink, missing_ok=True)
        audio.write_wav(part, samples)
        part.replace(path)


class ToneVoice:
    """A stand-in for tests and for machines without espeak-ng: one beep for each character."""

    def __init__(self, frequency: int = 450, seconds: float = 0.04) -> None:
        self._frequency = frequency
        self._seconds = seconds

    async def say(self, text: str, language: str) -> audio.Samples:
        beep = audio.tone(self._frequency, seconds=self._seconds)
        return np.concatenate([beep] * max(1, len(text)))
