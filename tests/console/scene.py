"""A small emergency in the books: a post with its guard, a plan, what stands on the map, and an incident."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from playwright.async_api import Page, expect

PLACE = (104.7734, 29.3390)
"""Zigong, longitude and latitude in WGS-84."""

# The page's own session asks, as the console does.
_ASK = """
async ([method, path, body]) => {
  const answer = await fetch('/api' + path, {
    method,
    headers: { 'Content-Type': 'application/json', 'X-Softswitch': '1' },
    body: body === null ? undefined : JSON.stringify(body),
  });
  const text = await answer.text();
  if (!answer.ok) throw new Error(`${method} ${path}: ${answer.status} ${text}`);
  return text ? JSON.parse(text) : null;
}
"""
_PLAN = """
key: fire
name: 火灾应急响应
trigger: {types: ["207"], grades: [2, 3]}
levels:
  - id: l3
    name: 三级
    grades: [3]
    steps:
      - {id: tell, do: notify, text: 到岗, to: {duty: [chief]}}
      - {id: near, do: notify, text: 请撤离, to: {area: true}}
"""


async def ask(page: Page, method: str, path: str, body: Any = None) -> Any:
    """Ask the server as the person who is signed in; a refusal fails the test."""
    return await page.evaluate(_ASK, [method, path, body])


async def roster(page: Page) -> None:
    """A post 'chief' with two people and a shift now, by a supervisor."""
    for key, name, number in (("li-ming", "李明", "2002"), ("zhao-min", "赵敏", "2003")):
        body = {"name": name, "title": "值班领导", "numbers": [number]}
        await ask(page, "PUT", f"/duty/people/{key}", body)
    await ask(page, "PUT", "/duty/rosters/chief", {"name": "值班长", "need": 1})
    today = datetime.now(ZoneInfo("Asia/Shanghai")).date()
    for day in (today, today + timedelta(days=1)):  # a day may end while the test runs
        shift = {"roster": "chief", "person": "li-ming", "date": day.isoformat()}
        await ask(page, "POST", "/duty/shifts", {**shift, "begin": "00:00", "end": "00:00"})


async def plan(page: Page) -> None:
    """A plan for fires that tells the post on duty, and whoever is inside the area."""
    await ask(page, "PUT", "/plans/fire", {"yaml": _PLAN, "base": 0, "remark": ""})


async def resources(page: Page, count: int = 3) -> None:
    """Some units around the place, each with a number."""
    lon, lat = PLACE
    for index in range(count):
        body = {
            "code": f"119-{index:02}", "kind": "unit", "name": f"消防{index}队", "status": "free",
            "numbers": [str(2001 + index % 3)], "lon": lon + index / 1000, "lat": lat,
        }  # fmt: skip
        await ask(page, "POST", "/resources", body)


async def draw(page: Page) -> None:
    """Draw a square around the middle of the map with the pointer, from corner to corner and back to the first."""
    canvas = page.locator("[data-page=map] canvas").first
    await expect(canvas).to_be_visible()
    box = await canvas.bounding_box()
    assert box is not None
    x, y = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
    await page.get_by_role("button", name="Draw a polygon").click()
    for dx, dy in ((-120, -120), (120, -120), (120, 120), (-120, 120), (-120, -120)):
        await page.mouse.move(x + dx, y + dy)
        await page.mouse.down()
        await page.mouse.up()
