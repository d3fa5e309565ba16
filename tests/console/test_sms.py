"""The page of mass SMS in a browser, down to a centre: compose, count, test, send, watch, answers, report."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio
from playwright.async_api import Browser, Page, expect

from smsgateway.campaigns.model import Rules
from smsgateway.links import store
from smsgateway.links.model import LinkConfig
from smsgateway.testing.control import CentreProcess
from softswitch.app import System
from softswitch.testing.system import until
from tests.console.kit import console
from tests.console.scene import PLACE, draw

pytestmark = [
    pytest.mark.asterisk,
    pytest.mark.browser,
    pytest.mark.asyncio(loop_scope="module"),
]
PEOPLE = "手机号,姓名,区域\n13800000001,甲,东区\n13800000002,乙,西区\n1380,短,东区\n"


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def centre(shared: System) -> AsyncIterator[CentreProcess]:
    async with CentreProcess() as started:
        await started.set(receipts="after")
        config = LinkConfig("centre", "127.0.0.1", started.port, "x", password="y")
        await shared.sms.queue.write(store.add, config, 1)
        await shared.sms.links_changed()
        yield started


@pytest.fixture
def people(tmp_path: Path) -> Path:
    path = tmp_path / "people.csv"
    path.write_text(PEOPLE, encoding="gb18030")
    return path


async def import_people(page: Page, people: Path) -> None:
    await page.click("[data-tab=lists]")
    await page.fill("[name=list]", "居民")
    await page.set_input_files("[name=file]", str(people))
    await page.get_by_test_id("import-list").click()
    await expect(page.get_by_test_id("import-report")).to_contain_text("2 people")


async def compose(page: Page, name: str, text: str) -> None:
    await page.click("[data-tab=campaigns]")
    await page.get_by_test_id("new-campaign").click()
    await page.fill("[name=name]", name)
    await page.fill("[name=text]", text)
    await page.get_by_test_id("list-居民").click()
    await page.get_by_test_id("count-people").click()
    await expect(page.get_by_test_id("tally")).to_contain_text("2 people")
    await page.get_by_test_id("store-campaign").click()
    await expect(page.get_by_test_id("campaign")).to_be_visible()


async def state(page: Page, wanted: str) -> None:
    await expect(page.locator(f"[data-testid=campaign][data-state={wanted}]")).to_be_visible()


async def twice(page: Page, name: str) -> None:
    """What cannot be taken back is pressed twice."""
    await page.get_by_test_id(name).click()
    await page.get_by_test_id(name).click()


async def test_a_warning_from_the_file_to_the_answers(
    system: System, browser: Browser, centre: CentreProcess, people: Path
) -> None:
    async with console(browser, system.url) as tab:
        page = tab.page
        await tab.sign_in("li")
        await tab.press("Shift+S")
        await import_people(page, people)
        await expect(page.locator(".bad li")).to_contain_text("Line 4: no mobile number")
        await compose(page, "暴雨", "暴" * 71)
        await expect(page.get_by_test_id("campaign")).to_contain_text("2 parts")
        before = len(await centre.do("texts"))
        await page.fill("[name=test]", "13900000000")
        await page.get_by_test_id("send-test").click()
        await twice(page, "submit")
        await state(page, "finished")
        await expect(page.get_by_test_id("sms-progress")).to_contain_text("2 of 2")
        await page.get_by_test_id("show-report").click()
        report = page.get_by_test_id("sms-report")
        await expect(report).to_contain_text("东区")
        assert (
            len(await centre.do("texts")) == before + 6
        )  # two people and the test, two parts each
        await page.click("[data-tab=replies]")
        text = "2 房顶上".encode("utf-16-be").hex()
        await centre.do(
            "deliver", source="8613800000001", to="1069", text=text, headed=False, coding=8
        )
        await expect(page.get_by_test_id("replies")).to_contain_text("2 房顶上")
        await expect(page.get_by_test_id("replies")).to_contain_text("call-back task")
        await page.click("[data-tab=links]")
        await expect(page.get_by_test_id("sms-links")).to_contain_text("Connected")
        await until(lambda: bool(system.center.tasks.open), what="the task is open")


async def test_a_large_one_waits_for_the_supervisor(
    system: System, browser: Browser, centre: CentreProcess, people: Path
) -> None:
    await system.sms.campaigns.set_rules("admin", Rules(approval_size=1))
    async with console(browser, system.url) as tab, console(browser, system.url) as other:
        await tab.sign_in("li")
        await tab.press("Shift+S")
        await import_people(tab.page, people)
        await compose(tab.page, "大批", "请注意")
        await twice(tab.page, "submit")
        await state(tab.page, "approval")
        await expect(tab.page.get_by_test_id("approve")).to_be_disabled()
        await other.sign_in("chen")
        await other.press("Shift+S")
        await other.page.get_by_test_id("campaign-row").filter(has_text="大批").click()
        async with other.late_answer("GET", "**/api/sms/campaigns?*"):
            await twice(other.page, "approve")
            await state(tab.page, "finished")
        await state(other.page, "finished")
    await system.sms.campaigns.set_rules("admin", Rules())


async def test_who_is_inside_a_drawn_area_is_in_the_campaign(
    system: System, browser: Browser, centre: CentreProcess
) -> None:
    assert system.layers.gis is not None
    lon, lat = PLACE
    near = {"school": "13800000011", "clinic": "13800000012"}
    places = {**dict.fromkeys(near, lon), "far": lon + 1}
    for name, where in places.items():
        system.layers.gis.service.show(
            "target", name, where, lat, name, (near.get(name, "13800000013"),)
        )
    await system.sms.campaigns.set_rules("admin", Rules(approval_size=1))
    async with console(browser, system.url) as tab:
        page = tab.page
        await tab.sign_in("chen")
        await tab.press("Shift+M")
        await draw(page)
        await expect(page.get_by_test_id("inside")).to_contain_text("2")
        await page.get_by_role("textbox", name="Text of the message").fill("请远离河岸")
        await page.get_by_role("button", name="Send", exact=True).press("Enter")
        await expect(page.get_by_text("2 people are many").first).to_be_visible()
        await tab.press("Shift+S")
        await page.get_by_test_id("campaign-row").filter(has_text="请远离河岸").click()
        await state(page, "approval")
        await page.get_by_role("button", name="Back to draft").click()
        await state(page, "draft")
    drafts = system.sms.campaigns.open.values()
    (campaign,) = [one for one in drafts if one.plan.text == "请远离河岸"]
    assert set(campaign.plan.audience.numbers) == set(near.values())
    await system.sms.campaigns.set_rules("admin", Rules())
    for name in places:
        system.layers.gis.service.hide("target", name)


async def test_a_refusal_is_told_in_words(system: System, browser: Browser, people: Path) -> None:
    async with console(browser, system.url) as tab:
        await tab.sign_in("li")
        await tab.press("Shift+S")
        page = tab.page
        await page.click("[data-tab=lists]")
        await page.set_input_files(
            "[name=file]", {"name": "x.csv", "mimeType": "text/csv", "buffer": b"PK\x03\x04x"}
        )
        await page.get_by_test_id("import-list").click()
        await expect(page.get_by_text("The file is packed.").first).to_be_visible()
