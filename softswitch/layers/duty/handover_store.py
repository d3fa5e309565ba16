"""The hand-over log in SQL. Entries and signatures are only ever added."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Connection, RowMapping, insert, select, update

from softswitch.access import audit
from softswitch.clock import Millis
from softswitch.errors import conflict, not_found
from softswitch.layers.duty.events import DutyHandedOver
from softswitch.layers.duty.handover import Part, Signature, first_broken, sign
from softswitch.layers.duty.tables import entries, signatures
from softswitch.store.event_log import append

Row = dict[str, Any]


def give(conn: Connection, login: str, entry_id: str, roster: str, text: str, at: Millis) -> None:
    """Write an entry with the signature of the one who leaves; a repeat changes nothing."""
    if conn.execute(select(entries.c.id).where(entries.c.id == entry_id)).first():
        return
    row = {"id": entry_id, "roster": roster, "text": text, "written_at": at, "gave_login": login}
    conn.execute(insert(entries).values(**row, took_login=None, took_at=None))
    _sign(conn, entry_id, roster, Part.GAVE, login, at, text)


def take(conn: Connection, login: str, entry_id: str, at: Millis) -> None:
    """Sign an entry as the one who comes. Refused when it is signed, or by the one who wrote it."""
    row = conn.execute(select(entries).where(entries.c.id == entry_id)).mappings().first()
    if row is None:
        raise not_found("hand-over", entry_id, "Look with `softswitch duty log`.")
    if row["gave_login"] == login:
        raise conflict(
            "own_handover", "Who hands over cannot take over from himself.",
            "Let the one who comes sign it.",
        )  # fmt: skip
    if row["took_login"] is not None:
        raise conflict(
            "handover_signed", f"{row['took_login']} took over already.", "Write another entry."
        )
    where = entries.c.id == entry_id
    conn.execute(update(entries).where(where).values(took_login=login, took_at=at))
    _sign(conn, entry_id, row["roster"], Part.TOOK, login, at, row["text"])


def _sign(conn: Connection, entry_id: str, roster: str, part: Part, login: str, at: Millis,
          text: str) -> None:  # fmt: skip
    query = select(signatures).order_by(signatures.c.seq.desc()).limit(1)
    last = conn.execute(query).mappings().first()
    line = sign(_line(last) if last else None, entry_id, roster, part, login, at, text)
    names = ("seq", "entry_id", "roster", "login", "at", "text", "before", "digest")
    values = {name: getattr(line, name) for name in names}
    conn.execute(insert(signatures).values(**values, part=part.value))
    audit.append(
        conn, login, f"duty.handover_{part.value}", entry_id, {"digest": line.digest}, at=at
    )
    append(conn, DutyHandedOver(entry_id, roster, at, part.value, login, line.digest), at=at)


def page(
    conn: Connection, roster: str | None, before: Millis | None, limit: int, since: Millis = 0
) -> list[Row]:
    """Return entries with their signatures, the newest first."""
    query = select(entries).where(entries.c.written_at >= since)
    query = query.order_by(entries.c.written_at.desc(), entries.c.id).limit(limit)
    if roster is not None:
        query = query.where(entries.c.roster == roster)
    if before is not None:
        query = query.where(entries.c.written_at < before)
    rows = [dict(row) for row in conn.execute(query).mappings()]
    signed: dict[str, list[Row]] = {}
    wanted = select(signatures).where(signatures.c.entry_id.in_([row["id"] for row in rows]))
    for line in conn.execute(wanted.order_by(signatures.c.seq)).mappings():
        shown = {name: line[name] for name in ("seq", "part", "login", "at", "digest")}
        signed.setdefault(line["entry_id"], []).append(shown)
    return [{**row, "signatures": signed.get(row["id"], [])} for row in rows]


def verify(conn: Connection) -> Row:
    """Read the whole chain; return how many lines there are and the first that is broken."""
    lines = [
        _line(row) for row in conn.execute(select(signatures).order_by(signatures.c.seq)).mappings()
    ]
    texts = {row.id: row.text for row in conn.execute(select(entries.c.id, entries.c.text))}
    broken = first_broken(lines, texts)
    unsigned = texts.keys() - {line.entry_id for line in lines}
    return {"lines": len(lines), "ok": broken is None and not unsigned, "broken": broken}


def _line(row: RowMapping) -> Signature:
    return Signature(
        row["seq"], row["entry_id"], row["roster"], Part(row["part"]), row["login"], row["at"],
        row["text"], row["before"], row["digest"],
    )  # fmt: skip
