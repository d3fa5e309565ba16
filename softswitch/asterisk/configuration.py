"""The configuration in the data folder: written when it differs, and made effective while calls go on."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Mapping

from softswitch.asterisk.secrets import write_private
from softswitch.asterisk.settings import NodeSettings
from softswitch.errors import Refusal, conflict, unavailable
from softswitch.setup.asterisk import AsteriskInstall

COMMAND_SECONDS = 15.0
RELOAD_SECONDS = 90.0
"""A dialplan of 3,000 extensions takes 4 to 15 s to load on two busy cores; calls go on meanwhile."""
_UNKNOWN = "No such command"
NOT_RUNNING = "asterisk_not_running"

RELOADS: Mapping[str, str] = {
    "extensions.conf": "dialplan reload",
    "pjsip.conf": "module reload res_pjsip.so",
    "iax.conf": "iax2 reload",
    "manager.conf": "manager reload",
    "http.conf": "module reload http",
    "ari.conf": "module reload res_ari.so",
    "logger.conf": "logger reload",
    "cel.conf": "module reload cel",
    "cel_custom.conf": "module reload cel_custom.so",
    "features.conf": "module reload features",
    "confbridge.conf": "module reload app_confbridge.so",
    "musiconhold.conf": "moh reload",
    "indications.conf": "module reload indications",
    "rtp.conf": "module reload res_rtp_asterisk.so",
    "hep.conf": "module reload res_hep.so",
}
"""How each file takes effect while calls go on; the others need a restart of Asterisk."""


class Configuration:
    """The files of one Asterisk, and its own command line, which makes it read them again."""

    def __init__(self, settings: NodeSettings, install: AsteriskInstall) -> None:
        self._settings = settings
        self._install = install
        self._writing = threading.Lock()

    def write(self, files: Mapping[str, str]) -> list[str]:
        """Write the files that differ, each in one step; return their names. Safe from several threads."""
        with self._writing:
            changed = [name for name, text in files.items() if self._read(name) != text]
            try:
                for name in changed:
                    write_private(self._settings.etc / name, files[name])
            except OSError as error:
                raise unavailable(
                    "configuration_not_written",
                    f"The switch's configuration in {self._settings.etc} cannot be written: {error.strerror}.",
                    "Free space on that disk, or make the folder writable, and try again.",
                ) from None
        return changed

    def _read(self, name: str) -> str | None:
        try:
            return (self._settings.etc / name).read_text()
        except OSError:
            return None

    async def reload(self, changed: list[str]) -> None:
        """Make changed files effective; raise :class:`Refusal` when Asterisk does not take one or does not run."""
        for name in changed:
            if name in RELOADS:
                answer = await self.command(RELOADS[name], RELOAD_SECONDS)
                if name == "iax.conf" and _UNKNOWN in answer:
                    answer = await self._open_links()
                if "fail" in answer.lower() or "error" in answer.lower():
                    raise conflict(
                        "reload_failed",
                        f"Asterisk refused {name}: {answer.strip()}",
                        f"Read {self._settings.log}/messages; the old one stays in force.",
                    )

    async def _open_links(self) -> str:
        """Load IAX2 with the first node that is reached over it; it stays until Asterisk ends, empty or not."""
        wanted = "load=" in (self._read("modules_links.conf") or "")
        return await self.command("module load chan_iax2.so") if wanted else ""

    async def command(self, text: str, seconds: float = COMMAND_SECONDS) -> str:
        """Return what Asterisk's command line answers within ``seconds``."""
        words = self._install.argv("-C", str(self._settings.etc / "asterisk.conf"), "-rx", text)
        running = await asyncio.create_subprocess_exec(
            *words, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT
        )
        try:
            output, _ = await asyncio.wait_for(running.communicate(), seconds)
        except TimeoutError:
            running.kill()
            await running.wait()
            raise unavailable(
                "asterisk_hangs",
                f"Asterisk did not answer to {text!r}.",
                f"Read {self._settings.log}/messages, then try again.",
            ) from None
        if running.returncode:
            raise unavailable(
                NOT_RUNNING, "Asterisk does not run.", "Wait until it is started again."
            )
        return output.decode(errors="replace")

    async def try_command(self, text: str) -> str:
        """Return what the command line answers; nothing when it does not."""
        try:
            return await self.command(text)
        except Refusal:
            return ""

    async def has_calls(self) -> bool:
        """Tell whether a call is up; when that is not known, say yes."""
        return "0 active channels" not in await self.try_command("core show channels count")
