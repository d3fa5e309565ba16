"""One server for each data folder: a lock that ends with the process that holds it."""

from __future__ import annotations

import fcntl
import os
import time
from pathlib import Path
from typing import IO

LOCK_NAME = "server.lock"
_TRIES = 5
_PAUSE_S = 0.02


def take_data_lock(data: Path) -> IO[str] | None:
    """Lock the folder; None when another process has it. Keep the file open as long as needed."""
    lock = (data / LOCK_NAME).open("a+")
    for _ in range(_TRIES):
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            break
        except BlockingIOError:
            # A look at the lock holds it for an instant.
            time.sleep(_PAUSE_S)
    else:
        lock.close()
        return None
    # The number is for people; the lock itself is what counts.
    lock.truncate(0)
    lock.write(f"{os.getpid()}\n")
    lock.flush()
    return lock


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
