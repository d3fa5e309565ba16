"""One set-up of a folder at a time."""

from __future__ import annotations

import fcntl
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from softswitch.setup.progress import Progress


@contextmanager
def one_at_a_time(root: Path, progress: Progress) -> Iterator[None]:
    """Hold off a second set-up of the same folder; the lock ends with the process."""
    with (root / "pyproject.toml").open() as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            progress("waiting for another set-up of this folder to end")
            fcntl.flock(lock, fcntl.LOCK_EX)
        yield
