"""A folder that other systems put alerts into: ``<data>/cap/in``. A file that was read moves to ``done`` or ``bad``.

The writer makes the file whole under another name (``.part``) and renames it, as mail folders are filled.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable
from pathlib import Path

from smsgateway.cap.read import MOST_BYTES
from softswitch.errors import Kind, Refusal

log = logging.getLogger(__name__)

MOST_FILES = 50
_NAMES = (".xml", ".cap")


class Folder:
    """``look`` takes in what is there."""

    def __init__(self, folder: Path, take: Callable[[bytes], Awaitable[object]]) -> None:
        self._folder = folder
        self._take = take

    async def look(self) -> int:
        """Take in the files that are there; return how many there were."""
        files = await asyncio.to_thread(self._files)
        for file in files:
            await self._one(file)
        return len(files)

    def _files(self) -> list[Path]:
        for name in ("in", "done", "bad"):
            (self._folder / name).mkdir(parents=True, exist_ok=True, mode=0o700)
        found = (self._folder / "in").iterdir()
        fit = (
            f for f in found if f.suffix.lower() in _NAMES and f.is_file() and not f.is_symlink()
        )
        return sorted(fit)[:MOST_FILES]

    async def _one(self, file: Path) -> None:
        data = await asyncio.to_thread(_read, file)
        try:
            await self._take(data)
        except Refusal as refusal:
            if refusal.kind is Kind.UNAVAILABLE:
                return  # the database does not answer: the file stays for the next look
            log.error("the alert %s cannot be taken: %s", file.name, refusal)
            await asyncio.to_thread(self._put_away, file, "bad", str(refusal))
            return
        await asyncio.to_thread(self._put_away, file, "done", "")

    def _put_away(self, file: Path, where: str, why: str) -> None:
        target = self._folder / where / file.name
        if why:
            target.with_suffix(".txt").write_text(f"{why}\n", encoding="utf-8")
        file.replace(target)


def _read(file: Path) -> bytes:
    with file.open("rb") as source:
        return source.read(MOST_BYTES + 1)
