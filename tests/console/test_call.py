"""A citizen dials 120 and a dispatcher answers in the browser: the screen, both voices, the recording."""

from __future__ import annotations

import asyncio
import re

import pytest
from playwright.async_api import Browser, Dialog, expect

from softswitch.app import System
from softswitch.testing.system import sip_phone, until
from tests.console.kit import BROWSER_TONE, console

pytestmark = [
    pytest.mark.asterisk,
    pytest.mark.browser,
    pytest.mark.asyncio(loop_scope="module"),
]
CITIZEN_TONE, OTHER_TONE = 450, 850
CRASH_FOUND = 40.0
"""Seconds until the switch has found that a browser is gone, and has offered its caller anew: about 17."""
DRAWN = re.compile(r"^M0 [0-9]+L1 ")


async def test_a_citizen_dials_120_and_is_answered_by_one_key(
    system: System, browser: Browser
) -> None:
    async with (
        console(browser, system.url) as desk,
        sip_phone(system, "2001", tone=CITIZEN_TONE) as citizen,
    ):
        await desk.sign_in("li")
        await desk.sit("1001")
        call = await citizen.dial("120")
        await desk.own_call("ringing")
        await expect(desk.page.get_by_test_id("own-number")).to_have_text("2001")
        await expect(desk.page.get_by_test_id("incident-title")).to_be_visible()

        await desk.press("F2")
        await call.answered()
        await desk.own_call("talking")
        await call.hears(BROWSER_TONE)
        await desk.hears(CITIZEN_TONE)

        await desk.page.fill("[data-testid=incident-title]", "Chest pain")
        await until(
            lambda: "Chest pain" in str(system.live.entities()["incident"]),
            what="the draft is saved by itself",
        )
        await desk.press("F4")
        await call.ended()
        await desk.own_call("none")
        await desk.page.wait_for_function("window.liveConnections() === 0")

        await desk.press("F9")
        row = desk.page.get_by_test_id("recording").first
        await row.locator("[data-item]").click()
        player = row.get_by_test_id("player").locator("audio")
        await desk.page.wait_for_function(
            "audio => audio.currentTime > 0.3 && audio.duration > 0.5",
            arg=await player.element_handle(),
        )
        await expect(row.locator(".wave path").first).to_have_attribute("d", DRAWN)


async def test_hold_and_resume_cut_and_join_both_voices(system: System, browser: Browser) -> None:
    async with (
        console(browser, system.url) as desk,
        sip_phone(system, "2001", tone=CITIZEN_TONE) as citizen,
    ):
        await desk.sign_in("li")
        await desk.sit("1001")
        call = await citizen.dial("119")
        await desk.answer()
        await call.hears(BROWSER_TONE)
        await desk.press("F6")
        await desk.own_call("held")
        await call.stops_hearing(BROWSER_TONE, frames=30)
        await desk.press("F6")
        await desk.own_call("talking")
        await call.hears(BROWSER_TONE)
        await desk.press("F10")
        await call.stops_hearing(BROWSER_TONE, frames=40)
        await expect(desk.page.get_by_test_id("mute")).to_have_attribute("aria-pressed", "true")
        await desk.press("F10")
        await call.hears(BROWSER_TONE)
        await call.hangup()
        await desk.own_call("none")


async def test_a_second_caller_waits_in_view_and_is_taken_next(
    system: System, browser: Browser
) -> None:
    async with (
        console(browser, system.url) as desk,
        sip_phone(system, "2001") as first,
        sip_phone(system, "2002") as second,
    ):
        await desk.sign_in("li")
        await desk.sit("1001")
        one = await first.dial("122")
        await desk.answer()
        await one.answered()
        two = await second.dial("119")
        await expect(desk.page.get_by_test_id("waiting")).to_have_count(1)
        await expect(desk.page.get_by_test_id("own-number")).to_have_text("2001")
        await desk.press("F4")
        await one.ended()
        await desk.answer()
        await two.answered()
        await expect(desk.page.get_by_test_id("own-number")).to_have_text("2002")
        await two.hangup()
        await desk.own_call("none")


async def test_of_two_calls_one_is_talked_on_and_the_other_is_on_hold(
    system: System, browser: Browser
) -> None:
    async with (
        console(browser, system.url) as desk,
        sip_phone(system, "2001") as first,
        sip_phone(system, "2002") as second,
    ):
        await desk.sign_in("li")
        await desk.sit("1001")
        one = await first.dial("122")
        await desk.answer()
        await one.hears(BROWSER_TONE)
        two = await second.dial("119")
        await expect(desk.page.get_by_test_id("waiting")).to_have_count(1)
        await desk.press("F2")
        await expect(desk.page.get_by_test_id("own-number")).to_have_text("2002")
        await two.hears(BROWSER_TONE)
        await one.stops_hearing(BROWSER_TONE, frames=25)
        tile = desk.page.get_by_test_id("tile-1001")
        await expect(tile).to_contain_text("Phone 2002+1")

        await desk.press("n")
        await desk.own_call("held")
        await desk.press("F6")
        await one.hears(BROWSER_TONE)
        await two.stops_hearing(BROWSER_TONE, frames=25)
        await expect(tile).to_contain_text("Phone 2001+1")
        await one.hangup()
        await expect(tile).not_to_contain_text("+1")
        await two.hangup()
        await desk.own_call("none")


async def test_a_page_that_is_loaded_anew_asks_first_and_fetches_its_call_back(
    system: System, browser: Browser
) -> None:
    async with console(browser, system.url) as desk, sip_phone(system, "2001") as citizen:
        await desk.sign_in("li")
        await desk.sit("1001")
        call = await citizen.dial("119")
        await desk.answer()
        await call.hears(BROWSER_TONE)
        legs = system.center.board.legs
        before = set(legs)
        asked: list[str] = []

        async def agree(dialog: Dialog) -> None:
            asked.append(dialog.type)
            await dialog.accept()

        desk.page.on("dialog", agree)
        await desk.page.reload()
        assert asked == ["beforeunload"]
        await until(
            lambda: set(legs) - before and len(legs) == 2, what="the new phone has the call"
        )
        await desk.own_call("talking")
        await call.hears(BROWSER_TONE)
        await call.hangup()
        await desk.own_call("none")


async def test_the_caller_of_a_console_that_crashed_waits_again(
    system: System, browser: Browser
) -> None:
    """The browser ends without a word to anybody; the switch finds that nothing comes from it any more."""
    async with (
        console(browser, system.url) as desk,
        sip_phone(system, "2001", tone=CITIZEN_TONE) as citizen,
    ):
        await desk.sign_in("li")
        await desk.sit("1001")
        call = await citizen.dial("119")
        await desk.answer()
        await call.hears(BROWSER_TONE)
        await desk.crash()
        async with sip_phone(system, "1002", tone=OTHER_TONE) as other:
            offered = await other.incoming(CRASH_FOUND)
            await offered.answer()
            await call.hears(OTHER_TONE)
            await offered.hears(CITIZEN_TONE)
            await call.hangup()
            await offered.ended()


async def test_two_consoles_press_at_once_and_one_gets_the_call(
    system: System, browser: Browser
) -> None:
    async with (
        console(browser, system.url) as one,
        console(browser, system.url) as other,
        sip_phone(system, "2001", tone=CITIZEN_TONE) as citizen,
    ):
        for desk, login, number in ((one, "li", "1001"), (other, "wang", "1002")):
            await desk.sign_in(login)
            await desk.sit(number)
            await desk.press("p")
        await until(lambda: not system.center.intake.queue)
        call = await citizen.dial("110")
        for desk in (one, other):
            await expect(desk.page.get_by_test_id("waiting")).to_have_count(1)
        await asyncio.gather(one.press("F2"), other.press("F2"))
        await call.answered()
        talking = [
            await desk.page.get_by_test_id("own-call").get_attribute("data-state")
            for desk in (one, other)
        ]
        owner = next(iter(system.center.engine.calls.values())).owner
        winner = one if owner == "1001" else other
        await winner.own_call("talking")
        assert talking.count("talking") <= 1
        loser = other if winner is one else one
        await loser.own_call("none")
        await winner.hears(CITIZEN_TONE)
        await call.hangup()
        await winner.own_call("none")
