"""Group calls, roll calls, hunts, notifications and groups on the page of conferences, against real phones."""

from __future__ import annotations

import asyncio
import csv
import io
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio
from playwright.async_api import Browser, expect

from softswitch.app import System
from softswitch.conferences.rollcall import RollState
from softswitch.testing.system import sip_phone, until
from tests.conferences.kit import TONES, phones
from tests.console.conference_kit import end_all, group, is_, member, open_page, pick_group
from tests.console.kit import BROWSER_TONE, console

pytestmark = [
    pytest.mark.asterisk,
    pytest.mark.browser,
    pytest.mark.asyncio(loop_scope="module"),
]


@pytest_asyncio.fixture(loop_scope="module", autouse=True)
async def nothing_left(system: System) -> AsyncIterator[None]:
    yield
    await end_all(system)


async def test_a_group_call_shows_each_member_and_redials_the_missing(
    system: System, browser: Browser
) -> None:
    await group(system, "Crew", "2001", "2002", "2003")
    async with console(browser, system.url) as desk, phones(system, "2001", "2002") as them:
        page = await open_page(desk, "li")
        await desk.press("z")
        await pick_group(page, "Crew")
        await page.get_by_test_id("pick-1002").click()
        await expect(page.get_by_test_id("picked-count")).to_have_text("4")
        await page.get_by_test_id("start-call").click()
        first = await them["2001"].incoming()
        await first.answer()
        await (await them["2002"].incoming()).reject()
        await is_(page, "1001", "in")  # this desk answers by itself
        await is_(page, "2001", "in")
        await is_(page, "2002", "busy")
        await is_(page, "2003", "unreachable")
        bar = page.get_by_role("progressbar").first
        await expect(bar).to_have_attribute("aria-valuenow", "2")
        await expect(bar).to_have_attribute("aria-valuetext", "In 2, Being rung 0, Missing 3")
        await first.hears(BROWSER_TONE)
        await desk.press("y")
        again = await them["2002"].incoming()
        await again.answer()
        await is_(page, "2002", "in")
        await again.hears(TONES["2001"])
        async with sip_phone(system, "2003", tone=TONES["2003"]) as late:
            number = next(iter(system.conferences.books.rooms.values())).number
            joined = await late.dial(f"*5{number}")
            await is_(page, "2003", "in")
            await joined.hears(TONES["2001"])
            await page.get_by_test_id("show-missing").click()
            await expect(member(page, "2003")).to_have_count(0)
            await expect(member(page, "1002")).to_be_visible()
            await desk.press("d")
            await expect(page.get_by_test_id("own-number")).to_have_text(number)
            await system.conferences.rooms.close("test", next(iter(system.conferences.books.rooms)))
            await joined.ended()


async def test_a_roll_call_to_its_absent_list_and_into_a_conference(
    system: System, browser: Browser, tmp_path: Path
) -> None:
    await group(system, "Watch", "2001", "2002", "2003")
    async with console(browser, system.url) as desk, phones(system, "2001", "2002", "2003") as them:
        page = await open_page(desk)
        await page.keyboard.press("ArrowRight")
        await expect(page.get_by_role("tab", name="Roll call and hunt")).to_be_focused()
        await desk.press("w")
        await pick_group(page, "Watch")
        third = page.get_by_role("listitem").filter(has_text="2003").last
        await third.focus()
        await page.keyboard.press("Alt+ArrowUp")  # 2003 comes before 2002
        await page.get_by_test_id("begin-roll").click()

        one = await them["2001"].incoming()
        now = page.get_by_test_id("roll-now")
        await expect(now).to_contain_text("2001")
        await expect(now).to_contain_text("being rung")
        await one.answer()
        await expect(now).to_contain_text("on the line")
        await one.hears(BROWSER_TONE)
        await desk.press(".")
        await one.ended()
        two = await them["2003"].incoming()
        await expect(now).to_contain_text("2003")
        await two.reject()
        three = await them["2002"].incoming()
        await expect(page.get_by_test_id("entry-2003")).to_have_attribute("data-state", "absent")
        await three.answer()
        await three.hears(BROWSER_TONE)
        await three.hangup()
        await expect(page.get_by_test_id("roll")).to_have_attribute("data-state", "done")
        absent = page.get_by_test_id("absent")
        await expect(absent.get_by_role("listitem")).to_have_text(["2003 Phone 2003 busy"])
        async with page.expect_download() as waiting:
            await absent.get_by_role("button", name="CSV").click()
        text = await asyncio.to_thread((await (await waiting.value).path()).read_text, "utf-8-sig")
        assert list(csv.reader(io.StringIO(text)))[1:] == [["2003", "Phone 2003", "busy"]]

        await page.get_by_test_id("roll-conference").click()
        back = {n: await them[n].incoming() for n in ("2001", "2002")}
        for call in back.values():
            await call.answer()
        for number in back:
            await is_(page, number, "in")
        await back["2001"].hears(TONES["2002"])
        await until(
            lambda: (
                [c.roll.state for c in system.conferences.rolls.rolls.values()]
                == [RollState.CONFERENCE]
            ),
            what="it is a conference",
        )


async def test_a_hunt_ends_with_the_one_who_takes_it(system: System, browser: Browser) -> None:
    async with console(browser, system.url) as desk, phones(system, "2001", "2002") as them:
        page = await open_page(desk)
        await page.get_by_role("tab", name="Roll call and hunt").click()
        await page.get_by_test_id("new-hunt").click()
        await page.locator("[name=numbers]").fill("2001 2002 nobody")
        await desk.press("Enter")
        await expect(page.get_by_text("Not a number: nobody")).to_be_visible()
        await page.locator("[name=numbers]").fill("")
        await page.get_by_test_id("begin-roll").click()
        await (await them["2001"].incoming()).reject()
        taken = await them["2002"].incoming()
        await taken.answer()
        await expect(page.get_by_test_id("roll")).to_have_attribute("data-state", "done")
        await taken.hears(BROWSER_TONE)


async def test_a_notification_is_confirmed_by_key_and_its_ledger_stays(
    system: System, browser: Browser
) -> None:
    await group(system, "Alert", "2001", "2003")
    async with console(browser, system.url) as desk, phones(system, "2001", "2002") as them:
        page = await open_page(desk, "li")
        await page.get_by_role("tab", name="Notification").click()
        await desk.press("w")
        await page.locator("[name=text]").fill("Come to the centre.")
        await pick_group(page, "Alert")
        await page.get_by_test_id("pick-2002").click()
        await page.get_by_label("Tries for each").fill("1")
        await page.get_by_test_id("send-notice").click()
        first = await them["2001"].incoming()
        await first.answer()
        await first.hears_sound()
        person = page.get_by_test_id("person-2001")
        await expect(person).to_have_attribute("data-state", "talking")
        await first.send_digits("1")
        await expect(person).to_have_attribute("data-state", "confirmed")
        await expect(page.get_by_test_id("told")).to_have_text("1 of 3 reached")
        await expect(page.get_by_text("1/min")).to_be_visible()
        await expect(page.get_by_test_id("person-2003")).to_contain_text("unreachable")
        second = await them["2002"].incoming()
        await second.ringing()
        for _ in range(2):
            await page.get_by_role("button", name="stop").click()
        await second.ended()
        notice = page.get_by_test_id("notice")
        await expect(notice).to_have_attribute("data-state", "stopped")
        await expect(page.get_by_test_id("person-2002")).to_have_attribute("data-state", "stopped")
        await expect(person).to_have_attribute("data-state", "confirmed")


async def test_groups_are_written_by_the_supervisor_and_read_by_the_dispatcher(
    system: System, browser: Browser
) -> None:
    async with console(browser, system.url) as desk:
        page = await open_page(desk)
        await page.get_by_role("tab", name="Groups").click()
        await desk.press("w")
        await page.locator("[name=group-name]").fill("Rescue")
        await page.locator("[name=members]").fill("2001, Zhang Wei, 2002\n2003\n2001")
        save = page.get_by_test_id("save-group")
        await expect(save).to_be_disabled()
        await expect(page.get_by_text("twice")).to_be_visible()
        await page.locator("[name=members]").fill("2001, Zhang Wei, 2002\n2003")
        await save.click()
        await expect(page.get_by_test_id("group-row")).to_contain_text("Rescue")
        stored = await system.conferences.groups.one("Rescue")
        assert [m["deputy"] for m in stored["members"]] == ["2002", ""]
        await page.locator("[name=members]").fill("2001\n110")
        await save.click()
        await expect(page.get_by_text("110 is an emergency number")).to_be_visible()
    async with console(browser, system.url) as desk:
        page = desk.page
        await desk.sign_in("li")
        await desk.press("g")
        await page.get_by_role("tab", name="Groups").click()
        await page.get_by_test_id("group-row").click()
        await expect(page.locator("[name=members]")).to_have_value(
            "2001, Zhang Wei, 2002\n2003, Phone 2003"
        )
        await expect(page.get_by_test_id("save-group")).to_be_disabled()
