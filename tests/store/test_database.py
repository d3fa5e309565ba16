"""The one writer: what is written together, what fails alone, and what people read when nothing works."""

from __future__ import annotations

import asyncio
import sqlite3
import threading
from collections.abc import Awaitable
from pathlib import Path

import pytest
from sqlalchemy import Connection
from sqlalchemy.exc import IntegrityError

from softswitch.errors import Kind, Refusal
from softswitch.store.database import Database
from softswitch.store.notes import note
from tests.store.conftest import add, own, pragma, texts


class Gate:
    """Holds the writer until it is opened, so that what waits behind it shares a commit."""

    def __init__(self) -> None:
        self.entered = threading.Event()
        self.opened = threading.Event()

    def __call__(self, _conn: Connection) -> None:
        self.entered.set()
        self.opened.wait()


async def until_waiting(db: Database, count: int) -> None:
    while db.statistics()[1] < count:  # noqa: ASYNC110 - the queue has no event, and needs none
        await asyncio.sleep(0)


async def together(db: Database, *calls: Awaitable[str]) -> list[str | BaseException]:
    gate = Gate()
    held = asyncio.ensure_future(db.write(gate))
    await asyncio.to_thread(gate.entered.wait)
    tasks = [asyncio.ensure_future(call) for call in calls]
    await until_waiting(db, len(calls))
    gate.opened.set()
    await held
    return await asyncio.gather(*tasks, return_exceptions=True)


async def test_what_was_written_can_be_read_and_its_result_comes_back(db: Database) -> None:
    assert await db.write(add, "one") == "one"
    assert await db.read(texts) == ["one"]


async def test_waiting_writes_share_one_commit_and_keep_their_order(db: Database) -> None:
    before = db.statistics()[0].commits
    names = [f"n{number}" for number in range(50)]
    assert await together(db, *(db.write(add, name) for name in names)) == names
    assert db.statistics()[0].commits == before + 2  # the gate, and all the others
    assert await db.read(texts) == names


async def test_one_that_fails_harms_no_other_in_the_same_commit(db: Database) -> None:
    results = await together(
        db, db.write(add, "a"), db.write(add, "a"), db.write(add, "b"), db.write(add, "c")
    )
    assert [results[0], results[2], results[3]] == ["a", "b", "c"]
    assert isinstance(results[1], IntegrityError)
    assert await db.read(texts) == ["a", "b", "c"]


async def test_one_that_fails_only_at_the_commit_harms_no_other(db: Database) -> None:
    await db.write(
        execute,
        "CREATE TABLE child (id INTEGER REFERENCES test_notes (id) DEFERRABLE INITIALLY DEFERRED)",
    )
    orphan = "INSERT INTO child VALUES (99)"
    results = await together(db, db.write(add, "a"), db.write(execute, orphan), db.write(add, "b"))
    assert [results[0], results[2]] == ["a", "b"]
    assert isinstance(results[1], IntegrityError)
    assert await db.read(texts) == ["a", "b"]
    assert db.state()["ok"] is True


def execute(conn: Connection, statement: str) -> str:
    conn.exec_driver_sql(statement)
    return statement


async def test_a_refusal_of_a_function_undoes_what_it_did(db: Database) -> None:
    def half(conn: Connection) -> None:
        add(conn, "half")
        raise Refusal(Kind.CONFLICT, "no", "No.", "Stop.")

    with pytest.raises(Refusal, match=r"No"):
        await db.write(half)
    assert await db.read(texts) == []


async def test_a_reader_cannot_write(db: Database) -> None:
    with pytest.raises(Refusal, match=r"read-only"):
        await db.read(add, "x")


async def test_a_reader_sees_one_picture(db: Database, path: Path) -> None:
    await db.write(add, "before")
    reached, go_on = threading.Event(), threading.Event()

    def twice(conn: Connection) -> tuple[list[str], list[str]]:
        first = texts(conn)
        reached.set()
        go_on.wait()
        return first, texts(conn)

    reading = asyncio.ensure_future(db.read(twice))
    await asyncio.to_thread(reached.wait)
    await db.write(add, "between")
    go_on.set()
    assert await reading == (["before"], ["before"])


async def test_a_locked_database_is_refused_and_recovers(db: Database, path: Path) -> None:
    with sqlite3.connect(path, isolation_level=None) as other:
        other.execute("BEGIN IMMEDIATE")
        with pytest.raises(Refusal) as refused:
            await db.write(add, "x")
        assert (refused.value.code, refused.value.kind) == ("store_unavailable", Kind.UNAVAILABLE)
        assert "locked by another program" in refused.value.message
        assert await db.read(texts) == []  # readers go on
        assert db.state()["ok"] is False
        other.execute("ROLLBACK")
    other.close()
    assert await db.write(add, "x") == "x"
    assert db.state()["ok"] is True


async def test_a_read_only_database_is_refused_and_recovers(db: Database) -> None:
    await db.write(pragma, "query_only=ON")
    with pytest.raises(Refusal, match=r"read-only.*writable"):
        await db.write(add, "x")
    # The next write opens the file anew, and it can be written again.
    assert await db.write(add, "x") == "x"


async def test_on_a_full_disk_the_small_writes_of_a_batch_still_happen(db: Database) -> None:
    pages = await db.read(lambda conn: conn.exec_driver_sql("PRAGMA page_count").scalar())
    await db.write(pragma, f"max_page_count={pages}")
    results = await together(
        db, db.write(add, "small"), db.write(add, "x" * 1_000_000), db.write(add, "tiny")
    )
    assert [results[0], results[2]] == ["small", "tiny"]
    assert isinstance(results[1], Refusal)
    assert results[1].code == "store_unavailable"
    assert "disk is full" in results[1].message
    assert await db.read(texts) == ["small", "tiny"]
    await db.write(pragma, "max_page_count=1000000")
    await db.write(add, "y" * 1_000_000)
    assert len(await db.read(texts)) == 3


async def test_a_full_disk_is_seen_in_the_state(db: Database) -> None:
    pages = await db.read(lambda conn: conn.exec_driver_sql("PRAGMA page_count").scalar())
    await db.write(pragma, f"max_page_count={pages}")
    with pytest.raises(Refusal, match=r"disk is full"):
        await db.write(add, "x" * 1_000_000)
    assert db.state()["ok"] is False
    await db.write(add, "small")
    assert db.state()["ok"] is True


async def test_a_function_that_hides_a_full_disk_does_not_commit_half(db: Database) -> None:
    pages = await db.read(lambda conn: conn.exec_driver_sql("PRAGMA page_count").scalar())
    await db.write(pragma, f"max_page_count={pages}")

    def hide(conn: Connection) -> None:
        add(conn, "first half")
        try:
            add(conn, "x" * 1_000_000)
        except Exception:
            return

    before = await db.read(texts)
    try:
        await db.write(hide)
    except Exception:
        assert await db.read(texts) == before
    else:  # SQLite undid only the statement
        assert await db.read(texts) == [*before, "first half"]


async def test_a_full_queue_refuses_in_place_of_growing(path: Path) -> None:
    async with Database.at(path, queue_size=2) as db:
        await db.write(own.create_all)
        gate = Gate()
        held = asyncio.ensure_future(db.write(gate))
        await asyncio.to_thread(gate.entered.wait)
        waiting = [asyncio.ensure_future(db.write(add, str(number))) for number in range(3)]
        done, _ = await asyncio.wait(waiting, return_when=asyncio.FIRST_COMPLETED)
        assert {str(task.exception()) for task in done} == {
            "The database has too much to do. Try again in a moment."
        }
        gate.opened.set()
        await asyncio.gather(held, *waiting, return_exceptions=True)
        assert await db.read(texts) == ["0", "1"]
        assert db.statistics()[0].refused == 1


async def test_a_write_that_nobody_waits_for_any_more_is_not_made(db: Database) -> None:
    gate = Gate()
    held = asyncio.ensure_future(db.write(gate))
    await asyncio.to_thread(gate.entered.wait)
    given_up = asyncio.ensure_future(db.write(add, "given up"))
    kept = asyncio.ensure_future(db.write(add, "kept"))
    await until_waiting(db, 2)
    given_up.cancel()
    gate.opened.set()
    await asyncio.gather(held, kept)
    assert await db.read(texts) == ["kept"]


async def test_notes_reach_listeners_after_the_commit_and_only_of_what_was_committed(
    db: Database, path: Path
) -> None:
    heard: list[tuple[str, object, list[str]]] = []

    def committed() -> list[str]:
        with sqlite3.connect(path) as other:
            rows = [row[0] for row in other.execute("SELECT text FROM test_notes")]
        other.close()
        return rows

    db.listen_in_writer("topic", lambda value: heard.append(("writer", value, committed())))
    db.listen("topic", lambda value: heard.append(("loop", value, committed())))

    def noted(conn: Connection, text: str) -> str:
        note(conn, "topic", text)
        return add(conn, text)

    await together(db, db.write(noted, "one"), db.write(noted, "one"), db.write(add, "two"))
    await db.write(lambda conn: None)  # the next one waits for who listens in the writer
    assert sorted(heard) == [("loop", "one", ["one", "two"]), ("writer", "one", ["one", "two"])]


async def test_a_listener_that_fails_harms_nobody(db: Database) -> None:
    def fail(_value: object) -> None:
        raise RuntimeError("listener")

    heard: list[object] = []
    db.listen("topic", fail)
    db.listen("topic", heard.append)
    await db.write(lambda conn: note(conn, "topic", 7))
    await db.write(add, "next")
    assert heard == [7]


async def test_after_the_end_there_is_a_clear_refusal(path: Path) -> None:
    before = set(threading.enumerate())
    db = Database.at(path)
    await db.open()
    await db.close()
    for act in (db.write, db.read):
        with pytest.raises(Refusal, match=r"closed"):
            await act(texts)
    left = set(threading.enumerate()) - before
    assert not [thread for thread in left if thread.name.startswith("store-")]


async def test_queued_writes_are_finished_at_the_end(path: Path) -> None:
    db = Database.at(path)
    await db.open()
    await db.write(own.create_all)
    writes = [asyncio.ensure_future(db.write(add, str(number))) for number in range(300)]
    await asyncio.sleep(0)
    await db.close()
    assert len(await asyncio.gather(*writes)) == 300


@pytest.fixture
def nonsense(path: Path) -> Path:
    path.write_bytes(b"this is no database at all" * 100)
    return path


async def test_a_file_that_is_no_database_is_refused(nonsense: Path) -> None:
    with pytest.raises(Refusal, match=r"not a database"):
        await Database.at(nonsense).open()


async def test_a_folder_that_does_not_exist_is_refused(tmp_path: Path) -> None:
    with pytest.raises(Refusal, match=r"cannot be opened"):
        await Database.at(tmp_path / "no" / "softswitch.db").open()


def test_a_database_in_memory_is_refused() -> None:
    with pytest.raises(Refusal, match=r"memory"):
        Database("sqlite://")


async def test_sqlite_is_as_durable_as_it_can_be(db: Database) -> None:
    def modes(conn: Connection) -> list[object]:
        names = ("journal_mode", "synchronous", "foreign_keys")
        return [conn.exec_driver_sql(f"PRAGMA {name}").scalar() for name in names]

    assert await db.write(modes) == ["wal", 2, 1]
