"""Map, plans, duty and resources as their users work with them: by keys, in both languages, with long lists."""

from __future__ import annotations

import asyncio
import io
from math import asinh, ceil, pi, radians, tan
from typing import Any
from urllib.parse import urlparse

import pytest
from PIL import Image
from playwright.async_api import Browser, Page, Route, expect

from softswitch.app import System
from softswitch.testing.patience import PATIENCE
from softswitch.testing.system import sip_phone, until
from tests.console import scene
from tests.console.conference_kit import end_all
from tests.console.kit import console

pytestmark = [
    pytest.mark.asterisk,
    pytest.mark.browser,
    pytest.mark.asyncio(loop_scope="module"),
]
ZOOM = 15
"""Where the map goes when a thing is chosen."""
MANY = 1_200


async def circle(page: Page, radius: int) -> None:
    """Open the map and draw a circle around its middle, without a pointer."""
    await page.keyboard.press("Shift+M")
    await expect(page.locator("[data-page=map] canvas").first).to_be_visible()
    field = page.locator("[data-page=map] input[type=number]")
    await field.fill(str(radius))
    await field.press("Enter")
    await expect(page.get_by_test_id("inside")).to_be_visible()


async def test_an_area_is_drawn_by_keys_and_a_plan_started_on_who_is_inside(
    system: System, browser: Browser
) -> None:
    async with console(browser, system.url) as desk:
        page = desk.page
        await desk.sign_in("chen")
        await scene.roster(page)
        await scene.plan(page)
        await scene.resources(page)
        await circle(page, 20_000)
        await expect(page.get_by_test_id("inside")).to_contain_text("3")
        await page.get_by_role("button", name="Start a plan").press("Enter")
        await page.get_by_test_id("plan-row").first.locator("button").press("Enter")
        await expect(page.get_by_test_id("plan-area")).to_contain_text("3 numbers")
        reached = page.get_by_test_id("reached")
        await expect(reached.filter(has_text="area")).to_have_count(3)
        await expect(reached.filter(has_text="李明")).to_have_count(1)

        notices = system.conferences.notices
        await page.get_by_test_id("start-plan").press("Enter")
        await page.get_by_test_id("start-plan").press("Enter")
        await expect(page.get_by_test_id("run-state")).to_be_visible()
        await until(lambda: len(notices.notices) == 2, what="both steps ring")
        await expect(page.get_by_test_id("run-state")).to_have_text("done")
        for notice in list(notices.notices):
            await notices.stop("test", notice)


async def test_everybody_inside_a_drawn_polygon_is_rung_into_one_room(
    system: System, browser: Browser
) -> None:
    lon, lat = scene.PLACE
    conferences = system.conferences
    async with (
        console(browser, system.url) as desk,
        sip_phone(system, "2001") as one,
        sip_phone(system, "2002") as other,
    ):
        page = desk.page
        await desk.sign_in("chen")
        await desk.sit("1001")
        for known in (await scene.ask(page, "GET", "/resources"))["resources"]:
            await scene.ask(page, "DELETE", f"/resources/{known['code']}")
        for number, where in (("2001", lon), ("2002", lon + 0.001), ("2003", lon + 1)):
            body = {"kind": "unit", "numbers": [number], "lon": where, "lat": lat}
            await scene.ask(page, "POST", "/resources", {"code": f"u-{number}", **body})
        await desk.press("Shift+M")
        await scene.draw(page)
        await expect(page.get_by_test_id("inside")).to_contain_text("2")
        await page.get_by_role("button", name="Call 2 numbers").press("Enter")
        calls = [await one.incoming(), await other.incoming()]
        [room] = conferences.books.rooms.values()
        for call in calls:
            await call.answer()
        # The desk's own phone answered by itself.
        await until(
            lambda: {who.number for who in room.present} == {"1001", "2001", "2002"},
            what="all are in the room",
        )
        await end_all(system)
        for call in calls:
            await call.ended()
        await desk.own_call("none")


async def test_a_step_is_written_with_its_post_tries_pause_and_language(
    system: System, browser: Browser
) -> None:
    async with console(browser, system.url, language="zh", theme="light") as desk:
        page = desk.page
        await desk.sign_in("chen")
        await scene.roster(page)
        await desk.press("Shift+P")
        await expect(page.get_by_test_id("new-plan")).to_be_enabled()
        await desk.press("w")
        form = page.locator("form.editor")
        await form.locator("[name=key]").fill("heat")
        await form.locator("[name=name]").fill("高温")
        step = form.get_by_test_id("step-form")
        await step.get_by_test_id("pick-duty").fill("chief")
        await step.get_by_test_id("pick-duty").press("Enter")
        await expect(step.get_by_test_id("keys-duty").locator(".chip")).to_have_count(1)
        groups = step.get_by_test_id("pick-groups")
        await groups.fill("消防 一队")
        await groups.press("Enter")
        await groups.fill("Water Rescue 2，错")
        await groups.press("Enter")
        await expect(step.get_by_test_id("keys-groups").locator(".chip")).to_have_count(3)
        await groups.press("Backspace")
        await expect(step.get_by_test_id("keys-groups").locator(".chip")).to_have_count(2)
        await step.locator("textarea").fill("请到岗")
        await step.locator("[name=tries]").fill("5")
        await step.locator("[name=pause]").fill("30")
        await step.locator("[name=spoken]").select_option("en")
        await page.get_by_test_id("store").press("Enter")
        await expect(page.get_by_test_id("revise")).to_be_visible()
        stored = await scene.ask(page, "GET", "/plans/heat")
        [level] = stored["plan"]["levels"]
        [kept] = level["steps"]
        assert kept["to"] == {"duty": ["chief"], "groups": ["消防 一队", "Water Rescue 2"]}
        assert (kept["tries"], kept["pause_seconds"], kept["language"]) == (5, 30, "en")


async def test_a_post_is_made_manned_and_left_by_keys_alone(
    system: System, browser: Browser
) -> None:
    duty = system.layers.duty
    assert duty is not None
    async with console(browser, system.url) as desk:
        page = desk.page
        await desk.sign_in("chen")
        await scene.roster(page)
        await desk.press("Shift+D")
        await expect(page.get_by_role("tab").first).to_be_focused()
        await desk.press("ArrowRight")
        await page.get_by_test_id("new-roster").press("Enter")
        await page.keyboard.type("mobile")  # the focus is in the first field
        await desk.press("Tab")
        await page.keyboard.type("Duty mobile")
        await desk.press("Tab")
        await page.locator("[name=zone]").fill("Asia/Shanghai")
        await desk.press("Enter")
        await expect(page.locator("[name=roster]")).to_have_value("mobile")

        days = page.get_by_test_id("day")
        await days.first.locator("button").first.focus()
        await desk.press("ArrowDown", "ArrowRight")
        ninth = page.locator("[data-date$='-09']")
        await expect(ninth.locator("button").first).to_be_focused()
        await desk.press("Enter")
        await page.keyboard.type("zhao-min")
        await desk.press("Enter")
        await expect(ninth.get_by_test_id("shift")).to_contain_text("赵敏")
        await ninth.get_by_test_id("shift").press("Enter")
        await expect(page.locator("[name=end]")).to_be_focused()
        await page.locator("[name=deputy]").fill("li-ming")
        await desk.press("Enter")
        await expect(ninth.get_by_test_id("shift")).to_contain_text("李明")
        await ninth.get_by_test_id("shift").press("Delete")
        await expect(ninth.get_by_test_id("shift")).to_have_count(0)

        await page.click("[data-tab=leave]")
        await page.locator("[name=leave-person]").fill("li-ming")
        await page.locator("[name=leave-begin]").fill("2026-01-01T00:00")
        await page.locator("[name=leave-end]").fill("2099-01-01T00:00")
        await page.locator("[name=leave-deputy]").fill("zhao-min")
        await page.get_by_test_id("add-leave").press("Enter")
        await expect(page.get_by_test_id("leave")).to_contain_text("li-ming")

        def guard() -> list[str]:
            return [one.person.key for one in duty.service.on_duty("chief")]

        await until(lambda: guard() == ["zhao-min"], what="the deputy stands in")


async def test_the_month_that_was_chosen_last_is_shown_however_late_the_answers(
    system: System, browser: Browser
) -> None:
    async with console(browser, system.url) as desk:
        page = desk.page
        await desk.sign_in("chen")
        await scene.roster(page)
        await desk.press("Shift+D")
        await expect(page.get_by_role("tab").first).to_be_focused()
        await desk.press("ArrowRight")
        await expect(page.get_by_test_id("day").first).to_be_visible()
        chosen = page.locator("[name=month]")
        async with desk.late_answer("GET", "**/api/duty/rosters/*/month?*"):
            await chosen.fill("2031-05")
            await chosen.fill("2031-06")
        await expect(page.locator("[data-date='2031-06-09']")).to_be_visible()
        await expect(page.locator("[data-date='2031-05-09']")).to_have_count(0)


async def test_a_long_list_draws_what_is_seen_and_reaches_its_end(
    system: System, browser: Browser
) -> None:
    async with console(browser, system.url) as desk:
        page = desk.page
        await desk.sign_in("chen")
        lines = "".join(f"m-{number:05},material,Pump {number}\n" for number in range(MANY))
        report = await page.evaluate(
            "text => fetch('/api/resources/import', { method: 'POST', body: text,"
            " headers: { 'X-Softswitch': '1', 'Content-Type': 'text/csv' } }).then((a) => a.json())",
            "code,kind,name\n" + lines,
        )
        assert report["refused"] == 0
        await desk.press("Shift+R")
        rows = page.get_by_test_id("resource")
        await expect(rows.first).to_be_visible()
        last = rows.filter(has_text=f"m-{MANY - 1:05}")
        # To the end of what is there, and again, as a hand at the scroll bar does.
        await page.wait_for_function(
            """code => {
              const list = document.querySelector('[data-page=resources] .list')
              list.scrollTop = list.scrollHeight
              return [...list.querySelectorAll('[data-testid=resource]')]
                .some((row) => row.textContent.includes(code))
            }""",
            arg=f"m-{MANY - 1:05}",
        )
        await expect(last).to_be_visible()
        # And to the middle, of which nothing was read before.
        await page.evaluate(
            """() => {
              const list = document.querySelector('[data-page=resources] .list')
              list.scrollTop = list.scrollHeight / 2
            }"""
        )
        await expect(rows.filter(has_text=f"m-{MANY // 2:05}")).to_be_visible()
        assert await rows.count() < 100


def tile_beside(lon: float, lat: float) -> tuple[float, int, int]:
    """A longitude just west of the edge between two tiles, and the tile east of that edge."""
    column = ceil((lon + 180) / 360 * 2**ZOOM)
    row = int((1 - asinh(tan(radians(lat))) / pi) / 2 * 2**ZOOM)
    return column / 2**ZOOM * 360 - 180 - 0.001, column, row


def png(colour: str) -> bytes:
    out = io.BytesIO()
    Image.new("RGB", (256, 256), colour).save(out, "PNG")
    return out.getvalue()


async def test_tiles_in_gcj02_are_drawn_where_wgs84_has_them(
    system: System, browser: Browser
) -> None:
    """A point 100 m west of a tile's edge lies in the tile east of it: GCJ-02 is shifted by 260 m there."""
    lon, column, row = tile_beside(*scene.PLACE)
    pictures = {True: png("red"), False: png("white")}

    async def settings(route: Route) -> None:
        url = f"{system.url}/tiles/{{z}}/{{x}}/{{y}}.png"
        answer: dict[str, Any] = {
            "url": url,
            "labels": "",
            "coordinates": "gcj02",
            "messages": False,
        }
        await route.fulfill(json=answer)

    async def tile(route: Route) -> None:
        wanted = urlparse(route.request.url).path.removesuffix(".png").split("/")[-3:]
        is_it = wanted[:2] == [str(ZOOM), str(column)] and abs(int(wanted[2]) - row) <= 1
        await route.fulfill(body=pictures[is_it], content_type="image/png")

    async with console(browser, system.url) as desk:
        page = desk.page
        await page.route("**/api/map/settings", settings)
        await page.route("**/tiles/**", tile)
        await desk.sign_in("chen")
        body = {"code": "edge", "kind": "camera", "name": "Edge", "lon": lon, "lat": scene.PLACE[1]}
        await scene.ask(page, "POST", "/resources", body)
        await circle(page, 20_000)
        await (
            page.get_by_test_id("thing").filter(has_text="Edge").get_by_role("button").first.click()
        )
        await page.get_by_role("button", name="Clear").click()
        ground = await page.locator("[data-page=map] .target").bounding_box()
        assert ground is not None
        # 20 pixels, 83 m, west of the mark in the middle, and above it: nothing else stands there.
        x = ground["x"] + ground["width"] / 2 - 20
        y = ground["y"] + ground["height"] / 2 - 60

        async def is_red() -> bool:
            picture = Image.open(io.BytesIO(await page.screenshot())).convert("RGB")
            return picture.getpixel((int(x), int(y))) == (255, 0, 0)

        async with asyncio.timeout(PATIENCE):
            while not await is_red():  # the page is drawn anew for each picture
                pass
