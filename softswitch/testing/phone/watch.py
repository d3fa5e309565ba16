"""Waiting for a state: predicates that are looked at again whenever something has changed."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any, TypeVar

from softswitch.testing.phone.errors import WaitTimeout

T = TypeVar("T")


class Watch:
    """Wakes those who wait for a condition on one object.

    `notify` runs the predicates at once, in the place where the change is made. So no state is
    missed that lasts only until the next change, and nothing is polled.
    """

    def __init__(self) -> None:
        self._waiting: dict[asyncio.Future[Any], Callable[[], Any]] = {}

    def notify(self) -> None:
        if not self._waiting:
            return
        for future, predicate in list(self._waiting.items()):
            if future.done():
                continue
            try:
                value = predicate()
            except (
                Exception
            ) as error:  # the one who waits must learn of it, not the one who notifies
                future.set_exception(error)
                continue
            if value is not None and value is not False:
                future.set_result(value)

    async def until(
        self,
        predicate: Callable[[], T | None],
        timeout: float,
        describe: Callable[[], str],
    ) -> T:
        """The first value of `predicate` that is neither None nor False."""
        value = predicate()
        if value is not None and value is not False:
            return value
        future: asyncio.Future[T] = asyncio.get_running_loop().create_future()
        self._waiting[future] = predicate
        try:
            async with asyncio.timeout(timeout):
                return await future
        except TimeoutError:
            raise WaitTimeout(f"{describe()} (waited {timeout:g} s)") from None
        finally:
            del self._waiting[future]
