"""The gateway's own process: `python -m smsgateway.process`, started and kept by the server.

It is a process of its own so that a campaign's work takes no time from a call: one interpreter runs one thing at a
time.  When the server dies, it takes leave of the centres, writes down their last answers and ends; the next server
starts it again.  A lock keeps two gateways from one queue.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import ctypes
import fcntl
import gc
import logging
import os
import signal
import sys
from collections.abc import Iterator
from pathlib import Path

import uvloop

from smsgateway.engine.gateway import Gateway
from smsgateway.engine.outcome import Rules
from smsgateway.queue.connection import StoreError, connect

log = logging.getLogger(__name__)

URL = "SOFTSWITCH_SMS_DATABASE"
"""Where the URL of the queue stands in the environment: it may hold a password, which a command line shows to all."""

CRASHED = 70
"""``EX_SOFTWARE`` of ``sysexits.h``: a mistake of ours; the keeper starts anew."""

_PR_SET_PDEATHSIG = 1  # prctl(2)
_SWITCH_SECONDS = 0.0001
"""How long a thread may keep the interpreter when the other one waits: the writer's answers are short and urgent."""


def main() -> int:
    """Run until SIGTERM, SIGINT or the death of who started it."""
    given = _arguments()
    parent = os.getppid()
    ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGTERM)
    if given.parent and parent != given.parent:
        return 0  # it died before we could hear of it
    logging.basicConfig(
        level=logging.INFO,
        format="%(asctime)s %(levelname)s %(name)s: %(message)s",
        handlers=[_log_to(given.log)],
    )
    sys.setswitchinterval(_SWITCH_SECONDS)
    with _lock(given.lock):
        try:
            rules, wire = Rules(doubt=given.doubt_ms), given.lock.with_suffix(".wire")
            return uvloop.run(_serve(os.environ[URL], rules, wire))
        except StoreError as error:
            log.error("The queue cannot be opened: %s", error)
            return CRASHED
        except Exception:
            log.exception("The gateway failed on an unexpected error.")
            return CRASHED


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--lock", type=Path, required=True)
    parser.add_argument("--log", type=Path)
    parser.add_argument("--parent", type=int, default=0)
    parser.add_argument("--doubt-ms", type=int, default=Rules().doubt)
    return parser.parse_args()


def _log_to(path: Path | None) -> logging.Handler:
    from logging.handlers import RotatingFileHandler

    if path is None:
        return logging.StreamHandler()
    return RotatingFileHandler(path, maxBytes=10_000_000, backupCount=3)


@contextlib.contextmanager
def _lock(path: Path) -> Iterator[None]:
    """Wait until the gateway before us has ended; the kernel frees the lock of a dead one."""
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)


async def _serve(url: str, rules: Rules, wire: Path) -> int:
    told = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, told.set)
    gateway = Gateway(connect(url), rules=rules, wire=wire)
    # To begin may take as long as the disk is full: to be told to end comes first.
    begun = asyncio.create_task(gateway.__aenter__())
    ending = asyncio.create_task(told.wait())
    await asyncio.wait((begun, ending), return_when=asyncio.FIRST_COMPLETED)
    if not begun.done():
        begun.cancel()
        gateway.abandon()
        return 0
    begun.result()
    log.info("The gateway runs.")
    gc.freeze()  # what is loaded stays: no collection walks through it while answers wait
    failing = asyncio.create_task(gateway.failed())
    try:
        await asyncio.wait((failing, ending), return_when=asyncio.FIRST_COMPLETED)
        if failing.done():
            gateway.abandon()
            failing.result()
    finally:
        ending.cancel()
        failing.cancel()
    await gateway.__aexit__()
    return 0


if __name__ == "__main__":
    sys.exit(main())
