"""The real system in a process of its own, that may be killed; and what is asked of it from outside."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import signal
import sys
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass, field
from pathlib import Path
from types import SimpleNamespace
from typing import Any, TypeVar

import httpx

from softswitch.app_switch import node_settings
from softswitch.asterisk import process
from softswitch.directory.service import DirectoryService
from softswitch.settings import Settings
from softswitch.setup.asterisk import find_asterisk
from softswitch.setup.cache import cache_folder
from softswitch.store.database import Database
from softswitch.testing.patience import PATIENCE
from softswitch.testing.phone import Phone
from softswitch.testing.system import LOCAL, fill, own_settings, secret

ROOT = Path(__file__).resolve().parents[2]
CLI = (sys.executable, "-c", "from softswitch.cli.main import main; main()")
T = TypeVar("T")


@dataclass
class Server:
    """One instance: its folder, its ports, and (while it runs) its process."""

    settings: Settings
    process: asyncio.subprocess.Process | None = None
    output: list[str] = field(default_factory=list)

    # ---- life

    async def start(self, **more: str) -> None:
        """Start the server and wait until it serves."""
        # The address and token of the run before: the new run writes its own.
        await asyncio.to_thread((self.settings.data / "cli.json").unlink, missing_ok=True)
        await self.spawn(**more)
        await until(self.serves, "the server serves")

    async def spawn(self, **more: str) -> None:
        """Start the process only."""
        environment = {**os.environ, **self._environment(), **more}
        self.process = await asyncio.create_subprocess_exec(
            *CLI, "up", cwd=ROOT, env=environment,
            stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT,
        )  # fmt: skip
        self._reading = asyncio.create_task(self._read(self.process))

    async def _read(self, running: asyncio.subprocess.Process) -> None:
        assert running.stdout is not None
        async for line in running.stdout:
            self.output.append(line.decode(errors="replace").rstrip())

    async def serves(self) -> bool:
        assert self.process is not None
        if self.process.returncode is not None:
            raise AssertionError("the server ended:\n" + "\n".join(self.output[-30:]))
        with contextlib.suppress(httpx.HTTPError, OSError, ValueError):
            return bool((await self.get("/api/status"))["parts"]["ari"]["ok"])
        return False

    async def kill(self) -> None:
        """kill -9 the Python side."""
        await self.end(signal.SIGKILL)

    async def end(self, number: signal.Signals) -> int:
        """Send a signal to the Python side and return its exit code."""
        assert self.process is not None
        with contextlib.suppress(ProcessLookupError):
            self.process.send_signal(number)
        async with asyncio.timeout(PATIENCE):
            code = await self.process.wait()
            await self._reading
        return code

    async def close(self) -> None:
        """Leave nothing behind."""
        if self.process is not None and self.process.returncode is None:
            await self.end(signal.SIGKILL)
        pid = self.asterisk
        if pid is not None:
            os.kill(pid, signal.SIGKILL)
            await process.ended(pid)

    def _environment(self) -> dict[str, str]:
        own = self.settings
        given = {
            "data": own.data, "http": own.http, "sip": own.sip, "sips": own.sips,
            "switch_http": own.switch_http, "switch_https": own.switch_https, "ami": own.ami,
            "rtp": f"{own.rtp.first}-{own.rtp.last}", "sip_copies": own.sip_copies_address(),
            "iax": own.iax_address(),
            "layers": ",".join(own.layers) or "none",
        }  # fmt: skip
        return {f"SOFTSWITCH_{name.upper()}": str(value) for name, value in given.items()}

    # ---- questions

    @property
    def url(self) -> str:
        return f"http://{self.settings.http.host}:{self.settings.http.port}"

    @property
    def spool(self) -> Path:
        return self.settings.data / "recordings" / "spool"

    @property
    def archive(self) -> Path:
        return self.settings.data / "recordings" / "archive"

    @property
    def asterisk(self) -> int | None:
        """The process id of Asterisk, ``None`` when it does not run."""
        return process.running_pid(node_settings(self.settings))

    async def command(self, text: str) -> str:
        """Return what Asterisk's command line answers."""
        install = find_asterisk(cache_folder())
        conf = node_settings(self.settings).etc / "asterisk.conf"
        running = await asyncio.create_subprocess_exec(
            *install.argv("-C", str(conf), "-rx", text),
            stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT,
        )  # fmt: skip
        output, _ = await running.communicate()
        return output.decode(errors="replace")

    async def channels(self) -> list[list[str]]:
        """Return the channels that Asterisk has, each as its fields (name first, unique id last)."""
        lines = (await self.command("core show channels concise")).splitlines()
        return [line.split("!") for line in lines if line.count("!") >= 12]

    async def request(self, method: str, path: str, body: Any = None) -> httpx.Response:
        told = json.loads((self.settings.data / "cli.json").read_text())
        fields = {"Authorization": f"Bearer {told['token']}"}
        async with httpx.AsyncClient(base_url=self.url, headers=fields, timeout=PATIENCE) as http:
            return await http.request(method, path, json=body)

    async def get(self, path: str) -> Any:
        answer = await self.request("GET", path)
        answer.raise_for_status()
        return answer.json()

    async def written(self) -> None:
        """Wait until all that was to be written is on the disk: one writer writes in the order of asking."""
        answer = await self.request("POST", "/api/tokens", {"label": "all before it is written"})
        answer.raise_for_status()

    async def board(self, entity: str) -> dict[str, Any]:
        """Return one kind of entity of the board by id."""
        found: dict[str, Any] = (await self.get("/api/board"))["entities"].get(entity, {})
        return found

    async def shows(self, entity: str, id_: str, **fields: Any) -> dict[str, Any]:
        """Wait until the board shows an entity with these values; return the whole of it."""

        async def read() -> dict[str, Any] | None:
            found: dict[str, Any] | None = (await self.board(entity)).get(id_)
            told = found is not None and all(found[name] == fields[name] for name in fields)
            return found if told else None

        return await until(read, f"{entity} {id_} has {fields}")

    async def recordings(self, query: str = "") -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = (await self.get(f"/api/recordings?limit=1000&{query}"))[
            "recordings"
        ]
        return found

    def phone(self, phone_id: str, tone: int, **more: Any) -> Any:
        """Return a phone that registers (``async with``)."""
        server = (LOCAL, self.settings.sip.port)
        return Phone.register(server, phone_id, secret(phone_id), tone=tone, **more)


async def until(
    read: Callable[[], Awaitable[T | None]],
    what: str,
    seconds: float = PATIENCE,
    every: float = 0.02,
) -> T:
    """Wait for a state that has to be asked for: return the first true answer."""
    loop = asyncio.get_running_loop()
    deadline = loop.time() + seconds
    while not (value := await read()):
        if loop.time() > deadline:
            raise AssertionError(f"not reached in {seconds} s: {what}; last answer: {value!r}")
        await asyncio.sleep(every)
    return value


@contextlib.asynccontextmanager
async def own_server(data: Path, **more: Any) -> AsyncIterator[Server]:
    """Yield a server that is not started, with three desks, three phones and a line in its directory."""
    settings = own_settings(data, **more)
    await asyncio.to_thread(data.mkdir, parents=True, exist_ok=True)
    async with Database(settings.database_url()) as db:
        directory = DirectoryService(db)
        await directory.start()
        await fill(SimpleNamespace(directory=directory))  # type: ignore[arg-type]
    server = Server(settings)
    try:
        yield server
    finally:
        await server.close()
