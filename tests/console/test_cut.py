"""On a small screen, in both languages, no word on a button is cut and nothing lies over what can be pressed."""

from __future__ import annotations

import pytest
from playwright.async_api import Browser, expect

from softswitch.app import System
from softswitch.testing.system import sip_phone
from tests.console import scene
from tests.console.kit import PAGES, SMALL, console

pytestmark = [
    pytest.mark.asterisk,
    pytest.mark.browser,
    pytest.mark.asyncio(loop_scope="module"),
]
# What a box that scrolls holds may stand outside of it; what another box hides is cut.
_CUT = """
() => {
  const inside = ({ left, right, top, bottom }, x, y) => x >= left && x <= right && y >= top && y <= bottom;
  const parents = (element) => element.parentElement ? [element.parentElement, ...parents(element.parentElement)] : [];
  const hides = (element) => getComputedStyle(element).overflowX !== 'visible';
  const scrolls = (element) => /auto|scroll/.test(getComputedStyle(element).overflowX);
  const pressed = 'button, a.button, [role=tab], select, input, textarea';
  const seen = [...document.querySelectorAll(`${pressed}, th, label, h1, h2, h3`)]
    .filter((element) => element.checkVisibility({ opacityProperty: true }))
    .filter((element) => element.getBoundingClientRect().width > 2);
  const words = (element) => `${element.className} ${element.textContent.trim() || element.ariaLabel || element.name}`;
  const cut = seen.filter((element) => {
    if (hides(element) && !element.matches('select, input, textarea') && element.scrollWidth > element.clientWidth + 1)
      return true;
    const boxes = parents(element).filter((parent) => hides(parent));
    const box = boxes[0] && !scrolls(boxes[0]) ? boxes[0].getBoundingClientRect() : { left: 0, right: Infinity };
    const { left, right } = element.getBoundingClientRect();
    return left < box.left - 1 || right > box.right + 1;
  });
  const covered = seen.filter((element) => element.matches(pressed)).filter((element) => {
    const { left, top, width, height } = element.getBoundingClientRect();
    const [x, y] = [left + width / 2, top + height / 2];
    if (parents(element).some((parent) => hides(parent) && !inside(parent.getBoundingClientRect(), x, y))) return false;
    const over = document.elementFromPoint(x, y);
    return over && !element.contains(over) && !over.contains(element) && !over.closest('label');
  });
  return [...cut.map((element) => `cut: ${words(element)}`), ...covered.map((element) => `covered: ${words(element)}`)];
}
"""


@pytest.mark.parametrize("language", ["en", "zh"])
async def test_no_word_is_cut_and_no_button_covered(
    system: System, browser: Browser, language: str
) -> None:
    async with (
        console(browser, system.url) as desk,
        sip_phone(system, "2001") as citizen,
        sip_phone(system, "2002") as other,
    ):
        page = desk.page
        await page.set_viewport_size(SMALL)
        await desk.sign_in("chen")
        await page.get_by_role("button", name={"en": "English", "zh": "中文"}[language]).click()
        await scene.roster(page)
        await desk.sit("1001")
        call = await citizen.dial("120")
        await desk.answer()
        waiting = await other.dial("119")
        await expect(page.get_by_test_id("waiting")).to_have_count(1)
        await expect(page.get_by_test_id("incident-title")).to_be_visible()
        found = {"desk": await page.evaluate(_CUT)}
        for name in PAGES:
            await desk.turn_to(name)
            found[name] = await page.evaluate(_CUT)
        assert {name: rows for name, rows in found.items() if rows} == {}
        await call.hangup()
        await waiting.hangup()
