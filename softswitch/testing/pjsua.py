"""An independent softphone, pjsua2, so that a mistake of our own SIP stack cannot hide.

    async with Softphone.start(tone=650) as softphone:
        await softphone.open("1002", server=("127.0.0.1", 5060), password="secret")
        caller = await softphone.incoming()
        await softphone.answer()
        await softphone.hears(450)
        await softphone.hangup()
        await softphone.disconnected()

One call at a time; pjsua2 2.15 has a wheel for CPython 3.11 only.
"""

from __future__ import annotations

import asyncio
import base64
import contextlib
import json
import os
import sys
import tempfile
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any, TypeVar

import numpy as np

from softswitch.testing import audio
from softswitch.testing.patience import PATIENCE
from softswitch.testing.phone import g711
from softswitch.testing.phone.ear import Ear
from softswitch.testing.phone.errors import PhoneError, RegistrationFailed
from softswitch.testing.phone.frames import Frame
from softswitch.testing.phone.watch import Watch

T = TypeVar("T")


class Softphone:
    def __init__(self, process: asyncio.subprocess.Process, folder: Path) -> None:
        self._process = process
        self._folder = folder
        self.ear = Ear("pjsua")
        self.watch = Watch()
        self.history: list[str] = []
        self.callers: list[str] = []
        self.state = "NULL"
        self.status = 0
        self.registration: int | None = None
        self.received_digits = ""
        self.ready = False
        self.failure: str | None = None

    @classmethod
    @contextlib.asynccontextmanager
    async def start(cls, tone: int | tuple[int, ...] = ()) -> AsyncIterator[Softphone]:
        with tempfile.TemporaryDirectory(prefix="pjsua-") as name:
            folder = Path(name)
            tones = (tone,) if isinstance(tone, int) else tone
            audio.write_wav(folder / "says.wav", audio.tone(*tones, seconds=1))
            process = await asyncio.create_subprocess_exec(
                sys.executable, "-m", "softswitch.testing.pjsua_child", name,
                stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE,
                stderr=asyncio.subprocess.DEVNULL, limit=1 << 20,
                # A server that runs the tests may have another working folder than the sources.
                env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
            )  # fmt: skip
            softphone = cls(process, folder)
            reading = asyncio.create_task(softphone._read())
            try:
                yield softphone
            finally:
                await softphone._stop()
                await reading

    async def open(
        self,
        user: str,
        *,
        server: tuple[str, int] | None = None,
        password: str = "",
        transport: str = "udp",
        srtp: bool | None = None,
        timeout: float = PATIENCE,
    ) -> None:
        """With a server it registers there, and this returns when that has succeeded."""
        where = f"{server[0]}:{server[1]}" if server else ""
        secured = transport == "tls" if srtp is None else srtp
        self._tell(
            "open", transport=transport, user=user, server=where, password=password, srtp=secured
        )
        await self._until(lambda: self.ready, "open", timeout)
        if server is not None:
            status = await self._until(lambda: self.registration, "be registered", timeout)
            if status != 200:
                raise RegistrationFailed(status, f"pjsua {user}: REGISTER got {status}")

    def dial(self, uri: str) -> None:
        self._tell("dial", uri=uri)

    async def incoming(self, timeout: float = PATIENCE) -> str:
        """The caller's address, as its From header gives it."""
        return await self._until(
            lambda: self.callers.pop(0) if self.callers else None, "be called", timeout
        )

    async def answer(self, status: int = 200) -> None:
        self._tell("answer", status=status)
        if status == 200:
            await self.answered()

    async def answered(self, timeout: float = PATIENCE) -> None:
        await self._until(lambda: self.state == "CONFIRMED", "be answered", timeout)

    async def disconnected(self, timeout: float = PATIENCE) -> int:
        """The end of the call; its last SIP status."""
        await self._until(lambda: self.state == "DISCONNECTED", "be disconnected", timeout)
        return self.status

    def hangup(self) -> None:
        self._tell("hangup")

    def hold(self) -> None:
        self._tell("hold")

    def resume(self) -> None:
        self._tell("resume")

    def send_digits(self, digits: str) -> None:
        self._tell("digits", digits=digits)

    async def receives(self, digits: str, timeout: float = PATIENCE) -> None:
        await self._until(
            lambda: self.received_digits == digits, f"receive keys {digits!r}", timeout
        )

    async def hears(self, *tones: int, frames: int = 3, timeout: float = PATIENCE) -> float:
        return await self.ear.hears(*tones, frames=frames, timeout=timeout)

    async def hears_not(self, *tones: int, frames: int = 15, timeout: float = PATIENCE) -> None:
        await self.ear.hears_not(*tones, frames=frames, timeout=timeout)

    async def _until(self, value: Callable[[], T | None], wanted: str, timeout: float) -> T:
        def predicate() -> T | None:
            if self.failure is not None:
                raise PhoneError(f"pjsua: {self.failure}")
            return value()

        def describe() -> str:
            return f"pjsua should {wanted}; seen: {', '.join(self.history) or 'nothing'}"

        return await self.watch.until(predicate, timeout, describe)

    def _tell(self, command: str, **fields: object) -> None:
        assert self._process.stdin is not None
        self._process.stdin.write(json.dumps({"command": command, **fields}).encode() + b"\n")

    async def _read(self) -> None:
        assert self._process.stdout is not None
        async for line in self._process.stdout:
            fields = json.loads(line)
            self._take(fields.pop("event"), fields)
            self.watch.notify()
        self.failure = self.failure or "its process has ended"
        self.ear.close(self.failure)
        self.watch.notify()

    def _take(self, event: str, fields: dict[str, Any]) -> None:
        if event == "audio":
            self._hear(base64.b64decode(fields["samples"]))
            return
        self.history.append(" ".join([event, *map(str, fields.values())]))
        if event == "open":
            self.ready = True
        elif event == "registration":
            self.registration = fields["status"]
        elif event == "incoming":
            self.callers.append(fields["caller"])
        elif event == "state":
            self.state, self.status = fields["state"], fields["status"]
        elif event == "digit":
            self.received_digits += fields["digit"]
        elif event == "error":
            self.failure = fields["text"]

    def _hear(self, data: bytes) -> None:
        samples = np.frombuffer(data, "<i2").astype(np.int16)
        now = asyncio.get_running_loop().time()
        for at in range(0, len(samples), g711.FRAME):
            number = self.ear.total
            payload = g711.encode(samples[at : at + g711.FRAME])
            self.ear.receive(Frame(now, number & 0xFFFF, number * 160, payload, "PCMU"))
            self.ear.tick()

    async def _stop(self) -> None:
        assert self._process.stdin is not None
        self._process.stdin.close()
        try:
            async with asyncio.timeout(5):
                await self._process.wait()
        except TimeoutError:
            self._process.kill()
            await self._process.wait()
