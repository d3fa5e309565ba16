"""Keeps the server running: starts it again at once when it dies, because callers wait in it.

The server is a child of this small process. It ends with it (a parent-death signal), so that a killed keeper
leaves no server that nobody keeps; Asterisk goes on in any case.

Beside a server that stays up, a second one is kept that has loaded its code and waits for its turn: two of the
three seconds of a start are that.
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
"""Set for the child: it is the server itself (``SERVER``), or the one that waits for its turn (``SPARE``)."""

SERVER, SPARE = "1", "spare"

CRASHED = 70
"""Exit code of a server that failed on an unexpected error (``EX_SOFTWARE`` of ``sysexits.h``)."""

_ENDING = (signal.SIGINT, signal.SIGTERM)
_PR_SET_PDEATHSIG = 1  # prctl(2)
_QUICK_SECONDS = 10.0
_SPARE_SECONDS = 5.0
"""After so long the start is over, and loading the code once more takes nothing from it."""

_MOST_PAUSE = 10.0


def is_worker() -> bool:
    """Tell whether this process is the server itself."""
    return os.environ.get(WORKER) in (SERVER, SPARE)


def await_turn() -> None:
    """Return at once in the server; in the spare one when the server before it has died. All is loaded before.

    Ends the process when the keeper has no more need of it.
    """
    if os.environ.get(WORKER) != SPARE:
        return
    # Ctrl-C reaches every process of the terminal, but is not for one that does nothing yet.
    before = {number: signal.signal(number, signal.SIG_IGN) for number in _ENDING}
    if not sys.stdin.buffer.read(1):
        sys.exit(0)
    for number, handler in before.items():
        signal.signal(number, handler)


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

    for number in _ENDING:
        signal.signal(number, forward)
    spare = _Spare(command)
    while True:
        began = time.monotonic()
        child = spare.take() or _start(command, SERVER)
        try:
            code = child.wait(_SPARE_SECONDS)
        except subprocess.TimeoutExpired:
            spare.prepare()
            code = child.wait()
        if ending or (code >= 0 and code != CRASHED):
            spare.drop()
            return code if code >= 0 else 128 - code
        pause = 0.0 if time.monotonic() - began > _QUICK_SECONDS else min(_MOST_PAUSE, pause + 0.5)
        say(f"The server died ({_how(code)}); starting it again.")
        time.sleep(pause)


class _Spare:
    """The server that waits for its turn."""

    def __init__(self, command: Sequence[str]) -> None:
        self._command = command
        self._process: subprocess.Popen[bytes] | None = None

    def prepare(self) -> None:
        """Start it; it ends with the keeper."""
        self._process = _start(self._command, SPARE)

    def take(self) -> subprocess.Popen[bytes] | None:
        """Let it be the server; None when there is none."""
        process, self._process = self._process, None
        if process is None or process.stdin is None:
            return None
        try:
            process.stdin.write(b"\n")
            process.stdin.close()
        except BrokenPipeError:
            process.wait()
            return None
        return process

    def drop(self) -> None:
        """Nobody needs it any more: it ends at the end of its input."""
        if self._process is not None and self._process.stdin is not None:
            self._process.stdin.close()
            self._process.wait()


def _start(command: Sequence[str], worker: str) -> subprocess.Popen[bytes]:
    return subprocess.Popen(
        list(command),
        stdin=subprocess.PIPE if worker == SPARE else None,
        env={**os.environ, WORKER: worker},
        preexec_fn=_die_with_parent,  # noqa: PLW1509 - this process has one thread
    )


def own_command() -> list[str]:
    """Return the command line of this process, to be run again as the server."""
    return [sys.executable, "-c", "from softswitch.cli.main import main; main()", *sys.argv[1:]]


def _die_with_parent() -> None:
    """Runs in the child before it becomes the server."""
    ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)


def _how(code: int) -> str:
    return signal.Signals(-code).name if code < 0 else f"exit code {code}"
