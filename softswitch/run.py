"""Runs a system until it is told to end: what `softswitch up` does.

SIGINT (Ctrl-C) ends everything.  SIGTERM ends this process only: the switch goes on with its calls, rings the desks
by itself, and is adopted at the next start.
"""

from __future__ import annotations

import asyncio
import logging
import signal
import sys
from collections.abc import Sequence

import uvloop

from softswitch.app import System
from softswitch.errors import Refusal
from softswitch.keeper import CRASHED
from softswitch.settings import Settings
from softswitch.setup.progress import SetupError
from softswitch.store.folder import unusable

log = logging.getLogger(__name__)

BANNER = """
  Console   {url}
{login}
  Press Ctrl-C to end.
"""


SWITCH_SECONDS = 0.0005
"""So long the thread that writes may keep the calls waiting; by default it is ten times as long."""


def run(settings: Settings) -> int:
    """Run until SIGINT or SIGTERM; return the exit code. Raises the refusals of a start that fails."""
    logging.basicConfig(
        level=settings.log_level.upper(),
        format="%(asctime)s %(levelname)s %(name)s: %(message)s",
        handlers=[_log_file(settings)],
    )
    try:
        sys.setswitchinterval(SWITCH_SECONDS)
        with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
            return runner.run(_serve(settings))
    except (Refusal, SetupError):  # said to the operator in one line; starting again would not help
        raise
    except Exception:
        log.exception("The server failed on an unexpected error.")
        return CRASHED


def _log_file(settings: Settings) -> logging.Handler:
    from logging.handlers import RotatingFileHandler

    folder = settings.data / "logs"
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        return RotatingFileHandler(folder / "softswitch.log", maxBytes=20_000_000, backupCount=5)
    except OSError as error:
        raise unusable(settings.data, error) from error


async def _serve(settings: Settings) -> int:
    told = asyncio.Event()
    loop = asyncio.get_running_loop()
    ending: list[signal.Signals] = []

    def tell(number: signal.Signals) -> None:
        ending.append(number)
        told.set()

    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, tell, number)
    system = System(settings, progress=_say)
    try:
        await _until_told(system, told, ending)
    except Refusal:
        # It was made before the start failed, and this is the only time that it is told.
        if system.first_login is not None:
            _say(_login(system))
        raise
    return 0


async def _until_told(
    system: System, told: asyncio.Event, ending: Sequence[signal.Signals]
) -> None:
    async with system:
        _say(BANNER.format(url=system.url, login=_login(system)))
        await told.wait()
        if signal.SIGINT in ending:
            _say("Ending: calls are cleared, Asterisk is stopped.")
            system.end_switch()
        else:
            _say("Ending; Asterisk goes on with its calls.")


def _login(system: System) -> str:
    if system.first_login is None:
        return "  Login     as before (forgotten: softswitch user passwd admin)"
    login, password = system.first_login
    return f"  Login     {login}\n  Password  {password}   (shown this once)"


def _say(line: str) -> None:
    print(line, flush=True, file=sys.stdout)  # noqa: T201 - this is what the operator looks at
