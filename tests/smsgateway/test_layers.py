"""Messages of the other parts of the system, through a real gateway and a centre: orders, plans, the map, timelines."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from typing import Any

import httpx
import pytest
import pytest_asyncio

from smsgateway.testing.control import CentreProcess
from softswitch.app import System
from softswitch.testing.patience import PATIENCE
from softswitch.testing.system import running_system

pytestmark = [pytest.mark.asterisk, pytest.mark.asyncio(loop_scope="module")]
UNIT, NEAR, FAR = "13800000001", "13800000002", "13800000003"
SQUARE = {
    "type": "Polygon",
    "coordinates": [[[104.7, 29.3], [104.9, 29.3], [104.9, 29.5], [104.7, 29.5], [104.7, 29.3]]],
}
PLAN = """
key: warn
name: 转移预警
levels:
  - id: one
    steps:
      - {id: sms, do: sms, text: 请立即转移, to: {area: true, numbers: ["2001"]}}
"""


class Api:
    """The API as a program uses it."""

    def __init__(self, system: System) -> None:
        token = json.loads((system.settings.data / "cli.json").read_text())["token"]
        headers = {"Authorization": f"Bearer {token}"}
        self.http = httpx.AsyncClient(
            base_url=f"{system.url}/api", headers=headers, trust_env=False, timeout=PATIENCE
        )

    async def __call__(self, method: str, path: str, body: Any = None, **params: Any) -> Any:
        answer = await self.http.request(method, path, json=body, params=params)
        assert answer.is_success, answer.text
        return answer.json() if answer.content else None

    async def until(self, path: str, is_so: Callable[[Any], object]) -> Any:
        """Ask again until the answer is so."""
        end = asyncio.get_running_loop().time() + PATIENCE
        while not is_so(found := await self("GET", path)):
            assert asyncio.get_running_loop().time() < end, found
            await asyncio.sleep(0.05)
        return found

    async def incident(self) -> str:
        return str((await self("POST", "/incidents", {"title": "光大街积水"}))["id"])

    async def timeline(self, incident: str, is_so: Callable[[list[Any]], object]) -> list[Any]:
        path = f"/incidents/{incident}/timeline"
        return list((await self.until(path, lambda t: is_so(t["entries"])))["entries"])


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def centre() -> AsyncIterator[CentreProcess]:
    async with CentreProcess() as started:
        await started.set(receipts="after")
        yield started


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def system(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[System]:
    async with running_system(tmp_path_factory.mktemp("layers")) as started:
        yield started


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def api(system: System, centre: CentreProcess) -> AsyncIterator[Api]:
    made = Api(system)
    async with made.http:
        incident = await made.incident()
        order = {"unit": "一队", "number": UNIT, "text": "请出动", "via": "sms"}
        refused = await made.http.post(f"/incidents/{incident}/orders", json=order)
        assert refused.json()["error"]["code"] == "no_sms"
        assert (await made("GET", "/map/settings"))["messages"] is False
        await made("POST", "/sms/links", {
            "name": "live", "host": "127.0.0.1", "port": centre.port, "system_id": "live",
            "password": "x",
        })  # fmt: skip
        yield made


def has(kind: str, **values: Any) -> Callable[[list[Any]], bool]:
    """Tell whether a timeline has an entry of a kind with these values."""

    def look(entries: list[Any]) -> bool:
        return any(
            entry["kind"] == kind and values.items() <= entry["body"].items() for entry in entries
        )

    return look


async def test_an_order_goes_out_and_the_answer_is_its_receipt(
    api: Api, centre: CentreProcess
) -> None:
    incident = await api.incident()
    body = {
        "unit": "一队",
        "number": f"+86{UNIT}",
        "text": "请到光大街",
        "via": "sms",
        "minutes": 5,
    }
    order = await api("POST", f"/incidents/{incident}/orders", body)
    assert (order["state"], order["number"]) == ("sent", UNIT)
    end = asyncio.get_running_loop().time() + PATIENCE
    while not any("请到光大街" in text for text in await texts(centre)):
        assert asyncio.get_running_loop().time() < end
        await asyncio.sleep(0.05)
    text = "收到，出动".encode("utf-16-be").hex()
    await centre.do("deliver", source=f"86{UNIT}", to="1069", text=text, headed=False, coding=8)
    entries = await api.timeline(incident, has("incident.order", state="received"))
    taken = next(e["body"] for e in entries if e["body"].get("state") == "received")
    assert (taken["why"], taken["received_by"]) == ("收到，出动", "一队")


async def test_a_plan_warns_whoever_is_in_the_area(system: System, api: Api) -> None:
    assert system.layers.gis is not None
    show = system.layers.gis.service.show
    show("target", "near", 104.8, 29.4, "学校", (NEAR,))
    show("target", "far", 105.8, 29.4, "医院", (FAR,))
    incident = await api.incident()
    await api("PUT", "/plans/warn", {"yaml": PLAN})
    body = {"incident_id": incident, "area": SQUARE, "key": "once"}
    dry = await api("POST", "/plans/warn/dry-run", body)
    assert [one["number"] for one in dry["steps"][0]["reached"]] == ["2001", NEAR]
    run = await api("POST", "/plans/warn/start", body)
    ended = await api.until(f"/plan-runs/{run['id']}", lambda r: r["state"] == "done")
    campaign = ended["steps"][0]["ref"]
    found = await api.until(f"/sms/campaigns/{campaign}", lambda c: c["state"] == "finished")
    assert (found["counts"]["delivered"], found["tally"]["not_mobile"]) == (1, 1)
    assert found["priority"] == "life_safety"
    finished = has("sms.campaign", state="finished", campaign_id=campaign)
    entries = await api.timeline(incident, finished)
    assert has("plan.step", step="sms", state="done")(entries)


async def test_a_message_from_the_map(api: Api) -> None:
    incident = await api.incident()
    assert (await api("GET", "/map/settings"))["messages"] is True
    body = {"area": SQUARE, "kinds": ["target"], "text": "请远离河岸", "incident_id": incident}
    told = await api("POST", "/map/messages", body)
    assert told["people"] == 1
    await api.until(f"/sms/campaigns/{told['campaign_id']}", lambda c: c["state"] == "finished")
    messages = await api("GET", f"/sms/campaigns/{told['campaign_id']}/messages")
    assert [one["number"] for one in messages["messages"]] == [NEAR]
    await api.timeline(incident, has("sms.campaign", state="finished"))


async def texts(centre: CentreProcess) -> list[str]:
    return [bytes.fromhex(text).decode("utf-16-be", "replace") for text in await centre.do("texts")]
