"""A supervisor at the console comes into calls of others by keys, is heard by the right ones, and is told why not."""

from __future__ import annotations

import asyncio
import re

import pytest
from playwright.async_api import Browser, expect

from intercept.levels import Holder
from intercept.model import Levels
from softswitch.app import System
from tests.console.intercept_kit import (
    FIRST,
    OTHER,
    WARNING,
    ask,
    gone,
    mark,
    row,
    shown,
    talk,
)
from tests.console.kit import BROWSER_TONE, console

pytestmark = [
    pytest.mark.asterisk,
    pytest.mark.browser,
    pytest.mark.asyncio(loop_scope="module"),
]


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
        end = await call.other.ended()
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
        warned = asyncio.create_task(call.first.hears(WARNING, frames=6))
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
