"""A supervisor at the console comes into calls of others by keys, is heard by the right ones, and is told why not."""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass

import pytest
import pytest_asyncio
from playwright.async_api import Browser, Locator, expect

from intercept.levels import Holder
from intercept.model import Levels
from softswitch.access.model import Actor, Role
from softswitch.app import System
from softswitch.testing.phone import Call
from softswitch.testing.system import sip_phone
from tests.console.kit import BROWSER_TONE, PASSWORD, Console, console

pytestmark = [
    pytest.mark.asterisk,
    pytest.mark.browser,
    pytest.mark.asyncio(loop_scope="module"),
]
BOSS = Actor("admin", "admin", Role.SUPERVISOR)
FIRST, OTHER = 450, 650
WARNING = 950


@pytest_asyncio.fixture(scope="module", loop_scope="module", autouse=True)
async def second_supervisor(shared: System) -> None:
    await shared.users.add(BOSS, "zhao", "Zhao", Role.SUPERVISOR.value, PASSWORD, "en")


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
    await desk.page.wait_for_selector(selector, timeout=8_000)


async def gone(desk: Console) -> None:
    await expect(desk.page.get_by_test_id("intercept")).to_have_count(0)


async def test_switching_live_by_keys_and_each_is_heard_by_the_right_ones(
    system: System, browser: Browser
) -> None:
    async with console(browser, system.url) as desk, talk(system) as call:
        await desk.sign_in("chen")
        await desk.sit("1001")
        await ask(desk, "m")
        await shown(desk, "monitor")
        heard = desk.page.get_by_test_id("heard")
        await desk.hears(FIRST, OTHER)
        await expect(heard).to_have_text("Nobody hears you")
        await asyncio.gather(call.first.hears_not(BROWSER_TONE), call.other.hears_not(BROWSER_TONE))
        for party, away in ((call.other, call.first), (call.first, call.other)):
            await desk.press("w")
            await shown(desk, "whisper")
            await party.hears(BROWSER_TONE)
            await away.stops_hearing(BROWSER_TONE, frames=40)
            await away.hears_not(BROWSER_TONE)
            await desk.hears(FIRST, OTHER)
        await expect(heard).to_contain_text("Only 2001")
        await desk.press("j")
        await shown(desk, "insert", "warning")
        await asyncio.gather(call.first.hears(WARNING), call.other.hears(WARNING))
        await shown(desk, "insert")
        await expect(heard).to_have_text("EVERYBODY HEARS YOU")
        await asyncio.gather(call.first.hears(BROWSER_TONE), call.other.hears(BROWSER_TONE))
        await desk.hears(FIRST, OTHER)
        await desk.press("m")
        await shown(desk, "monitor")
        await asyncio.gather(
            *(each.stops_hearing(BROWSER_TONE, frames=40) for each in (call.first, call.other))
        )
        await desk.press("F4")
        await gone(desk)
        await desk.own_call("none")
        await asyncio.gather(call.first.hears(OTHER), call.other.hears(FIRST))
        await call.end()


async def test_takeover_from_within_by_key(system: System, browser: Browser) -> None:
    async with console(browser, system.url) as desk, talk(system) as call:
        await desk.sign_in("chen")
        await desk.sit("1001")
        await ask(desk, "m")
        await shown(desk, "monitor")
        await desk.press("o")
        await call.other.ended()
        await call.first.hears(BROWSER_TONE)
        await desk.own_call("talking")
        await gone(desk)
        await desk.hears(FIRST)
        await call.first.hangup()


async def test_release_by_key_tells_preemption_to_both(system: System, browser: Browser) -> None:
    async with console(browser, system.url) as desk, talk(system) as call:
        await desk.sign_in("chen")
        await desk.sit("1001")
        await ask(desk, "x", "4")
        ends = await asyncio.gather(call.first.ended(), call.other.ended())
        assert [str(end.reasons[0]) for end in ends] == ["Q.850;cause=8"] * 2
        await expect(desk.page.get_by_test_id("call")).to_have_count(0)


@pytest.mark.parametrize("from_within", [False, True])
async def test_release_and_connect_me(system: System, browser: Browser, from_within: bool) -> None:
    async with console(browser, system.url) as desk, talk(system) as call:
        await desk.sign_in("chen")
        await desk.sit("1001")
        if from_within:
            await ask(desk, "m")
            await shown(desk, "monitor")
            await desk.page.evaluate("document.activeElement.blur()")
            await desk.press("z")
            await expect(desk.page.locator("[name=reason]")).to_have_value("Quality check")
            await desk.press("Enter")
        else:
            await ask(desk, "z")
        await call.first.hears(BROWSER_TONE)
        await desk.hears(FIRST)
        end = await call.other.ended(timeout=15)
        assert str(end.reasons[0]) == "Q.850;cause=8"
        await desk.own_call("talking")
        await gone(desk)
        await call.first.hangup()


async def test_what_is_forbidden_says_why(system: System, browser: Browser) -> None:
    notice = ".notice"
    async with console(browser, system.url) as desk, talk(system) as call:
        await desk.sign_in("wang")
        await expect(row(desk)).to_have_attribute("data-state", "talking")
        seatless = row(desk).get_by_test_id("act-insert")
        await expect(seatless).to_have_attribute("aria-disabled", "true")
        await desk.sit("1002")
        listen, enter = (row(desk).get_by_test_id(f"act-{act}") for act in ("monitor", "insert"))
        await expect(listen).to_have_attribute("aria-disabled", "true")
        await expect(listen).to_have_attribute("title", re.compile("role does not include"))
        await expect(enter).not_to_have_attribute("aria-disabled", "true")
        await mark(desk)
        await desk.press("m")
        await expect(desk.page.locator(notice)).to_contain_text("Monitor is not possible.")
        await expect(desk.page.locator(notice)).to_contain_text("role does not include")
        await expect(desk.page.get_by_test_id("intercept-dialog")).to_have_count(0)
        # A party is protected above the level of a dispatcher: the server says so, in his language.
        config = system.intercept.config
        await config.set_levels("admin", Holder.EXTENSION, "2002", Levels(protection=2))
        await enter.hover()
        await expect(enter).to_have_attribute("title", re.compile("protected"))
        await desk.page.get_by_role("button", name="中文").click()
        await expect(enter).to_have_attribute("title", re.compile("保护级别"))
        await desk.page.get_by_role("button", name="English").click()
        await row(desk).locator("[data-item]").focus()
        await desk.press("j")
        await expect(desk.page.locator(notice).last).to_contain_text("protected")
        await config.drop_levels("admin", Holder.EXTENSION, "2002")
        await call.end()


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


async def test_a_dispatcher_inserts_and_sees_it_without_the_picture_of_all(
    system: System, browser: Browser
) -> None:
    async with console(browser, system.url) as desk, talk(system) as call:
        await desk.sign_in("wang")
        await desk.sit("1002")
        await ask(desk, "j", "3")
        await shown(desk, "insert")
        await asyncio.gather(call.first.hears(BROWSER_TONE), call.other.hears(BROWSER_TONE))
        await desk.press("x")
        await expect(desk.page.get_by_test_id("intercept-dialog")).to_be_visible()
        await desk.press("Escape")
        await expect(desk.page.get_by_test_id("intercept-dialog")).to_be_hidden()
        await desk.press("l")
        await gone(desk)
        await asyncio.gather(
            *(each.stops_hearing(BROWSER_TONE, frames=40) for each in (call.first, call.other))
        )
        await call.end()


async def test_a_tile_of_the_board_opens_every_act_for_its_party(
    system: System, browser: Browser
) -> None:
    async with console(browser, system.url) as desk, talk(system) as call:
        await desk.sign_in("chen")
        await desk.sit("1001")
        await desk.page.get_by_test_id("tile-2001").click()
        for act in ("monitor", "whisper", "insert", "takeover", "release"):
            await expect(desk.page.get_by_test_id(f"choose-{act}")).to_be_visible()
        await desk.page.get_by_test_id("choose-whisper").click()
        await expect(desk.page.get_by_role("radio", name="2001 Phone 2001")).to_be_checked()
        await desk.page.fill("[name=reason]", "drill")
        await desk.page.get_by_test_id("intercept-submit").click()
        await shown(desk, "whisper")
        await call.first.hears(BROWSER_TONE)
        await call.other.hears_not(BROWSER_TONE, frames=40)
        await desk.page.get_by_test_id("do-leave").click()
        await gone(desk)
        # Without the tone, for those who may. The edge of a burst holds every frequency, for a frame or two.
        warned = asyncio.create_task(call.first.hears(WARNING, frames=6, timeout=30))
        await row(desk).get_by_test_id("act-insert").click()
        await desk.page.check("[name=waive]")
        await desk.page.fill("[name=reason]", "drill")
        await desk.page.get_by_test_id("intercept-submit").click()
        await shown(desk, "insert")
        await asyncio.gather(call.first.hears(BROWSER_TONE), call.other.hears(BROWSER_TONE))
        assert not warned.done()
        warned.cancel()
        await desk.page.get_by_test_id("do-leave").click()
        await gone(desk)
        await call.end()


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
