"""A running system with many desks and phones behind one SIPp, and calls placed by another SIPp."""

from __future__ import annotations

import asyncio
import contextlib
import csv
import tempfile
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from softswitch.directory.model import ExtensionEntry, ExtensionKind, Phone, PhoneKind, Transport
from softswitch.directory.service import DirectoryService
from softswitch.numbers import Extension, PhoneId
from softswitch.setting_values import PortRange
from softswitch.store.database import Database
from softswitch.testing.node import free_ports
from softswitch.testing.system import LINE, secret
from tests.survival.rig import Server

SCENARIOS = Path(__file__).parent / "sipp"
LONGEST_SETUP_MS = 500
RTP = PortRange(10_000, 19_999)


@dataclass
class Load:
    """The server, its directory, and the SIPp that answers for every desk and phone."""

    server: Server
    desks: list[str]
    phones: list[str]
    folder: Path
    port: int

    @property
    def sip(self) -> str:
        return f"127.0.0.1:{self.server.settings.sip.port}"

    async def register(self) -> None:
        """Register every desk and phone at the answering SIPp."""
        rows = [[number, credentials(number), self.port] for number in self.desks + self.phones]
        # Asterisk takes the port that a REGISTER came from (rewrite_contact): the same that answers later.
        await self._sipp("register.xml", rows, "-r", "50", "-m", str(len(rows)), port=self.port)

    async def calls(self, targets: Sequence[str], rate: float, count: int, talk_ms: int) -> Outcome:
        """Place ``count`` calls at ``rate`` a second, to ``targets`` in turn; each talks so long."""
        name = f"calls-{rate:g}-{count}"
        statistics = self.folder / f"{name}.csv"
        statistics.unlink(missing_ok=True)
        rows = [[target, credentials(LINE)] for target in targets]
        await self._sipp(
            "caller.xml", rows, "-r", f"{rate:g}", "-m", str(count), "-l", str(count),
            "-d", str(talk_ms), "-trace_stat", "-stf", str(statistics), "-fd", "1",
            "-timeout", str(int(count / rate + talk_ms / 1000 + 20)), may_fail=True,
        )  # fmt: skip
        return Outcome.read(statistics, count)

    async def hold(self, targets: Sequence[str], rate: float, count: int) -> asyncio.Task[Outcome]:
        """Begin ``count`` calls that stay up for ten minutes; return the task that would wait for them."""
        return asyncio.create_task(self.calls(targets, rate, count, 600_000))

    async def _sipp(
        self,
        scenario: str,
        rows: Sequence[Sequence[object]],
        *words: str,
        may_fail: bool = False,
        port: int = 0,
    ) -> None:
        path = self.folder / f"{scenario}.inf"
        lines = ["SEQUENTIAL", *(";".join(map(str, row)) for row in rows)]
        await asyncio.to_thread(path.write_text, "\n".join(lines) + "\n")
        port = port or free_ports(1)[0]
        running = await asyncio.create_subprocess_exec(
            "sipp", self.sip, "-sf", str(SCENARIOS / scenario), "-inf", str(path),
            "-i", "127.0.0.1", "-p", str(port), "-nostdin", "-aa", *words,
            stdout=asyncio.subprocess.DEVNULL, stderr=asyncio.subprocess.PIPE, cwd=self.folder,
        )  # fmt: skip
        try:
            _, errors = await running.communicate()
        except asyncio.CancelledError:
            running.kill()
            await running.wait()
            raise
        if running.returncode and not may_fail:
            raise RuntimeError(f"sipp {scenario}: {errors.decode(errors='replace')[-2000:]}")


@dataclass(frozen=True)
class Outcome:
    """What a run of SIPp came to. ``setup_ms``: INVITE to 200, mean."""

    wanted: int
    done: int
    failed: int
    rate: float
    setup_ms: float

    @property
    def clean(self) -> bool:
        """Every call got through, and nobody waited long: a queue that only grows is not clean."""
        return self.done == self.wanted and not self.failed and self.setup_ms < LONGEST_SETUP_MS

    @classmethod
    def read(cls, statistics: Path, wanted: int) -> Outcome:
        """Return the outcome that the statistics file of SIPp tells in its last line."""
        with statistics.open() as file:
            last = list(csv.DictReader(file, delimiter=";"))[-1]
        # The elapsed time of the file knows whole seconds only.
        took = _instant(last["CurrentTime"]) - _instant(last["StartTime"])
        done = int(last["SuccessfulCall(C)"])
        return cls(
            wanted, done, int(last["FailedCall(C)"]), done / max(took, 0.001),
            _seconds(last["ResponseTime1(C)"]) * 1000,
        )  # fmt: skip


def credentials(account: str) -> str:
    """Return what SIPp turns into an Authorization field."""
    return f"[authentication username={account} password={secret(account)}]"


def _instant(text: str) -> float:
    """Return the Unix time at the end of SIPp's ``date TAB time TAB seconds``."""
    return float(text.rsplit("\t", maxsplit=1)[-1])


def _seconds(text: str) -> float:
    """Return seconds of SIPp's ``HH:MM:SS`` or ``HH:MM:SS:microseconds``."""
    parts = text.replace(".", ":").split(":")
    hours, minutes, seconds, *rest = (int(part) for part in parts)
    return hours * 3600 + minutes * 60 + seconds + (rest[0] / 1e6 if rest else 0)


@contextlib.asynccontextmanager
async def loaded(
    desks: int = 60,
    phones: int = 60,
    prepare: Callable[[Database], Awaitable[None]] | None = None,
    **more: Any,
) -> AsyncIterator[Load]:
    """Run a system with so many registered desks and phones, all answered by one SIPp.

    ``prepare`` may add more to the database before the start; ``more`` are settings.
    """
    from softswitch.testing.system import own_settings

    with tempfile.TemporaryDirectory(prefix="bench-") as name:
        folder = Path(name)
        settings = own_settings(folder / "data", rtp=RTP, **more)
        await asyncio.to_thread(settings.data.mkdir)
        numbers = [str(4000 + n) for n in range(desks)], [str(6000 + n) for n in range(phones)]
        async with Database(settings.database_url()) as db:
            await _fill(DirectoryService(db), *numbers)
            if prepare is not None:
                await prepare(db)
        server = Server(settings)
        (port,) = free_ports(1)
        load = Load(server, *numbers, folder, port)
        answering: asyncio.subprocess.Process | None = None
        try:
            await server.start()
            await load.register()
            answering = await asyncio.create_subprocess_exec(
                "sipp", "-sf", str(SCENARIOS / "desk.xml"), "-i", "127.0.0.1", "-p", str(port),
                "-nostdin", "-aa", "-l", "5000",
                stdout=asyncio.subprocess.DEVNULL, stderr=asyncio.subprocess.DEVNULL, cwd=folder,
            )  # fmt: skip
            yield load
        finally:
            if answering is not None:
                await _stop(answering)
            await server.close()


async def _stop(process: asyncio.subprocess.Process) -> None:
    with contextlib.suppress(ProcessLookupError):
        process.kill()
    await process.wait()


async def _fill(directory: DirectoryService, desks: list[str], phones: list[str]) -> None:
    await directory.start()
    for position, number in enumerate(desks, 1):
        entry = ExtensionEntry(
            Extension(number), f"Desk {number}", ExtensionKind.DESK, position=position
        )
        await directory.add_extension(None, entry)
    for number in phones:
        entry = ExtensionEntry(Extension(number), f"Phone {number}", ExtensionKind.PHONE)
        await directory.add_extension(None, entry)
    for number in desks + phones:
        phone = Phone(PhoneId(number), Extension(number), secret=secret(number))
        await directory.add_phone(None, phone)
    line = Phone(PhoneId(LINE), None, PhoneKind.GATEWAY, Transport.UDP, secret(LINE))
    await directory.add_phone(None, line)
