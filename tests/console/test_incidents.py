"""The page of incidents by keyboard: found, moved, noted, ordered; and two people who type at once."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import pytest
import pytest_asyncio
from playwright.async_api import Browser, Page, expect

from softswitch.access.model import Actor, Role
from softswitch.app import System
from softswitch.layers.incidents.books import new_id
from softswitch.testing.system import until
from tests.console.kit import Console, console

pytestmark = [
    pytest.mark.asterisk,
    pytest.mark.browser,
    pytest.mark.asyncio(loop_scope="module"),
]
WANG = Actor("wang", "王", Role.DISPATCHER)


@pytest_asyncio.fixture(loop_scope="module")
async def incident(system: System) -> AsyncIterator[dict[str, Any]]:
    layer = system.layers.incidents
    assert layer is not None
    fields = {"title": "光大街居民楼起火", "address": "光大街12号", "type": "20701", "grade": 3}
    yield await layer.service.create(WANG, new_id(), fields)


async def open_case(desk: Console, incident: dict[str, Any], login: str = "li") -> Page:
    """Sign in, open the page by its key, find the incident by its words and choose it by keys."""
    await desk.sign_in(login)
    page = desk.page
    await desk.press("Shift+I")
    await page.get_by_test_id("case-search").fill("光大街 起火")
    await page.get_by_test_id("case-search").press("Enter")
    row = page.locator(f"[data-part=case-list] [data-item]:has-text('{incident['title']}')").first
    await row.focus()
    await row.press("Enter")
    await expect(page.get_by_test_id("case")).to_be_visible()
    return page


async def test_an_incident_is_found_moved_noted_and_ordered_by_keys(
    system: System, browser: Browser, incident: dict[str, Any]
) -> None:
    layer = system.layers.incidents
    assert layer is not None
    async with console(browser, system.url) as desk:
        page = await open_case(desk, incident)
        await page.get_by_test_id("move-verified").press("Enter")
        status = page.get_by_test_id("case-status")
        await expect(status).to_have_attribute("data-state", "verified")
        await page.get_by_test_id("case-note").fill("三楼有人被困")
        await page.get_by_test_id("case-note").press("Enter")
        timeline = page.get_by_test_id("timeline")
        await expect(timeline).to_contain_text("三楼有人被困")
        await expect(timeline.locator("[data-kind='incident.moved']")).to_be_visible()
        tab = page.get_by_role("tab").first
        await tab.focus()
        await tab.press("ArrowRight")
        await page.keyboard.press("ArrowRight")
        await page.get_by_test_id("order-unit").fill("消防一中队")
        await page.get_by_test_id("order-number").fill("2003")
        await page.get_by_test_id("order-text").fill("光大街12号火警，请出动")
        await page.get_by_test_id("order-text").press("Tab")
        await page.keyboard.press("Enter")
        orders = page.get_by_test_id("orders")
        await expect(orders).to_contain_text("消防一中队")
        [order] = await layer.orders.of_incident(incident["id"])
        assert order["text"] == "光大街12号火警，请出动"
        await until(
            lambda: order["id"] in system.conferences.notices.notices, what="the unit is rung"
        )
        await system.conferences.notices.stop("test", order["id"])


async def test_a_second_note_begun_while_the_first_is_sent_stays(
    system: System, browser: Browser, incident: dict[str, Any]
) -> None:
    async with console(browser, system.url) as desk:
        page = await open_case(desk, incident)
        field, timeline = page.get_by_test_id("case-note"), page.get_by_test_id("timeline")
        await field.fill("三楼有人被困")
        async with desk.late_answer("POST", "**/api/incidents/*/notes"):
            await field.press("Enter")
            await expect(timeline).to_contain_text("三楼有人被困")
            await field.fill("云梯车已到")
        await expect(field).to_have_value("云梯车已到")
        await field.press("Enter")
        await expect(timeline).to_contain_text("云梯车已到")
        await expect(field).to_have_value("")


async def test_two_people_who_type_see_both_texts(
    system: System, browser: Browser, incident: dict[str, Any]
) -> None:
    layer = system.layers.incidents
    assert layer is not None
    async with console(browser, system.url) as desk:
        page = await open_case(desk, incident)
        await page.get_by_role("tab").nth(1).click()
        title = page.get_by_test_id("case").get_by_test_id("incident-title")
        await expect(title).to_have_value(incident["title"])
        # The other's change is under way when this one types: it comes while the field is not saved.
        await page.evaluate("window.fetchBefore = window.fetch")
        await page.evaluate(
            "window.fetch = (url, options) => options?.method === 'PATCH'"
            " ? new Promise((go) => { window.release = () => go(window.fetchBefore(url, options)) })"
            " : window.fetchBefore(url, options)"
        )
        await title.fill("我的标题")
        await page.wait_for_function("() => typeof window.release === 'function'")
        await layer.service.edit(WANG, incident["id"], incident["version"], {"title": "对方的标题"})
        await page.evaluate("window.release(); window.fetch = window.fetchBefore")
        both = page.get_by_test_id("both")
        await expect(both).to_contain_text("对方的标题")
        await expect(both).to_contain_text("我的标题")
        await expect(title).to_have_value("对方的标题")
        await both.get_by_role("button").press("Enter")

        shown = system.live.entities()["incident"]
        await until(
            lambda: shown[incident["id"]]["title"] == "我的标题", what="the own text is saved",
        )  # fmt: skip
