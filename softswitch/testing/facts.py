"""Keeps every fact of a stream, and waits for the one that a test is about."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import suppress
from typing import Generic, TypeVar

from softswitch.testing.patience import PATIENCE

F = TypeVar("F")
T = TypeVar("T")


async def eventually(check: Callable[[], bool], timeout: float = PATIENCE) -> None:
    """Wait for a state outside of the event loop (a file, another process) that nobody tells about."""
    try:
        async with asyncio.timeout(timeout):
            while not check():  # noqa: ASYNC110  # there is no event to wait for
                await asyncio.sleep(0.01)
    except TimeoutError:
        raise AssertionError(f"{check} did not become true in {timeout:g} s") from None


class FactLog(Generic[F]):
    """Reads a stream in the background; ``facts`` is all that came so far."""

    def __init__(self, stream: AsyncIterator[F]) -> None:
        self.facts: list[F] = []
        self._arrived = asyncio.Condition()
        self._task = asyncio.create_task(self._read(stream))

    async def _read(self, stream: AsyncIterator[F]) -> None:
        async for fact in stream:
            async with self._arrived:
                self.facts.append(fact)
                self._arrived.notify_all()

    async def first(self) -> F:
        """Wait for the first fact of all."""
        return await self._until(lambda: self.facts[0] if self.facts else None, "any fact")

    async def wait_for(
        self,
        kind: type[T],
        predicate: Callable[[T], bool] = lambda _fact: True,
        *,
        after: int = 0,
        timeout: float = PATIENCE,
    ) -> T:
        """Wait for a fact of a kind, among those after the first ``after``."""

        def find() -> T | None:
            for fact in self.facts[after:]:
                if isinstance(fact, kind) and predicate(fact):
                    return fact
            return None

        return await self._until(find, kind.__name__, timeout)

    async def until(self, predicate: Callable[[], bool], timeout: float = PATIENCE) -> None:
        """Wait until ``predicate`` is true; it is asked after each fact."""
        await self._until(lambda: True if predicate() else None, "the wanted state", timeout)

    async def _until(
        self, find: Callable[[], T | None], wanted: str, timeout: float = PATIENCE
    ) -> T:
        async with self._arrived:
            found = find()
            try:
                async with asyncio.timeout(timeout):
                    while found is None:
                        await self._arrived.wait()
                        found = find()
            except TimeoutError:
                tail = "\n  ".join(map(repr, self.facts[-20:]))
                raise AssertionError(f"{wanted} did not come; the last facts:\n  {tail}") from None
            return found

    async def close(self) -> None:
        """Stop reading."""
        self._task.cancel()
        with suppress(asyncio.CancelledError):
            await self._task
