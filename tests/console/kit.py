"""What the tests of the console share: a browser with a voice, a page signed in, questions to the page."""

from __future__ import annotations

import asyncio
import os
import random
import shutil
import wave
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from playwright.async_api import (
    Browser,
    BrowserContext,
    Locator,
    Page,
    Playwright,
    Route,
    ViewportSize,
    expect,
)
from playwright.async_api import Error as PlaywrightError

from softswitch.access.model import Actor, Role
from softswitch.app import System
from softswitch.directory.model import Phone, PhoneKind, SpeedDial, Transport
from softswitch.numbers import Extension, PhoneId, PhoneNumber
from softswitch.testing.audio import TONE_LEVEL
from softswitch.testing.patience import PATIENCE
from softswitch.testing.system import until

expect.set_options(timeout=PATIENCE * 1_000)

SLOW_ANSWERS = os.environ.get("SLOW_ANSWERS", "")
"""A seed: every answer of the API comes late by chance, so that what hangs on their order or their speed is found."""

PASSWORD = "Correct-Horse-9-Battery"
BROWSER_TONE = 850
"""What the browser's microphone hears, in hertz."""

PAGES = (
    "conference", "sms", "trunks", "incidents", "map", "resources", "plans", "duty", "recordings", "history",
    "admin", "audit",
)  # fmt: skip

SMALL: ViewportSize = {"width": 1366, "height": 768}

_RATE = 48_000
_ROOT = Path(__file__).resolve().parents[2]

# Keeps every connection and answers how loud a frequency is in what comes from the other side.
_MICROPHONE = """
(() => {
  const media = navigator.mediaDevices;
  if (!media) return;
  const ask = media.getUserMedia.bind(media);
  const plain = { echoCancellation: false, noiseSuppression: false, autoGainControl: false };
  media.getUserMedia = (wanted) => ask({ ...wanted, audio: { ...wanted.audio, ...plain } });
})();
"""
"""Noise suppression takes a tone away and gain control makes it loud: a test needs it as it was spoken."""

_EAR = """
(() => {
  const connections = [];
  const Real = window.RTCPeerConnection;
  window.RTCPeerConnection = class extends Real {
    constructor(...args) { super(...args); connections.push(this); }
  };
  const analysers = new Map();
  const context = () => (window.__earContext ??= new AudioContext());
  function analyserOf(track) {
    if (!analysers.has(track)) {
      const analyser = context().createAnalyser();
      analyser.fftSize = 4096;
      context().createMediaStreamSource(new MediaStream([track])).connect(analyser);
      analysers.set(track, analyser);
    }
    return analysers.get(track);
  }
  // How loud each tone is, and the loudest of all that is none of them.
  function loudness(track, tones) {
    const analyser = analyserOf(track);
    const bins = new Float32Array(analyser.frequencyBinCount);
    analyser.getFloatFrequencyData(bins);
    const width = context().sampleRate / analyser.fftSize;
    const places = tones.map((hertz) => Math.round(hertz / width));
    const near = places.map((at) => Math.max(...bins.slice(at - 2, at + 3)));
    const far = bins.filter((_, bin) =>
      bin < 3400 / width && places.every((at) => Math.abs(bin - at) > 12));
    return [near, Math.max(...far)];
  }
  const received = () => connections
    .filter((connection) => connection.connectionState === 'connected')
    .flatMap((connection) => connection.getReceivers())
    .map(({ track }) => track)
    .filter((track) => track.readyState === 'live');
  window.hears = (...tones) => received().some((track) => {
    const [near, far] = loudness(track, tones);
    return near.every((level) => level > -60 && level > far + 10);
  });
  // None of the tones for a second. The edges of a burst are heard at all frequencies, far below the burst.
  let silentSince = null;
  window.hearsNone = (...tones) => {
    const quiet = received().every((track) => tones.every((hertz) => {
      const [[near], far] = loudness(track, [hertz]);
      return near < -60 || near < far - 15;
    }));
    silentSince = quiet ? (silentSince ?? performance.now()) : null;
    return silentSince !== null && performance.now() - silentSince > 1000;
  };
  window.liveConnections = () => connections
    .filter((connection) => connection.connectionState === 'connected').length;
})();
"""


def chromium_path() -> str:
    """Return the machine's own Chromium."""
    for name in ("chromium", "chromium-browser", "google-chrome"):
        if found := shutil.which(name):
            return found
    raise AssertionError(
        "There is no Chromium; scripts/test installs it (apt-get install chromium)."
    )


def write_voice(path: Path, tone: int = BROWSER_TONE) -> None:
    """Write what the microphone hears: a tone as loud as that of a SIP phone."""
    at = np.arange(_RATE) / _RATE
    second = np.sin(2 * np.pi * tone * at) * TONE_LEVEL * 32767
    with wave.open(str(path), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(_RATE)
        file.writeframes(np.tile(second, 10).astype("<i2").tobytes())


async def launch(playwright: Playwright, voice: Path) -> Browser:
    """Start Chromium with a microphone that plays ``voice``."""
    return await playwright.chromium.launch(
        executable_path=chromium_path(),
        args=[
            "--no-sandbox",
            "--use-fake-device-for-media-stream",
            "--use-fake-ui-for-media-stream",
            f"--use-file-for-fake-audio-capture={voice}",
            "--autoplay-policy=no-user-gesture-required",
            # Without it Chromium offers no 127.0.0.1, and a machine may have no other address.
            "--allow-loopback-in-peer-connection",
        ],
    )


async def furnish(system: System) -> None:
    """Give the test directory browser phones, one-key buttons and people."""
    for number in ("1001", "1002"):
        phone = Phone(PhoneId(f"{number}-web"), Extension(number), PhoneKind.BROWSER, Transport.WS)
        await system.directory.add_phone(None, phone)
        buttons = [SpeedDial(1, "Fire 消防", PhoneNumber("2002"))]
        await system.directory.put_speed_dials(None, number, buttons)
    await add_people(system)


async def add_people(system: System) -> None:
    """Add two dispatchers and a supervisor, all with one password."""
    boss = Actor("admin", "admin", Role.SUPERVISOR)
    for login, role in (("li", "dispatcher"), ("wang", "dispatcher"), ("chen", "supervisor")):
        await system.users.add(boss, login, login.title(), role, PASSWORD, "en")


@dataclass(frozen=True)
class Console:
    """A page of the console, and what went wrong in it."""

    page: Page
    url: str
    errors: list[str]
    foreign: list[str]

    async def sign_in(self, login: str, *, password: str = PASSWORD) -> None:
        await self.page.fill("[name=login]", login)
        await self.page.fill("[name=password]", password)
        await self.page.keyboard.press("Enter")
        await self.page.wait_for_selector("[data-testid=desk]")
        await self.lamp("link", "up")

    async def sit(self, desk: str) -> None:
        """Take a seat, ready, and wait for the browser phone to register."""
        await self.page.click("[data-testid=desk]")
        await self.page.click(f"[data-testid=sit-{desk}]")
        await self.lamp("phone", "registered")

    async def lamp(self, name: str, state: str) -> None:
        await self.page.wait_for_selector(f"[data-testid={name}-lamp][data-state={state}]")

    async def own_call(self, state: str) -> None:
        await self.page.wait_for_selector(f"[data-testid=own-call][data-state={state}]")

    async def crash(self) -> None:
        """End the browser's process behind the page, as a crash does: nothing of the console runs on."""
        session = await self.page.context.new_cdp_session(self.page)
        async with self.page.expect_event("crash"):
            ended = asyncio.ensure_future(session.send("Page.crash"))
        ended.cancel()

    async def answer(self) -> None:
        """Take the call that rings, and wait until it is talked on."""
        await self.own_call("ringing")
        await self.press("F2")
        await self.own_call("talking")

    async def turn_to(self, name: str) -> Locator:
        """Open one of the pages."""
        await self.page.evaluate("name => { location.hash = `#/${name}` }", name)
        shown = self.page.locator(f"[data-page={name}]")
        await expect(shown.locator("> section")).to_be_visible()
        return shown

    async def hears(self, *tones: int) -> None:
        """All of the tones, and nothing as loud beside them."""
        await self.page.wait_for_function("tones => window.hears(...tones)", arg=tones)

    async def hears_none(self, *tones: int) -> None:
        """None of the tones for a second."""
        await self.page.wait_for_function(
            "tones => window.hearsNone(...tones)", arg=tones, polling=50
        )

    async def press(self, *keys: str) -> None:
        for key in keys:
            await self.page.keyboard.press(key)

    @asynccontextmanager
    async def late_answer(self, method: str, path: str) -> AsyncIterator[None]:
        """Let the server do what the page asks with `method`, and give the answers at the end of the block.

        The block is entered at once; its end waits until the page has asked.
        """
        over, asked, given = asyncio.Event(), 0, 0

        async def hold(route: Route) -> None:
            nonlocal asked, given
            if route.request.method != method:
                await route.fallback()
                return
            asked += 1
            answer = await route.fetch()
            await over.wait()
            await route.fulfill(response=answer)
            given += 1

        await self.page.route(path, hold)
        try:
            yield
            await until(lambda: asked > 0, what=f"the page asks {method} {path}")
            over.set()
            await until(lambda: given == asked, what="the page has every answer")
        finally:
            over.set()
            await self.page.unroute(path, hold)


def _late_by_chance(chance: random.Random) -> Callable[[Route], Awaitable[None]]:
    async def late(route: Route) -> None:
        with suppress(PlaywrightError):  # the page is gone
            try:
                answer = await route.fetch()
            except PlaywrightError:  # the server is
                await route.abort()
                return
            await asyncio.sleep(chance.choice((0, 0.05, 0.3, 1.2)))
            await route.fulfill(response=answer)

    return late


@asynccontextmanager
async def console(
    browser: Browser, url: str, *, language: str = "en", theme: str = "dark"
) -> AsyncIterator[Console]:
    """Open the console in a context of its own; it must ask nobody but the server, and throw nothing."""
    context = await browser.new_context(
        viewport={"width": 1920, "height": 1080}, permissions=["microphone"]
    )
    await context.add_init_script(_MICROPHONE)
    await context.add_init_script(_EAR)
    await context.add_init_script(
        f"localStorage.language ??= '{language}'; localStorage.theme ??= '{theme}'"
    )
    if SLOW_ANSWERS:
        await context.route("**/api/**", _late_by_chance(random.Random(SLOW_ANSWERS)))
    try:
        opened = await open_page(context, url)
        yield opened
        assert opened.errors == []
        assert opened.foreign == []
    finally:
        await context.close()


async def open_page(context: BrowserContext, url: str) -> Console:
    """Open one tab."""
    context.set_default_timeout(PATIENCE * 1_000)
    page = await context.new_page()
    opened = Console(page, url, [], [])
    page.on("pageerror", lambda error: opened.errors.append(str(error)))
    page.on("request", lambda request: _note_foreign(opened, request.url))
    await page.goto(url)
    return opened


def _note_foreign(opened: Console, address: str) -> None:
    if not address.startswith((opened.url, "data:", "blob:")):
        opened.foreign.append(address)


def console_dist() -> Path:
    """Return the built console."""
    return _ROOT / "console" / "dist"
