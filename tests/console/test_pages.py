"""Administration, history and audit in the browser, against the real tables."""

from __future__ import annotations

import zipfile
from pathlib import Path
from typing import Any

import httpx
import pytest
from playwright.async_api import Browser, expect

from softswitch.app import System
from softswitch.calls import history, store
from softswitch.testing.patience import PATIENCE
from softswitch.testing.system import sip_phone, until
from tests.console.kit import console

pytestmark = [
    pytest.mark.asterisk,
    pytest.mark.browser,
    pytest.mark.asyncio(loop_scope="module"),
]
MANY = 1_500
_CSV = "number,name,address\n10000000077,赵敏,解放路1号\nnot-a-number,Nobody,Nowhere\n"


def _number(n: int) -> str:
    return f"1390000{n:04d}"


def _past(n: int) -> dict[str, Any]:
    """A call of long ago."""
    row = dict.fromkeys(column.name for column in store.calls.columns)
    at = 1_600_000_000_000 + n * 60_000
    return {
        **row, "id": f"past-{n}", "kind": "internal", "caller_number": _number(n), "caller_name": "",
        "called_number": "2001", "called_name": "", "started_at": at, "ended_at": at + 5_000,
        "cause": 16,
    }  # fmt: skip


async def test_an_extension_is_added_refused_twice_changed_and_removed(
    system: System, browser: Browser
) -> None:
    async with console(browser, system.url) as desk:
        page = desk.page
        await desk.sign_in("chen")
        await page.get_by_role("button", name="Administration").click()
        await page.get_by_role("button", name="Add").first.click()
        await page.get_by_role("textbox", name="Number").fill("1234")
        await page.get_by_role("textbox", name="Name").fill("Crane")
        await page.get_by_role("button", name="Save").click()
        row = page.locator("tr", has_text="1234")
        await expect(row).to_contain_text("Crane")
        await desk.page.get_by_role("button", name="Call desk").click()
        await expect(page.get_by_test_id("tile-1234")).to_contain_text("Crane")

        await page.get_by_role("button", name="Administration").click()
        await page.get_by_role("button", name="Add").first.click()
        await page.get_by_role("textbox", name="Number").fill("1234")
        await page.get_by_role("button", name="Save").click()
        await expect(page.get_by_text("1234 exists already")).to_be_visible()
        await desk.press("Escape")

        page.on("dialog", lambda dialog: dialog.accept())
        await row.get_by_role("button", name="Delete").click()
        await expect(row).to_have_count(0)


async def test_a_registry_file_is_tried_first_and_each_row_reported(
    system: System, browser: Browser, tmp_path: Path
) -> None:
    file = tmp_path / "registry.csv"
    file.write_text(_CSV, "utf-8")
    async with console(browser, system.url) as desk:
        page = desk.page
        await desk.sign_in("chen")
        await page.get_by_role("button", name="Administration").click()
        await page.get_by_role("tab", name="Registry").click()
        await page.locator("input[type=file]").last.set_input_files(file)
        report = page.get_by_role("dialog", name="Trial")
        await expect(report.locator("tbody tr")).to_have_count(2)
        await expect(report.locator("tr.added")).to_contain_text("10000000077")
        await expect(report.locator("tr.refused")).to_contain_text("not-a-number")
        assert await system.registry.look_up("10000000077") is None
        await report.get_by_role("button", name="Import now").click()
        await expect(page.get_by_role("dialog", name="Imported")).to_be_visible()
        known = await system.registry.look_up("10000000077")
        assert known is not None
        assert known.name == "赵敏"


async def test_history_lists_the_call_and_the_audit_chain_is_whole(
    system: System, browser: Browser
) -> None:
    async with (
        console(browser, system.url) as desk,
        sip_phone(system, "2001") as citizen,
        sip_phone(system, "2002", auto_answer=True),
    ):
        page = desk.page
        await desk.sign_in("chen")
        call = await citizen.dial("2002")
        await call.answered()
        await call.hangup()
        await page.get_by_role("button", name="Call history").click()
        row = page.get_by_test_id("history-row").first
        await expect(row).to_contain_text("2001")
        await row.get_by_role("button", name="Details").click()
        await expect(page.get_by_test_id("call-details").locator("ol li")).to_have_count(2)
        await page.get_by_role("button", name="Audit").click()
        # The newest act stands first: it was this sign-in, or what followed it.
        await expect(page.get_by_test_id("audit-row").first).to_contain_text("chen")
        await page.get_by_role("button", name="Verify the chain").click()
        await expect(page.get_by_test_id("audit-result")).to_contain_text("is whole")


async def test_the_whole_history_is_under_the_scroll_bar_and_stands_still_while_calls_come(
    system: System, browser: Browser
) -> None:
    await system.db.write(store.put_calls, [_past(n) for n in range(MANY)])
    async with (
        console(browser, system.url) as desk,
        sip_phone(system, "2001") as citizen,
        sip_phone(system, "2002", auto_answer=True),
    ):
        page = desk.page
        await desk.sign_in("chen")
        await page.get_by_role("button", name="Call history").click()
        await page.get_by_role("combobox", name="Kind").select_option("internal")
        await page.get_by_role("button", name="Search").click()
        rows = page.get_by_test_id("history-row")
        count = page.get_by_test_id("history-count")
        # Calls of other tests are there as well, all of them newer.
        length = len(await system.db.read(history.keys, history.Wanted(kind="internal")))
        await expect(count).to_have_text(f"{length} in all")

        await page.locator("[data-page=history] [data-at='0']").press("End")
        last = page.locator(f"[data-page=history] [data-at='{length - 1}']")
        await expect(last).to_be_focused()
        await expect(last).to_contain_text(_number(0))
        await last.press("PageUp")
        await expect(last).not_to_be_focused()

        middle = rows.filter(has_text=_number(MANY // 2))
        await page.evaluate(
            """place => {
              const list = document.querySelector('[data-page=history] [role=list]')
              list.scrollTop = list.scrollHeight * place
            }""",
            (length - MANY / 2 - 3) / length,
        )
        await expect(middle).to_be_visible()
        assert await rows.count() < 100
        before = await middle.bounding_box()
        call = await citizen.dial("2002")
        await call.answered()
        await call.hangup()
        await expect(count).to_have_text(f"{length + 1} in all")
        assert await middle.bounding_box() == before
        await page.locator("[data-page=history] [tabindex='0'][data-at]").press("Home")
        await expect(page.locator("[data-page=history] [data-at='0']")).to_contain_text("2002")


async def test_a_token_is_shown_once_and_works(system: System, browser: Browser) -> None:
    async with console(browser, system.url) as desk:
        page = desk.page
        await desk.sign_in("chen")
        await page.get_by_role("button", name="Administration").click()
        await page.get_by_role("tab", name="My API tokens").click()
        await page.get_by_role("button", name="Add").last.click()
        await page.get_by_role("textbox", name="Used for").fill("wall board")
        await page.get_by_role("button", name="Save").click()
        secret = page.get_by_role("dialog", name="Secret").locator("output")
        await expect(secret).not_to_be_empty()
        headers = {"Authorization": f"Bearer {await secret.inner_text()}"}
        async with httpx.AsyncClient(
            base_url=system.url, headers=headers, timeout=PATIENCE
        ) as client:
            assert (await client.get("/api/me")).json()["login"] == "chen"
        await desk.press("Escape")
        await expect(page.locator("tr", has_text="wall board")).to_be_visible()
        assert await secret.count() == 0


async def test_a_recording_is_held_and_exported(system: System, browser: Browser) -> None:
    async with console(browser, system.url) as desk, sip_phone(system, "2001") as citizen:
        page = desk.page
        await desk.sign_in("chen")
        await desk.sit("1001")
        call = await citizen.dial("120")
        await desk.answer()
        await call.answered()
        await call.hears_sound()
        await desk.press("F4")
        await call.ended()
        await until(
            lambda: system.recordings.status()["running"] == 0, what="the recordings are put away"
        )
        await page.get_by_role("button", name="Recordings").click()
        row = page.get_by_test_id("recording").first
        await row.get_by_role("button", name="Legal hold").click()
        await page.get_by_label("Reason").fill("inquiry 7")
        await page.get_by_role("dialog").get_by_role("button", name="Legal hold").click()
        await expect(row).to_contain_text("inquiry 7")
        async with page.expect_download() as waiting:
            await row.get_by_role("link", name="Export").click()
        file = await (await waiting.value).path()
        with zipfile.ZipFile(file) as archive:
            assert any(name.endswith(".wav") for name in archive.namelist())
            assert any("SHA256SUMS" in name for name in archive.namelist())


async def test_one_key_buttons_are_edited(system: System, browser: Browser) -> None:
    async with console(browser, system.url) as desk:
        page = desk.page
        await desk.sign_in("wang")
        await desk.sit("1002")
        await page.get_by_role("button", name="Edit the buttons").click()
        await page.get_by_label("Label 2").fill("Patrol")
        await page.get_by_label("Number 2").fill("2003")
        await page.get_by_role("button", name="Save").click()
        await expect(page.get_by_test_id("speed-2")).to_contain_text("Patrol")
        stored = await system.directory.speed_dials("1002")
        assert [(button.position, button.number) for button in stored] == [(1, "2002"), (2, "2003")]


async def test_a_dispatcher_sees_no_administration(system: System, browser: Browser) -> None:
    async with console(browser, system.url) as desk:
        await desk.sign_in("li")
        await expect(desk.page.get_by_role("button", name="Call history")).to_be_visible()
        await expect(desk.page.get_by_role("button", name="Administration")).to_have_count(0)
        await desk.page.evaluate("location.hash = '#/admin'")
        await expect(desk.page.get_by_test_id("own-call")).to_be_visible()


async def test_a_wrong_password_is_refused_with_the_next_step(
    system: System, browser: Browser
) -> None:
    async with console(browser, system.url) as desk:
        await desk.page.fill("[name=login]", "li")
        await desk.page.fill("[name=password]", "wrong")
        await desk.press("Enter")
        await expect(desk.page.get_by_role("alert")).to_contain_text("wrong")
