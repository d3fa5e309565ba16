"""The page of trunks: opened by its key, it shows what is up, and an operator blocks, resets and tests from it."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from playwright.async_api import Browser, Page, expect

from softswitch.app import System
from softswitch.testing.carrier import running_carrier
from softswitch.testing.system import LOCAL, sip_phone, until
from tests.console.kit import Console, console
from tests.trunk.kit import Rig
from tests.trunk.line_node import CIRCUITS, LINE, LineNode

pytestmark = [
    pytest.mark.asterisk,
    pytest.mark.browser,
    pytest.mark.asyncio(loop_scope="module"),
]


async def picture(page: Page, name: str) -> None:
    """With SOFTSWITCH_PICTURES=<folder> keep what it looks like, for people."""
    if folder := os.environ.get("SOFTSWITCH_PICTURES"):
        await page.screenshot(path=Path(folder) / f"{name}.png")


async def test_the_map_lives_and_circuits_are_blocked_and_tested(
    system: System, browser: Browser, tmp_path: Path
) -> None:
    async with (
        running_carrier(tmp_path, (LOCAL, system.settings.sip.port)) as carrier,
        console(browser, system.url) as desk,
        sip_phone(system, "2001", tone=450) as phone,
    ):
        await Rig(system, carrier).use(first="reserved = 1")
        page = desk.page
        await desk.sign_in("chen")
        await desk.press("Shift+T")
        await expect(page.get_by_test_id("trunk-second")).to_contain_text("in service")
        await page.get_by_test_id("trunk-first").click()
        call = await phone.dial("0200000")
        await call.answered()
        await expect(page.get_by_test_id("trunk-busy")).to_have_text("1 / 2")
        circuit = page.get_by_test_id("circuit-first/1")
        await expect(circuit).to_contain_text("200000")
        await picture(page, "trunks-dark")

        await circuit.focus()
        await desk.press("Enter")
        await expect(circuit).to_have_attribute("aria-pressed", "true")
        block = page.get_by_test_id("trunk-block")
        await block.focus()
        await desk.press("Enter")  # asks once more
        await desk.press("Enter")
        await expect(circuit).to_contain_text("200000")
        await expect(page.get_by_test_id("trunk-busy")).to_have_text("1 / 1")
        await call.hears(450)
        await call.hangup()
        await expect(circuit).to_contain_text("blocked here")
        await page.get_by_test_id("trunk-unblock").click()
        await expect(page.get_by_test_id("trunk-busy")).to_have_text("0 / 2")
        record = page.get_by_test_id("trunk-records").locator("tbody tr").first
        await expect(record).to_contain_text("200000")
        await expect(record).to_contain_text("16")
        await expect(page.get_by_test_id("trunk-loop")).to_have_count(0)  # SIP has no line

        await page.get_by_label("Number of the test call").fill("200000")
        await desk.press("Enter")
        await expect(page.get_by_test_id("trunk-test")).to_contain_text("Answered after")
        await until(lambda: not system.trunks.books.ledger.calls)


async def test_a_blocked_circuit_is_looped_from_the_map(system: System, browser: Browser) -> None:
    node, trunks = LineNode(), system.trunks
    before, trunks.drivers_of = trunks.drivers_of, lambda plan: dict.fromkeys(node.trunks, node)
    try:
        await trunks.service.apply("test", LINE)
        async with console(browser, system.url) as desk:
            page = desk.page
            await desk.sign_in("chen")
            await desk.press("Shift+T")
            await page.get_by_test_id("trunk-exchange").click()
            circuit = page.get_by_test_id(f"circuit-{CIRCUITS[0]}")
            await circuit.click()
            await twice(desk, "trunk-block")
            await expect(circuit).to_contain_text("blocked here")
            await twice(desk, "trunk-loop")
            await expect(circuit).to_contain_text("looped")
            await picture(page, "trunks-looped")
            assert node.looped == {CIRCUITS[0]}
            await page.get_by_test_id("trunk-unloop").click()
            await expect(circuit).not_to_contain_text("looped")
            await page.get_by_test_id("trunk-unblock").click()
            await expect(circuit).to_contain_text("idle")
        assert not node.looped
    finally:
        trunks.drivers_of = before
        await trunks.service.apply("test", "")


async def twice(desk: Console, button: str) -> None:
    """Press a button that asks once more."""
    await desk.page.get_by_test_id(button).focus()
    await desk.press("Enter")
    await desk.press("Enter")


async def test_chinese_and_light_and_a_dispatcher_only_looks(
    system: System, browser: Browser
) -> None:
    async with console(browser, system.url, theme="light") as desk:
        await desk.sign_in("li")
        await desk.page.get_by_role("button", name="中文").click()
        await desk.press("Shift+T")
        await desk.page.get_by_test_id("trunk-line").click()
        await expect(desk.page.get_by_test_id("trunk-state")).to_have_text("中断")
        await expect(desk.page.get_by_test_id("trunk-block")).to_be_disabled()
        await picture(desk.page, "trunks-light-zh")
