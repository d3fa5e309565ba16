"""Two languages, two themes, nothing that jumps, one phone for all tabs."""

from __future__ import annotations

import re
from typing import Any

import pytest
from playwright.async_api import Browser, Page, expect

from softswitch.app import System
from softswitch.testing.system import sip_phone
from tests.console.kit import console, open_page

pytestmark = [
    pytest.mark.asterisk,
    pytest.mark.browser,
    pytest.mark.asyncio(loop_scope="module"),
]
_PLACES = """
() => Object.fromEntries([...document.querySelectorAll('section, header.bar, footer.bar, .controls button, .action')]
  .map((element, index) => {
    const { x, y, width, height } = element.getBoundingClientRect();
    return [index + ' ' + element.className.slice(0, 20), [x, y, width, height].map(Math.round)];
  }))
"""
_NAMELESS = """
() => [...document.querySelectorAll('button, input:not([type=file]), select, textarea, a')]
  .filter((element) => element.checkVisibility())
  .filter((element) => !(element.textContent.trim() || element.getAttribute('aria-label')
    || element.labels?.length || element.title))
  .map((element) => element.outerHTML.slice(0, 120))
"""
_CONTRAST = """
(selector) => {
  const parse = (text) => text.match(/[0-9.]+/g).map(Number);
  const light = ([r, g, b]) => [r, g, b].map((v) => v / 255)
    .map((v) => v <= 0.03928 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4)
    .reduce((sum, v, i) => sum + v * [0.2126, 0.7152, 0.0722][i], 0);
  const element = document.querySelector(selector);
  let ground = element;
  while (ground && /rgba?\\(0, 0, 0, 0\\)|transparent/.test(getComputedStyle(ground).backgroundColor)) {
    ground = ground.parentElement;
  }
  const pair = [light(parse(getComputedStyle(element).color)),
    light(parse(getComputedStyle(ground ?? document.body).backgroundColor))].sort((a, b) => b - a);
  return (pair[0] + 0.05) / (pair[1] + 0.05);
}
"""
_AFAR = (
    "[data-testid=own-number]",
    "[data-testid=waiting] .number",
    "[data-testid=waiting] .age",
    ".timer",
)


async def places(page: Page) -> dict[str, Any]:
    found: dict[str, Any] = await page.evaluate(_PLACES)
    return found


async def test_the_language_changes_at_once_and_stays(system: System, browser: Browser) -> None:
    async with console(browser, system.url) as desk:
        await desk.sign_in("li")
        await expect(desk.page.get_by_role("button", name="Call history")).to_be_visible()
        await desk.page.get_by_role("button", name="中文").click()
        await expect(desk.page.get_by_role("button", name="通话记录")).to_be_visible()
        visible = await desk.page.locator("body").inner_text()
        left = set(re.findall(r"[A-Za-z]{3,}", visible)) - {
            "English",
            "Desk",
            "Phone",
            "Fire",
            "Esc",
        }
        assert left == set(), f"still English: {left}"
        assert await desk.page.get_attribute("html", "lang") == "zh-CN"
        await desk.page.reload()
        await expect(desk.page.get_by_role("button", name="通话记录")).to_be_visible()
        await desk.page.get_by_role("button", name="English").click()
        await expect(desk.page.get_by_role("button", name="Call history")).to_be_visible()


@pytest.mark.parametrize("theme", ["dark", "light"])
async def test_what_is_read_from_afar_stands_out(
    system: System, browser: Browser, theme: str
) -> None:
    async with (
        console(browser, system.url, theme=theme) as desk,
        sip_phone(system, "2001") as first,
        sip_phone(system, "2002") as second,
    ):
        await desk.sign_in("li")
        await desk.sit("1001")
        one = await first.dial("120")
        await desk.own_call("ringing")
        two = await second.dial("119")
        await expect(desk.page.get_by_test_id("waiting")).to_have_count(2)
        for selector in _AFAR:
            ratio = await desk.page.evaluate(_CONTRAST, selector)
            assert ratio >= 7, f"{selector} in the {theme} theme: {ratio:.1f}:1"
        size = await desk.page.evaluate(
            "parseFloat(getComputedStyle(document.querySelector('[data-testid=own-number]')).fontSize)"
        )
        assert size >= 44
        await one.hangup()
        await two.hangup()


async def test_the_theme_switches_and_stays(system: System, browser: Browser) -> None:
    async with console(browser, system.url) as desk:
        await desk.sign_in("li")
        ground = "getComputedStyle(document.body).backgroundColor"
        dark = await desk.page.evaluate(ground)
        await desk.page.get_by_role("button", name="Theme: Light").click()
        light = await desk.page.evaluate(ground)
        assert dark != light
        await desk.page.reload()
        await desk.lamp("link", "up")
        assert await desk.page.evaluate(ground) == light


async def test_nothing_jumps_when_the_state_changes(system: System, browser: Browser) -> None:
    async with (
        console(browser, system.url) as desk,
        sip_phone(system, "2001") as first,
        sip_phone(system, "2002") as second,
    ):
        await desk.sign_in("li")
        await desk.sit("1001")
        before = await places(desk.page)
        one = await first.dial("120")
        await desk.own_call("ringing")
        assert await places(desk.page) == before
        await desk.press("F2")
        await desk.own_call("talking")
        assert await places(desk.page) == before
        two = await second.dial("119")
        await expect(desk.page.get_by_test_id("waiting")).to_have_count(1)
        assert await places(desk.page) == before
        await desk.press("F8")
        assert await places(desk.page) == before
        await desk.press("Escape", "F7")
        await expect(desk.page.get_by_test_id("parked")).to_be_visible()
        assert await places(desk.page) == before
        await one.hangup()
        await two.hangup()
        await desk.own_call("none")
        assert await places(desk.page) == before


async def test_everything_that_can_be_pressed_or_filled_in_has_a_name(
    system: System, browser: Browser
) -> None:
    async with console(browser, system.url) as desk, sip_phone(system, "2001") as citizen:
        await desk.sign_in("chen")
        await desk.sit("1001")
        call = await citizen.dial("120")
        await desk.answer()
        for view in ("", "recordings", "history", "admin", "audit"):
            await desk.page.evaluate(f"location.hash = '#/{view}'")
            await expect(desk.page.locator("main")).to_be_visible()
            nameless = await desk.page.evaluate(_NAMELESS)
            assert nameless == [], f"without a name on {view or 'the call desk'}: {nameless}"
        spoken = desk.page.locator("p[role=status][aria-live=assertive]")
        await expect(spoken).to_contain_text("Talking, 120")
        await call.hangup()


async def test_only_one_tab_has_the_phone(system: System, browser: Browser) -> None:
    async with console(browser, system.url) as desk:
        await desk.sign_in("li")
        await desk.sit("1001")
        second = await open_page(desk.page.context, system.url)
        await second.lamp("phone", "other-tab")
        banner = second.page.get_by_test_id("banner")
        await expect(banner).to_contain_text("another tab")
        await banner.get_by_role("button", name="Use the phone here").click()
        await second.lamp("phone", "registered")
        await desk.lamp("phone", "other-tab")
        assert second.errors == []
