"""The plainer parts of mass SMS in a browser, by keys, in both languages: templates, numbers, alerts, links, rules."""

from __future__ import annotations

import re

import pytest
from playwright.async_api import Browser, Page, expect

from smsgateway.campaigns.model import Rules
from smsgateway.cap.write import document
from smsgateway.links import store as links
from smsgateway.links.model import Route
from softswitch.app import System
from tests.console.kit import Console, console
from tests.smsgateway.kit import stream
from tests.smsgateway.test_cap import ALERT
from tests.smsgateway.test_personal import CSV

pytestmark = [
    pytest.mark.asterisk,
    pytest.mark.browser,
    pytest.mark.asyncio(loop_scope="module"),
]


async def part(tab: Console, name: str) -> Page:
    """Open a part by the arrows alone."""
    await tab.press("Shift+S")
    chosen = tab.page.locator("[data-part=sms] [role=tab][aria-selected=true]")
    await expect(chosen).to_be_visible()
    await chosen.focus()
    await tab.press("Home")
    for _ in range(10):
        if await chosen.get_attribute("data-tab") == name:
            return tab.page
        await tab.press("ArrowRight")
    raise AssertionError(f"There is no part {name}.")


async def speak(tab: Console, language: str) -> None:
    """Choose a language: it is kept with whoever signed in."""
    button = tab.page.get_by_role("button", name=language)
    await button.press("Enter")
    await expect(button).to_have_attribute("aria-pressed", "true")


async def typed(page: Page, *texts: str) -> None:
    """Fill a form from field to field, and send it by Enter."""
    for index, text in enumerate(texts):
        if index:
            await page.keyboard.press("Tab")
        await page.keyboard.press("ControlOrMeta+a")
        await page.keyboard.type(text)


async def twice(page: Page, name: str) -> None:
    """What cannot be taken back is pressed twice."""
    button = page.get_by_role("button", name=re.compile(name))
    await button.first.focus()
    await page.keyboard.press("Enter")
    await page.keyboard.press("Enter")


async def test_a_template_is_written_and_used_by_keys_alone(
    system: System, browser: Browser
) -> None:
    async with console(browser, system.url) as tab:
        await tab.sign_in("chen")
        await speak(tab, "中文")
        page = await part(tab, "templates")
        await page.focus("[name=name]")
        await typed(page, "转移", "{地点}的{人数:number}人请在{时间:time}前转移")
        await page.keyboard.press("Tab")
        await page.keyboard.press("Enter")
        table = page.get_by_test_id("templates")
        await expect(table).to_contain_text("人数 数字")
        await page.focus("[name=name]")
        await typed(page, "坏的", "{地点")
        await page.keyboard.press("Tab")
        await page.keyboard.press("Enter")
        await expect(page.get_by_text("这不是模板").first).to_be_visible()
        await expect(table.locator("tbody tr")).to_have_count(1)
        await page.click("[data-tab=campaigns]")
        await page.get_by_test_id("new-campaign").press("Enter")
        await page.select_option("[name=template]", label="转移")
        for label, value in (("地点", "沿滩区"), ("人数", "300"), ("时间", "18:30")):
            await page.get_by_role("textbox", name=label, exact=True).fill(value)
        await page.get_by_role("button", name="填入").press("Enter")
        await expect(page.locator("[name=text]")).to_have_value("沿滩区的300人请在18:30前转移")
        page = await part(tab, "templates")
        await twice(page, "删除")
        await expect(page.get_by_text("还没有模板。")).to_be_visible()


async def test_a_number_is_blocked_and_written_to_again(system: System, browser: Browser) -> None:
    async with console(browser, system.url) as tab:
        await tab.sign_in("li")
        await speak(tab, "English")
        page = await part(tab, "blocked")
        await page.focus("[name=number]")
        await typed(page, "110")
        await page.keyboard.press("Enter")
        await expect(page.get_by_text("This is no mobile number.").first).to_be_visible()
        await page.fill("[name=number]", "+86 138 0000 0009")
        await page.select_option("[name=kind]", "opt_out")
        await page.fill("[name=why]", "by telephone")
        await page.keyboard.press("Enter")
        row = page.get_by_test_id("blocked").locator("tbody tr")
        await expect(row).to_contain_text("13800000009")
        await expect(row).to_contain_text("Opted out")
        await twice(page, "Send again")
        await expect(page.get_by_text("No blocked numbers.")).to_be_visible()


async def test_the_rules_change_what_phones_show(system: System, browser: Browser) -> None:
    async with console(browser, system.url) as tab, console(browser, system.url) as other:
        await tab.sign_in("chen")
        await speak(tab, "English")
        page = await part(tab, "rules")
        await page.focus("[name=signature]")
        await typed(page, "自贡应急", "1069012345", "500", "45")
        await page.keyboard.press("Enter")
        await expect(page.get_by_text("The rules are stored.").first).to_be_visible()
        assert system.sms.campaigns.rules == Rules(500, "自贡应急", "1069012345", 45)
        await other.sign_in("li")  # who may look and not change
        shown = await part(other, "rules")
        await expect(shown.locator("[name=signature]")).to_have_value("自贡应急")
        await expect(shown.locator("[name=signature]")).to_be_disabled()
        await expect(shown.get_by_test_id("store-rules")).to_have_count(0)
        page = await part(tab, "campaigns")
        await page.get_by_test_id("new-campaign").click()
        await page.fill("[name=text]", "请转移")
        await expect(page.locator("#sms-preview")).to_contain_text("【自贡应急】请转移")
    await system.sms.campaigns.set_rules("admin", Rules())


async def test_an_alert_is_taken_in_and_its_draft_opened(system: System, browser: Browser) -> None:
    await system.sms.lists.import_csv("li", "居民", stream("手机号\n13800000001\n".encode()))
    async with console(browser, system.url) as tab:
        await tab.sign_in("li")
        await speak(tab, "English")
        page = await part(tab, "alerts")
        given = {"name": "a.xml", "mimeType": "text/xml", "buffer": document(ALERT)}
        await page.set_input_files("[name=alert]", given)  # type: ignore[arg-type]
        await page.get_by_test_id("take-alert").press("Enter")
        row = page.get_by_test_id("alerts").locator("tbody tr")
        await expect(row).to_contain_text("暴雨红色预警")
        await expect(row).to_contain_text("drafted")
        async with page.expect_download() as download:
            await row.get_by_role("link", name="Document").click()
        assert (await (await download.value).path()).read_bytes() == document(ALERT)
        await row.get_by_role("button", name="Show campaign").press("Enter")
        draft = page.locator("[data-testid=campaign][data-state=draft]")
        await expect(draft).to_contain_text("暴雨红色预警")
        page = await part(tab, "alerts")
        bad = {"name": "b.xml", "mimeType": "text/xml", "buffer": b"<x/>"}
        await page.set_input_files("[name=alert]", bad)  # type: ignore[arg-type]
        await page.get_by_test_id("take-alert").press("Enter")
        await expect(page.get_by_role("alert").first).to_be_visible()


async def test_a_link_is_added_changed_and_removed(system: System, browser: Browser) -> None:
    async with console(browser, system.url) as tab:
        await tab.sign_in("chen")
        await speak(tab, "中文")
        page = await part(tab, "links")
        await page.get_by_test_id("new-link").press("Enter")
        await page.focus("[name=link-name]")
        await page.keyboard.type("drill")
        for name, value in (("host", "127.0.0.1"), ("port", "9"), ("user", "x"), ("password", "y")):
            await page.fill(f"[name={name}]", value)
        await page.check("[name=exercise]")
        await page.focus("[name=prefix]")
        await typed(page, "86138", "35")
        await page.get_by_test_id("add-route").press("Enter")
        await expect(page.locator("[name=prefix]").nth(1)).to_be_focused()
        await typed(page, "", "50")
        await page.get_by_test_id("store-link").press("Enter")
        table = page.get_by_test_id("sms-links")
        await expect(table).to_contain_text("86138: 35, 任意号码: 50")
        await expect(table).to_contain_text("127.0.0.1:9")
        await expect(table).to_contain_text("演习")
        await page.get_by_test_id("change-drill").press("Enter")
        await page.fill("[name=window]", "50")
        await page.get_by_role("button", name="删除路由：86138").press("Enter")
        await expect(page.get_by_test_id("add-route")).to_be_focused()
        await page.get_by_test_id("store-link").press("Enter")
        await expect(page.get_by_test_id("link-form")).to_have_count(0)
        (link,) = await system.sms.queue.read(links.every)
        assert (link.config.window, link.config.password, link.config.exercise) == (50, "y", True)
        assert link.config.routes == (Route("", 50),)
        await twice(page, "删除")
        await expect(page.get_by_text("还没有链路，请新增。")).to_be_visible()


async def test_a_text_that_differs_shows_the_first_person_and_who_is_left_out(
    system: System, browser: Browser
) -> None:
    await system.sms.lists.import_csv("li", "安置", stream(CSV.encode()))
    async with console(browser, system.url) as tab:
        await tab.sign_in("li")
        await speak(tab, "中文")
        page = await part(tab, "campaigns")
        await page.get_by_test_id("new-campaign").press("Enter")
        await page.fill("[name=name]", "安置")
        await page.fill("[name=text]", "{姓名}请到{安置点}{桌号:number}号桌登记")
        await page.get_by_test_id("list-安置").press(" ")
        await page.locator("[name=personal]").press(" ")
        await expect(page.get_by_test_id("columns")).to_contain_text("{安置点} {桌号}")
        shown = page.locator("#sms-preview")
        await expect(shown).to_contain_text("甲请到第一小学3号桌登记")
        await page.get_by_test_id("count-people").press("Enter")
        tally = page.get_by_test_id("tally")
        await expect(tally).to_contain_text("3 人")
        await expect(tally).to_contain_text("字段无法填写 2 人")
        await page.get_by_test_id("store-campaign").press("Enter")
        await expect(page.get_by_test_id("campaign")).to_be_visible()
