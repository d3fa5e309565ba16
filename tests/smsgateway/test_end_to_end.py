"""The whole of it: a running system, its gateway in a process of its own, and a centre; by API and by command."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx
import pytest
import pytest_asyncio

from smsgateway.cap.write import document
from smsgateway.model import MessageState
from smsgateway.queue import repository
from smsgateway.testing.control import CentreProcess
from softswitch.app import System, find_speech
from softswitch.cli.main import run
from softswitch.conferences import notice_store
from softswitch.conferences.notice_model import PersonState
from softswitch.conferences.voice import EspeakVoice
from softswitch.testing.audio import Samples, likeness, read_wav
from softswitch.testing.patience import PATIENCE
from softswitch.testing.system import LINE, running_system, sip_phone, until
from tests.smsgateway.test_cap import ALERT

pytestmark = [pytest.mark.asterisk, pytest.mark.asyncio(loop_scope="module")]
A, B = "13800000001", "13800000002"


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def centre() -> AsyncIterator[CentreProcess]:
    async with CentreProcess() as started:
        await started.set(receipts="after")
        yield started


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def system(
    tmp_path_factory: pytest.TempPathFactory, centre: CentreProcess
) -> AsyncIterator[System]:
    async with running_system(tmp_path_factory.mktemp("sms")) as started:
        yield started
        await until(lambda: not started.center.board.legs, what="no channel is left")


class Api:
    """The API as a program uses it."""

    def __init__(self, system: System) -> None:
        token = json.loads((system.settings.data / "cli.json").read_text())["token"]
        self._headers = {"Authorization": f"Bearer {token}"}
        self._url = system.url
        self._client = httpx.AsyncClient(trust_env=False, timeout=PATIENCE)

    async def __call__(self, method: str, path: str, body: Any = None, **more: Any) -> Any:
        answer = await self._client.request(
            method, f"{self._url}/api/sms{path}", json=body, headers=self._headers, **more
        )
        assert answer.is_success, answer.text
        return answer.json() if "json" in answer.headers.get("content-type", "") else answer.text

    async def upload(self, name: str, text: str) -> Any:
        answer = await self._client.post(
            f"{self._url}/api/sms/lists/import", params={"name": name}, content=text.encode(),
            headers={**self._headers, "content-type": "text/csv"},
        )  # fmt: skip
        assert answer.is_success, answer.text
        return answer.json()

    async def intercept(self, call_id: str, body: Any) -> Any:
        """Break into a call."""
        answer = await self._client.post(
            f"{self._url}/api/calls/{call_id}/insert", json=body, headers=self._headers
        )
        assert answer.is_success, answer.text
        return answer.json()

    async def state(self, campaign: str, state: str) -> Any:
        """Wait until a campaign is in a state."""
        end = asyncio.get_running_loop().time() + PATIENCE
        while True:
            found = await self("GET", f"/campaigns/{campaign}")
            if found["state"] == state:
                return found
            assert asyncio.get_running_loop().time() < end, found
            await asyncio.sleep(0.05)

    async def submitted(self, link: str, least: int) -> None:
        """Wait until the gateway tells that a link has sent so many parts: it tells once a second."""
        end = asyncio.get_running_loop().time() + PATIENCE
        while True:
            (found,) = [
                one for one in (await self("GET", "/links"))["links"] if one["name"] == link
            ]
            if found["status"]["submitted"] >= least:
                return
            assert asyncio.get_running_loop().time() < end, found
            await asyncio.sleep(0.05)

    async def close(self) -> None:
        await self._client.aclose()


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def api(system: System, centre: CentreProcess) -> AsyncIterator[Api]:
    made = Api(system)
    for name, exercise in (("live", False), ("drill", True)):
        await made("POST", "/links", {
            "name": name, "host": "127.0.0.1", "port": centre.port, "system_id": name,
            "password": "x", "exercise": exercise,
        })  # fmt: skip
    await made.upload("居民", f"number,name,area\n{A},A,东区\n{B},B,西区\n")
    yield made
    await made.close()


def plan(**more: Any) -> dict[str, Any]:
    return {"name": "暴雨", "text": "请立即转移", "audience": {"lists": ["居民"]}, **more}


async def sent(api: Api, **more: Any) -> str:
    campaign = (await api("POST", "/campaigns", plan(**more)))["id"]
    await api("POST", f"/campaigns/{campaign}/submit", {})
    return str(campaign)


async def test_a_campaign_arrives_and_is_told_by_area(api: Api, centre: CentreProcess) -> None:
    before = len(await centre.do("texts"))
    campaign = await sent(api, priority="life_safety")
    found = await api.state(campaign, "finished")
    assert found["counts"]["delivered"] == 2
    assert len(await centre.do("texts")) == before + 2
    report = await api("GET", f"/campaigns/{campaign}/report")
    assert [(row["area"], row["counts"]) for row in report["areas"]] == [
        ("东区", {"delivered": 1}),
        ("西区", {"delivered": 1}),
    ]
    rows = (await api("GET", f"/campaigns/{campaign}/report.csv")).splitlines()
    assert [row.split(",")[:4] for row in rows[1:]] == [
        [A, "A", "东区", "delivered"],
        [B, "B", "西区", "delivered"],
    ]
    cap = await api("GET", f"/campaigns/{campaign}/cap")
    assert "<headline>暴雨</headline>" in cap


async def test_an_exercise_goes_over_its_own_link(api: Api) -> None:
    campaign = await sent(api, exercise=True)
    await api.state(campaign, "finished")
    messages = (await api("GET", f"/campaigns/{campaign}/messages"))["messages"]
    assert {message["state"] for message in messages} == {"delivered"}
    await api.submitted("drill", 2)


async def test_help_becomes_a_task_at_the_desks(
    system: System, api: Api, centre: CentreProcess
) -> None:
    campaign = await sent(api)
    await api.state(campaign, "finished")
    text = "2 水到二楼".encode("utf-16-be").hex()
    await centre.do("deliver", source=f"86{A}", to="1069", text=text, headed=False, coding=8)
    tasks = system.center.tasks
    row = await until(
        lambda: next((row for row in tasks.open.values() if row["number"] == A), None),
        what="a task is open", seconds=PATIENCE,
    )  # fmt: skip
    shown = system.live.entities()["task"][row["id"]]
    assert (shown["class_name"], shown["class_name_en"]) == ("短信求助", "Help by SMS")
    board = await api("GET", f"/campaigns/{campaign}/welfare")
    assert (board["help"], board["people"][0]["text"]) == (1, "2 水到二楼")
    await tasks.close("test", row["id"], "end of test")


async def speech(folder: Path, text: str) -> Samples:
    """Return what a text sounds like on the telephone."""
    spoken = await EspeakVoice(folder, find_speech()).speak(text, "zh")
    return read_wav(Path(spoken.media.removeprefix("sound:") + ".wav"))


async def test_who_has_no_receipt_is_called_hears_his_own_text_and_confirms(
    system: System, api: Api, centre: CentreProcess, tmp_path: Path
) -> None:
    await centre.set(receipts="none")
    await api.upload("安置", f"number,name,安置点\n{B},B,体育馆\n")
    own, another = [await speech(tmp_path, f"{place}集合。") for place in ("体育馆", "第一小学")]
    async with sip_phone(system, LINE) as phone:
        body = {"audience": {"lists": ["安置"]}, "voice_after_minutes": 1}
        campaign = await sent(api, text="{安置点}集合。", personal=True, **body)
        await api.state(campaign, "running")
        running = system.sms.campaigns.open[campaign]
        batch = await system.sms.queue.read(repository.batch_id, campaign)
        assert batch is not None
        end = asyncio.get_running_loop().time() + PATIENCE
        while not (await system.sms.queue.read(repository.progress, batch))[MessageState.SUBMITTED]:
            assert asyncio.get_running_loop().time() < end
            await asyncio.sleep(0.05)
        assert running.began_at is not None
        running.began_at -= 60_000  # a minute goes by
        call = await asyncio.wait_for(phone.incoming(), PATIENCE)
        await call.answer()
        own, another = [
            await speech(tmp_path, f"{place}集合。") for place in ("体育馆", "第一小学")
        ]
        await call.hears_clip(own)
        assert likeness(call.ear.recording(), another) < 0.5
        await call.send_digits("1")
        await call.ended()
    notice = running.notices[0]
    notices = system.conferences.notices
    await until(lambda: notice not in notices.notices, what="all were called", seconds=PATIENCE)
    await until(lambda: not system.center.engine._tasks, what="all is written")
    people = await system.db.read(notice_store.people_of, notice)
    assert [(person.number, person.state) for person in people] == [(B, PersonState.CONFIRMED)]
    await api("POST", f"/campaigns/{campaign}/cancel", {})
    await centre.set(receipts="after")


async def test_an_alert_drafts_a_campaign_that_a_person_sends(api: Api) -> None:
    row = await api("POST", "/alerts", params={"registry": "居民"}, content=document(ALERT))
    assert row["outcome"] == "drafted"
    again = await api("POST", "/alerts", params={"registry": "居民"}, content=document(ALERT))
    assert again["campaign_id"] == row["campaign_id"]
    draft = await api("GET", f"/campaigns/{row['campaign_id']}")
    assert (draft["state"], draft["priority"]) == ("draft", "life_safety")
    assert draft["audience"]["shape"]["type"] in {"Polygon", "MultiPolygon"}


async def test_by_command(
    system: System,
    api: Api,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setenv("SOFTSWITCH_DATA", str(system.settings.data))
    monkeypatch.setenv("LANG", "en_US.UTF-8")

    async def softswitch(*words: str, code: int = 0) -> str:
        capsys.readouterr()
        assert await asyncio.to_thread(run, words) == code, words
        return capsys.readouterr().out

    people = tmp_path / "people.csv"
    people.write_text(f"手机号,姓名\n{A},甲\n1380,短\n{B},乙\n", encoding="gb18030")
    told = await softswitch("sms", "import", "two", str(people), code=1)
    assert "2 people, 0 repeated, 1 bad rows" in told
    answer = json.loads(await softswitch("sms", "send", "Leave now.", "--list", "two", "--json"))
    await api.state(answer["id"], "finished")
    shown = await softswitch("sms", "report", answer["id"])
    assert "delivered" in shown
    target = tmp_path / "messages.csv"
    await softswitch("sms", "report", answer["id"], "--csv", str(target))
    assert len(target.read_text("utf-8-sig").splitlines()) == 3
    listed = json.loads(
        await softswitch("sms", "report", answer["id"], "--state", "delivered", "--json")
    )
    assert [row["name"] for row in listed["messages"]] == ["甲", "乙"]
    await softswitch("sms", "remove-list", "two")


async def test_who_talks_on_a_line_of_ours_can_be_broken_into(
    system: System, api: Api, centre: CentreProcess
) -> None:
    await centre.set(receipts="none")
    await system.intercept.config.change("test", {"two_person": ()})
    campaign = await sent(api)
    await api.state(campaign, "running")
    async with (
        sip_phone(system, "2001") as own,
        sip_phone(system, LINE) as line,
        sip_phone(system, "1002") as desk,
    ):
        talk = await own.dial(B)
        citizen = await asyncio.wait_for(line.incoming(), PATIENCE)
        await citizen.answer()
        await talk.answered()
        (person,) = await talking(api, campaign)
        assert (person["number"], person["name"], person["area"]) == (B, "B", "西区")
        call_id = person["call_id"]
        body = {"reason": "warning", "desk": "1002"}
        answer = await api.intercept(call_id, body)
        assert answer["act"] == "insert", answer
        ringing = await asyncio.wait_for(desk.incoming(), PATIENCE)
        await ringing.answer()
        await citizen.hears_sound()
        await talk.hangup()
        for call in (citizen, ringing):
            await call.hangup()
    await api("POST", f"/campaigns/{campaign}/cancel", {})
    await centre.set(receipts="after")


async def talking(api: Api, campaign: str) -> list[dict[str, Any]]:
    """Wait until somebody talks."""
    end = asyncio.get_running_loop().time() + PATIENCE
    while not (people := (await api("GET", f"/campaigns/{campaign}/talking"))["people"]):
        assert asyncio.get_running_loop().time() < end
        await asyncio.sleep(0.05)
    return list(people)
