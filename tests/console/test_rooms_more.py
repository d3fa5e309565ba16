"""A room in the browser: who speaks, hands that are lowered, intercept on a room, and what is left of it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import pytest
import pytest_asyncio
from playwright.async_api import Browser, expect

from softswitch.app import System
from softswitch.conferences.service import RoomPlan
from softswitch.testing.system import until
from tests.conferences.kit import gather_in, member, phones
from tests.console.kit import console

pytestmark = [
    pytest.mark.asterisk,
    pytest.mark.browser,
    pytest.mark.asyncio(loop_scope="module"),
]


@pytest_asyncio.fixture(loop_scope="module", autouse=True)
async def no_room_left(system: System) -> AsyncIterator[None]:
    await system.intercept.config.change("test", {"two_person": ()})
    yield
    conferences = system.conferences
    for room in list(conferences.books.rooms.values()):
        await conferences.rooms.close("test", room.id)
    await until(lambda: not conferences.books.by_channel, what="no leg is in the books")


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
        who = member(room, "2001")
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
        await expect(page.get_by_test_id("intercept-strip")).to_be_visible(timeout=10_000)
        await until(lambda: system.intercept.books.sessions, what="the desk listens")
        assert [s.place for s in system.intercept.books.sessions.values()] == [room.own_bridge]
        await desk.press("F4")
        await expect(page.get_by_test_id("intercept-strip")).to_have_count(0)
        await until(lambda: not system.intercept.books.sessions, what="nobody listens")

        await asyncio.gather(*(call.hangup() for call in calls.values()))
        await until(lambda: room.id not in system.conferences.books.rooms, what="it is over")
        await page.get_by_test_id("past-rooms").click()
        await page.get_by_test_id("past-room").get_by_role("button").first.click()
        past = page.get_by_role("region", name="870 Levee")
        for number in them:
            await expect(past.get_by_text(number).first).to_be_visible()
        await expect(past.get_by_test_id("recording").first).to_be_visible()
