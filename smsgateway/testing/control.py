"""Drives a message centre in a process of its own: commands and answers are JSON, one line each.

Two programs understand them: our centre on Twisted and the one on npm's ``smpp``.  What the tests say of the gateway
holds against both.
"""

from __future__ import annotations

import asyncio
import functools
import json
import sys
from collections.abc import Sequence
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from softswitch.setup.node import find_node

OWN = (sys.executable, "-m", "smsgateway.testing.centre")
CMPP = (sys.executable, "-m", "smsgateway.testing.cmpp_centre")
_HERE = Path(__file__).resolve().parent
NPM = ("node", str(_HERE / "npm_centre.cjs"))
"""Needs the packages of the console: ``smpp`` is one of those for its tests."""

_ROOT = _HERE.parent.parent
_PATIENCE = 30.0


class CentreProcess:
    """``async with CentreProcess(OWN) as centre``: ``centre.port``; it ends with the block."""

    def __init__(self, command: Sequence[str] = OWN) -> None:
        self.port = 0
        self._command = command
        self._process: asyncio.subprocess.Process | None = None
        self._one_at_a_time = asyncio.Lock()

    async def __aenter__(self) -> Self:
        self._process = await asyncio.create_subprocess_exec(
            *self._command,
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            limit=1 << 24,
            env=_node_environment() if self._command[0] == "node" else None,
        )
        self.port = int(await self._answer())
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        process = self._process
        assert process is not None
        assert process.stdin is not None
        process.stdin.close()
        try:
            async with asyncio.timeout(_PATIENCE):
                await process.wait()
        except TimeoutError:
            process.kill()
            await process.wait()
            raise

    async def do(self, word: str, **given: Any) -> Any:
        """Give a command; return its answer."""
        assert self._process is not None
        assert self._process.stdin is not None
        async with self._one_at_a_time:
            self._process.stdin.write(json.dumps([word, given]).encode() + b"\n")
            return await self._answer()

    async def set(self, **behaviour: Any) -> None:
        """Change how it behaves: the fields of :class:`smsgateway.testing.centre.Behaviour`."""
        await self.do("set", **behaviour)

    async def counts(self) -> dict[str, int]:
        """Return what it has taken so far."""
        found: dict[str, int] = await self.do("counts")
        return found

    async def _answer(self) -> Any:
        assert self._process is not None
        assert self._process.stdout is not None
        async with asyncio.timeout(_PATIENCE):
            line = await self._process.stdout.readline()
        if not line:
            raise EOFError("The centre ended.")
        return json.loads(line)


@functools.cache
def _node_environment() -> dict[str, str]:
    """Return where Node is, which the set-up may have put into .venv, and its packages."""
    node = find_node(_ROOT)
    if node is None:
        raise FileNotFoundError("There is no Node; scripts/test installs one.")
    return {**node.environment(), "NODE_PATH": str(_ROOT / "console" / "node_modules")}
