"""Rooms and their members in SQL. Facts stand in the transaction of the change that they tell."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Connection,
    Index,
    Integer,
    String,
    Table,
    Text,
    delete,
    insert,
    select,
    update,
)

from softswitch.access import audit
from softswitch.clock import Millis
from softswitch.conferences.events import RoomChanged, RoomMemberChanged
from softswitch.conferences.model import MemberState, RoomKind, RoomRole, RoomState
from softswitch.conferences.room import Room, RoomMember
from softswitch.store.event_log import append
from softswitch.store.tables import metadata

rooms = Table(
    "rooms",
    metadata,
    Column("id", String(32), primary_key=True),
    Column("number", String(8), nullable=False),
    Column("name", String(200), nullable=False),
    Column("kind", String(16), nullable=False),
    Column("pin", String(16), nullable=False),
    Column("most", Integer, nullable=False),
    Column("entry_tone", Boolean, nullable=False),
    Column("starts_at", BigInteger),
    Column("ends_at", BigInteger),
    Column("chairs", Text, nullable=False),
    Column("created_by", String(64), nullable=False),
    Column("state", String(16), nullable=False),
    Column("since", BigInteger, nullable=False),
    Column("locked", Boolean, nullable=False),
    Column("lecture", Boolean, nullable=False),
    Column("recording", Boolean, nullable=False),
    Column("joined_to", String(32)),
    Index(None, "state"),
)

room_members = Table(
    "room_members",
    metadata,
    Column("id", String(32), primary_key=True),
    Column("room_id", String(32), nullable=False),
    Column("number", String(32), nullable=False),
    Column("name", String(200), nullable=False),
    Column("extension", String(8)),
    Column("role", String(16), nullable=False),
    Column("state", String(16), nullable=False),
    Column("since", BigInteger, nullable=False),
    Column("muted", Boolean, nullable=False),
    Column("floor", Boolean, nullable=False),
    Column("keep", Boolean, nullable=False),
    Column("auto_answer", Boolean, nullable=False),
    Column("invited", Boolean, nullable=False),
    Column("cause", Integer, nullable=False),
    Column("channel_id", String(150)),
    Column("rung", Integer, nullable=False),
    Index(None, "room_id"),
)

room_legs = Table(
    "room_legs",
    metadata,
    Column("channel_id", String(150), primary_key=True),
    Column("room_id", String(32), nullable=False),
    Index(None, "room_id"),
)
"""Every leg that was in a room: by it the recordings of a room are found when it is over."""

Row = dict[str, Any]
_MEMBER = (
    "id", "room_id", "number", "name", "extension", "since", "muted", "floor", "keep",
    "auto_answer", "invited", "cause", "channel_id", "rung",
)  # fmt: skip
_ROOM = (
    "id", "number", "name", "pin", "most", "entry_tone", "starts_at", "ends_at", "created_by",
    "since", "locked", "lecture", "recording", "joined_to",
)  # fmt: skip


def room_row(room: Room) -> Row:
    """Return a room as its row."""
    row = {name: getattr(room, name) for name in _ROOM}
    return {
        **row,
        "kind": room.kind.value,
        "state": room.state.value,
        "chairs": json.dumps(list(room.chairs)),
    }


def member_row(member: RoomMember) -> Row:
    """Return a member as his row."""
    row = {name: getattr(member, name) for name in _MEMBER}
    return {**row, "role": member.role.value, "state": member.state.value}


def put_room(
    conn: Connection, row: Row, what: str, login: str, at: Millis, value: str = ""
) -> None:
    """Write a room as it is now, who changed it, and the fact. A person's act goes into the audit log too."""
    if login:
        audit.append(
            conn,
            login,
            f"conference.{what}",
            row["id"],
            {"value": value, "room": row["number"]},
            at=at,
        )
    if conn.execute(update(rooms).where(rooms.c.id == row["id"]).values(**row)).rowcount == 0:
        conn.execute(insert(rooms).values(**row))
    append(conn, RoomChanged(row["id"], at, what, login, value), at=at)


def put_changes(conn: Connection, changes: Sequence[tuple[Row, str, bool]]) -> None:
    """Write changes of members in order: row, call, and whether the state is news; the last row of each stays."""
    latest = {row["id"]: row for row, _, _ in changes}
    conn.execute(delete(room_members).where(room_members.c.id.in_(list(latest))))
    conn.execute(insert(room_members), list(latest.values()))
    _note_legs(conn, [row for row, _, _ in changes if row["channel_id"]])
    facts = [
        RoomMemberChanged(
            row["room_id"], row["since"], row["id"], row["number"], row["state"], row["cause"],
            call_id,
        )
        for row, call_id, told in changes
        if told
    ]  # fmt: skip
    if facts:
        append(conn, *facts, at=changes[-1][0]["since"])


def _note_legs(conn: Connection, rows: Sequence[Row]) -> None:
    legs = {row["channel_id"]: row["room_id"] for row in rows}
    if legs:
        conn.execute(delete(room_legs).where(room_legs.c.channel_id.in_(list(legs))))
        values = [{"channel_id": channel, "room_id": room} for channel, room in legs.items()]
        conn.execute(insert(room_legs), values)


def put_members(conn: Connection, rows: Sequence[Row], at: Millis) -> None:
    """Write several members at once: a statement for all, not for each."""
    if rows:
        put_changes(conn, [({**row, "since": at}, "", True) for row in rows])


def act(conn: Connection, login: str, what: str, target: str, details: Row, at: Millis) -> None:
    """Write what a person is about to do."""
    audit.append(conn, login, f"conference.{what}", target, details, at=at)


def close_room(conn: Connection, room_id: str, at: Millis, login: str = "") -> None:
    """Write that a room is over; its members are kept for the record."""
    if login:
        audit.append(conn, login, "conference.closed", room_id, {}, at=at)
    closed = update(rooms).where(rooms.c.id == room_id)
    conn.execute(closed.values(state=RoomState.CLOSED.value, since=at))
    append(conn, RoomChanged(room_id, at, "closed", login), at=at)


def forget_members(conn: Connection, room_id: str) -> None:
    """Remove the members of a room that begins anew."""
    conn.execute(delete(room_members).where(room_members.c.room_id == room_id))


def open_rooms(conn: Connection) -> list[Room]:
    """Return the rooms that are not over, with the members that they had."""
    query = select(rooms).where(rooms.c.state != RoomState.CLOSED.value)
    found = {row["id"]: _room(dict(row)) for row in conn.execute(query).mappings()}
    members = select(room_members).where(room_members.c.room_id.in_(list(found)))
    for row in conn.execute(members).mappings():
        found[row["room_id"]].members[row["id"]] = _member(dict(row))
    return list(found.values())


def past_rooms(conn: Connection, limit: int) -> list[Row]:
    """Return rooms that are over, the latest first."""
    query = (
        select(rooms)
        .where(rooms.c.state == RoomState.CLOSED.value)
        .order_by(rooms.c.since.desc())
        .limit(limit)
    )
    return [
        {**_room(dict(row)).view(), "state": "closed"} for row in conn.execute(query).mappings()
    ]


def past_room(conn: Connection, room_id: str) -> tuple[Row, list[str]] | None:
    """Return a room that is over with who was in it, and its legs; None when there is none."""
    over = (rooms.c.id == room_id) & (rooms.c.state == RoomState.CLOSED.value)
    row = conn.execute(select(rooms).where(over)).mappings().first()
    if row is None:
        return None
    room = _room(dict(row))
    for each in members_of(conn, room_id):
        room.members[each["id"]] = _member(each)
    members = [room.member_view(member) for member in room.members.values()]
    legs = conn.execute(select(room_legs.c.channel_id).where(room_legs.c.room_id == room_id))
    return {**room.view(), "member_list": members}, list(legs.scalars())


def members_of(conn: Connection, room_id: str) -> list[Row]:
    """Return who was in a room, by row."""
    query = select(room_members).where(room_members.c.room_id == room_id)
    return [dict(row) for row in conn.execute(query).mappings()]


def _room(row: Row) -> Room:
    return Room(
        **{name: row[name] for name in _ROOM},
        kind=RoomKind(row["kind"]),
        state=RoomState(row["state"]),
        chairs=tuple(json.loads(row["chairs"])),
    )


def _member(row: Row) -> RoomMember:
    return RoomMember(
        **{name: row[name] for name in _MEMBER},
        role=RoomRole(row["role"]),
        state=MemberState(row["state"]),
    )
