"""Knows when nothing has changed, so that a second start takes no time."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from pathlib import Path


def hash_of_files(files: Iterable[Path], *more: str) -> str:
    """Hash names and contents; `more` adds what else the result depends on."""
    digest = hashlib.sha256()
    for file in sorted(files):
        digest.update(f"{file}\0{file.stat().st_size}\0".encode())
        digest.update(file.read_bytes())
    for text in more:
        digest.update(f"\0{text}".encode())
    return digest.hexdigest()


def stamp_says(stamp: Path, value: str) -> bool:
    """Tell whether a stamp file holds this value."""
    try:
        return stamp.read_text().strip() == value
    except OSError:
        return False
