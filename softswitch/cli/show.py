"""How answers are printed: JSON when asked, else tables and sentences in the language of the session."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

import click

from softswitch import chinese
from softswitch.cli.session import Session
from softswitch.cli.table import clean, table

Row = Mapping[str, Any]
Column = tuple[str, Callable[[Session, Row], str]]


def as_json(value: object) -> None:
    """Print a value as JSON."""
    click.echo(json.dumps(value, ensure_ascii=False, indent=2))


def rows(
    session: Session, answer: object, columns: Sequence[Column], empty: str = "Nothing here."
) -> None:
    """Print a list: the answer of the server as JSON, or a table of it."""
    if session.json:
        as_json(answer)
        return
    found = list_of(answer)
    click.echo(grid(session, found, columns) if found else session.say(empty))


def whole(session: Session, answer: dict[str, Any], columns: Sequence[Column]) -> None:
    """Print a part of a list, and how long the whole list is when the server told."""
    rows(session, answer, columns)
    if "count" in answer:
        note(session, "{count} in all.", count=answer["count"])


def grid(session: Session, found: Iterable[Row], columns: Sequence[Column]) -> str:
    """Return the table of some rows."""
    headings = [session.say(heading) for heading, _ in columns]
    return table(headings, [[cell(session, row) for _, cell in columns] for row in found])


def one(session: Session, value: Row) -> None:
    """Print one thing: its fields under each other."""
    if session.json:
        as_json(value)
        return
    headings = [session.say("field"), session.say("value")]
    # A sentence that is there in both languages is one field.
    names = [name for name in value if not (name.endswith("_zh") and name[:-3] in value)]
    click.echo(
        table(headings, [[session.say(name), _value(session, name, value)] for name in names])
    )


def _value(session: Session, name: str, row: Row) -> str:
    """States and kinds are words of ours; names and numbers are not."""
    if f"{name}_zh" in row:
        return sentence(session, row, name)
    shown = plain(session, name, row[name])
    return session.say(shown) if name in _WORDS else shown


_WORDS = frozenset({"kind", "role", "state", "status", "strategy", "stage", "duty"})


def done(session: Session, answer: object, sentence: str, **values: object) -> None:
    """Print that something was carried out."""
    if session.json:
        as_json(answer)
    else:
        click.echo(clean(session.say(sentence, **values)))


def note(session: Session, sentence: str, **values: object) -> None:
    """Print a remark on stderr, where it disturbs no program that reads the answer."""
    if not session.json:
        click.echo(session.say(sentence, **values), err=True)


def list_of(answer: object) -> list[Row]:
    """Return the list of an answer, whether it stands alone or under its name."""
    if isinstance(answer, Mapping):
        answer = next((value for value in answer.values() if isinstance(value, list)), [])
    return answer if isinstance(answer, list) else []


# ---- columns ----------------------------------------------------------------------------------------------


def text(name: str, heading: str | None = None) -> Column:
    """Return a column that shows a field as it is."""
    return (heading or name, lambda session, row: plain(session, name, row.get(name)))


def said(name: str) -> Column:
    """Return a column that shows a sentence of the server in the language of the session."""
    return (name, lambda session, row: sentence(session, row, name))


def phrase(name: str, heading: str | None = None) -> Column:
    """Return a column that shows a sentence of this program in the language of the session."""

    def cell(session: Session, row: Row) -> str:
        text = str(row.get(name) or "")
        return chinese.word(text) if session.lang == "zh" else text

    return (heading or name, cell)


def word(name: str, heading: str | None = None) -> Column:
    """Return a column that shows a state or kind in the language of the session."""
    return (heading or name, lambda session, row: session.say(str(row.get(name) or "")))


def at(name: str, heading: str | None = None) -> Column:
    """Return a column that shows an instant in local time."""
    return (heading or name, lambda _session, row: instant(row.get(name)))


def lasting(name: str, heading: str = "since") -> Column:
    """Return a column that shows how long ago an instant was."""
    return (heading, lambda _session, row: span(_now() - row[name]) if row.get(name) else "")


def party(name: str, heading: str | None = None) -> Column:
    """Return a column that shows ``{number, name}``."""
    return (heading or name, lambda _session, row: person(row.get(name)))


# ---- values -----------------------------------------------------------------------------------------------


def plain(session: Session, name: str, value: object) -> str:
    """Return a value as text; the name of its field tells an instant."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return session.say("yes" if value else "no")
    if isinstance(value, int) and (name == "at" or name.endswith(("_at", "since", "until"))):
        return instant(value)
    if isinstance(value, int) and name.endswith("_bytes"):
        return size(value)
    if isinstance(value, list):
        return " ".join(plain(session, "", each) for each in value)
    if isinstance(value, Mapping):
        return person(value) if "number" in value else json.dumps(value, ensure_ascii=False)
    return str(value)


def sentence(session: Session, row: Row, name: str = "message") -> str:
    """Return a sentence of the server in the language of the session."""
    chinese = row.get(f"{name}_zh") if session.lang == "zh" else None
    return str(chinese or row.get(name) or "")


def person(value: Mapping[str, Any] | None) -> str:
    """Return number and name of a party."""
    if not value:
        return ""
    name = value.get("name")
    return f"{value['number']} {name}" if name and name != value["number"] else str(value["number"])


def instant(millis: int | None) -> str:
    """Return an instant in local time, to the second."""
    if not millis:
        return ""
    return time.strftime("%Y-%m-%d %H:%M:%S", time.localtime(millis / 1000))


def span(millis: int | None) -> str:
    """Return a duration: 0:07, 12:45, 3:02:10."""
    if millis is None:
        return ""
    seconds = max(0, int(millis / 1000))
    hours, rest = divmod(seconds, 3600)
    minutes, seconds = divmod(rest, 60)
    return f"{hours}:{minutes:02}:{seconds:02}" if hours else f"{minutes}:{seconds:02}"


def size(count: int | None) -> str:
    """Return a number of bytes with its unit."""
    amount = float(count or 0)
    for unit in ("B", "kB", "MB"):
        if amount < 1000:
            return f"{amount:.0f} {unit}" if unit == "B" else f"{amount:.1f} {unit}"
        amount /= 1000
    return f"{amount:.1f} GB"


def _now() -> int:
    return time.time_ns() // 1_000_000
