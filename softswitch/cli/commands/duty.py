"""`softswitch duty`."""

from __future__ import annotations

from typing import Any

import click

from softswitch.cli import show
from softswitch.cli.commands.csv_files import add_csv
from softswitch.cli.frame import Group
from softswitch.cli.helpers import at_most, given, part
from softswitch.cli.session import Session
from softswitch.cli.times import INSTANT

_NOW: tuple[show.Column, ...] = (
    show.text("key", "roster"),
    show.text("name"),
    ("on duty", lambda _session, row: " ".join(one["name"] for one in row["people"])),
    ("number", lambda _session, row: " ".join(n for one in row["people"] for n in one["numbers"])),
    ("gap", lambda _session, row: show.instant((row["gap"] or {}).get("begin"))),
)
_PEOPLE: tuple[show.Column, ...] = (
    show.text("key"),
    show.text("name"),
    show.text("title", "position"),
    show.text("unit"),
    show.text("numbers", "number"),
    show.text("deputy"),
    show.text("left"),
)
_ROSTERS = (
    show.text("key"),
    show.text("name"),
    show.text("zone"),
    show.text("need"),
    show.text("uses"),
)
SHIFTS = (
    show.text("id"),
    show.text("roster"),
    show.text("person"),
    show.at("begin"),
    show.at("end"),
    show.text("deputy"),
)
_LEAVES = (
    show.text("id"),
    show.text("person"),
    show.at("begin"),
    show.at("end"),
    show.text("deputy"),
    show.text("reason"),
)
GAPS = (
    show.text("roster"),
    show.at("begin"),
    show.at("end"),
    show.text("there", "on duty"),
    show.text("need"),
)
_DAYS = click.option(
    "--days", type=click.IntRange(1, 62), default=7, show_default=True,
    help="How many days from now.",
)  # fmt: skip


@click.group(cls=Group)
def duty() -> None:
    """Who is on duty: rosters, leave, hand-over."""


@duty.command("now", examples=("softswitch duty now",))
@click.pass_obj
def now(session: Session) -> None:
    """Show who is on duty at every post."""
    show.rows(session, session.api.get("/api/duty/now"), _NOW)


@duty.command("people", examples=("softswitch duty people", "softswitch duty people 李"))
@click.argument("text", required=False, default="")
@click.option("--after", default="", help="Begin behind this key.")
@at_most()
@click.pass_obj
def people(session: Session, text: str, after: str, limit: int) -> None:
    """Look in the address book."""
    query = given(text=text or None, after=after or None, limit=limit)
    show.rows(session, session.api.get("/api/duty/people", **query), _PEOPLE)


@duty.command(
    "person",
    examples=(
        "softswitch duty person liming 李明 --number 13800000001 --number 2001 --deputy wang",
    ),
)
@click.argument("key")
@click.argument("name")
@click.option("--number", "numbers", multiple=True, help="In the order in which to ring.")
@click.option("--title", default="", help="What he is.")
@click.option("--unit", default="", help="Where he works.")
@click.option("--deputy", default="", help="Key of who stands in for him.")
@click.option("--left", is_flag=True, help="He works here no longer.")
@click.pass_obj
def person(
    session: Session,
    key: str,
    name: str,
    numbers: tuple[str, ...],
    title: str,
    unit: str,
    deputy: str,
    left: bool,
) -> None:
    """Add or change one of the address book."""
    body = {
        "name": name, "numbers": list(numbers), "title": title, "unit": unit, "deputy": deputy,
        "left": left,
    }  # fmt: skip
    show.done(session, session.api.put(f"/api/duty/people/{part(key)}", body), "Stored.")


@duty.command("rosters", examples=("softswitch duty rosters",))
@click.pass_obj
def rosters(session: Session) -> None:
    """List rosters."""
    show.rows(session, session.api.get("/api/duty/rosters"), _ROSTERS)


@duty.command(
    "roster", examples=("softswitch duty roster chief 值班主任 --use intake --use night",)
)
@click.argument("key")
@click.argument("name")
@click.option("--zone", default="Asia/Shanghai", show_default=True, help="Time zone of its times.")
@click.option("--need", type=int, default=1, show_default=True, help="How many must be there.")
@click.option(
    "--use", "uses", type=click.Choice(["intake", "night"]), multiple=True,
    help="Who asks it by itself.",
)  # fmt: skip
@click.pass_obj
def roster(
    session: Session, key: str, name: str, zone: str, need: int, uses: tuple[str, ...]
) -> None:
    """Add or change a roster."""
    body = {"name": name, "zone": zone, "need": need, "uses": list(uses)}
    show.done(session, session.api.put(f"/api/duty/rosters/{part(key)}", body), "Stored.")


@duty.command("remove-roster", examples=("softswitch duty remove-roster chief",))
@click.argument("key")
@click.pass_obj
def remove_roster(session: Session, key: str) -> None:
    """Remove a roster with its shifts."""
    session.api.delete(f"/api/duty/rosters/{part(key)}")
    show.done(session, {"key": key}, "Removed {what}.", what=key)


@duty.command("shifts", examples=("softswitch duty shifts --roster chief --days 31",))
@click.option("--roster", help="Only those of this roster.")
@_DAYS
@click.pass_obj
def shifts(session: Session, roster: str | None, days: int) -> None:
    """List shifts from now on."""
    answer = session.api.get("/api/duty/shifts", **given(roster=roster, days=days))
    show.rows(session, answer, SHIFTS)


@duty.command(
    "shift", examples=("softswitch duty shift chief liming 2026-11-22 08:00 20:00 --deputy wang",)
)
@click.argument("roster")
@click.argument("person")
@click.argument("date")
@click.argument("begin")
@click.argument("end")
@click.option("--deputy", default="", help="Key of who stands in for him.")
@click.option("--position", type=int, default=1, show_default=True, help="Whom to ring first.")
@click.pass_obj
def shift(session: Session, /, **body: Any) -> None:
    """Add or change a shift, in the roster's local time."""
    show.done(session, session.api.post("/api/duty/shifts", body), "Stored.")


@duty.command("remove-shift", examples=("softswitch duty remove-shift 5f0c9d",))
@click.argument("shift_id", metavar="ID")
@click.pass_obj
def remove_shift(session: Session, shift_id: str) -> None:
    """Remove a shift."""
    session.api.delete(f"/api/duty/shifts/{part(shift_id)}")
    show.done(session, {"id": shift_id}, "Removed {what}.", what=shift_id)


@duty.command("leaves", examples=("softswitch duty leaves",))
@click.pass_obj
def leaves(session: Session) -> None:
    """List who is away in the next month."""
    show.rows(session, session.api.get("/api/duty/leaves"), _LEAVES)


@duty.command(
    "leave",
    examples=('softswitch duty leave liming "2026-11-23 08:00" "2026-11-25 08:00" --deputy wang',),
)
@click.argument("person")
@click.argument("begin", type=INSTANT)
@click.argument("end", type=INSTANT)
@click.option("--deputy", default="", help="Key of who stands in for him.")
@click.option("--reason", default="", help="Why.")
@click.pass_obj
def leave(session: Session, /, **body: Any) -> None:
    """Note that somebody is away."""
    show.done(session, session.api.post("/api/duty/leaves", body), "Stored.")


@duty.command("remove-leave", examples=("softswitch duty remove-leave 5f0c9d",))
@click.argument("leave_id", metavar="ID")
@click.pass_obj
def remove_leave(session: Session, leave_id: str) -> None:
    """Remove a leave."""
    session.api.delete(f"/api/duty/leaves/{part(leave_id)}")
    show.done(session, {"id": leave_id}, "Removed {what}.", what=leave_id)


@duty.command("gaps", examples=("softswitch duty gaps --days 31",))
@_DAYS
@click.pass_obj
def gaps(session: Session, days: int) -> None:
    """Show gaps and who is named twice."""
    answer = session.api.get("/api/duty/gaps", days=days)
    show.rows(session, answer if session.json else answer["gaps"], GAPS)
    if not session.json:
        for each in answer["overlaps"]:
            show.note(
                session, "{person} is named twice: {first} and {second}.", person=each["person"],
                first=each["first"]["roster"], second=each["second"]["roster"],
            )  # fmt: skip


book = Group("book", help="The address book as a file.")

plan = Group("plan", help="The shifts as a file.")
duty.add_command(book)
duty.add_command(plan)


add_csv(
    book, "duty/people", "key, name, title, unit, numbers, deputy, note, left",
    word="duty book", file="people",
)  # fmt: skip
add_csv(
    plan, "duty/shifts", "roster, person, date, begin, end, deputy, position",
    word="duty plan", file="shifts",
)  # fmt: skip
