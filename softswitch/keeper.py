"""Keeps the server running: starts it again at once when it dies, because callers wait in it.

The server is a child of this small process. It ends with it (a parent-death signal), so that a killed keeper
leaves no server that nobody keeps; Asterisk goes on in any case.
"""

from __future__ import annotations

import ctypes
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Sequence

WORKER = "SOFTSWITCH_WORKER"
"""Set for the child: it is the server itself."""

CRASHED = 70
"""Exit code of a server that failed on an unexpected error (``EX_SOFTWARE`` of ``sysexits.h``)."""

_PR_SET_PDEATHSIG = 1  # prctl(2)
_QUICK_SECONDS = 10.0
_MOST_PAUSE = 10.0


def is_worker() -> bool:
    """Tell whether this process is the server itself."""
    return os.environ.get(WORKER) == "1"


def keep(command: Sequence[str], say: Callable[[str], object]) -> int:
    """Run ``command`` until it ends by itself or is told to; return its exit code.

    A server that is killed, or crashes, is started again: at once, then after a growing pause when it
    does not stay up.  One that refuses to start (exit codes 1 to 3) is not.
    """
    pause = 0.0
    child: subprocess.Popen[bytes] | None = None
    ending = False

    def forward(number: int, _frame: object) -> None:
        nonlocal ending
        ending = True
        if child is not None:
            child.send_signal(number)

    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, forward)
    while True:
        began = time.monotonic()
        child = subprocess.Popen(
            list(command),
            env={**os.environ, WORKER: "1"},
            preexec_fn=_die_with_parent,  # noqa: PLW1509 - this process has one thread
        )
        code = child.wait()
        if ending or (code >= 0 and code != CRASHED):
            return code if code >= 0 else 128 - code
        pause = 0.0 if time.monotonic() - began > _QUICK_SECONDS else min(_MOST_PAUSE, pause + 0.5)
        say(f"The server died ({_how(code)}); starting it again.")
        time.sleep(pause)


def own_command() -> list[str]:
    """Return the command line of this process, to be run again as the server."""
    return [sys.executable, "-c", "from softswitch.cli.main import main; main()", *sys.argv[1:]]


def _die_with_parent() -> None:
    """Runs in the child before it becomes the server."""
    ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)


def _how(code: int) -> str:
    return signal.Signals(-code).name if code < 0 else f"exit code {code}"
