"""A room in the browser: by keys, who speaks, hands, intercept, a hundred members, and what is left of it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import pytest
import pytest_asyncio
from playwright.async_api import Browser, expect

from softswitch.app import System
from softswitch.conferences.service import RoomPlan
from softswitch.directory.model import ExtensionEntry, ExtensionKind
from softswitch.numbers import Extension
from softswitch.testing.system import until
from tests.conferences.kit import TONES, gather_in, phones
from tests.conferences.kit import member as member_of
from tests.console.conference_kit import end_all, group, is_, member, open_page, pick_group
from tests.console.kit import BROWSER_TONE, console

pytestmark = [
    pytest.mark.asterisk,
    pytest.mark.browser,
    pytest.mark.asyncio(loop_scope="module"),
]
_PLACES = """
() => [...document.querySelectorAll('section, .controls .button, .tile')]
  .map((element) => element.getBoundingClientRect())
  .map(({ x, y, width, height }) => [x, y, width, height].map(Math.round).join())
"""


@pytest_asyncio.fixture(loop_scope="module", autouse=True)
async def nothing_left(system: System) -> AsyncIterator[None]:
    await system.intercept.config.change("test", {"two_person": ()})
    yield
    await end_all(system)


async def test_a_room_by_keys_two_phones_one_muted_one_dropped(
    system: System, browser: Browser
) -> None:
    async with console(browser, system.url) as desk, phones(system, "2001", "2002") as them:
        page = await open_page(desk)
        await desk.press("w")
        await expect(page.get_by_label("Name", exact=True)).to_be_focused()
        await page.keyboard.type("Flood")
        await page.get_by_label("Stays", exact=True).check()
        await page.get_by_label("Tone when").uncheck()  # a tone is a tone for the ear of the test
        await page.get_by_label("Name", exact=True).press("Enter")
        room = page.get_by_test_id("room")
        await expect(room).to_contain_text("Flood")
        await expect(page.locator(".detail")).to_be_focused()  # not the top of the page
        await expect(room).to_contain_text("Nobody is here")

        await desk.press("v")
        await page.keyboard.type("2001, 2002")
        await desk.press("Enter")
        await is_(page, "2001", "ringing")
        calls = {number: await phone.incoming() for number, phone in them.items()}
        await asyncio.gather(*(call.answer() for call in calls.values()))
        for number in them:
            await is_(page, number, "in")
        await page.get_by_role("button", name="Bring me in").click()
        await is_(page, "1001", "in")
        await calls["2001"].hears(TONES["2002"], BROWSER_TONE)
        await calls["2002"].hears(TONES["2001"], BROWSER_TONE)

        await member(page, "2001").locator("[data-item]").click()
        await desk.press("m")
        await expect(member(page, "2001")).to_contain_text("muted")
        await calls["2002"].stops_hearing(TONES["2001"])
        await calls["2001"].hears(TONES["2002"])
        await desk.hears(TONES["2002"])  # this ear tells one tone, when there is no other
        await desk.press("m")
        await calls["2002"].hears(TONES["2001"])
        await desk.press("u")  # all but the chair, who is this desk
        await asyncio.gather(
            calls["2001"].stops_hearing(TONES["2002"]), calls["2002"].stops_hearing(TONES["2001"])
        )
        await calls["2001"].hears(BROWSER_TONE)

        await calls["2002"].hangup()
        await is_(page, "2002", "left")
        await expect(page.get_by_test_id("show-missing")).to_contain_text("1")
        await member(page, "2001").locator("[data-item]").click()
        await desk.press("x")
        await calls["2001"].ended()
        await is_(page, "2001", "kicked")
        await page.get_by_test_id("end-room").click()
        assert system.conferences.books.rooms  # the first press only asks
        await page.get_by_test_id("end-room").click()
        await expect(page.get_by_text("This room is over")).to_be_visible()
        await until(lambda: not system.conferences.books.rooms, what="the room is over")


async def test_hands_are_shown_in_their_order_and_the_floor_goes_to_the_first(
    system: System, browser: Browser
) -> None:
    async with console(browser, system.url) as desk, phones(system, "2001", "2002") as them:
        page = await open_page(desk)
        rooms = system.conferences.rooms
        room = await rooms.create("test", RoomPlan(name="Hall", lecture=True, entry_tone=False))
        await rooms.invite("test", room.id, list(them))
        calls = {number: await phone.incoming() for number, phone in them.items()}
        for call in calls.values():
            await call.answer()
        for number in them:
            await is_(page, number, "in")
        hands = page.get_by_test_id("hands")
        await calls["2002"].send_digits("1")
        await expect(hands.get_by_role("listitem")).to_have_count(1)
        await calls["2001"].send_digits("1")
        await expect(hands.get_by_role("listitem")).to_have_text(
            ["1 2002 Phone 2002", "2 2001 Phone 2001"]
        )
        await expect(member(page, "2001")).to_contain_text("hand 2")
        await desk.press("h")
        await expect(hands.get_by_role("listitem")).to_have_text(["1 2001 Phone 2001"])
        await expect(member(page, "2002")).to_contain_text("has the floor")
        await calls["2001"].hears(TONES["2002"])
        await calls["2002"].stops_hearing(TONES["2001"])
        await desk.press("e")
        await calls["2002"].hears(TONES["2001"])


async def test_speakers_hands_intercept_and_the_past_of_a_room(
    system: System, browser: Browser
) -> None:
    rooms = system.conferences.rooms
    room = await rooms.create("test", RoomPlan(name="Levee", number="870"))
    async with (
        console(browser, system.url) as desk,
        phones(system, "1002", "2001", "2002") as them,
    ):
        page = desk.page
        await desk.sign_in("chen")
        await desk.sit("1001")
        calls = await gather_in(system, room, them)  # their tones count as talking
        await desk.press("g")
        for number in them:
            tile = page.get_by_test_id(f"member-{number}")
            await expect(tile).to_have_attribute("data-speaking", "true")
        await expect(page.get_by_test_id("speakers")).to_contain_text("Speaking")
        who = member_of(room, "2001")
        await rooms.mute("test", room.id, who.id, True)
        await expect(page.get_by_test_id("member-2001")).to_have_attribute("data-speaking", "false")

        await rooms.raise_hand(room.id, who.id, True)
        hands = page.get_by_test_id("hands")
        await hands.get_by_role("button", name="Lower the hand of 2001").click()
        await expect(hands.get_by_role("button", name="2001")).to_have_count(0)
        assert room.hands.queue == []
        assert not who.floor

        acts = page.get_by_test_id("room-acts")
        await acts.get_by_test_id("act-monitor").click()
        dialog = page.get_by_role("dialog")
        await dialog.locator("[name=reason]").fill("drill")
        await desk.press("Enter")
        await expect(page.get_by_test_id("intercept-strip")).to_be_visible()
        await until(lambda: system.intercept.books.sessions, what="the desk listens")
        assert [s.place for s in system.intercept.books.sessions.values()] == [room.own_bridge]
        await desk.press("F4")
        await expect(page.get_by_test_id("intercept-strip")).to_have_count(0)
        await until(lambda: not system.intercept.books.sessions, what="nobody listens")

        await page.get_by_test_id("past-rooms").click()
        await asyncio.gather(*(call.hangup() for call in calls.values()))
        await until(lambda: room.id not in system.conferences.books.rooms, what="it is over")
        await page.get_by_test_id("past-room").get_by_role("button", name="870 Levee").click()
        past = page.get_by_role("region", name="870 Levee")
        for number in them:
            await expect(past.get_by_text(number).first).to_be_visible()
        await expect(past.get_by_test_id("recording").first).to_be_visible()


async def test_a_hundred_members_fit_and_nothing_moves_when_they_change(
    system: System, browser: Browser
) -> None:
    numbers = [str(3000 + index) for index in range(100)]
    known = {entry.number for entry in system.directory.snapshot().extensions}
    for number in numbers:
        if number not in known:
            entry = ExtensionEntry(Extension(number), f"Unit {number}", ExtensionKind.PHONE)
            await system.directory.add_extension(None, entry)
    await group(system, "All units", *numbers)
    async with console(browser, system.url) as desk:
        page = await open_page(desk)
        await desk.press("z")
        await pick_group(page, "All units")
        await page.get_by_test_id("start-call").click()
        await expect(page.get_by_test_id("show-all")).to_contain_text("101")
        before = await page.evaluate(_PLACES)
        await expect(page.get_by_test_id("show-missing")).to_contain_text("100")
        await is_(page, "1001", "in")
        assert await page.evaluate(_PLACES) == before
        await member(page, "3000").locator("[data-item]").click()
        await desk.press("ArrowDown", "ArrowRight")
        chosen = page.locator(".tile.chosen")
        await expect(chosen).to_have_count(1)
        await expect(page.get_by_test_id("member-bar")).to_contain_text(
            str(await chosen.locator("b").inner_text())
        )


@pytest.mark.parametrize("language", ["en", "zh"])
async def test_the_overlay_has_the_keys_of_the_page_and_every_part_has_a_name(
    system: System, browser: Browser, language: str
) -> None:
    room = await system.conferences.rooms.create("test", RoomPlan(name="Hall"))
    nameless = """() => [...document.querySelectorAll('button, input:not([type=file]), select, textarea')]
      .filter((e) => e.checkVisibility() && !(e.textContent.trim() || e.getAttribute('aria-label')
        || e.labels?.length || e.title)).map((e) => e.outerHTML.slice(0, 120))"""
    async with console(browser, system.url, language=language) as desk:
        page = desk.page
        await desk.sign_in("chen")
        if language == "zh":
            await page.get_by_role("button", name="中文").click()
        await desk.press("g")
        await page.get_by_test_id(f"room-{room.number}").click()
        await desk.press("?")
        overlay = page.get_by_role("dialog")
        for key in ("W", "Z", "V", "U", "H", "Y"):
            await expect(overlay.locator("kbd", has_text=key).first).to_be_visible()
        await desk.press("Escape")
        for part in range(4):
            await page.get_by_role("tab").nth(part).click()
            if part:
                await desk.press("w")
            assert await page.evaluate(nameless) == []
