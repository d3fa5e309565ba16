"""The rows of recordings."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Connection,
    Index,
    Integer,
    LargeBinary,
    Table,
    Text,
    bindparam,
    func,
    insert,
    or_,
    select,
    update,
)

from softswitch.clock import Millis
from softswitch.recordings.model import CallId, Kept, Recording, RecordingId, State, part_id
from softswitch.store.lists import raw
from softswitch.store.notes import note_more
from softswitch.store.prepared import Prepared
from softswitch.store.tables import metadata

recordings = Table(
    "recording",
    metadata,
    Column("id", Text, primary_key=True),
    Column("channel_id", Text, nullable=False),
    Column("call_id", Text, nullable=False),
    Column("state", Text, nullable=False),
    Column("began_at", BigInteger, nullable=False),
    Column("ended_at", BigInteger),
    Column("extension", Text),
    Column("number", Text, nullable=False),
    Column("path", Text, nullable=False),
    Column("size", BigInteger, nullable=False),
    Column("duration_ms", Integer, nullable=False),
    Column("sha256", Text, nullable=False),
    Column("repaired", Boolean, nullable=False),
    Column("held", Boolean, nullable=False),
    Column("hold_reason", Text, nullable=False),
    Column("waveform", LargeBinary),
    Index("ix_recording_call_id", "call_id"),
    Index("ix_recording_channel_id", "channel_id"),
    Index("ix_recording_extension_began_at", "extension", "began_at"),
    Index("ix_recording_began_at", "began_at"),
    Index("ix_recording_state_began_at", "state", "began_at"),
)
RECORDINGS = "recordings"
"""The notes that changes leave of what the lists are asked by: when each recording began, and its id."""
Began = tuple[Millis, str]
"""When a recording began, and its id: the order of the lists."""
_FIELDS = [column for column in recordings.c if column.name != "waveform"]
_NAMES = [column.name for column in _FIELDS]

# Made once: every leg of every call takes these.
_ONE = Prepared(select(*_FIELDS).where(recordings.c.id == bindparam("key")))
_OF_CHANNEL = Prepared(select(*_FIELDS).where(recordings.c.channel_id == bindparam("key")))
_BEGIN = Prepared(insert(recordings), _NAMES)
_END = Prepared(
    update(recordings)
    .where(recordings.c.channel_id == bindparam("key"), recordings.c.ended_at.is_(None))
    .where(recordings.c.state == State.RUNNING.value)
    .values(ended_at=bindparam("at"))
)
_KEPT = ("path", "size", "duration_ms", "sha256", "repaired")
_KEEP = Prepared(
    update(recordings)
    .where(recordings.c.id == bindparam("key"))
    .where(
        or_(recordings.c.state == State.RUNNING.value, recordings.c.state == State.MISSING.value)
    )
    .values(
        {name: bindparam(f"new_{name}") for name in _KEPT}
        | {
            "state": State.KEPT.value,
            "ended_at": func.coalesce(recordings.c.ended_at, bindparam("at")),
        }
    )
)


@dataclass(frozen=True, slots=True)
class Filter:
    """Which recordings a list shows: ``since`` and ``until`` bound their beginning; newest first."""

    call_id: str | None = None
    extension: str | None = None
    since: Millis | None = None
    until: Millis | None = None
    limit: int = 100
    legs: tuple[str, ...] | None = None


# ---- reading ---------------------------------------------------------------------------------------------


def get(conn: Connection, name: RecordingId) -> Recording | None:
    """Return one recording."""
    row = _ONE.first(conn, {"key": name})
    return None if row is None else _recording(row)


def find(conn: Connection, wanted: Filter) -> list[Recording]:
    """Return the recordings that a filter lets through, newest first."""
    query = _where(select(*_FIELDS), wanted)
    query = query.order_by(recordings.c.began_at.desc(), recordings.c.id.desc())
    return [_recording(row) for row in conn.execute(query.limit(wanted.limit))]


def keys(conn: Connection, wanted: Filter, among: Collection[Began] | None = None) -> list[Began]:
    """Return the keys of all that a filter lets through, or of those of them ``among`` some, oldest first."""
    query = _where(select(recordings.c.began_at, recordings.c.id), wanted)
    if among is not None:
        query = query.where(recordings.c.id.in_([name for _, name in among]))
    return raw(conn, query.order_by(recordings.c.began_at, recordings.c.id))


def by_ids(conn: Connection, names: Sequence[str]) -> dict[str, Recording]:
    """Return some recordings by their ids."""
    query = select(*_FIELDS).where(recordings.c.id.in_(names))
    return {row.id: _recording(row) for row in conn.execute(query)}


def _where(query: Any, wanted: Filter) -> Any:
    if wanted.call_id is not None:
        query = query.where(recordings.c.call_id == wanted.call_id)
    if wanted.legs is not None:
        query = query.where(recordings.c.channel_id.in_(wanted.legs))
    if wanted.extension is not None:
        query = query.where(recordings.c.extension == wanted.extension)
    if wanted.since is not None:
        query = query.where(recordings.c.began_at >= wanted.since)
    if wanted.until is not None:
        query = query.where(recordings.c.began_at < wanted.until)
    return query


def recent(conn: Connection, extension: str, since: Millis, limit: int) -> list[Recording]:
    """Return what a desk still records or has recorded up to ``since``, newest first."""
    query = (
        select(*_FIELDS)
        .where(recordings.c.extension == extension)
        .where((recordings.c.ended_at >= since) | (recordings.c.state == State.RUNNING))
        .order_by(recordings.c.began_at.desc(), recordings.c.id)
        .limit(limit)
    )
    return [_recording(row) for row in conn.execute(query)]


def in_question(conn: Connection, spool: Collection[RecordingId]) -> list[Recording]:
    """Return the rows that the quick check needs: running ones, and all of the channels in the spool."""
    running = select(*_FIELDS).where(recordings.c.state == State.RUNNING)
    rows = {row.id: _recording(row) for row in conn.execute(running)}
    for some in _portions(spool):
        query = select(*_FIELDS).where(recordings.c.channel_id.in_(some))
        rows.update({row.id: _recording(row) for row in conn.execute(query)})
    return list(rows.values())


def everything(conn: Connection) -> list[Recording]:
    """Return every row, for the full check."""
    return [_recording(row) for row in conn.execute(select(*_FIELDS))]


def kept_and_free(conn: Connection, ended_before: Millis, limit: int) -> list[Recording]:
    """Return the oldest kept recordings without a legal hold that ended before an instant."""
    query = (
        select(*_FIELDS)
        .where(recordings.c.state == State.KEPT)
        .where(recordings.c.held.is_(False))
        .where(func.coalesce(recordings.c.ended_at, recordings.c.began_at) < ended_before)
        .order_by(recordings.c.began_at)
        .limit(limit)
    )
    return [_recording(row) for row in conn.execute(query)]


def running_channels(conn: Connection) -> frozenset[str]:
    """Return the channels that have a running recording."""
    query = select(recordings.c.channel_id).where(recordings.c.state == State.RUNNING)
    return frozenset(conn.execute(query).scalars())


def counts(conn: Connection) -> dict[str, int]:
    """Return how many recordings are in each state."""
    query = select(recordings.c.state, func.count()).group_by(recordings.c.state)
    found: dict[str, int] = {row[0]: row[1] for row in conn.execute(query)}
    return {state.value: found.get(state.value, 0) for state in State}


def waveform(conn: Connection, name: RecordingId) -> bytes | None:
    """Return the peaks that were computed before."""
    found: bytes | None = conn.execute(
        select(recordings.c.waveform).where(recordings.c.id == name)
    ).scalar()
    return found


# ---- writing ---------------------------------------------------------------------------------------------


def begin(conn: Connection, first: Recording) -> Recording:
    """Write the row of a recording that began, and return it; a repeat returns the one that runs.

    ``first`` bears the channel's id. When the channel has finished recordings the row gets the id of the next part.
    """
    rows = list(of_channel(conn, first.channel_id))
    for row in rows:
        if row.state is State.RUNNING:
            return row
    taken = {row.id for row in rows}
    part = next(n for n in range(1, len(taken) + 2) if part_id(first.channel_id, n) not in taken)
    values = {**asdict(first), "id": part_id(first.channel_id, part)}
    _BEGIN.change(conn, values)
    note_more(conn, RECORDINGS, [(first.began_at, values["id"])])
    return Recording(**values)


def of_channel(conn: Connection, channel_id: RecordingId) -> Iterable[Recording]:
    """Return all recordings made on a channel."""
    return [_recording(row) for row in _OF_CHANNEL.rows(conn, {"key": channel_id})]


def describe(conn: Connection, channel_id: RecordingId, values: dict[str, Any]) -> None:
    """Correct ``call_id``, ``extension`` or ``number`` of what a channel records or has recorded."""
    conn.execute(update(recordings).where(recordings.c.channel_id == channel_id).values(**values))
    noted = [(row.began_at, row.id) for row in of_channel(conn, channel_id)]
    note_more(conn, RECORDINGS, noted)


def merge_call(conn: Connection, call_id: CallId, into: CallId) -> None:
    """Give the recordings of one call to another that it became part of."""
    where = recordings.c.call_id == call_id
    found = conn.execute(select(recordings.c.began_at, recordings.c.id).where(where))
    note_more(conn, RECORDINGS, [(began_at, name) for began_at, name in found])
    conn.execute(update(recordings).where(where).values(call_id=into))


def end(conn: Connection, channel_id: RecordingId, at: Millis) -> None:
    """Note when the recording on a channel ended; the first word on it counts."""
    _END.change(conn, {"key": channel_id, "at": at})


def keep(conn: Connection, name: RecordingId, kept: Kept, ended_at: Millis) -> Recording | None:
    """Complete the row of a recording whose file is in the archive; ``None``: it was so already."""
    values = {f"new_{field}": getattr(kept, field) for field in _KEPT}
    changed = _KEEP.change(conn, {"key": name, "at": ended_at, **values})
    return get(conn, name) if changed else None


def mark_missing(conn: Connection, name: RecordingId, at: Millis) -> bool:
    """Note that the file of a recording is nowhere; return whether that is news."""
    changed = conn.execute(
        update(recordings)
        .where(recordings.c.id == name)
        .where(recordings.c.state.in_([State.RUNNING, State.KEPT]))
        .values(state=State.MISSING, ended_at=func.coalesce(recordings.c.ended_at, at))
    )
    return changed.rowcount > 0


def expire(conn: Connection, name: RecordingId) -> bool:
    """Note that a recording may be deleted; refuse (``False``) one that was put on hold in between."""
    changed = conn.execute(
        update(recordings)
        .where(recordings.c.id == name, recordings.c.state == State.KEPT)
        .where(recordings.c.held.is_(False))
        .values(state=State.EXPIRED, waveform=None)
    )
    return changed.rowcount > 0


def hold(conn: Connection, name: RecordingId, held: bool, reason: str) -> None:
    """Put a recording on legal hold, or take the hold away."""
    conn.execute(
        update(recordings).where(recordings.c.id == name).values(held=held, hold_reason=reason)
    )


def set_waveform(conn: Connection, name: RecordingId, peaks: bytes) -> None:
    """Keep computed peaks."""
    conn.execute(update(recordings).where(recordings.c.id == name).values(waveform=peaks))


def _recording(row: Sequence[Any]) -> Recording:
    values = dict(zip(_NAMES, row, strict=True))
    values["state"] = State(values["state"])
    for flag in ("repaired", "held"):  # a prepared statement gives what stands in the file
        values[flag] = bool(values[flag])
    return Recording(**values)


def _portions(names: Collection[RecordingId], size: int = 500) -> Iterable[Sequence[RecordingId]]:
    ordered = sorted(names)
    return (ordered[start : start + size] for start in range(0, len(ordered), size))
