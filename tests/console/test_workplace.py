"""One workplace: a page beside the queue and the own call, the wall of the command room, screens of any size."""

from __future__ import annotations

import pytest
from playwright.async_api import Browser, Locator, Page, expect

from softswitch.access.model import Actor, Role
from softswitch.app import System
from softswitch.layers.incidents.books import new_id
from softswitch.layers.incidents.model import Status
from softswitch.testing.system import sip_phone, until
from tests.console.kit import PAGES, PASSWORD, SMALL, console

pytestmark = [
    pytest.mark.asterisk,
    pytest.mark.browser,
    pytest.mark.asyncio(loop_scope="module"),
]
WANG = Actor("wang", "王", Role.DISPATCHER)


async def is_whole(part: Locator, page: Page) -> None:
    """The part is on the screen with all its width and height."""
    box = await part.bounding_box()
    size = page.viewport_size
    assert box is not None
    assert size is not None
    assert box["x"] >= 0
    assert box["y"] >= 0
    assert box["x"] + box["width"] <= size["width"]
    assert box["y"] + box["height"] <= size["height"]


async def test_a_page_stands_beside_the_queue_the_own_call_and_its_incident(
    system: System, browser: Browser
) -> None:
    async with (
        console(browser, system.url) as desk,
        sip_phone(system, "2001") as first,
        sip_phone(system, "2002") as second,
    ):
        page = desk.page
        await desk.sign_in("li")
        await desk.sit("1001")
        one = await first.dial("119")
        await desk.answer()
        two = await second.dial("120")
        await expect(page.get_by_test_id("waiting")).to_have_count(1)

        await desk.press("Shift+M", "Shift+B")  # the map, put to the side
        for part in ("[data-page=map]", "[data-part=incident]", "[data-testid=own-call]"):
            await is_whole(page.locator(part), page)
        await is_whole(page.get_by_test_id("waiting"), page)
        await expect(page.locator("[data-part=board]")).to_have_count(0)

        await desk.press("Shift+I")  # the case beside the map, the call as one line
        for part in ("[data-page=incidents]", "[data-page=map]", "[data-testid=own-call]"):
            await is_whole(page.locator(part), page)
        await desk.press("F6")
        await desk.own_call("held")
        await desk.press("F6")
        await desk.own_call("talking")
        await desk.press("F8")  # all buttons of the call, and the page stays
        await expect(page.get_by_test_id("transfer")).to_have_attribute("aria-pressed", "true")
        await expect(page.locator("[data-page=incidents]")).to_be_visible()
        await desk.press("Escape", "Shift+D", "Shift+B", "Shift+B")  # duty to the side, and away
        await expect(page.locator("[data-page]")).to_have_count(0)
        await expect(page.locator("[data-part=board]")).to_be_visible()
        await one.hangup()
        await two.hangup()


async def test_on_a_small_screen_every_page_keeps_queue_and_call_in_reach(
    system: System, browser: Browser
) -> None:
    async with (
        console(browser, system.url, theme="light") as desk,
        sip_phone(system, "2001") as one,
    ):
        page = desk.page
        await page.set_viewport_size(SMALL)
        await desk.sign_in("chen")
        await desk.sit("1001")
        call = await one.dial("119")
        await desk.answer()
        for name in PAGES:
            await is_whole(await desk.turn_to(name), page)
            await is_whole(page.locator("[data-part=queue]"), page)
            await is_whole(page.get_by_test_id("unfold"), page)
            await expect(page.get_by_role("button", name="Hang up")).to_be_enabled()
        assert await page.evaluate("document.documentElement.scrollWidth") <= SMALL["width"]
        await call.hangup()


async def test_the_wall_tells_who_waits_and_what_is_open_and_takes_no_telephone(
    system: System, browser: Browser
) -> None:
    layer = system.layers.incidents
    assert layer is not None
    fields = {"title": "化工厂氨气泄漏", "address": "汇东路1号", "type": "20601", "grade": 1}
    worst = await layer.service.create(WANG, new_id(), fields)
    await system.users.add(WANG, "wall1", "Wall", Role.WALL.value, PASSWORD, "zh")
    async with (
        console(browser, system.url, language="zh") as wall,
        sip_phone(system, "2001") as first,
        sip_phone(system, "2002") as second,
    ):
        page = wall.page
        # A display comes to the wall wherever it signs in.
        await page.fill("[name=login]", "wall1")
        await page.fill("[name=password]", PASSWORD)
        await page.keyboard.press("Enter")
        await expect(page.get_by_test_id("wall")).to_be_visible()
        assert await page.locator("button, input, a").count() == 0
        one = await first.dial("119")
        two = await second.dial("119")
        await expect(page.get_by_test_id("wall-119")).to_contain_text("2")
        await expect(page.get_by_test_id("wall-waiting")).to_have_text("2")
        row = page.get_by_test_id("wall-incident").first
        await expect(row).to_contain_text("化工厂氨气泄漏")
        await expect(row).to_contain_text("特别重大")
        await expect(page.get_by_test_id("wall-map").locator("canvas").first).to_be_visible()
        await one.hangup()
        await two.hangup()
        await expect(page.get_by_test_id("wall-waiting")).to_have_text("0")
        done = await layer.service.edit(WANG, worst["id"], worst["version"], {"result": "误报"})
        await layer.service.move(WANG, worst["id"], done["version"], Status.CLOSED)
        await expect(row).not_to_contain_text("化工厂氨气泄漏")
        await system.users.remove(WANG, "wall1")
        await expect(page.locator("[name=login]")).to_be_visible()
    await until(lambda: not system.center.board.legs, what="no channel is left")
