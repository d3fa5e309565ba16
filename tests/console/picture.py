"""The pictures of the console in the docs: the demonstration, four callers, one of them answered, and the map.

    .venv/bin/python -m tests.console.picture [docs/images] [--language zh] [--theme dark]

The built console is shown (`scripts/run`), on ports of its own.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import io
import re
import signal
import sys
import tempfile
from collections.abc import AsyncIterator
from pathlib import Path

from PIL import Image
from playwright.async_api import Page, async_playwright, expect

from softswitch.testing.node import free_ports
from tests.console.kit import console, launch, write_voice

_SOFTSWITCH = Path(sys.executable).with_name("softswitch")
_TITLE, _NOTE = "居民楼疑似燃气泄漏", "厨房有煤气味，家中有老人，已嘱其开窗、勿动电器、到楼下等候。"


@contextlib.asynccontextmanager
async def child(*words: str) -> AsyncIterator[asyncio.subprocess.Process]:
    """Run a command of softswitch, and end it as Ctrl-C does."""
    process = await asyncio.create_subprocess_exec(
        _SOFTSWITCH, *words, stdout=asyncio.subprocess.PIPE
    )
    try:
        yield process
    finally:
        with contextlib.suppress(ProcessLookupError):
            process.send_signal(signal.SIGINT)
        await process.communicate()


async def login(process: asyncio.subprocess.Process) -> tuple[str, str]:
    """Read login and password off what the server prints when it is ready."""
    assert process.stdout is not None
    found: dict[str, str] = {}
    async for line in process.stdout:
        if match := re.match(r"\s*(Login|Password)\s+(\S+)", line.decode()):
            found[match[1]] = match[2]
        if "Password" in found:
            return found["Login"], found["Password"]
    raise SystemExit("The server ended before it was ready.")


async def answered(page: Page) -> None:
    """Answer the first caller, while three wait, and write down what he says."""
    await expect(page.get_by_test_id("waiting")).to_have_count(4)
    await page.keyboard.press("F2")
    await page.wait_for_selector("[data-testid=own-call][data-state=talking]")
    await page.fill("[data-testid=incident-title]", _TITLE)
    await page.fill("[data-testid=incident-note]", _NOTE)
    await page.keyboard.press("Escape")
    await expect(page.get_by_test_id("own-call").locator(".timer")).to_have_text("0:09")


async def beside(page: Page) -> None:
    """Open the map beside the call, and wait until the units are on it."""
    await page.keyboard.press("Shift+M")
    await page.keyboard.press("Shift+B")
    units = page.get_by_test_id("layer-unit")
    await expect(units).not_to_have_text(re.compile(r"\b0$"))


async def take(page: Page, path: Path) -> None:
    """Write what the page shows, in 256 colours: it has few, and the file is loaded with the README."""
    shot = Image.open(io.BytesIO(await page.screenshot())).convert("RGB")
    shot.quantize(256, dither=Image.Dither.NONE).save(path, optimize=True)


async def draw(folder: Path, language: str, theme: str) -> None:
    """Set the scene and write its pictures."""
    sip, http = free_ports(2)
    web = f"127.0.0.1:{http}"
    with tempfile.TemporaryDirectory() as data:
        voice = Path(data) / "voice.wav"
        write_voice(voice)
        up = ("up", "--demo", "--data", data, "--http", web, "--sip", f"127.0.0.1:{sip}")
        async with child(*up) as server, async_playwright() as playwright:
            name, password = await login(server)
            async with (
                await launch(playwright, voice) as browser,
                console(browser, f"http://{web}", language=language, theme=theme) as desk,
            ):
                await desk.page.set_viewport_size({"width": 1920, "height": 1080})
                await desk.sign_in(name, password=password)
                await desk.sit("1001")
                calls = (
                    "--calls",
                    "4",
                    "--interval",
                    "1",
                    "--seed",
                    "19",
                    "--mix",
                    "119=2,120=1,110=1",
                )
                where = ("--data", data, "--sip", f"127.0.0.1:{sip}")
                async with child("simulate", *calls, *where):
                    await answered(desk.page)
                    await take(desk.page, folder / "console.png")
                    await beside(desk.page)
                    await take(desk.page, folder / "workplace.png")


def main() -> None:
    """Draw it."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", nargs="?", type=Path, default=Path("docs/images"))
    parser.add_argument("--language", choices=("zh", "en"), default="zh")
    parser.add_argument("--theme", choices=("dark", "light"), default="dark")
    given = parser.parse_args()
    asyncio.run(draw(given.folder, given.language, given.theme))


if __name__ == "__main__":
    main()
