"""The server is killed and comes back; the call goes on and the console says what it knows."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path

import httpx
import pytest
import pytest_asyncio
from playwright.async_api import Browser, expect

from softswitch.testing.patience import PATIENCE
from softswitch.testing.phone import Phone
from softswitch.testing.system import LOCAL, own_settings, until
from tests.console.kit import BROWSER_TONE, PASSWORD, Console, console

pytestmark = [
    pytest.mark.asterisk,
    pytest.mark.browser,
    pytest.mark.asyncio(loop_scope="module"),
]


class Server:
    """`softswitch up` in a process of its own, on ports that stay the same from one start to the next."""

    def __init__(self, data: Path, console_folder: Path) -> None:
        self.settings = own_settings(data)
        self.console_folder = console_folder
        self.process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        return f"http://{LOCAL}:{self.settings.http.port}"

    @property
    def cli_file(self) -> Path:
        return self.settings.data / "cli.json"

    def command(self) -> list[str]:
        chosen = self.settings
        return [
            sys.executable,
            "-c",
            "from softswitch.cli.main import main; main()",
            "--data",
            str(chosen.data),
            "up",
            "--demo",
            *("--http", f"{LOCAL}:{chosen.http.port}"),
            *("--sip", f"{LOCAL}:{chosen.sip.port}"),
            *("--sips", f"{LOCAL}:{chosen.sips_address().port}"),
            *("--switch-http", f"{LOCAL}:{chosen.switch_http_address().port}"),
            *("--switch-https", f"{LOCAL}:{chosen.switch_https_address().port}"),
            *("--ami", f"{LOCAL}:{chosen.ami_address().port}"),
            *("--rtp", f"{chosen.rtp.first}-{chosen.rtp.last}"),
            *("--console", str(self.console_folder)),
        ]

    async def start(self) -> None:
        # Written last at a start: while it is missing, the server is not complete.
        self.cli_file.unlink(missing_ok=True)
        self._spawn()
        await until(self._ready, what="the server answers")

    def _spawn(self) -> None:
        with (self.settings.data.parent / "server.log").open("ab") as log:
            self.process = subprocess.Popen(self.command(), stdout=log, stderr=log)

    def _ready(self) -> bool:
        assert self.process is not None
        assert self.process.poll() is None, "the server ended"
        try:
            return (
                self.cli_file.exists()
                and httpx.get(f"{self.url}/api/health", timeout=1).status_code == 200
            )
        except httpx.HTTPError:
            return False

    def kill(self) -> None:
        """End the Python side as a crash does; the switch goes on."""
        assert self.process is not None
        self.process.kill()
        self.process.wait()

    def end(self) -> None:
        """End everything, the switch too, as Ctrl-C does."""
        if self.process is not None and self.process.poll() is None:
            self.process.send_signal(signal.SIGINT)
            self.process.wait(30)

    @contextmanager
    def api(self) -> Iterator[httpx.Client]:
        """The API with the token of this machine's command line."""
        token = json.loads(self.cli_file.read_text())["token"]
        headers = {"Authorization": f"Bearer {token}"}
        with httpx.Client(base_url=self.url, headers=headers, timeout=PATIENCE) as client:
            yield client


@pytest_asyncio.fixture(loop_scope="module")
async def server(tmp_path: Path, built: Path) -> AsyncIterator[Server]:
    running = Server(tmp_path / "data", built)
    try:
        await running.start()
        yield running
    finally:
        if running.process is not None and running.process.poll() is not None:
            await running.start()
        running.end()


@asynccontextmanager
async def desk_and_citizen(
    server: Server, browser: Browser
) -> AsyncIterator[tuple[Console, Phone]]:
    """A dispatcher at desk 1001 with the browser phone, and a telephone that calls."""
    with server.api() as api:
        api.patch("/api/users/dispatcher1", json={"password": PASSWORD}).raise_for_status()
        api.patch("/api/users/dispatcher1", json={"language": "en"}).raise_for_status()
        secret = api.get("/api/phones/2001-sip/secret").json()["secret"]
    where = (LOCAL, server.settings.sip.port)
    async with (
        console(browser, server.url) as desk,
        Phone.register(where, "2001-sip", secret, tone=450) as citizen,
    ):
        await desk.sign_in("dispatcher1")
        await desk.sit("1001")
        yield desk, citizen


async def test_a_call_outlives_the_server_and_is_in_hand_again_after_the_restart(
    server: Server, browser: Browser
) -> None:
    async with desk_and_citizen(server, browser) as (desk, citizen):
        call = await citizen.dial("120")
        await desk.answer()
        await call.hears(BROWSER_TONE)

        server.kill()
        banner = desk.page.get_by_test_id("banner")
        await expect(banner).to_contain_text("No connection to the server")
        await desk.lamp("link", "down")
        await desk.own_call("talking")
        await call.hears(BROWSER_TONE)
        await desk.hears(450)

        await server.start()
        await desk.lamp("link", "up")
        await expect(banner).not_to_contain_text("No connection")
        await expect(desk.page.get_by_test_id("desk")).to_contain_text("1001")
        await desk.own_call("talking")
        await call.hears(BROWSER_TONE)
        await expect(desk.page.get_by_test_id("hold")).to_be_enabled()
        await desk.press("F6")
        await desk.own_call("held")
        await desk.press("F6")
        await desk.own_call("talking")
        await desk.press("F4")
        await call.ended()
        await desk.own_call("none")


async def test_without_the_server_the_phone_still_rings_is_answered_and_hangs_up(
    server: Server, browser: Browser
) -> None:
    async with desk_and_citizen(server, browser) as (desk, citizen):
        server.kill()
        await desk.lamp("link", "down")
        call = await citizen.dial("119")
        await desk.answer()
        await call.answered()
        await call.hears(BROWSER_TONE)
        await desk.hears(450)
        await desk.press("F4")
        await call.ended()
        await desk.own_call("none")
        await server.start()
        await desk.lamp("link", "up")
