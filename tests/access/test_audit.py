"""The audit chain: refuses changes, and finds those that were forced."""

from __future__ import annotations

import json
import sqlite3
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import Connection, create_engine
from sqlalchemy.exc import DBAPIError

from softswitch.access import audit
from softswitch.access.audit import Head
from softswitch.access.audit_head import HeadFile
from softswitch.access.canonical import GENESIS, canonical, chain
from softswitch.access.verify import VerifyResult, verify
from softswitch.errors import Refusal
from softswitch.store.tables import metadata
from tests.access.conftest import BOSS, Kit

ROWS = 6
COLUMNS = ("seq", "at", "actor", "act", "target", "details", "previous", "hash")


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder with a database of six audit rows and the file beside it."""
    folder = tmp_path_factory.mktemp("audit")
    engine = create_engine(f"sqlite:///{folder / 'softswitch.db'}")
    metadata.create_all(engine, [audit.audit, audit.audit_head])
    with engine.begin() as conn:
        heads = [
            audit.append(conn, "li", "call.hung_up", f"call-{number}", {"原因": number}, at=number)
            for number in range(ROWS)
        ]
    HeadFile(folder / "audit.head").write(heads[-1])
    engine.dispose()
    return folder


@pytest.fixture
def copy(whole: Path, tmp_path: Path) -> Path:
    for name in ("softswitch.db", "audit.head"):
        (tmp_path / name).write_bytes((whole / name).read_bytes())
    return tmp_path


def check(folder: Path) -> VerifyResult:
    engine = create_engine(f"sqlite:///{folder / 'softswitch.db'}")
    try:
        with engine.connect() as conn:
            return verify(conn, HeadFile(folder / "audit.head").read())
    finally:
        engine.dispose()


def tamper(folder: Path, *statements: str) -> None:
    """Change the database the way somebody with the file in hand would."""
    with sqlite3.connect(folder / "softswitch.db") as other:
        other.execute("DROP TRIGGER audit_no_UPDATE")
        other.execute("DROP TRIGGER audit_no_DELETE")
        for statement in statements:
            other.execute(statement)
    other.close()


def test_a_whole_chain_verifies(whole: Path) -> None:
    result = check(whole)
    assert (result.ok, result.rows, result.broken_at) == (True, ROWS, None)


@pytest.mark.parametrize("row", range(1, ROWS + 1))
@pytest.mark.parametrize("column", COLUMNS)
def test_a_changed_cell_is_found_at_its_row(copy: Path, row: int, column: str) -> None:
    new = {"seq": "seq + 100", "at": "at + 1"}.get(column, f"substr({column}, 2) || 'x'")
    tamper(copy, f"UPDATE audit SET {column} = {new} WHERE seq = {row}")
    result = check(copy)
    assert (result.ok, result.broken_at) == (False, row)


@pytest.mark.parametrize("row", range(1, ROWS + 1))
def test_a_removed_row_is_found(copy: Path, row: int) -> None:
    tamper(copy, f"DELETE FROM audit WHERE seq = {row}")
    result = check(copy)
    assert (result.ok, result.broken_at) == (False, row)
    assert "missing" in result.problem or "removed" in result.problem


def test_a_cut_tail_with_a_head_made_to_fit_is_found_by_the_file(copy: Path) -> None:
    tamper(
        copy,
        "DELETE FROM audit WHERE seq > 4",
        "UPDATE audit_head SET count = 4, hash = (SELECT hash FROM audit WHERE seq = 4)",
    )
    result = check(copy)
    assert (result.ok, result.broken_at) == (False, 5)
    assert "audit.head" in result.problem
    (copy / "audit.head").unlink()
    assert check(copy).ok  # without the file nobody can tell: that is what it is for


def test_an_emptied_log_is_found(copy: Path) -> None:
    tamper(copy, "DELETE FROM audit", "DELETE FROM audit_head")
    result = check(copy)
    assert (result.ok, result.broken_at) == (False, 1)


def test_a_chain_that_was_computed_anew_is_found_by_the_file(copy: Path) -> None:
    tamper(copy, "DELETE FROM audit", "DELETE FROM audit_head")
    engine = create_engine(f"sqlite:///{copy / 'softswitch.db'}")
    with engine.begin() as conn:
        for number in range(ROWS):
            audit.append(conn, "li", "call.hung_up", f"other-{number}", {}, at=1_000 + number)
    engine.dispose()
    result = check(copy)
    assert (result.ok, result.broken_at) == (False, ROWS)
    assert "differs from the file" in result.problem


def test_an_added_row_is_found(copy: Path) -> None:
    values = f"(7, 1, 'li', 'x', '', '{{}}', '{GENESIS}', '{GENESIS}')"
    tamper(copy, f"INSERT INTO audit VALUES {values}")
    assert check(copy).broken_at == 7


def test_two_rows_in_the_wrong_order_are_found(copy: Path) -> None:
    tamper(
        copy,
        "UPDATE audit SET seq = 100 WHERE seq = 2",
        "UPDATE audit SET seq = 2 WHERE seq = 3",
        "UPDATE audit SET seq = 3 WHERE seq = 100",
    )
    assert check(copy).broken_at == 2


@pytest.mark.parametrize("content", ["", "6 abc\n", "x" * 70, "5 " + "0" * 64 + "\n"])
def test_a_damaged_file_beside_the_database_is_found(copy: Path, content: str) -> None:
    (copy / "audit.head").write_text(content)
    assert not check(copy).ok


def test_a_file_that_is_older_than_the_database_is_no_fault(copy: Path) -> None:
    """The process may die between the commit and the file."""
    engine = create_engine(f"sqlite:///{copy / 'softswitch.db'}")
    with engine.begin() as conn:
        audit.append(conn, "li", "later", "", {}, at=1)
    engine.dispose()
    assert check(copy).ok


def test_any_changed_byte_of_a_row_is_found(
    whole: Path, tmp_path_factory: pytest.TempPathFactory
) -> None:
    """Every byte of the text of every row in the database's file, one after the other."""
    original = (whole / "softswitch.db").read_bytes()
    folder = tmp_path_factory.mktemp("bytes")
    (folder / "audit.head").write_bytes((whole / "audit.head").read_bytes())
    positions = [
        position + offset
        for text in (b"call.hung_up", b"call-3", b'{"')
        for position in every(original, text)
        for offset in range(len(text))
    ]
    assert len(positions) > 100
    missed = [at for at in positions if not found(folder, original, at)]
    assert missed == []


def every(content: bytes, text: bytes) -> list[int]:
    places, start = [], content.find(text)
    while start >= 0:
        places.append(start)
        start = content.find(text, start + 1)
    return places


def found(folder: Path, original: bytes, at: int) -> bool:
    changed = bytearray(original)
    changed[at] ^= 1
    (folder / "softswitch.db").write_bytes(bytes(changed))
    try:
        return not check(folder).ok or not in_rows(folder, original, at)
    except (DBAPIError, UnicodeDecodeError):
        return True


def in_rows(folder: Path, original: bytes, at: int) -> bool:
    """Return whether the byte belongs to a row of the log; an index or the schema may hold the same text."""
    with sqlite3.connect(folder / "softswitch.db") as other:
        rows = other.execute("SELECT * FROM audit NOT INDEXED").fetchall()
    other.close()
    (folder / "original.db").write_bytes(original)
    with sqlite3.connect(folder / "original.db") as before:
        same: list[tuple[object, ...]] = before.execute(
            "SELECT * FROM audit NOT INDEXED"
        ).fetchall()
    before.close()
    return rows != same


async def test_the_triggers_refuse_to_change_or_remove(kit: Kit) -> None:
    await kit.db.write(audit.append, "li", "x.done", "t")
    for statement in ("UPDATE audit SET actor = 'me'", "DELETE FROM audit"):
        with pytest.raises(DBAPIError, match=r"append-only"):
            await kit.db.write(Connection.exec_driver_sql, statement)
    assert (await kit.audit.verify()).ok


async def test_reading_by_page_actor_and_act(kit: Kit) -> None:
    for number in range(5):
        await kit.db.write(audit.append, f"u{number % 2}", "x.done", str(number), {"n": number})
    assert [row["seq"] for row in await kit.audit.page(2, 2)] == [3, 4]
    assert [row["target"] for row in await kit.audit.page(actor="u1")] == ["1", "3"]
    assert await kit.audit.page(act="y.done") == []
    assert (await kit.audit.page())[4]["details"] == {"n": 4}


async def test_any_place_of_the_log_is_read_newest_first(kit: Kit) -> None:
    for number in range(7):
        await kit.db.write(audit.append, f"u{number % 2}", "x.done", str(number))

    async def seqs(offset: int, limit: int, **of: str) -> tuple[list[int], int]:
        rows, count = await kit.audit.part(offset, limit, **of)
        return [row["seq"] for row in rows], count

    assert await seqs(0, 3) == ([7, 6, 5], 7)
    assert await seqs(5, 3) == ([2, 1], 7)
    assert await seqs(7, 3) == ([], 7)
    assert await seqs(1, 2, actor="u0") == ([5, 3], 4)
    await kit.db.write(audit.append, "u0", "y.done", "new")
    assert await seqs(0, 2, actor="u0") == ([8, 7], 5)
    assert await seqs(0, 9, actor="u0", act="y.done") == ([8], 1)
    assert await seqs(0, 9, act="z.done") == ([], 0)
    assert await seqs(0, 1) == ([8], 8)


async def test_verifying_is_audited_too(kit: Kit) -> None:
    result = await kit.audit.verify_for(BOSS)
    assert result.ok
    assert (await kit.audit.page())[-1]["act"] == "audit.verified"


async def test_a_write_that_failed_leaves_no_row_and_no_head(kit: Kit) -> None:
    await kit.db.write(audit.append, "li", "x.done", "1")
    with pytest.raises(Refusal):
        await kit.users.remove(BOSS, "nobody")
    result = await kit.audit.verify()
    assert (result.ok, result.rows) == (True, 1)


async def test_a_head_that_cannot_be_written_stops_nobody(kit: Kit, tmp_path: Path) -> None:
    make_folder(tmp_path / "audit.head")
    await kit.db.write(audit.append, "li", "x.done", "1")
    assert await kit.acts() == ["x.done"]


def make_folder(path: Path) -> None:
    path.mkdir()


def test_the_head_file_reads_what_it_wrote(tmp_path: Path) -> None:
    file = HeadFile(tmp_path / "audit.head")
    assert file.read() is None
    file.write(Head(7, "a" * 64))
    assert file.read() == Head(7, "a" * 64)


json_values = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)


@given(st.dictionaries(st.text(), json_values, max_size=4))
def test_a_row_has_one_text(row: dict[str, object]) -> None:
    shuffled = dict(reversed(row.items()))
    assert canonical(row) == canonical(shuffled)
    assert json.loads(canonical(row)) == row


@settings(max_examples=50)
@given(st.text("0123456789abcdef", min_size=64, max_size=64), st.text(), st.text())
def test_the_hash_depends_on_everything_before_and_in_the_row(
    previous: str, one: str, two: str
) -> None:
    same = chain(previous, {"a": one}) == chain(previous, {"a": two})
    assert same == (one == two)
    assert chain(previous, {"a": one}) != chain(GENESIS + "x", {"a": one})
