"""Two phones that talk, and what a supervisor presses to come into their call."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass

from playwright.async_api import Locator, expect

from softswitch.app import System
from softswitch.testing.phone import Call
from softswitch.testing.system import sip_phone
from tests.console.kit import Console

FIRST, OTHER = 450, 650
WARNING = 950


@dataclass
class Talk:
    """2001 and 2002 talk, past every desk."""

    first: Call
    other: Call

    async def end(self) -> None:
        await self.first.hangup()
        await self.other.ended()


@asynccontextmanager
async def talk(system: System) -> AsyncIterator[Talk]:
    async with AsyncExitStack() as stack:
        first = await stack.enter_async_context(sip_phone(system, "2001", tone=FIRST))
        other = await stack.enter_async_context(sip_phone(system, "2002", tone=OTHER))
        call = await first.dial("2002")
        rung = await other.incoming()
        await rung.answer()
        await call.hears(OTHER)
        yield Talk(call, rung)


def row(desk: Console) -> Locator:
    return desk.page.get_by_test_id("call").first


async def mark(desk: Console) -> None:
    """Bring the focus to the first call of the list, by keys."""
    await expect(row(desk)).to_have_attribute("data-state", "talking")
    await desk.press("Escape", "c")
    await expect(row(desk).locator("[data-item]")).to_be_focused()


async def ask(desk: Console, key: str, reason: str = "1") -> None:
    """Press the key of an act on the marked call, choose a reason, confirm."""
    await mark(desk)
    await desk.press(key)
    await expect(desk.page.get_by_test_id("intercept-dialog")).to_be_visible()
    await expect(desk.page.locator("[name=reason]")).to_be_focused()
    await desk.press(reason, "Enter")
    await expect(desk.page.get_by_test_id("intercept-dialog")).to_be_hidden()


async def shown(desk: Console, act: str, stage: str = "up") -> None:
    selector = f"[data-testid=intercept][data-act={act}][data-stage={stage}]"
    await desk.page.wait_for_selector(selector)


async def gone(desk: Console) -> None:
    await expect(desk.page.get_by_test_id("intercept")).to_have_count(0)
