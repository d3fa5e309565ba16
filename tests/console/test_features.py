"""Night service, camp-on, intercom and SIP lock-outs, as a dispatcher and a supervisor use them."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest
import pytest_asyncio
from playwright.async_api import Browser, expect

from softswitch.app import System
from softswitch.features.night_model import Mode
from softswitch.ports import AuthenticationFailed
from softswitch.testing.system import sip_phone, until
from tests.console.kit import console

pytestmark = [
    pytest.mark.asterisk,
    pytest.mark.browser,
    pytest.mark.asyncio(loop_scope="module"),
]
THIEF = "198.51.100.7"


@pytest_asyncio.fixture(autouse=True, loop_scope="module")
async def plain_day(system: System) -> AsyncIterator[None]:
    yield
    features = system.features
    for camp in list(features.camps.camps):
        await features.camps.cancel("test", camp)
    await features.nights.switch("test", Mode.OFF)
    await features.nights.set("test", targets=[], periods=[], lines={})
    await features.nights.switch("test", Mode.AUTO)
    await features.intercom.allow("test", "2001", False)


async def test_night_is_switched_by_keyboard_and_everybody_sees_by_whom(
    system: System, browser: Browser
) -> None:
    nights = system.features.nights
    await nights.set("test", targets=["13800000000"])
    async with (
        console(browser, system.url) as boss,
        console(browser, system.url, theme="light") as other,
    ):
        await boss.sign_in("chen")
        await other.sign_in("li")
        await expect(boss.page.get_by_test_id("night")).to_have_attribute("data-on", "false")
        await boss.press("y")
        await expect(boss.page.get_by_test_id("night-auto")).to_be_focused()
        await boss.press("ArrowLeft", "ArrowLeft", "Enter")
        for desk in (boss, other):
            await expect(desk.page.get_by_test_id("night")).to_have_attribute("data-on", "true")
        assert nights.on
        await expect(boss.page.get_by_test_id("night-by")).to_have_text("chen")
        told = other.page.get_by_role("alert").filter(
            has_text="Night service: emergency calls go to"
        )
        await expect(told).to_be_visible()
        await boss.press("Escape")
        await expect(boss.page.get_by_test_id("night-by")).to_have_count(0)
        await expect(boss.page.get_by_test_id("night")).to_be_focused()


async def test_the_targets_and_the_timetable_are_edited(system: System, browser: Browser) -> None:
    nights = system.features.nights
    async with console(browser, system.url) as desk:
        page = desk.page
        await desk.sign_in("chen")
        await page.get_by_role("button", name="Administration").click()
        await page.get_by_role("tab", name="Night service").click()
        form = page.get_by_test_id("night-form")
        await form.get_by_test_id("add-period").click()
        await expect(form.get_by_role("status")).to_contain_text("needs a night target")
        save = form.get_by_role("button", name="Save")
        await expect(save).to_be_disabled()
        target = form.get_by_role("textbox", name="Night targets")
        await target.fill("13800000000")
        await target.press("Enter")
        await form.get_by_test_id("period").get_by_label("Sat").check()
        await save.click()
        await expect(save).to_be_disabled()
        await until(lambda: nights.night.targets == ("13800000000",), what="it is stored")
        assert [p.days for p in nights.night.periods] == [(1, 2, 3, 4, 5, 6)]
        assert [(p.begin, p.end) for p in nights.night.periods] == [(1080, 480)]
        # A number that cannot be a target is refused by the server, and what was typed stays.
        await target.fill("110")
        await target.press("Enter")
        await save.click()
        await expect(page.get_by_role("alert").filter(has_text="110")).to_be_visible()
        await expect(save).to_be_enabled()
        assert nights.night.targets == ("13800000000",)


async def test_what_is_typed_while_the_targets_are_stored_stays(
    system: System, browser: Browser
) -> None:
    nights = system.features.nights
    async with console(browser, system.url) as desk:
        page = desk.page
        await desk.sign_in("chen")
        await page.get_by_role("button", name="Administration").click()
        await page.get_by_role("tab", name="Night service").click()
        form = page.get_by_test_id("night-form")
        save = form.get_by_role("button", name="Save")
        target = form.get_by_role("textbox", name="Night targets")
        await target.fill("13800000000")
        await target.press("Enter")
        async with desk.late_answer("PUT", "**/api/night"):
            await save.click()
            await until(lambda: nights.night.targets == ("13800000000",), what="it is stored")
            await target.fill("13900000000")
            await target.press("Enter")
        await expect(form).to_contain_text("13900000000")
        await save.click()
        both = ("13800000000", "13900000000")
        await until(lambda: nights.night.targets == both, what="the other is stored too")
        await expect(save).to_be_disabled()


async def test_a_busy_extension_is_waited_for_with_a_key_and_given_up_with_a_click(
    system: System, browser: Browser
) -> None:
    camps = system.features.camps
    async with (
        console(browser, system.url) as desk,
        sip_phone(system, "2001") as citizen,
        sip_phone(system, "2002", auto_answer=True),
    ):
        page = desk.page
        await desk.sign_in("li")
        await desk.sit("1001")
        call = await citizen.dial("2002")
        await call.answered()
        tile = page.get_by_test_id("tile-2001")
        await expect(tile).to_have_attribute("data-state", "talking")
        await tile.focus()
        await desk.press("u")
        chip = page.get_by_test_id("camp-2001")
        await expect(chip).to_contain_text("2001")
        assert [(c.caller, c.target) for c in camps.camps.values()] == [("1001", "2001")]
        pressed = page.get_by_test_id("camp-on-2001")
        await expect(pressed).to_have_attribute("aria-pressed", "true")
        await chip.get_by_role("button").click()
        await expect(chip).to_have_count(0)
        assert not camps.camps

        # The same out of a dial that meets the busy extension, and then it rings here when it is free.
        await desk.press("/")
        await page.keyboard.type("2002")
        await desk.press("Enter")
        await page.get_by_test_id("notice-action").click()
        await expect(page.get_by_test_id("camp-2002")).to_be_visible()
        await desk.press("F4")
        await desk.own_call("none")
        await call.hangup()
        await desk.answer()
        await expect(page.get_by_test_id("camp-2002")).to_have_count(0)
        await desk.press("F4")
        await desk.own_call("none")


async def test_intercom_is_allowed_in_the_administration_and_then_one_click_away(
    system: System, browser: Browser
) -> None:
    async with (
        console(browser, system.url) as boss,
        console(browser, system.url) as desk,
        sip_phone(system, "2001", auto_answer=True),
    ):
        await boss.sign_in("chen")
        await desk.sign_in("li")
        await desk.sit("1001")
        button = desk.page.get_by_test_id("intercom-2001")
        await expect(button).to_have_count(0)
        await boss.page.get_by_role("button", name="Administration").click()
        await boss.page.get_by_test_id("rule-2001").click()
        await expect(boss.page.get_by_test_id("rule-2001")).to_have_attribute(
            "aria-pressed", "true"
        )
        assert "2001" in system.features.intercom.allowed()
        await button.click()  # both phones answer by themselves
        await desk.own_call("talking")
        await desk.press("F4")
        await desk.own_call("none")


async def test_a_phone_that_is_locked_out_is_unlocked(system: System, browser: Browser) -> None:
    for _ in range(5):
        await system.sip_lockout.saw(AuthenticationFailed("2001-sip", THIEF))
    async with console(browser, system.url) as desk:
        page = desk.page
        await desk.sign_in("chen")
        await page.get_by_role("button", name="Administration").click()
        await page.get_by_role("tab", name="SIP lock-outs").click()
        row = page.locator("tr", has_text=THIEF)
        await expect(row).to_contain_text("2001-sip")
        await row.get_by_role("button", name="Unlock").click()
        await expect(row).to_have_count(0)
    assert not system.sip_lockout.blocked()
