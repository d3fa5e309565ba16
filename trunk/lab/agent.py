"""Commands inside the guest: pull a cable, end a process, read a file.

They go over a serial port of the guest, which QEMU gives the host as a socket: one line with a number
and a command, one line back with the number, the exit status and the output in base64.
"""

from __future__ import annotations

import asyncio
import base64
import itertools
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import Self

_LONGEST = 4_000_000
READY = "ready"

GUEST_LOOP = """\
# Answers the host's commands. When the host is gone and the job says so, the guest ends itself.
serve() {
  while IFS= read -r line; do
    number=${line%% *}
    output=$(sh -c "${line#* }" 2>&1); status=$?
    printf '%s %s %s\\n' "$number" "$status" "$(printf '%s' "$output" | base64 -w 0)"
  done
}
port=$(ls /dev/vport*p1)
exec 3<>"$port"
echo "ready 0 " >&3
while true; do
  serve <&3 >&3
  [ -e /job/tied ] && poweroff -f
  usleep 200000
done
"""


class GuestFailed(Exception):
    """The guest refused a command, or does not answer; the message says which."""


class Agent:
    """A connection to the guest's command port; one command at a time."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader = reader
        self._writer = writer
        self._numbers = itertools.count(1)
        self._turn = asyncio.Lock()

    @classmethod
    async def connect(cls, path: Path) -> Agent:
        """Connect to QEMU's socket; raise OSError when it is not there."""
        return cls(*await asyncio.open_unix_connection(path, limit=_LONGEST))

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self.close()

    async def ready(self, seconds: float) -> None:
        """Wait until the guest has come up."""
        await self._answer(READY, "coming up", seconds)

    async def run(self, command: str, *, seconds: float = 20.0) -> str:
        """Run a shell command and return its output; raise :class:`GuestFailed` when it fails."""
        if "\n" in command:
            raise GuestFailed(f"The command {command!r} is more than one line.")
        async with self._turn:
            number = str(next(self._numbers))
            self._writer.write(f"{number} {command}\n".encode())
            status, output = await self._answer(number, command, seconds)
        if status:
            raise GuestFailed(f"In the guest, {command!r} ended with {status}: {output.strip()}")
        return output

    async def read(self, path: str) -> bytes:
        """Return what is in a file of the guest; raise :class:`GuestFailed` when it cannot be read."""
        return base64.b64decode(await self.run(f"base64 -w 0 {path}"))

    async def write(self, path: str, data: bytes) -> None:
        """Write a file of the guest anew."""
        await self.run(f"echo {base64.b64encode(data).decode()} | base64 -d > {path}")

    async def close(self) -> None:
        """Leave the guest; it goes on, unless its job ties it to us."""
        self._writer.close()
        with suppress(OSError):
            await self._writer.wait_closed()

    async def _answer(self, number: str, what: str, seconds: float) -> tuple[int, str]:
        try:
            async with asyncio.timeout(seconds):
                while True:
                    line = (await self._reader.readline()).decode("ascii", "replace")
                    if not line:
                        raise GuestFailed(f"The guest ended at: {what}.")
                    name, _, rest = line.rstrip("\r\n").partition(" ")
                    # What an earlier host asked for and did not wait for may still come.
                    if name == number:
                        status, _, packed = rest.partition(" ")
                        return int(status), base64.b64decode(packed).decode(errors="replace")
        except ConnectionError:
            raise GuestFailed(f"The guest ended at: {what}.") from None
        except TimeoutError:
            raise GuestFailed(f"The guest does not answer in {seconds:.0f} s: {what}.") from None
