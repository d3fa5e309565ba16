"""Looks whether a server holds a data folder. The server itself takes the lock: ``softswitch.store.folder``."""

from __future__ import annotations

import fcntl
from pathlib import Path

LOCK_NAME = "lock"


def data_lock_holder(data: Path) -> str | None:
    """Tell the process that has the folder, as it wrote it down; None when it is free."""
    try:
        with (data / LOCK_NAME).open() as lock:
            try:
                fcntl.flock(lock, fcntl.LOCK_SH | fcntl.LOCK_NB)
            except BlockingIOError:
                return lock.read().strip() or "unknown"
    except FileNotFoundError:
        pass
    return None
