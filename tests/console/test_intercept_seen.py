"""What others see of an intercept: the second supervisor, the party at a desk, the queue; and nothing jumps."""

from __future__ import annotations

import asyncio
import re

import pytest
import pytest_asyncio
from playwright.async_api import Browser, expect

from softswitch.access.model import Actor, Role
from softswitch.app import System
from softswitch.testing.system import sip_phone
from tests.console.intercept_kit import FIRST, OTHER, ask, gone, row, shown, talk
from tests.console.kit import BROWSER_TONE, PASSWORD, console

pytestmark = [
    pytest.mark.asterisk,
    pytest.mark.browser,
    pytest.mark.asyncio(loop_scope="module"),
]
BOSS = Actor("admin", "admin", Role.SUPERVISOR)


@pytest_asyncio.fixture(scope="module", loop_scope="module", autouse=True)
async def second_supervisor(shared: System) -> None:
    await shared.users.add(BOSS, "zhao", "Zhao", Role.SUPERVISOR.value, PASSWORD, "en")


async def test_a_second_supervisor_confirms_in_a_second_browser(
    system: System, browser: Browser
) -> None:
    async with (
        console(browser, system.url) as chief,
        console(browser, system.url) as deputy,
        console(browser, system.url) as clerk,
        sip_phone(system, "2001", tone=FIRST) as citizen,
        sip_phone(system, "1002", tone=OTHER) as phone,
    ):
        await chief.sign_in("chen")
        await chief.sit("1001")
        await chief.press("p")
        await deputy.sign_in("zhao")
        await clerk.sign_in("li")
        call = await citizen.dial("120")
        rung = await phone.incoming()
        await rung.answer()
        await call.hears(OTHER)

        await ask(chief, "m")
        mine, theirs = (each.page.get_by_test_id("pending") for each in (chief, deputy))
        await expect(mine).to_contain_text("Waiting for a second person")
        await expect(theirs).to_contain_text("chen (1001) asks to monitor")
        await expect(theirs).to_contain_text("Quality check")
        left = deputy.page.get_by_test_id("countdown")
        await expect(left).to_have_text(re.compile("^0:(2[0-9]|30)$"))
        await expect(clerk.page.get_by_test_id("pending")).to_have_count(0)

        # Withdrawn by the one who asked, then turned down, then confirmed.
        await chief.press("Escape", "l")
        await expect(mine).to_have_count(0)
        await expect(theirs).to_have_count(0)
        await ask(chief, "m", "2")
        await expect(theirs).to_be_visible()
        await deputy.press("v", "Tab", "Enter")
        await expect(theirs).to_have_count(0)
        await expect(mine).to_have_count(0)
        await gone(chief)
        await ask(chief, "m", "3")
        await expect(theirs).to_contain_text("Urgent order")
        await deputy.press("v", "Enter")
        await shown(chief, "monitor")
        await chief.hears(FIRST, OTHER)
        await asyncio.gather(call.hears_not(BROWSER_TONE), rung.hears_not(BROWSER_TONE))
        # Others with the right see it on the call; a dispatcher sees nothing.
        watched = deputy.page.get_by_test_id("watched")
        await expect(watched).to_contain_text("1001")
        await expect(clerk.page.get_by_test_id("call")).to_have_count(1)
        await expect(clerk.page.get_by_test_id("watched")).to_have_count(0)
        await chief.press("F4")
        await expect(watched).to_have_count(0)
        await call.hangup()


async def test_the_own_call_shows_who_comes_in_and_who_clears_it(
    system: System, browser: Browser
) -> None:
    async with (
        console(browser, system.url) as desk,
        console(browser, system.url) as chief,
        sip_phone(system, "2002", tone=OTHER) as station,
    ):
        await desk.sign_in("li")
        await desk.sit("1001")
        await chief.sign_in("chen")
        await chief.sit("1002")
        await desk.press("/")
        await desk.page.keyboard.type("2002")
        await desk.press("Enter")
        rung = await station.incoming()
        await rung.answer()
        await desk.own_call("talking")
        await ask(chief, "m")
        await shown(chief, "monitor")
        mark_ = desk.page.get_by_test_id("intruded")
        await expect(mark_).to_have_count(0)
        await chief.press("j")
        await expect(mark_).to_contain_text("1002")
        await shown(chief, "insert")
        await expect(mark_).to_have_text("1002 Desk 1002 is in this call")
        notice = desk.page.locator(".notice")
        await expect(notice).to_contain_text("1002 Desk 1002 has come into your call.")
        await chief.press("m")
        await expect(mark_).to_have_count(0)
        await chief.page.evaluate("document.activeElement.blur()")
        await chief.press("x")
        await expect(chief.page.get_by_test_id("intercept-dialog")).to_be_visible()
        await chief.press("Enter")
        await rung.ended()
        await expect(notice.last).to_contain_text("1002 Desk 1002 has cleared your call")
        await desk.own_call("none")
        await gone(chief)


async def test_the_precedence_shows_in_queue_row_and_own_call(
    system: System, browser: Browser
) -> None:
    async with (
        console(browser, system.url) as desk,
        sip_phone(system, "2001") as citizen,
        sip_phone(system, "2002") as other,
    ):
        await desk.sign_in("li")
        await desk.sit("1001")
        await desk.press("p")
        call = await citizen.dial("120")
        queue = desk.page.get_by_test_id("waiting").get_by_test_id("precedence")
        await expect(queue).to_have_text("P2Immediate")
        await desk.press("F2")
        await call.answered()
        await desk.own_call("talking")
        own = desk.page.get_by_test_id("own-call").get_by_test_id("precedence")
        await expect(own).to_have_attribute("data-level", "2")
        await expect(row(desk).get_by_test_id("precedence")).to_have_attribute("data-level", "2")
        await call.hangup()
        await desk.own_call("none")
        plain = await citizen.dial("2002")
        rung = await other.incoming()
        await rung.answer()
        await expect(row(desk)).to_have_attribute("data-state", "talking")
        await expect(row(desk).get_by_test_id("precedence")).to_have_count(0)
        await plain.hangup()


async def test_nothing_jumps_and_everything_is_chinese(system: System, browser: Browser) -> None:
    places = """() => [...document.querySelectorAll('section, header.bar, footer.bar, .banner, .action')]
      .map((element) => { const { x, y, width, height } = element.getBoundingClientRect();
        return [x, y, width, height].map(Math.round).join() })"""
    async with console(browser, system.url) as desk, talk(system) as call:
        await desk.sign_in("zhao")
        await desk.sit("1001")
        await desk.page.get_by_role("button", name="中文").click()
        await expect(row(desk)).to_have_attribute("data-state", "talking")
        before = await desk.page.evaluate(places)
        await ask(desk, "m")
        await shown(desk, "monitor")
        assert await desk.page.evaluate(places) == before
        await desk.press("j")
        await shown(desk, "insert")
        assert await desk.page.evaluate(places) == before
        await desk.page.evaluate("document.activeElement.blur()")
        await desk.press("x")
        await expect(desk.page.get_by_test_id("intercept-dialog")).to_be_visible()
        visible = await desk.page.locator("body").inner_text()
        found = set(re.findall(r"[A-Za-z]{3,}", visible))
        left = found - {"English", "Desk", "Phone", "Fire", "Esc", "Zhao"}
        assert left == set(), f"still English: {left}"
        await desk.press("Escape")
        for name in ("history", ""):
            await desk.page.evaluate(f"location.hash = '#/{name}'")
            strip = desk.page.get_by_test_id("intercept-strip" if name else "intercept")
            await expect(strip).to_contain_text("强插中")
            await expect(strip).to_contain_text("所有人都听到您")
        await desk.press("F4")
        await gone(desk)
        assert await desk.page.evaluate(places) == before
        await call.end()
