"""A whole shift without a mouse."""

from __future__ import annotations

import pytest
from playwright.async_api import Browser, Page, expect

from softswitch.app import System
from softswitch.testing.system import sip_phone, until
from tests.console.kit import BROWSER_TONE, PASSWORD, console

pytestmark = [
    pytest.mark.asterisk,
    pytest.mark.browser,
    pytest.mark.asyncio(loop_scope="module"),
]


async def focused(page: Page) -> str:
    found = await page.evaluate(
        "document.activeElement.closest('[data-part]')?.dataset.part ?? document.activeElement.tagName"
    )
    return str(found)


async def test_a_shift_by_keys_alone(system: System, browser: Browser) -> None:
    async with (
        console(browser, system.url) as desk,
        sip_phone(system, "2001", tone=450) as citizen,
        sip_phone(system, "2002", tone=650) as station,
    ):
        keys, page = desk.page.keyboard, desk.page
        await expect(page.locator("[name=login]")).to_be_focused()
        await keys.type("li")
        await keys.press("Tab")
        await keys.type(PASSWORD)
        await keys.press("Enter")
        await desk.lamp("link", "up")

        await keys.press("s")
        await expect(page.get_by_test_id("sit-1001")).to_be_focused()
        await keys.press("Enter")
        await desk.lamp("phone", "registered")

        call = await citizen.dial("120")
        await desk.own_call("ringing")
        await keys.press("Enter")
        await call.hears(BROWSER_TONE)

        await keys.press("i")
        await expect(page.get_by_test_id("incident-title")).to_be_focused()
        await keys.type("Fall from a ladder")
        await keys.press("F6")
        await desk.own_call("held")
        await keys.press("F6")
        await desk.own_call("talking")
        await until(
            lambda: "Fall from a ladder" in str(system.live.entities()["incident"]),
            what="the title is saved",
        )
        await keys.press("F4")
        await call.ended()

        await keys.press("Escape")
        await keys.press("/")
        await keys.type("2002")
        await keys.press("Enter")
        rung = await station.incoming()
        await rung.answer()
        await rung.hears(BROWSER_TONE)
        await desk.hears(650)
        await keys.press("F4")
        await rung.ended()
        await desk.own_call("none")


async def test_a_one_key_button_dials_and_a_second_press_takes_it_back(
    system: System, browser: Browser
) -> None:
    async with console(browser, system.url) as desk, sip_phone(system, "2002") as station:
        await desk.sign_in("li")
        await desk.sit("1001")
        button = desk.page.get_by_test_id("speed-1")
        await expect(button).to_contain_text("2002")
        await desk.press("Alt+1")
        rung = await station.incoming()
        await expect(button).to_contain_text("press again to cancel")
        await desk.press("Alt+1")
        await rung.ended()
        await desk.own_call("none")
        await expect(button).to_contain_text("2002")


async def test_arrows_move_in_queue_and_board(system: System, browser: Browser) -> None:
    async with (
        console(browser, system.url) as desk,
        sip_phone(system, "2001") as first,
        sip_phone(system, "2002") as second,
    ):
        await desk.sign_in("li")
        await desk.sit("1001")
        await desk.press("p")
        one = await first.dial("122")
        two = await second.dial("119")
        await expect(desk.page.get_by_test_id("waiting")).to_have_count(2)
        await desk.press("q")
        assert await focused(desk.page) == "queue"
        await desk.press("ArrowDown")
        last = desk.page.get_by_test_id("waiting").nth(1).locator("[data-item]")
        await expect(last).to_be_focused()
        await desk.press("Enter")
        await one.answered()
        await desk.own_call("talking")
        await expect(desk.page.get_by_test_id("own-number")).to_have_text("2001")
        await desk.press("Escape", "b", "ArrowRight")
        assert await focused(desk.page) == "board"
        await expect(desk.page.get_by_test_id("tile-1002")).to_be_focused()
        await desk.press("F4")
        await one.ended()
        await two.hangup()
        await desk.own_call("none")


async def test_the_overlay_lists_the_keys_and_closes(system: System, browser: Browser) -> None:
    async with console(browser, system.url) as desk:
        await desk.sign_in("li")
        await desk.press("?")
        overlay = desk.page.get_by_role("dialog", name="Keys")
        for key in ("F2", "F4", "F6", "F7", "F8", "F9", "/", "Alt"):
            await expect(overlay.locator("kbd", has_text=key).first).to_be_visible()
        await desk.press("Escape")
        await expect(overlay).to_be_hidden()
