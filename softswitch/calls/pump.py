"""Carries facts from the switch to the call centre, in order, for as long as the system runs."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Protocol

from softswitch.calls.center import CallCenter
from softswitch.ports import Connected, ControlFact, SwitchFact

log = logging.getLogger(__name__)


class Facts(Protocol):
    """A switch that tells facts."""

    def facts(self) -> AsyncIterator[SwitchFact]: ...


class Control(Protocol):
    """A control connection that tells facts."""

    def facts(self) -> AsyncIterator[ControlFact]: ...


class Pump:
    """Two streams into one centre. Control begins when the board has its first snapshot."""

    def __init__(
        self,
        center: CallCenter,
        switch: Facts,
        control: Control,
        also: Callable[[SwitchFact], Awaitable[None]],
    ) -> None:
        self._center = center
        self._switch = switch
        self._control = control
        self._also = also
        self.ready = asyncio.Event()
        self._tasks: list[asyncio.Task[None]] = []

    def start(self) -> None:
        """Begin."""
        self._tasks = [
            asyncio.create_task(self._pump_switch(), name="facts of the switch"),
            asyncio.create_task(self._pump_control(), name="facts of control"),
        ]

    async def stop(self) -> None:
        """End; calls go on."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def _pump_switch(self) -> None:
        async for fact in self._switch.facts():
            try:
                self._center.on_switch(fact)
            except Exception:
                log.exception("a fact of the switch could not be taken: %s", fact)
            await self._also(fact)
            if isinstance(fact, Connected):
                self.ready.set()

    async def _pump_control(self) -> None:
        await self.ready.wait()
        async for fact in self._control.facts():
            try:
                self._center.on_control(fact)
            except Exception:
                log.exception("a fact of control could not be taken: %s", fact)
