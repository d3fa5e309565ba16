"""The schedules of rooms in SQL: whom they invite, and how far they have come."""

from __future__ import annotations

import json

from sqlalchemy import Boolean, Column, Connection, String, Table, Text, insert, select, update

from softswitch.conferences.schedule_model import Schedule
from softswitch.store.tables import metadata

room_schedules = Table(
    "room_schedules",
    metadata,
    Column("room_id", String(32), primary_key=True),
    Column("numbers", Text, nullable=False),
    Column("groups", Text, nullable=False),
    Column("begun", Boolean, nullable=False),
    Column("warned", Boolean, nullable=False),
)


def put(conn: Connection, schedule: Schedule) -> None:
    """Write a schedule as it is now."""
    values = {
        "numbers": json.dumps(schedule.numbers),
        "groups": json.dumps(schedule.groups, ensure_ascii=False),
        "begun": schedule.begun,
        "warned": schedule.warned,
    }
    where = room_schedules.c.room_id == schedule.room_id
    if conn.execute(update(room_schedules).where(where).values(**values)).rowcount == 0:
        conn.execute(insert(room_schedules).values(room_id=schedule.room_id, **values))


def load(conn: Connection, room_ids: list[str]) -> dict[str, Schedule]:
    """Return the schedules of rooms by room."""
    query = select(room_schedules).where(room_schedules.c.room_id.in_(room_ids))
    return {
        row["room_id"]: Schedule(
            row["room_id"], tuple(json.loads(row["numbers"])), tuple(json.loads(row["groups"])),
            row["begun"], row["warned"],
        )
        for row in conn.execute(query).mappings()
    }  # fmt: skip
