"""Ends a server on this machine: finds its process by the lock of its data folder."""

from __future__ import annotations

import fcntl
import os
import signal
import time
from collections.abc import Callable
from pathlib import Path

from softswitch.errors import Refusal, conflict, forbidden, unavailable

LOCK = "lock"
_PAUSE_SECONDS = 0.1


def server_process(data: Path) -> int | None:
    """Return the process that holds the data folder; None when nobody does."""
    try:
        with (data / LOCK).open() as lock:
            try:
                fcntl.flock(lock, fcntl.LOCK_SH | fcntl.LOCK_NB)
            except BlockingIOError:
                return _number(lock.read(), data)
    except FileNotFoundError:
        return None
    return None


def end_server(
    data: Path, *, keep_calls: bool, wait_seconds: float, tell: Callable[[int], None]
) -> int | None:
    """End the server of a data folder and wait until it has; return its process, None when there was none.

    SIGINT ends the switch too, SIGTERM leaves it to its calls.  Raises the refusals ``not_your_server`` and
    ``still_running``.
    """
    pid = server_process(data)
    if pid is None:
        return None
    tell(pid)
    try:
        os.kill(pid, signal.SIGTERM if keep_calls else signal.SIGINT)
    except ProcessLookupError:
        pass  # it ended in between
    except PermissionError as error:
        raise _not_yours(pid) from error
    deadline = time.monotonic() + wait_seconds
    while server_process(data) == pid:
        if time.monotonic() > deadline:
            raise _still_running(pid, data)
        time.sleep(_PAUSE_SECONDS)
    return pid


def end_left_switch(data: Path, *, wait_seconds: float) -> int | None:
    """End the switch of a data folder whose server is gone; return its process, None when there was none.

    A server that was killed, or ended with its calls kept, leaves it behind.  Raises ``still_running``.
    """
    from softswitch.asterisk import process
    from softswitch.asterisk.settings import NodeSettings

    settings = NodeSettings(data)
    pid = process.running_pid(settings)
    if pid is None:
        return None
    try:
        process.send_signal(pid, signal.SIGTERM)
    except PermissionError as error:
        raise _not_yours(pid) from error
    deadline = time.monotonic() + wait_seconds
    while process.is_ours(pid, settings):
        if time.monotonic() > deadline:
            raise _still_running(pid, data)
        time.sleep(_PAUSE_SECONDS)
    return pid


def _not_yours(pid: int) -> Refusal:
    return forbidden(
        "not_your_server", f"Process {pid} belongs to another user.", "Be that user or root."
    )


def _number(text: str, data: Path) -> int:
    if not text.strip().isdecimal():
        raise unavailable(
            "no_process", f"{data / LOCK} does not name its process.", "Find it with: ps aux"
        )
    return int(text)


def _still_running(pid: int, data: Path) -> Refusal:
    return conflict(
        "still_running",
        f"Process {pid} has not ended yet.",
        f"Wait longer with --wait, and look into {data / 'logs'}.",
    )
