"""What a campaign does with the queue: ``fn(conn, ...)`` for ``Database.write`` and ``Database.read``.

A batch is filled while it is held: ``open_batch``, ``add_body``, ``add_messages`` in chunks of ``CHUNK`` (each its own
transaction: the gateway writes between them), then ``set_state(OPEN)``.  If the server dies in between, ``progress``
tells how many are in.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

import orjson
from sqlalchemy import (
    Connection,
    RowMapping,
    and_,
    case,
    delete,
    func,
    insert,
    select,
    text,
    update,
)

from smsgateway.model import (
    Batch,
    BatchState,
    Body,
    DoubtPolicy,
    Inbound,
    Message,
    MessageState,
    NewMessage,
    Priority,
    Progress,
)
from smsgateway.queue.copying import copy_rows
from smsgateway.queue.routes import prefixes
from smsgateway.queue.tables import batch_routes, batches, bodies, counts, inbound, messages
from softswitch.clock import Millis
from softswitch.errors import Refusal, conflict, not_found

CHUNK = 5_000
"""Messages a transaction: some 30 ms, so that the gateway never waits long for its turn."""

RESENT, THROTTLED = 100, 101
"""Counters of ``sms_counts`` beside those of the states."""

# ---- filling


def open_batch(conn: Connection, batch: Batch, at: Millis) -> int:
    """Make a batch and return its id; the same id when ``batch.key`` exists already."""
    known = batch_id(conn, batch.key)
    if known is not None:
        return known
    row = {
        "key": batch.key,
        "priority": int(batch.priority),
        "doubt": batch.doubt.value,
        "state": batch.state.value,
        "starts_at": batch.starts_at,
        "expires_at": batch.expires_at,
        "sender": batch.sender,
        "receipts": batch.receipts,
        "exercise": batch.exercise,
        "created_at": at,
    }
    made = conn.execute(insert(batches).values(**row).returning(batches.c.id)).scalar_one()
    return int(made)


def batch_id(conn: Connection, key: str) -> int | None:
    """Return the id of the batch ``key``, or None."""
    return conn.execute(select(batches.c.id).where(batches.c.key == key)).scalar()


def add_body(conn: Connection, batch: int, body: Body, shown: str) -> int:
    """Keep a text once for all messages that carry it; ``shown`` is how people read it."""
    return add_bodies(conn, batch, [(body, shown)])[0]


def add_bodies(conn: Connection, batch: int, made: Sequence[tuple[Body, str]]) -> list[int]:
    """Keep several texts (templates with fields: one for each message); return their ids in order."""
    # The server alone adds texts, with one writer: counting on from the last id is safe.
    last = conn.execute(select(func.max(bodies.c.id))).scalar() or 0
    rows = [
        {
            "id": number,
            "batch_id": batch,
            "octets": body.pack(),
            "parts": 1 if body.as_payload else len(body.parts),
            "text": shown,
        }
        for number, (body, shown) in enumerate(made, last + 1)
    ]
    if rows:
        conn.execute(insert(bodies), rows)
    return list(range(last + 1, last + 1 + len(rows)))


def add_messages(conn: Connection, batch: int, new: Sequence[NewMessage]) -> int:
    """Put messages in, in this order; return how many. Give at most ``CHUNK`` at once."""
    if not new:
        return 0
    known = prefixes(conn)
    rows = [
        (known.longest(one.number), one.number, one.body_id, one.recipient, one.area) for one in new
    ]
    _add(conn, batch, rows)
    _add_routes(conn, batch, {row[0] for row in rows})
    conn.execute(update(batches).where(batches.c.id == batch, batches.c.swept).values(swept=False))
    count(conn, batch, {MessageState.QUEUED: len(rows)})
    return len(rows)


_QUEUED = int(MessageState.QUEUED)
_COLUMNS = ("batch_id", "state", "route", "number", "body_id", "recipient", "area")


def _add(conn: Connection, batch: int, rows: Sequence[tuple[str, str, int, str, str]]) -> None:
    if conn.dialect.name == "postgresql":
        copy_rows(conn, messages.name, _COLUMNS, ((batch, _QUEUED, *row) for row in rows))
    else:
        conn.execute(_ADD, {"batch": batch, "rows": orjson.dumps(rows).decode()})


# One statement for the chunk: the rows travel as one JSON text and are unpacked inside of the database.
_ADD = text(
    "INSERT INTO sms_messages (batch_id, state, route, number, body_id, recipient, area)"
    " SELECT :batch, 0, value->>0, value->>1, value->>2, value->>3, value->>4"
    " FROM json_each(:rows)"
)


def _add_routes(conn: Connection, batch: int, routes: set[str]) -> None:
    """Note which routes the batch has messages for: the gateway asks the queue for these only."""
    there = select(batch_routes.c.route).where(batch_routes.c.batch_id == batch)
    missing = routes - set(conn.execute(there).scalars())
    if missing:
        conn.execute(
            insert(batch_routes), [{"batch_id": batch, "route": route} for route in sorted(missing)]
        )


def count(conn: Connection, batch: int, changes: Mapping[int, int]) -> None:
    """Add to the counters of a batch."""
    conn.execute(
        _COUNT, [{"batch": batch, "state": int(s), "n": n} for s, n in changes.items() if n]
    )


_COUNT = text(
    "INSERT INTO sms_counts (batch_id, state, n) VALUES (:batch, :state, :n)"
    " ON CONFLICT (batch_id, state) DO UPDATE SET n = sms_counts.n + excluded.n"
)

# ---- steering


def set_state(conn: Connection, key: str, state: BatchState) -> None:
    """Open, pause, resume (open again) or cancel a batch: one row, whatever its size.

    The gateway follows within its polling interval (100 ms); what is on its way to a centre then goes through.
    Raises :class:`Refusal` ``sms_batch_not_found``, ``sms_batch_cancelled``.
    """
    present = _require(conn, key)
    if present["state"] == BatchState.CANCELLED and state is not BatchState.CANCELLED:
        raise conflict(
            "sms_batch_cancelled",
            f"Batch {key} is cancelled.",
            "Make a new one for those who were not reached.",
        )
    conn.execute(update(batches).where(batches.c.key == key).values(state=state.value, swept=False))


def set_times(
    conn: Connection, key: str, *, starts_at: Millis = 0, expires_at: Millis | None = None
) -> None:
    """Set when the batch begins and until when it is valid. Raises ``sms_batch_not_found``."""
    _require(conn, key)
    values = {"starts_at": starts_at, "expires_at": expires_at, "swept": False}
    conn.execute(update(batches).where(batches.c.key == key).values(**values))


def decide_doubt(conn: Connection, key: str, *, resend: bool) -> None:
    """Answer what the gateway asks of the messages in doubt: send them again, or give them up as failed.

    Raises ``sms_batch_not_found``.
    """
    _require(conn, key)
    decision = "resend" if resend else "fail"
    conn.execute(update(batches).where(batches.c.key == key).values(decision=decision, swept=False))


def remove_batch(conn: Connection, key: str) -> None:
    """Remove a batch that was never opened, with all that was put in. Raises ``sms_batch_not_held``."""
    present = _require(conn, key)
    if present["state"] != BatchState.HELD:
        raise conflict(
            "sms_batch_not_held", f"Batch {key} was opened already.", "Cancel it instead."
        )
    for table in (messages, bodies, counts, batch_routes):
        conn.execute(delete(table).where(table.c.batch_id == present["id"]))
    conn.execute(delete(batches).where(batches.c.id == present["id"]))


# ---- reading


def batch_of(conn: Connection, key: str) -> tuple[int, Batch]:
    """Return a batch with its id. Raises ``sms_batch_not_found``."""
    row = _require(conn, key)
    return int(row["id"]), _batch(row)


def progress(conn: Connection, batch: int) -> Progress:
    """Return how far a batch is: some ten rows, whatever its size."""
    return progress_of(conn, [batch])[batch]


def progress_of(conn: Connection, ids: Sequence[int]) -> dict[int, Progress]:
    """Return how far each of these batches is."""
    query = (
        select(counts.c.batch_id, counts.c.state, counts.c.n, batches.c.state.label("batch_state"))
        .join(batches, batches.c.id == counts.c.batch_id)
        .where(counts.c.batch_id.in_(ids))
    )
    found: dict[int, dict[int, int]] = {one: {} for one in ids}
    for row in conn.execute(query):
        state = shown(row.state, row.batch_state)
        found[row.batch_id][state] = found[row.batch_id].get(state, 0) + row.n
    return {one: _progress(rows) for one, rows in found.items()}


def shown(state: int, batch_state: str) -> int:
    """Return the state in which people see a message: what waits in a cancelled batch is cancelled.

    The gateway moves the rows afterwards, in small pieces: a million of them at once would hold up what goes out.
    """
    waits = state == MessageState.QUEUED and batch_state == BatchState.CANCELLED
    return int(MessageState.CANCELLED) if waits else state


def page(
    conn: Connection,
    batch: int,
    *,
    state: MessageState | None = None,
    after: int = 0,
    limit: int = 1_000,
) -> list[Message]:
    """Return messages of a batch by rising id, for lists and exports; ``after`` is the last id seen."""
    query = _MESSAGES.where(messages.c.batch_id == batch, messages.c.id > after)
    if state is not None:
        query = query.where(_seen == int(state))
    rows = conn.execute(query.order_by(messages.c.id).limit(limit)).mappings()
    return [_message(row) for row in rows]


def last_to(conn: Connection, number: str, limit: int = 5) -> list[Message]:
    """Return the newest messages to a number: which campaign a reply answers."""
    query = _MESSAGES.where(messages.c.number == number)
    rows = conn.execute(query.order_by(messages.c.id.desc()).limit(limit)).mappings()
    return [_message(row) for row in rows]


def text_of(conn: Connection, body: int) -> str | None:
    """Return a text as people read it."""
    return conn.execute(select(bodies.c.text).where(bodies.c.id == body)).scalar()


def inbound_after(conn: Connection, after: int, limit: int = 500) -> list[Inbound]:
    """Return what phones sent, by rising id; who reads keeps a cursor."""
    query = select(inbound).where(inbound.c.id > after).order_by(inbound.c.id).limit(limit)
    return [Inbound(**row) for row in conn.execute(query).mappings()]


def _require(conn: Connection, key: str) -> RowMapping:
    row = conn.execute(select(batches).where(batches.c.key == key)).mappings().first()
    if row is None:
        raise _unknown(key)
    return row


def _unknown(key: str) -> Refusal:
    return not_found("sms batch", key, "List the campaigns to see which there are.")


def _batch(row: RowMapping) -> Batch:
    return Batch(
        key=row["key"],
        priority=Priority(row["priority"]),
        doubt=DoubtPolicy(row["doubt"]),
        state=BatchState(row["state"]),
        starts_at=row["starts_at"],
        expires_at=row["expires_at"],
        sender=row["sender"],
        receipts=bool(row["receipts"]),
        exercise=bool(row["exercise"]),
    )


def _progress(rows: Mapping[int, int]) -> Progress:
    states: Iterable[MessageState] = MessageState
    return Progress(
        {state: rows[state] for state in states if rows.get(state)},
        resent=rows.get(RESENT, 0),
        throttled=rows.get(THROTTLED, 0),
    )


_MESSAGE = (
    "id", "batch_id", "number", "recipient", "area", "link_id", "attempts", "resent",
    "submitted_at", "done_at", "error",
)  # fmt: skip


_cancelled = and_(
    messages.c.state == int(MessageState.QUEUED), batches.c.state == BatchState.CANCELLED.value
)
_seen = case((_cancelled, int(MessageState.CANCELLED)), else_=messages.c.state)
"""In SQL what :func:`shown` is in Python."""

_MESSAGES = select(*(messages.c[name] for name in _MESSAGE), _seen.label("seen")).join(
    batches, batches.c.id == messages.c.batch_id
)


def _message(row: RowMapping) -> Message:
    return Message(**{name: row[name] for name in _MESSAGE}, state=MessageState(row["seen"]))
