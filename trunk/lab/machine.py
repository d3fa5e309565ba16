"""The guest as a process: QEMU with a kernel, a file system in memory and the job on a small disk."""

from __future__ import annotations

import asyncio
import io
import os
import signal
import tarfile
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path

from softswitch.setup.lab.build import Lab
from trunk.lab.agent import Agent, GuestFailed
from trunk.lab.ports import Ports


class PortTaken(GuestFailed):
    """One of the ports was taken by another program since it was chosen: choose again."""


BOOT_SECONDS = 90.0
"""It takes 4 s on a machine of its own; two cores that are busy take their time."""
STOP_SECONDS = 5.0
_MEMORY_MB = 640
_CLOCK = "shift=2,sleep=on"
"""The guest's time goes on by 4 ns with each instruction, and while it has nothing to do. On a busy machine it becomes
slow as a whole and finds nothing of that: by the host's clock its switches would wait too long for each other (T7 of
ITU-T Q.703 is 1.25 s), and its lines would go into alarm."""
_KERNEL_WORDS = (
    "console=ttyS0 panic=1 quiet mitigations=off tsc=reliable nokaslr no_timer_check rdinit=/init"
)
CONSOLE = "console.log"
_JOB = "job.tar"
SOCKET = "agent.sock"
PID = "pid"
"""QEMU's own file, where nobody is tied to it."""
_BLOCK = 512
_NO_PORT = "Could not set up host forwarding rule"


def make_job(files: Mapping[str, str]) -> bytes:
    """Return the disk that carries these files into the guest's folder /job."""
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w", format=tarfile.USTAR_FORMAT) as tar:
        for name, text in sorted(files.items()):
            data = text.encode()
            entry = tarfile.TarInfo(name)
            entry.size, entry.mode = len(data), 0o755
            tar.addfile(entry, io.BytesIO(data))
    raw = packed.getvalue()
    return raw + b"\0" * (-len(raw) % _BLOCK)


def command_line(lab: Lab, folder: Path, ports: Ports) -> list[str]:
    """Return QEMU's command line; it listens on the loopback address only, and needs no rights."""
    network = ",".join(("user", "id=net", "ipv6=off", *ports.forwards()))
    return lab.qemu.argv(
        "-nodefaults", "-no-reboot", "-no-user-config", "-display", "none", "-machine", "q35",
        "-accel", "tcg,thread=single,tb-size=256", "-icount", _CLOCK, "-cpu", "max", "-m", str(_MEMORY_MB),
        "-kernel", str(lab.kernel), "-initrd", str(lab.files), "-append", _KERNEL_WORDS,
        "-drive", f"file={folder / _JOB},if=virtio,format=raw,readonly=on",
        "-netdev", network, "-device", "virtio-net-pci,netdev=net,romfile=",
        "-device", "virtio-serial-pci",
        "-chardev", f"socket,id=agent,path={folder / SOCKET},server=on,wait=off",
        "-device", "virtserialport,chardev=agent,name=agent",
        "-serial", f"file:{folder / CONSOLE}",
    )  # fmt: skip


class Machine:
    """One guest; its files are in `folder`, whose path must be short (a socket's name is)."""

    def __init__(self, lab: Lab, folder: Path, ports: Ports) -> None:
        self.folder = folder
        self.ports = ports
        self._command = command_line(lab, folder, ports)
        self._process: asyncio.subprocess.Process | None = None

    async def start(self, files: Mapping[str, str], *, tied: bool = True) -> Agent:
        """Boot with these files in /job; return the way to give commands.

        A `tied` guest ends itself when the host's process is gone, however that ended; another is left to itself
        (see :mod:`trunk.lab.rehearsal`).
        """
        self.folder.mkdir(parents=True, exist_ok=True)
        (self.folder / SOCKET).unlink(missing_ok=True)
        (self.folder / _JOB).write_bytes(make_job({**files, **({"tied": "1\n"} if tied else {})}))
        with (self.folder / "qemu.log").open("wb") as log:
            self._process = await asyncio.create_subprocess_exec(
                *self._command, *(() if tied else self._alone()),
                stdin=asyncio.subprocess.DEVNULL, stdout=log, stderr=log,
                start_new_session=True,
            )  # fmt: skip
        try:
            if not tied and await self._process.wait():
                raise GuestFailed("QEMU ended at once.")
            agent = await self._connect()
            await agent.ready(BOOT_SECONDS)
        except GuestFailed as problem:
            await self.stop()
            raise self._told(problem) from None
        except BaseException:
            await self.stop()
            raise
        return agent

    @property
    def pid(self) -> int | None:
        """The process, None when it has ended."""
        process = self._process
        return process.pid if process is not None and process.returncode is None else None

    async def stop(self) -> None:
        """End the guest; what happens in it is not waited for: it has nothing to keep."""
        process = self._process
        if process is None or process.returncode is not None:
            if is_running(self.folder):
                end_process(int((self.folder / PID).read_text()))
            return
        with suppress(ProcessLookupError):
            process.send_signal(signal.SIGTERM)
        try:
            async with asyncio.timeout(STOP_SECONDS):
                await process.wait()
        except TimeoutError:
            with suppress(ProcessLookupError):
                process.kill()
            await process.wait()

    def last_words(self) -> str:
        """What QEMU and the guest's console said last, for an error message."""
        said = [
            (self.folder / name).read_bytes()[-400:].decode(errors="replace").strip()
            for name in ("qemu.log", CONSOLE)
            if (self.folder / name).exists()
        ]
        return "\n".join(text for text in said if text) or "nothing"

    async def _connect(self) -> Agent:
        assert self._process is not None
        socket = self.folder / SOCKET
        for _ in range(500):
            if self._process.returncode is not None and not is_running(self.folder):
                raise GuestFailed("QEMU ended at once.")
            with suppress(OSError):
                return await Agent.connect(socket)
            await asyncio.sleep(0.02)
        raise GuestFailed(f"QEMU opened no {socket} in 10 s.")

    def _alone(self) -> tuple[str, ...]:
        (self.folder / PID).unlink(missing_ok=True)
        return ("-daemonize", "-pidfile", str(self.folder / PID))

    def _told(self, problem: GuestFailed) -> GuestFailed:
        said = self.last_words()
        kind = PortTaken if _NO_PORT in said else GuestFailed
        return kind(f"{problem} It said: {said}")


def is_running(folder: Path) -> bool:
    """Tell whether a guest that was left to itself still runs on a folder; its number may be another's by now."""
    try:
        pid = int((folder / PID).read_text())
        command = Path(f"/proc/{pid}/cmdline").read_bytes()
    except (OSError, ValueError):
        return False
    return str(folder / SOCKET).encode() in command


def end_process(pid: int) -> None:
    """End a guest that another process of ours started; one that is gone is no error."""
    with suppress(ProcessLookupError):
        os.kill(pid, signal.SIGTERM)
