"""A database of the release before: its incidents become cases, and nothing of them is lost."""

from __future__ import annotations

import sqlite3
from pathlib import Path

from softswitch.layers.incidents.search_store import Wanted
from tests.layers.incidents.kit import Bench, bench

OLD = """
CREATE TABLE incidents (
    id VARCHAR(32) NOT NULL CONSTRAINT pk_incidents PRIMARY KEY, title VARCHAR(128) NOT NULL,
    status VARCHAR(16) NOT NULL, owner VARCHAR(64), number VARCHAR(32) NOT NULL,
    name VARCHAR(128) NOT NULL, address VARCHAR(256) NOT NULL, digits VARCHAR(8) NOT NULL,
    note TEXT NOT NULL, created_at BIGINT NOT NULL, updated_at BIGINT NOT NULL, version INTEGER NOT NULL);
CREATE INDEX ix_incidents_created_at ON incidents (created_at);
CREATE INDEX ix_incidents_number ON incidents (number);
CREATE INDEX ix_incidents_status ON incidents (status);
CREATE TABLE incident_calls (
    call_id VARCHAR(64) NOT NULL CONSTRAINT pk_incident_calls PRIMARY KEY, incident_id VARCHAR(32) NOT NULL);
CREATE INDEX ix_incident_calls_incident_id ON incident_calls (incident_id);
INSERT INTO incidents VALUES
    ('b2', '第二', 'open', 'li', '120', '', '解放路', '120', '旧记录', 2000, 2500, 3),
    ('a1', '第一', 'draft', NULL, '119', '', '', '119', '', 1000, 1000, 1),
    ('c3', '第三', 'closed', 'li', '110', '', '', '110', '', 3000, 3500, 2);
INSERT INTO incident_calls VALUES ('call-b', 'b2');
"""


def columns(path: Path) -> dict[str, set[tuple[str, str]]]:
    """Names and types of the columns, and the names of the indexes."""
    with sqlite3.connect(path) as db:
        found = {
            "columns": {(row[1], row[2]) for row in db.execute("PRAGMA table_info(incidents)")},
            "indexes": {(row[1], "") for row in db.execute("PRAGMA index_list(incidents)")
                        if not row[1].startswith("sqlite_")},
        }  # fmt: skip
    db.close()
    return found


async def test_old_incidents_become_cases(tmp_path: Path) -> None:
    path = tmp_path / "old.db"
    with sqlite3.connect(path) as db:
        db.executescript(OLD)
    db.close()
    async with bench(path) as found:
        await _is_whole(found)
    async with bench(tmp_path / "new.db"):
        pass
    assert columns(path) == columns(tmp_path / "new.db")


async def _is_whole(found: Bench) -> None:
    rows = await found.layer.service.find(Wanted())
    told = [(row["id"], row["seq"], row["status"], row["root"]) for row in rows]
    assert told == [
        ("c3", 3, "closed", "c3"), ("b2", 2, "verified", "b2"), ("a1", 1, "draft", "a1"),
    ]  # fmt: skip
    [row] = await found.layer.service.find(Wanted(text="旧记录"))
    assert (row["call_ids"], row["owner"], row["version"]) == (["call-b"], "li", 3)
    assert set(found.screen.shown) == {"a1", "b2"}
