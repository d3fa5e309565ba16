"""(c) A change of state to the pixels of one real browser: from the server's memory to the next painted frame.

Reference: the same page changing the same attribute by itself, which is what the browser alone needs.
Server and browser read the same clock (milliseconds since 1970).

    python -m benchmarks.pixels [--changes 100]
"""

from __future__ import annotations

import argparse
import asyncio
import tempfile
import time
from pathlib import Path

from playwright.async_api import Page, async_playwright

from benchmarks.report import median, percentile, table
from softswitch.app import System, console_folder
from softswitch.testing.system import own_settings, running_system
from tests.console import kit

EXTENSION = "2001"
STATES = ("ringing", "talking")

_WATCH = """
(testid) => {
  window.painted = [];
  const tile = document.querySelector(`[data-testid=${testid}]`);
  const seen = () => requestAnimationFrame(() => setTimeout(() =>
    window.painted.push([tile.dataset.state, Date.now()])));
  new MutationObserver(seen).observe(tile, {attributes: true, attributeFilter: ['data-state']});
}
"""
_BY_ITSELF = """
([testid, state]) => {
  document.querySelector(`[data-testid=${testid}]`).dataset.state = state;
  return Date.now();
}
"""


async def painted(page: Page, count: int) -> float:
    """Wait until so many changes were painted; return the instant of the last, in milliseconds."""
    await page.wait_for_function("count => window.painted.length >= count", arg=count)
    return float(await page.evaluate("window.painted.at(-1)[1]"))


async def by_server(system: System, page: Page, changes: int) -> list[float]:
    """Change the state in the server; return the delays in milliseconds."""
    delays = []
    for number in range(changes):
        before = int(await page.evaluate("window.painted.length"))
        view = {**system.live.entities()["extension"][EXTENSION], "state": STATES[number % 2]}
        began = time.time() * 1000
        system.live.put("extension", EXTENSION, view)
        delays.append(await painted(page, before + 1) - began)
    return delays


async def by_itself(page: Page, changes: int) -> list[float]:
    """Change the attribute in the page; return the delays in milliseconds."""
    delays = []
    for number in range(changes):
        before = int(await page.evaluate("window.painted.length"))
        began = float(await page.evaluate(_BY_ITSELF, [f"tile-{EXTENSION}", STATES[number % 2]]))
        delays.append(await painted(page, before + 1) - began)
    return delays


async def run(changes: int) -> None:
    """Measure both and print the table."""
    with tempfile.TemporaryDirectory() as folder:
        voice = Path(folder) / "voice.wav"
        kit.write_voice(voice)
        built = console_folder(own_settings(Path(folder)))
        async with (
            running_system(Path(folder) / "data", console=built) as system,
            async_playwright() as playwright,
        ):
            await kit.furnish(system)
            browser = await kit.launch(playwright, voice)
            async with kit.console(browser, system.url) as desk:
                await desk.sign_in("li")
                await desk.page.wait_for_selector(f"[data-testid=tile-{EXTENSION}]")
                await desk.page.evaluate(_WATCH, f"tile-{EXTENSION}")
                rows = [
                    ("server to pixels", await by_server(system, desk.page, changes)),
                    ("page alone", await by_itself(desk.page, changes)),
                ]
            await browser.close()
    table(
        "(c) Change of state to the pixels of one browser",
        ["path", "median ms", "p99 ms"],
        [(name, median(delays), percentile(delays, 99)) for name, delays in rows],
    )


def main() -> None:
    """Run from the command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--changes", type=int, default=100)
    asyncio.run(run(parser.parse_args().changes))


if __name__ == "__main__":
    main()
