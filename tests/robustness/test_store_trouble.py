"""A database that is locked, full or read-only for a while: calls and commands go on, and all is written later."""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from typing import Any

import httpx
import pytest
import pytest_asyncio
from sqlalchemy import event

from softswitch.app import System
from softswitch.calls import store as call_store
from softswitch.errors import Refusal
from softswitch.testing.patience import PATIENCE
from softswitch.testing.system import sip_phone, until

pytestmark = [pytest.mark.asterisk, pytest.mark.asyncio(loop_scope="session")]

NO_LIMIT = 2**32 - 2  # pages: the largest that SQLite knows
Trouble = Callable[[System], AbstractContextManager[None]]


@contextmanager
def locked(system: System) -> Iterator[None]:
    """Another program writes and does not end (sqlite.org/lang_transaction.html)."""
    other = sqlite3.connect(system.settings.data / "softswitch.db", isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    try:
        yield
    finally:
        other.execute("ROLLBACK")
        other.close()


@contextmanager
def read_only(system: System) -> Iterator[None]:
    with _pragma(system, "PRAGMA query_only=ON", "PRAGMA query_only=OFF"):
        yield


@contextmanager
def full(system: System) -> Iterator[None]:
    """No page more than there are, and the free ones used up: what SQLite says of a disk that is full."""
    other = sqlite3.connect(system.settings.data / "softswitch.db")
    (pages,) = other.execute("PRAGMA page_count").fetchone()
    other.close()
    with _pragma(system, f"PRAGMA max_page_count={pages}", f"PRAGMA max_page_count={NO_LIMIT}"):
        yield


@contextmanager
def _pragma(system: System, begin: str, end: str) -> Iterator[None]:
    """Said in the writer's thread before each of its transactions."""
    in_trouble = [True]

    def taken(connection: Any, _record: Any, _proxy: Any) -> None:
        connection.execute(begin if in_trouble else end)

    event.listen(system.db._writer_engine, "checkout", taken)
    try:
        yield
    finally:
        in_trouble.clear()


@pytest_asyncio.fixture(autouse=True, loop_scope="session")
async def seats_as_before(system: System) -> AsyncIterator[None]:
    yield
    system.center.desks.leave("supervisor")


async def use_up(chief: httpx.AsyncClient) -> httpx.Response:
    """Write until nothing more can be written; return that answer."""
    for number in range(400):
        body = {
            "number": f"0201111{number:04}",
            "name": "x" * 60,
            "address": "y" * 190,
            "note": "z" * 190,
        }
        answer = await chief.post("/api/registry", json=body)
        if answer.status_code == 503:
            return answer
        answer.raise_for_status()
    raise AssertionError("the database is not in trouble")


async def later(read: Callable[[], Awaitable[Any]], what: str) -> Any:
    """Wait until something is stored."""
    found: list[Any] = []

    async def look() -> None:
        found[:] = [value] if (value := await read()) else []

    async with asyncio.timeout(PATIENCE):
        while not found:
            await look()
            await asyncio.sleep(0.05)
    assert found, what
    return found[0]


@pytest.mark.parametrize("trouble", [locked, read_only, full])
async def test_calls_go_on_and_are_written_later(
    system: System, chief: httpx.AsyncClient, trouble: Trouble
) -> None:
    answered, gave_up = "", ""
    queue = system.center.intake.queue
    with trouble(system):
        refused = await use_up(chief)
        error = refused.json()["error"]
        assert error["code"] == "store_unavailable"
        assert error["message"].startswith("The database ")
        assert error["next_step"]
        async with (
            sip_phone(system, "2001", tone=450) as citizen,
            sip_phone(system, "1001", tone=650) as desk,
        ):
            call = await citizen.dial("120")
            offered = await desk.incoming()
            answered = await until(lambda: next(iter(queue), ""), what="the call waits")
            await offered.answer()
            await call.hears(650)
            for command, hears in (("hold", False), ("resume", True)):
                done = await chief.post(f"/api/calls/{answered}/{command}", json={"desk": "1001"})
                assert done.status_code == 200, done.text
                await (call.hears(650) if hears else call.stops_hearing(650))
            assert answered in (await chief.get("/api/board")).json()["entities"]["call"]
            async with sip_phone(system, "2003") as other:
                second = await other.dial("119")
                gave_up = await until(
                    lambda: next((one for one in queue if one != answered), ""), what="it waits"
                )
                await second.hangup()
                await until(lambda: not queue)
            await call.hangup()
            await offered.ended()
        health = (await chief.get("/api/status")).json()
        # On a full disk a small row may still fit where a large one does not.
        assert health["status"] == "degraded" or trouble is full, health
    for call_id in (answered, gave_up):
        await later(lambda key=call_id: ended(system, key), "the call is written")  # type: ignore[misc]
        await later(lambda key=call_id: incident(system, key), "its incident is drafted")  # type: ignore[misc]
    await later(lambda: task_of(system, "2003"), "the caller who gave up is a task")
    for act in ("call.hold", "call.resume"):
        await later(lambda act=act: audited(chief, act, answered), "the command is in the audit")  # type: ignore[misc]
    await later(lambda: recordings(system, chief, answered), "the recording is listed")
    assert (await chief.post("/api/audit/verify")).json()["ok"]
    for row in (await chief.get("/api/registry", params={"limit": 500})).json()["registry"]:
        await system.registry.remove(None, row["number"])


async def ended(system: System, call_id: str) -> Any:
    row = await system.db.read(call_store.call_by_id, call_id)
    return row and row["ended_at"]


async def incident(system: System, call_id: str) -> Any:
    return system.center.screens.incident_of(call_id)


async def task_of(system: System, number: str) -> Any:
    return [row for row in system.center.tasks.open.values() if row["number"] == number]


async def audited(chief: httpx.AsyncClient, act: str, call_id: str) -> Any:
    rows = (await chief.get("/api/audit", params={"act": act, "limit": 1_000})).json()["audit"]
    return [row for row in rows if row["target"] == call_id]


async def recordings(system: System, chief: httpx.AsyncClient, call_id: str) -> Any:
    system.recordings._checks.soon()  # not half a minute later
    return (await chief.get("/api/recordings", params={"call_id": call_id})).json()["recordings"]


async def test_a_takeover_that_cannot_be_put_on_record_does_not_happen(
    system: System, chief: httpx.AsyncClient
) -> None:
    async with (
        sip_phone(system, "2001", tone=450) as one,
        sip_phone(system, "1001", tone=650) as two,
        sip_phone(system, "1002", auto_answer=True) as third,
    ):
        call = await one.dial("1001")
        incoming = await two.incoming()
        await incoming.answer()
        await call.hears(650)
        call_id = await until(lambda: next(iter(system.live.entities()["call"]), ""))
        with locked(system):
            answer = await chief.post(f"/api/calls/{call_id}/takeover", json={"desk": "1002"})
            assert (answer.status_code, answer.json()["error"]["code"]) == (
                503,
                "store_unavailable",
            )
            await call.hears(650)
            assert not third.calls
        await call.hangup()
        await incoming.ended()


async def test_a_seat_taken_while_the_database_is_locked_is_kept(
    system: System, chief: httpx.AsyncClient
) -> None:
    with locked(system), pytest.raises(Refusal):
        await system.db.write(lambda _conn: None)
    with locked(system):
        system.center.desks.sit("supervisor", "1003", _duty())
        system.center.desks.sit("supervisor", "1002", _duty())
        await until(lambda: system.center.desks.seat_of("supervisor") == "1002")
        with pytest.raises(Refusal):
            await system.db.write(lambda _conn: None)

    async def seats() -> Any:
        rows = await system.db.read(call_store.all_seats)
        return {row["extension"] for row in rows if row["login"] == "supervisor"} == {"1002"}

    await later(seats, "the seat is stored")


def _duty() -> Any:
    from softswitch.calls.intake import Duty

    return Duty.PAUSED
