"""Transfer, park, pickup, takeover and call-back from the console."""

from __future__ import annotations

import pytest
from playwright.async_api import Browser, expect

from softswitch.app import System
from softswitch.testing.system import sip_phone, until
from tests.console.kit import BROWSER_TONE, console

pytestmark = [
    pytest.mark.asterisk,
    pytest.mark.browser,
    pytest.mark.asyncio(loop_scope="module"),
]


async def test_a_blind_transfer_by_a_pick_on_the_board(system: System, browser: Browser) -> None:
    async with (
        console(browser, system.url) as desk,
        sip_phone(system, "2001", tone=450) as citizen,
        sip_phone(system, "2002", tone=650) as station,
    ):
        await desk.sign_in("li")
        await desk.sit("1001")
        call = await citizen.dial("120")
        await desk.answer()
        await call.answered()
        await desk.press("F8")
        await desk.page.get_by_test_id("tile-2002").click()
        await expect(desk.page.get_by_test_id("transfer-field")).to_have_value("2002")
        await desk.page.get_by_test_id("transfer-blind").click()
        rung = await station.incoming()
        await rung.answer()
        await call.hears(650)
        await rung.hears(450)
        await desk.own_call("none")
        await call.hangup()


async def test_an_attended_transfer_asks_first(system: System, browser: Browser) -> None:
    async with (
        console(browser, system.url) as desk,
        sip_phone(system, "2001", tone=450) as citizen,
        sip_phone(system, "2002", tone=650) as station,
    ):
        await desk.sign_in("li")
        await desk.sit("1001")
        call = await citizen.dial("120")
        await desk.answer()
        await call.answered()
        await desk.press("F8")
        await desk.page.keyboard.type("2002")
        await desk.page.get_by_test_id("transfer-attended").click()
        asked = await station.incoming()
        await asked.answer()
        await asked.hears(BROWSER_TONE)
        await asked.hears_not(450)
        await desk.page.get_by_test_id("transfer-complete").click()
        await call.hears(650)
        await asked.hears(450)
        await desk.own_call("none")
        await call.hangup()


async def test_an_attended_transfer_can_be_taken_back(system: System, browser: Browser) -> None:
    async with (
        console(browser, system.url) as desk,
        sip_phone(system, "2001", tone=450) as citizen,
        sip_phone(system, "2002", tone=650) as station,
    ):
        await desk.sign_in("li")
        await desk.sit("1001")
        call = await citizen.dial("120")
        await desk.answer()
        await call.answered()
        await desk.press("F8")
        await desk.page.keyboard.type("2002")
        await desk.page.get_by_test_id("transfer-attended").click()
        asked = await station.incoming()
        await asked.answer()
        await asked.hears(BROWSER_TONE)
        await desk.page.get_by_role("button", name="Back to the caller").click()
        await asked.ended()
        await call.hears(BROWSER_TONE)
        await desk.own_call("talking")
        await call.hangup()


async def test_keys_go_into_the_call(system: System, browser: Browser) -> None:
    async with (
        console(browser, system.url) as desk,
        sip_phone(system, "2002", tone=650) as station,
    ):
        await desk.sign_in("li")
        await desk.sit("1001")
        await desk.press("/")
        await desk.page.keyboard.type("2002")
        await desk.press("Enter")
        rung = await station.incoming()
        await rung.answer()
        await rung.hears(BROWSER_TONE)
        await desk.own_call("talking")
        async with desk.late_answer("POST", "**/api/calls/*/dtmf"):
            await desk.press("Escape", "k", "1", "1", "#")
        await rung.receives("11#")
        await rung.hangup()
        await desk.own_call("none")


async def test_park_and_retrieve(system: System, browser: Browser) -> None:
    async with (
        console(browser, system.url) as desk,
        sip_phone(system, "2001", tone=450) as citizen,
    ):
        await desk.sign_in("li")
        await desk.sit("1001")
        call = await citizen.dial("122")
        await desk.answer()
        await call.hears(BROWSER_TONE)
        await desk.press("F7")
        parked = desk.page.get_by_test_id("parked")
        await expect(parked).to_contain_text("2001")
        await call.stops_hearing(BROWSER_TONE, frames=25)
        await parked.click()
        await desk.own_call("talking")
        await call.hears(BROWSER_TONE)
        await call.hangup()


async def test_pickup_and_takeover_from_the_list(system: System, browser: Browser) -> None:
    async with (
        console(browser, system.url) as desk,
        sip_phone(system, "2001", tone=450) as one,
        sip_phone(system, "2002", tone=650) as two,
    ):
        await desk.sign_in("li")
        await desk.sit("1001")
        call = await one.dial("2002")
        rung = await two.incoming()
        row = desk.page.get_by_test_id("call")
        await row.get_by_role("button", name="Pick up").click()
        await call.hears(BROWSER_TONE)
        await rung.ended()
        await desk.press("F4")
        await call.ended()

        call = await one.dial("2002")
        rung = await two.incoming()
        await rung.answer()
        await call.hears(650)
        await row.get_by_role("button", name="Take over").click()
        await desk.own_call("talking")
        await call.hears(BROWSER_TONE)
        await call.hangup()
        await desk.own_call("none")


async def test_who_gave_up_is_called_back(system: System, browser: Browser) -> None:
    async with (
        console(browser, system.url) as desk,
        sip_phone(system, "2001", tone=450) as citizen,
    ):
        await desk.sign_in("li")
        await desk.sit("1001")
        await desk.press("p")
        call = await citizen.dial("120")
        await expect(desk.page.get_by_test_id("waiting")).to_have_count(1)
        await call.hangup()
        task = desk.page.get_by_test_id("task")
        await expect(task).to_contain_text("2001")
        await task.get_by_role("button", name="Call back").click()
        back = await citizen.incoming()
        await back.answer()
        await back.hears(BROWSER_TONE)
        await desk.press("F4")
        await back.ended()
        await expect(task).to_have_count(0)


async def test_a_task_is_closed_with_a_reason(system: System, browser: Browser) -> None:
    async with console(browser, system.url) as desk, sip_phone(system, "2001") as citizen:
        await desk.sign_in("li")
        call = await citizen.dial("119")
        await expect(desk.page.get_by_test_id("waiting")).to_have_count(1)
        await call.hangup()
        task = desk.page.get_by_test_id("task")
        await task.get_by_role("button", name="Close").click()
        await desk.page.get_by_role("button", name="Dialled by mistake").click()
        await desk.page.get_by_role("button", name="Close task").click()
        await expect(task).to_have_count(0)
        await until(lambda: not system.center.tasks.open, what="the task is closed")
