"""Every page by the rules of axe-core (WCAG 2.2, A and AA): names, roles, contrast in both themes."""

from __future__ import annotations

import pytest
from playwright.async_api import Browser, Page, expect

from softswitch.app import System
from softswitch.testing.system import sip_phone
from tests.console import scene
from tests.console.kit import PAGES, console, console_dist

pytestmark = [
    pytest.mark.asterisk,
    pytest.mark.browser,
    pytest.mark.asyncio(loop_scope="module"),
]
AXE = console_dist().parent / "node_modules" / "axe-core" / "axe.min.js"
LEVELS = ("wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa")
_STILL = """
const sheet = new CSSStyleSheet();
sheet.replaceSync('* { transition: none !important; animation: none !important }');
document.adoptedStyleSheets = [...document.adoptedStyleSheets, sheet];
"""
"""A colour on its way to another is none of either theme."""

# A rule on trial (`label-content-name-mismatch`) wants in a name whatever is seen, timers too.
_FAULTS = """
async ([within, runOnly]) => {
  const { violations } = await axe.run(within, {
    runOnly, resultTypes: ['violations'], rules: { 'label-content-name-mismatch': { enabled: false } },
  });
  return violations.flatMap(({ id, nodes }) => nodes.map(({ html, failureSummary }) =>
    `${id}: ${html.slice(0, 200)} ${failureSummary}`));
}
"""


async def faults(page: Page, within: str = "html") -> list[str]:
    """Return what breaks a rule on what is shown now, and where the other theme cannot be read."""
    found: list[str] = await page.evaluate(_FAULTS, [within, {"type": "tag", "values": LEVELS}])
    await page.evaluate("document.documentElement.classList.toggle('dark')")
    read = {"type": "rule", "values": ["color-contrast"]}
    found += await page.evaluate(_FAULTS, [within, read])
    await page.evaluate("document.documentElement.classList.toggle('dark')")
    return found


async def test_every_page_keeps_the_rules(system: System, browser: Browser) -> None:
    async with (
        console(browser, system.url) as desk,
        sip_phone(system, "2001") as citizen,
        sip_phone(system, "2002") as other,
    ):
        page = desk.page
        await page.evaluate(AXE.read_text("utf-8"))
        await page.evaluate(_STILL)
        found = {"login": await faults(page)}
        await desk.sign_in("chen")
        await scene.roster(page)
        await scene.resources(page)
        await desk.sit("1001")
        call = await citizen.dial("120")
        await desk.answer()
        waiting = await other.dial("119")
        await expect(page.get_by_test_id("waiting")).to_have_count(1)
        found["desk"] = await faults(page)
        await desk.press("?")
        await expect(page.get_by_role("dialog")).to_be_visible()
        found["keys"] = await faults(page)
        await desk.press("Escape")
        for name in PAGES:
            await desk.turn_to(name)
            found[name] = await faults(page, f"[data-page={name}]")
        await page.evaluate("location.hash = '#/wall'")
        await expect(page.get_by_test_id("wall")).to_be_visible()
        found["wall"] = await faults(page)
        assert {name: rows for name, rows in found.items() if rows} == {}
        await call.hangup()
        await waiting.hangup()
