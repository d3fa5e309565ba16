"""The node: one private Asterisk, kept running, and its configuration, kept true."""

from __future__ import annotations

import asyncio
import logging
import signal
import time
from contextlib import suppress

from softswitch.asterisk import process
from softswitch.asterisk.configuration import NOT_RUNNING, Configuration
from softswitch.asterisk.folders import FolderLock, make_folders
from softswitch.asterisk.model import Directory
from softswitch.asterisk.modules import COPYING, MODULES, check_install
from softswitch.asterisk.probe import ari_answers
from softswitch.asterisk.render import DIRECTORY_FILES, Frame, render
from softswitch.asterisk.secrets import NodeSecrets, node_secrets
from softswitch.asterisk.settings import NodeSettings
from softswitch.asterisk.tls import authorities, instance_certificate
from softswitch.errors import Refusal, unavailable
from softswitch.setup.asterisk import AsteriskInstall
from softswitch.setup.progress import Progress, silent

START_SECONDS = 30.0
STOP_SECONDS = 3.0
"""Asterisk 22.10 sometimes hangs while it unloads its modules, after a WebSocket was cut abruptly."""
RESPOND_SECONDS = 20.0
"""How long an Asterisk with calls may be silent, on a busy machine, before it is taken for dead."""
_POLL_SECONDS = 0.05
_MOST_BACKOFF = 4.0
_FLAPPING_SECONDS = 30.0
_log = logging.getLogger(__name__)


class AsteriskNode:
    """Starts, adopts, watches and configures the Asterisk of one data folder.

    ``start`` adopts one that still runs (calls go on) or starts one; from then on one that dies is started
    again. ``detach`` leaves it running, ``stop`` ends it. Raises :class:`Refusal` when it cannot start.
    """

    def __init__(
        self,
        settings: NodeSettings,
        install: AsteriskInstall,
        directory: Directory,
        *,
        progress: Progress = silent,
    ) -> None:
        self.settings = settings
        self.install = install
        self.directory = directory
        self.starts = 0
        """How often this object started Asterisk (an adoption is none)."""
        self.pid: int | None = None
        self._progress = progress
        self._lock: FolderLock | None = None
        self._watching: asyncio.Task[None] | None = None
        self._configuring = asyncio.Lock()
        make_folders(settings)
        self._configuration = Configuration(settings, install)
        self.secrets: NodeSecrets = node_secrets(settings.folder)
        present = frozenset(
            name for name in (*MODULES, *COPYING) if not install.missing_modules([f"{name}.so"])
        )
        certificate = instance_certificate(
            settings.tls, tuple(a for a in (settings.external_address, settings.bind) if a)
        )
        self._frame = Frame(
            settings=settings,
            secrets=self.secrets,
            certificate=certificate,
            modules=install.modules,
            data=install.data,
            files=process.raise_file_limit(),
            present=present,
            authorities=authorities(certificate),
        )

    # ---- life ---------------------------------------------------------------------------------------

    async def start(self) -> None:
        """Bring Asterisk up with the present directory, and keep it up."""
        self._lock = FolderLock.take(self.settings)
        try:
            pid = process.running_pid(self.settings)
            if pid is None:
                await self._launch()
            else:
                await self._adopt(pid)
        except BaseException:
            if self.starts:  # ours, and half-started; an adopted one has calls and stays
                await self._end()
            self._unlock()
            raise
        self._watching = asyncio.create_task(self._watch(), name="asterisk-watch")

    async def detach(self) -> None:
        """Stop watching; Asterisk and its calls go on."""
        if self._watching is not None:
            self._watching.cancel()
            with suppress(asyncio.CancelledError):
                await self._watching
            self._watching = None
        self._unlock()

    async def stop(self) -> None:
        """End Asterisk: politely, then by force."""
        await self.detach()
        await self._end()

    def _unlock(self) -> None:
        if self._lock is not None:
            self._lock.drop()
            self._lock = None

    async def _end(self) -> None:
        pid = self.pid if self.pid is not None else process.running_pid(self.settings)
        self.pid = None
        if pid is None or not process.is_ours(pid, self.settings):
            return
        # Each call ends by itself first, so that its recording is complete.
        await self._configuration.try_command("channel request hangup all")
        # SIGTERM makes Asterisk end its calls and leave; see the quit handler in main/asterisk.c.
        process.send_signal(pid, signal.SIGTERM)
        try:
            await asyncio.wait_for(process.ended(pid), STOP_SECONDS)
        except TimeoutError:
            process.send_signal(pid, signal.SIGKILL)
            await process.ended(pid)

    async def _launch(self) -> None:
        self._progress(f"Starting Asterisk {self.install.version}")
        check_install(self.install)
        written = self.directory
        process.check_ports(self.settings, links=bool(written.outside.links))
        self._configuration.write(render(self._frame, written))
        process.put_long_logs_away(self.settings)
        since = process.log_size(self.settings)
        words = self.install.argv("-f", "-C", str(self.settings.etc / "asterisk.conf"))
        began = time.monotonic()
        self.pid = await asyncio.to_thread(process.spawn, words, self.settings)
        self.starts += 1
        await self._until_ready(self.pid, since)
        if self.directory is not written:
            # It was changed while Asterisk was reading its files, and could not be told.
            await self._configuration.reload(sorted(DIRECTORY_FILES))
        self._progress(f"Asterisk is up after {time.monotonic() - began:.1f} s")

    async def _adopt(self, pid: int) -> None:
        self.pid = pid
        self._progress(f"Asterisk runs already (process {pid}): adopting it with its calls")
        if not await self._responds():
            self._progress("It does not answer: starting it again")
            await self._restart()
            return
        changed = self._configuration.write(render(self._frame, self.directory))
        frame = sorted(set(changed) - DIRECTORY_FILES)
        if frame and not await self._configuration.has_calls():
            self._progress(f"Its settings changed ({', '.join(frame)}): starting it again")
            await self._restart()
            return
        if frame:
            self._progress(
                "Its settings changed; some take effect when it is started without calls"
            )
        await self._configuration.reload(changed)
        await self._until_ready(pid, process.log_size(self.settings))

    async def _responds(self) -> bool:
        """Ask over ARI, and over the control socket: that works whatever ports it was started with."""
        deadline = time.monotonic() + RESPOND_SECONDS
        while time.monotonic() < deadline:
            if await ari_answers(self.settings, self.secrets):
                return True
            if await self._configuration.try_command("core show uptime"):
                return True
            await asyncio.sleep(_POLL_SECONDS)
        return False

    async def _restart(self) -> None:
        await self._end()
        await self._launch()

    async def _until_ready(self, pid: int, since: int) -> None:
        deadline = time.monotonic() + START_SECONDS
        while time.monotonic() < deadline:
            if not process.is_alive(pid):
                raise self._start_refusal("Asterisk ended while it was starting.", since)
            if await ari_answers(self.settings, self.secrets):
                return
            await asyncio.sleep(_POLL_SECONDS)
        raise self._start_refusal(f"Asterisk did not answer within {START_SECONDS:.0f} s.", since)

    def _start_refusal(self, message: str, since: int) -> Refusal:
        if errors := process.log_errors(self.settings, since):
            message = f"{message} It says: {errors[0].strip()}"
        return unavailable(
            "asterisk_does_not_start",
            message,
            f"Read {self.settings.log}/messages and console.log.",
        )

    async def _watch(self) -> None:
        pause = 0.0
        while True:
            assert self.pid is not None
            began = time.monotonic()
            await process.ended(self.pid)
            _log.error("Asterisk (process %s) has died; starting it again", self.pid)
            if time.monotonic() - began > _FLAPPING_SECONDS:
                pause = 0.0
            pause = await self._bring_back(pause)

    async def _bring_back(self, pause: float) -> float:
        while True:
            await asyncio.sleep(pause)
            pause = min(_MOST_BACKOFF, max(0.25, pause * 2))
            try:
                await self._launch()
            except (Refusal, OSError) as error:
                _log.error("Asterisk does not come back: %s", error)
                self._progress(str(error))
                # One that hangs half-started would hold the ports against the next.
                await self._end()
            else:
                return pause

    # ---- configuration ------------------------------------------------------------------------------

    async def apply(self, directory: Directory) -> None:
        """Make ``directory`` what Asterisk routes by; calls go on. On a refusal the old one stays in force.

        While Asterisk is down the files are written all the same: it starts with them.
        """
        async with self._configuring:
            before = self.directory
            # In a thread: some thousands of extensions take half a second.
            new = await asyncio.to_thread(render, self._frame, directory)
            self.directory = directory
            try:
                await self._configuration.reload(
                    await asyncio.to_thread(self._configuration.write, new)
                )
            except Refusal as refusal:
                if refusal.code == NOT_RUNNING:
                    return
                self.directory = before
                with suppress(Refusal):
                    await self._configuration.reload(
                        self._configuration.write(render(self._frame, before))
                    )
                raise

    async def command(self, text: str) -> str:
        """Return what Asterisk's command line answers, for diagnosis and tests."""
        return await self._configuration.command(text)
