"""Answers of citizens in SQL, in the gateway's database: what came in, joined and understood, and the welfare board."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import (
    BigInteger,
    Column,
    Connection,
    Index,
    Integer,
    String,
    Table,
    Text,
    and_,
    delete,
    func,
    insert,
    select,
    update,
)

from smsgateway.model import DIRECT
from smsgateway.queue.tables import batches, metadata
from softswitch.clock import Millis

_Id = BigInteger().with_variant(Integer, "sqlite")

replies = Table(
    "sms_replies",
    metadata,
    # The id is that of the (first) short message that it came in.
    Column("id", _Id, primary_key=True, autoincrement=False),
    Column("number", String(24), nullable=False),
    Column("name", String(64), nullable=False),
    Column("area", String(64), nullable=False),
    Column("text", Text, nullable=False),
    Column("meaning", String(8), nullable=False),
    Column("batch_id", BigInteger),
    Column("at", BigInteger, nullable=False),
    Column("task_id", String(64), nullable=False, server_default=""),
    Column("seen_by", String(64), nullable=False, server_default=""),
    Index("ix_sms_replies_batch", "batch_id", "meaning", "id"),
    Index("ix_sms_replies_number", "number", "id"),
)

welfare = Table(
    "sms_welfare",
    metadata,
    # The last that each citizen said in answer to a campaign.
    Column("batch_id", _Id, primary_key=True),
    Column("number", String(24), primary_key=True),
    Column("meaning", String(8), nullable=False),
    Column("reply_id", BigInteger, nullable=False),
    Column("at", BigInteger, nullable=False),
)

waiting_parts = Table(
    "sms_reply_parts",
    metadata,
    # Parts of long answers whose others have not come.
    Column("inbound_id", _Id, primary_key=True, autoincrement=False),
    Column("number", String(24), nullable=False),
    Column("reference", Integer, nullable=False),
    Column("parts", Integer, nullable=False),
    Column("part", Integer, nullable=False),
    Column("text", Text, nullable=False),
    Column("at", BigInteger, nullable=False, index=True),
    Index("ix_sms_reply_parts_long", "number", "reference"),
)

cursor = Table(
    "sms_reply_cursor",
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=False),
    Column("inbound_id", BigInteger, nullable=False),
)

unheard = Table(
    "sms_replies_unheard",
    metadata,
    # Answers that the other parts of the system have not been told of.
    Column("reply_id", _Id, primary_key=True, autoincrement=False),
)

Row = dict[str, Any]


def read_to(conn: Connection) -> int:
    """Return the last short message that was read."""
    return int(conn.execute(select(cursor.c.inbound_id)).scalar() or 0)


def move(conn: Connection, inbound_id: int) -> None:
    """Note the last short message that was read."""
    if conn.execute(update(cursor).values(inbound_id=inbound_id)).rowcount == 0:
        conn.execute(insert(cursor).values(id=1, inbound_id=inbound_id))


def keep_part(conn: Connection, row: Row) -> list[Row]:
    """Keep a part of a long answer; return all parts in order once they are there, and forget them then."""
    same = and_(
        waiting_parts.c.number == row["number"],
        waiting_parts.c.reference == row["reference"],
        waiting_parts.c.parts == row["parts"],
    )
    here = {r["part"]: dict(r) for r in conn.execute(select(waiting_parts).where(same)).mappings()}
    if row["part"] in here:
        return []  # the centre sent it twice
    here[row["part"]] = row
    if len(here) < row["parts"]:
        conn.execute(insert(waiting_parts).values(**row))
        return []
    conn.execute(delete(waiting_parts).where(same))
    return [here[part] for part in sorted(here)]


def overdue_parts(conn: Connection, before: Millis) -> list[list[Row]]:
    """Return and forget the long answers that have waited too long for a part: half a cry for help is one."""
    query = select(waiting_parts).where(waiting_parts.c.at < before)
    found: dict[tuple[str, int], list[Row]] = {}
    for row in conn.execute(query.order_by(waiting_parts.c.part)).mappings():
        found.setdefault((row["number"], row["reference"]), []).append(dict(row))
    for number, reference in found:
        same = (waiting_parts.c.number == number, waiting_parts.c.reference == reference)
        conn.execute(delete(waiting_parts).where(*same))
    return list(found.values())


def add(conn: Connection, row: Row) -> None:
    """Keep an answer; the welfare board shows the last word of each citizen, and help until he says safe."""
    conn.execute(insert(replies).values(**row))
    conn.execute(insert(unheard).values(reply_id=row["id"]))
    batch, meaning = row["batch_id"], row["meaning"]
    if batch is None or meaning not in {"safe", "help"}:
        return
    values = {"meaning": meaning, "reply_id": row["id"], "at": row["at"]}
    where = and_(welfare.c.batch_id == batch, welfare.c.number == row["number"])
    if conn.execute(update(welfare).where(where).values(**values)).rowcount == 0:
        conn.execute(insert(welfare).values(batch_id=batch, number=row["number"], **values))


def without_task(conn: Connection, limit: int = 200) -> list[Row]:
    """Return the answers that ask for help and have no task so far."""
    query = select(replies).where(replies.c.meaning == "help", replies.c.task_id == "")
    return [dict(r) for r in conn.execute(query.order_by(replies.c.id).limit(limit)).mappings()]


def put_task(conn: Connection, reply_id: int, task_id: str) -> None:
    """Note the task that was opened for an answer."""
    conn.execute(update(replies).where(replies.c.id == reply_id).values(task_id=task_id))


def to_pass_on(conn: Connection, limit: int = 200) -> list[Row]:
    """Return answers that the other parts of the system were not told of, the oldest first."""
    query = select(replies).join(unheard, unheard.c.reply_id == replies.c.id)
    return [dict(r) for r in conn.execute(query.order_by(replies.c.id).limit(limit)).mappings()]


def passed_on(conn: Connection, ids: Sequence[int]) -> None:
    """Note that the others were told of these answers."""
    conn.execute(delete(unheard).where(unheard.c.reply_id.in_(ids)))


def mark_seen(conn: Connection, reply_id: int, login: str) -> bool:
    """Note who has read an answer that was not understood; tell whether there is such."""
    where = replies.c.id == reply_id
    return conn.execute(update(replies).where(where).values(seen_by=login)).rowcount > 0


def page(
    conn: Connection,
    *,
    batch: int | None = None,
    meaning: str | None = None,
    before: int | None = None,
    limit: int = 200,
) -> list[Row]:
    """Return answers, the newest first, of one campaign and one meaning where these are given."""
    query = select(replies)
    if batch is not None:
        query = query.where(replies.c.batch_id == batch)
    if meaning is not None:
        query = query.where(replies.c.meaning == meaning)
    if before is not None:
        query = query.where(replies.c.id < before)
    return [
        dict(r) for r in conn.execute(query.order_by(replies.c.id.desc()).limit(limit)).mappings()
    ]


def board(conn: Connection, batch: int) -> dict[str, int]:
    """Return how many citizens said last that they are safe, and that they need help."""
    query = select(welfare.c.meaning, func.count()).where(welfare.c.batch_id == batch)
    found = {"safe": 0, "help": 0}
    for meaning, count in conn.execute(query.group_by(welfare.c.meaning)):
        found[str(meaning)] = int(count)
    return found


def need_help(conn: Connection, batch: int, limit: int = 1_000) -> list[Row]:
    """Return the answers of those whose last word was help, the oldest first."""
    query = (
        select(replies)
        .join(welfare, welfare.c.reply_id == replies.c.id)
        .where(welfare.c.batch_id == batch, welfare.c.meaning == "help")
        .order_by(replies.c.id)
        .limit(limit)
    )
    return [dict(row) for row in conn.execute(query).mappings()]


def answered_among(conn: Connection, batch: int, numbers: Sequence[str]) -> set[str]:
    """Return which of these numbers have said on the welfare board how they are."""
    query = select(welfare.c.number)
    where = (welfare.c.batch_id == batch, welfare.c.number.in_(numbers))
    return set(conn.execute(query.where(*where)).scalars())


def campaign_of(conn: Connection, batch: int) -> str:
    """Return the campaign of a batch; a test message belongs to the campaign that it tests."""
    key = conn.execute(select(batches.c.key).where(batches.c.id == batch)).scalar() or ""
    return "" if str(key).startswith(DIRECT) else str(key).partition("-test-")[0]
