"""An emergency call over a 2M line, answered by one key in the browser."""

from __future__ import annotations

import asyncio
from pathlib import Path

from playwright.async_api import async_playwright

from tests.console import kit as web
from tests.trunk.rig.kit import MARKS, PREFIX, SLOW
from tests.trunk.rig.whole import Whole
from trunk.lab.wiring import Cable

pytestmark = MARKS
SUBSCRIBER_TONE = 650


async def test_an_emergency_call_over_pri_is_answered_in_the_browser(
    whole: Whole, tmp_path: Path
) -> None:
    await web.furnish(whole.system)
    voice = tmp_path / "voice.wav"
    web.write_voice(voice)
    async with async_playwright() as playwright:
        browser = await web.launch(playwright, voice)
        async with web.console(browser, whole.system.url) as desk:
            await desk.sign_in("li")
            await desk.sit("1001")
            call = await whole.site.subscriber.dial(PREFIX[Cable.PRI] + "110")
            await desk.own_call("ringing")
            await desk.press("F2")
            await call.answered(SLOW)
            await desk.own_call("talking")
            await asyncio.gather(
                call.hears(web.BROWSER_TONE),
                desk.hears(SUBSCRIBER_TONE),
            )
            await desk.press("F4")
            await call.ended(SLOW)
            await desk.own_call("none")
        await browser.close()
