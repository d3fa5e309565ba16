"""Keeps the gateway's process running beside the server: starts it, and starts it again when it dies."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
import sys
import time
from pathlib import Path

from smsgateway.process import URL

log = logging.getLogger(__name__)

_QUICK_SECONDS = 10.0
_MOST_PAUSE = 10.0
_END_SECONDS = 15.0


class GatewayKeeper:
    """``start``, and ``stop`` at the end of the server."""

    def __init__(self, url: str, folder: Path) -> None:
        self._url = url
        self._folder = folder
        self._process: asyncio.subprocess.Process | None = None
        self._task: asyncio.Task[None] | None = None
        self.starts = 0

    @property
    def pid(self) -> int | None:
        """Return the process id of the gateway; None while it does not run."""
        process = self._process
        return process.pid if process is not None and process.returncode is None else None

    def state(self) -> dict[str, object]:
        """Return what the status of the system shows."""
        return {"ok": self.pid is not None, "starts": self.starts}

    def start(self) -> None:
        """Start the gateway and look after it."""
        self._task = asyncio.create_task(self._keep(), name="sms gateway")

    async def stop(self) -> None:
        """Let it take leave of the centres and end."""
        if self._task is not None:
            self._task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._task
        process = self._process
        if process is None or process.returncode is not None:
            return
        process.terminate()
        try:
            async with asyncio.timeout(_END_SECONDS):
                await process.wait()
        except TimeoutError:
            log.error("The gateway did not end by itself.")
            process.kill()
            await process.wait()

    async def _keep(self) -> None:
        pause = 0.0
        while True:
            began = time.monotonic()
            self._process = await self._spawn()
            self.starts += 1
            code = await self._process.wait()
            quick = time.monotonic() - began < _QUICK_SECONDS
            pause = min(_MOST_PAUSE, pause + 0.5) if quick else 0.0
            log.error("The gateway of mass SMS died (%d); starting it again.", code)
            await asyncio.sleep(pause)

    async def _spawn(self) -> asyncio.subprocess.Process:
        return await asyncio.create_subprocess_exec(
            *command(self._folder),
            env={**os.environ, URL: self._url},
            stdin=asyncio.subprocess.DEVNULL,
        )


def command(folder: Path) -> list[str]:
    """Return the command line of the gateway for a data folder."""
    logs = folder / "logs"
    return [
        sys.executable,
        "-m",
        "smsgateway.process",
        f"--lock={folder / 'sms.lock'}",
        f"--log={logs / 'sms.log' if logs.is_dir() else folder / 'sms.log'}",
        f"--parent={os.getpid()}",
    ]
