"""Names and numbers that are an attack: nothing is executed, and what people are shown is harmless."""

from __future__ import annotations

import csv
import io
import json
import re
from collections.abc import Iterator
from typing import Any
from urllib.parse import quote

import httpx
import pytest

from softswitch.access.model import Role
from softswitch.app import System
from softswitch.calls import store as call_store
from softswitch.testing.phone import Phone
from softswitch.testing.system import LINE, LOCAL, secret, sip_phone, until
from tests.robustness.calls import help_comes
from tests.robustness.hostile import TEXTS

pytestmark = [pytest.mark.asterisk, pytest.mark.asyncio(loop_scope="session")]

SAID = {kind: text for kind, text in TEXTS.items() if text}
NUMBER = re.compile(r"[0-9*#+]{0,32}")
DANGEROUS = re.compile(r"[\x00-\x1f\x7f$`{}&;\\<>\"]")


def texts_in(value: Any) -> Iterator[str]:
    """Every text in a JSON value, keys of objects too."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for key, inner in value.items():
            yield from texts_in(key)
            yield from texts_in(inner)
    elif isinstance(value, list | tuple):
        for inner in value:
            yield from texts_in(inner)


def harmless(value: Any) -> None:
    bad = [text for text in texts_in(value) if DANGEROUS.search(text) or len(text) > 200]
    assert not bad, bad


def name_of(text: str) -> str:
    """What of a text a SIP header can hold: a line break would end it."""
    return "".join(sign for sign in text if sign.isprintable())


@pytest.mark.parametrize("kind", SAID)
async def test_a_citizen_with_a_hostile_name_and_number_reaches_intake(
    system: System, chief: httpx.AsyncClient, kind: str
) -> None:
    server = (LOCAL, system.settings.sip.port)
    text = SAID[kind][:1_000]
    async with Phone.register(server, LINE, secret(LINE)) as line:
        call = await line.dial("120", caller=text, display=name_of(text))
        queue = system.center.intake.queue
        call_id = await until(lambda: next(iter(queue), ""), what="the call waits")
        live = system.live
        await until(lambda: call_id in live.entities().get("waiting", {}), what="it is shown")
        entities = live.entities()
        waiting = entities["waiting"][call_id]
        assert NUMBER.fullmatch(waiting["number"]), waiting
        harmless([waiting, entities["call"][call_id]])
        await until(
            lambda: system.center.screens.incident_of(call_id), what="an incident is drafted"
        )
        incident = system.center.screens.incident_of(call_id)
        harmless((await chief.get(f"/api/incidents/{incident}")).json())
        harmless((await chief.get("/api/board")).json())
        await call.hangup()
    await until(lambda: call_id not in system.center.board.calls)
    await system.center.log.written()
    row = await system.db.read(call_store.call_by_id, call_id)
    assert row is not None
    assert NUMBER.fullmatch(row["caller_number"])
    harmless(json.loads(json.dumps(row)))
    tasks = await until(lambda: list(system.center.tasks.open.values()), what="the caller gave up")
    harmless(tasks)


@pytest.mark.parametrize("kind", SAID)
async def test_a_hostile_number_dialled_is_refused(system: System, kind: str) -> None:
    async with sip_phone(system, "2001") as phone:
        target = quote(SAID[kind][:1_000], safe="", errors="replace")
        call = await phone.dial(f"sip:{target}@{LOCAL}:{system.settings.sip.port}")
        ended = await call.ended()
        assert (ended.status or 0) >= 400 or ended.cause in (1, 3, 28), ended
    assert not system.center.intake.queue


async def test_help_comes_after_all_that(system: System) -> None:
    for digits in ("110", "119", "120", "122"):
        await help_comes(system, digits)


@pytest.mark.parametrize("kind", SAID)
async def test_the_hostile_name_of_an_extension_is_refused_or_shown_harmlessly(
    system: System, chief: httpx.AsyncClient, kind: str
) -> None:
    """What an administrator may type is kept as typed; what reaches phones is letters, digits and blanks."""
    answer = await chief.patch("/api/extensions/2001", json={"name": SAID[kind]})
    try:
        assert answer.status_code in (200, 422)
        async with sip_phone(system, "2001") as caller, sip_phone(system, "2002") as called:
            call = await caller.dial("2002")
            incoming = await called.incoming()
            assert incoming.caller_number == "2001"
            assert not DANGEROUS.search(incoming.caller_name)
            assert len(incoming.caller_name) <= 40
            await incoming.answer()
            await call.answered()
            await call.hangup()
            await incoming.ended()
    finally:
        await chief.patch("/api/extensions/2001", json={"name": "Phone 2001"})
    etc = system.node.settings.etc
    for name in ("pjsip.conf", "extensions.conf"):
        assert SAID[kind] not in (etc / name).read_text()


async def test_a_csv_file_runs_nothing_in_a_spreadsheet(
    system: System, chief: httpx.AsyncClient, tokens: dict[Role, str]
) -> None:
    for number, name in (
        ("02012340001", '=HYPERLINK("http://x")'),
        ("02012340002", "+1+1|cmd"),
        ("02012340003", "@SUM(1)"),
        ("02012340004", "-2+3"),
    ):
        added = await chief.post("/api/registry", json={"number": number, "name": name})
        added.raise_for_status()
    try:
        exported = (await chief.get("/api/registry/export.csv")).content.decode("utf-8-sig")
        rows = list(csv.reader(io.StringIO(exported)))
        assert len(rows) == 5
        assert not [cell for row in rows for cell in row if cell[:1] in "=+-@\t\r" and cell]
        again = await chief.post(
            "/api/registry/import", content=exported.encode(), headers={"Content-Type": "text/csv"}
        )
        assert again.json()["unchanged"] == 4, again.text
    finally:
        for last in range(1, 5):
            await chief.delete(f"/api/registry/0201234000{last}")


@pytest.mark.parametrize("kind", SAID)
async def test_hostile_text_in_commands_on_a_call_does_nothing(
    system: System, chief: httpx.AsyncClient, kind: str
) -> None:
    async with (
        sip_phone(system, "2001", tone=450) as one,
        sip_phone(system, "1002", tone=650) as two,
    ):
        call = await one.dial("1002")
        incoming = await two.incoming()
        await incoming.answer()
        await call.hears(650)
        call_id = await until(lambda: next(iter(system.live.entities()["call"]), ""))
        text = SAID[kind]
        for path, body in (
            ("transfer", {"to": text}), ("transfer", {"to": "2003", "mode": text}), ("dtmf", {"digits": text}),
            ("hangup", {"leg": text}), ("hold", {"desk": text}), ("takeover", {"desk": text}),
        ):  # fmt: skip
            answer = await chief.post(f"/api/calls/{call_id}/{path}", json={"desk": "1002", **body})
            assert 400 <= answer.status_code < 500, (path, body, answer.text)
            assert answer.json()["error"]["next_step"]
        answer = await chief.post("/api/calls", json={"to": text, "desk": "1003"})
        assert answer.status_code in (409, 422)
        await call.hears(650)
        await call.hangup()
        await incoming.ended()
