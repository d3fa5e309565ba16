"""The page of conferences, opened by its key, and what is left of it after a test."""

from __future__ import annotations

from playwright.async_api import Locator, Page, expect

from softswitch.app import System
from softswitch.testing.system import until
from tests.console.kit import Console


def member(page: Page, number: str, state: str = "") -> Locator:
    found = page.get_by_test_id(f"member-{number}")
    return found.and_(page.locator(f"[data-state={state}]")) if state else found


async def is_(page: Page, number: str, state: str) -> None:
    await expect(member(page, number, state)).to_be_visible()


async def open_page(desk: Console, login: str = "chen") -> Page:
    """Sign in, sit at desk 1001 and open the page by its key."""
    await desk.sign_in(login)
    await desk.sit("1001")
    await desk.press("g")
    await expect(desk.page.get_by_role("tab", name="Rooms and group calls")).to_be_focused()
    return desk.page


async def group(system: System, name: str, *numbers: str) -> None:
    await system.conferences.groups.put("test", name, [{"number": n} for n in numbers])


async def pick_group(page: Page, name: str) -> None:
    await page.get_by_role("checkbox", name=name).click()


async def end_all(system: System) -> None:
    """End every notification and room, and drop every group."""
    conferences = system.conferences
    for notice in list(conferences.notices.notices):
        await conferences.notices.stop("test", notice)
    for room in list(conferences.books.rooms.values()):
        await conferences.rooms.close("test", room.id)
    for group in await conferences.groups.all():
        await conferences.groups.drop("test", group["id"])
    await until(lambda: not conferences.books.by_channel, what="no leg is in the books")
