"""`softswitch incident`."""

from __future__ import annotations

import click

from softswitch.cli import show
from softswitch.cli.commands.incident_tables import add_tables
from softswitch.cli.frame import Group
from softswitch.cli.helpers import at_most, at_offset, changes, given, part
from softswitch.cli.session import Session
from softswitch.cli.times import INSTANT

STATES = (
    "draft", "verified", "dispatched", "en_route", "on_scene", "controlled", "closed", "reviewed",
)  # fmt: skip
_STATE = click.Choice(STATES)
_GRADE = click.IntRange(0, 4)
_COLUMNS = (
    show.text("id"),
    show.at("created_at", "started"),
    show.word("status"),
    show.text("class_name", "class"),
    show.text("type"),
    show.text("grade"),
    show.text("number"),
    show.text("name"),
    show.text("address"),
    show.text("owner"),
    show.text("title"),
)
_ENTRIES = (show.at("at"), show.text("kind"), show.text("login"), show.text("body"))


@click.group(cls=Group)
def incident() -> None:
    """What emergency calls were about."""


@incident.command(
    "list",
    examples=(
        "softswitch incident list --status draft",
        "softswitch incident list --text 光大街 --type 20700",
        "softswitch incident list --number 120",
    ),
)
@click.option("--text", help="Only those with these words.")
@click.option("--status", type=_STATE, multiple=True, help="Only those in this state.")
@click.option("--number", help="Only those of this caller.")
@click.option("--type", "kind", help="Only those of this type (five digits).")
@click.option("--grade", type=_GRADE, help="Only those of this grade (1 to 4).")
@click.option("--owner", help="Only those of this person.")
@click.option("--from", "since", type=INSTANT, help="Not older than this.")
@click.option("--to", "until", type=INSTANT, help="Not newer than this.")
@click.option("--before", type=int, help="Only those before this place in the list.")
@at_offset
@at_most()
@click.pass_obj
def list_incidents(
    session: Session,
    text: str | None,
    status: tuple[str, ...],
    number: str | None,
    kind: str | None,
    grade: int | None,
    owner: str | None,
    since: int | None,
    until: int | None,
    before: int | None,
    offset: int | None,
    limit: int,
) -> None:
    """List incidents, newest first."""
    query = given(
        text=text, status=list(status) or None, number=number, type=kind, grade=grade,
        owner=owner, to=until, before=before, offset=offset, limit=limit,
    )  # fmt: skip
    if since is not None:
        query["from"] = since
    show.whole(session, session.api.get("/api/incidents", **query), _COLUMNS)


@incident.command("show", examples=("softswitch incident show 5f0c9d",))
@click.argument("incident_id", metavar="ID")
@click.pass_obj
def show_incident(session: Session, incident_id: str) -> None:
    """Show one incident."""
    show.one(session, session.api.get(f"/api/incidents/{part(incident_id)}"))


@incident.command("timeline", examples=("softswitch incident timeline 5f0c9d",))
@click.argument("incident_id", metavar="ID")
@click.pass_obj
def timeline(session: Session, incident_id: str) -> None:
    """Show all that happened, oldest first."""
    answer = session.api.get(f"/api/incidents/{part(incident_id)}/timeline", limit=1000)
    show.rows(session, answer, _ENTRIES)


@incident.command(
    "create", examples=('softswitch incident create "Bridge closed" --address 解放路大桥',)
)
@click.argument("title")
@click.option("--address", help="Where it happened.")
@click.option("--number", help="Who told of it.")
@click.option("--type", "kind", help="Its type (five digits).")
@click.option("--grade", type=_GRADE, help="Its grade (1 to 4).")
@click.pass_obj
def create(
    session: Session,
    title: str,
    address: str | None,
    number: str | None,
    kind: str | None,
    grade: int | None,
) -> None:
    """Make an incident that no call told of."""
    body = given(title=title, address=address, number=number, type=kind, grade=grade)
    answer = session.api.post("/api/incidents", body)
    show.done(session, answer, "Added {what}.", what=answer["id"])


@incident.command("claim", examples=("softswitch incident claim 5f0c9d",))
@click.argument("incident_id", metavar="ID")
@click.pass_obj
def claim(session: Session, incident_id: str) -> None:
    """Become its one owner."""
    answer = session.api.post(f"/api/incidents/{part(incident_id)}/claim")
    show.done(session, answer, "Changed {what}.", what=incident_id)


@incident.command(
    "edit",
    examples=(
        'softswitch incident edit 5f0c9d --title "Fire in a flat" --type 20701 --grade 3',
        "softswitch incident edit 5f0c9d --address 自流井区光大街12号",
    ),
)
@click.argument("incident_id", metavar="ID")
@click.option("--title", help="What happened, in one line.")
@click.option("--note", help="What else is known.")
@click.option("--name", help="Name of the caller.")
@click.option("--address", help="Where it happened.")
@click.option("--type", "kind", help="Its type (five digits).")
@click.option("--grade", type=_GRADE, help="Its grade (1 to 4).")
@click.option("--latitude", type=float, help="Degrees north (WGS-84).")
@click.option("--longitude", type=float, help="Degrees east (WGS-84).")
@click.option("--result", help="What came of it.")
@click.option("--version", type=int, help="Refuse when it was changed since this version.")
@click.pass_obj
def edit(
    session: Session, /, incident_id: str, kind: str | None, version: int | None, **fields: object
) -> None:
    """Change an incident; what is not given stays."""
    body = changes(type=kind, **fields)
    path = f"/api/incidents/{part(incident_id)}"
    answer = session.api.patch(path, {**body, "version": _read(session, path, version)})
    show.done(session, answer, "Changed {what}.", what=incident_id)


@incident.command(
    "move",
    examples=(
        "softswitch incident move 5f0c9d verified",
        "softswitch incident move 5f0c9d controlled --reason 复燃",
    ),
)
@click.argument("incident_id", metavar="ID")
@click.argument("status", type=_STATE)
@click.option("--reason", help="Why, when it goes back.")
@click.option("--version", type=int, help="Refuse when it was changed since this version.")
@click.pass_obj
def move(
    session: Session, incident_id: str, status: str, reason: str | None, version: int | None
) -> None:
    """Bring it into another state."""
    path = f"/api/incidents/{part(incident_id)}"
    body = given(status=status, reason=reason, version=_read(session, path, version))
    answer = session.api.post(f"{path}/move", body)
    show.done(session, answer, "Changed {what}.", what=incident_id)


@incident.command("note", examples=("softswitch incident note 5f0c9d 三楼有人被困",))
@click.argument("incident_id", metavar="ID")
@click.argument("text")
@click.pass_obj
def note(session: Session, incident_id: str, text: str) -> None:
    """Write a line into its timeline."""
    answer = session.api.post(f"/api/incidents/{part(incident_id)}/notes", {"text": text})
    show.done(session, answer, "Changed {what}.", what=incident_id)


@incident.command("attach", examples=("softswitch incident attach 5f0c9d 1700000000.1",))
@click.argument("incident_id", metavar="ID")
@click.argument("call_id", metavar="CALL")
@click.pass_obj
def attach(session: Session, incident_id: str, call_id: str) -> None:
    """Make a call part of it."""
    answer = session.api.post(f"/api/incidents/{part(incident_id)}/calls", {"call_id": call_id})
    show.done(session, answer, "Changed {what}.", what=incident_id)


@incident.command("merge", examples=("softswitch incident merge 5f0c9d 77aa01",))
@click.argument("incident_id", metavar="ID")
@click.argument("other", metavar="OTHER")
@click.pass_obj
def merge(session: Session, incident_id: str, other: str) -> None:
    """Make OTHER, the same one, part of ID."""
    path = f"/api/incidents/{part(incident_id)}"
    body = {
        "version": _read(session, path, None), "other": other,
        "other_version": _read(session, f"/api/incidents/{part(other)}", None),
    }  # fmt: skip
    answer = session.api.post(f"{path}/merge", body)
    show.done(session, answer, "Changed {what}.", what=incident_id)


@incident.command(
    "split",
    examples=(
        "softswitch incident split 77aa01",
        "softswitch incident split 5f0c9d --call 1700000000.1 --title 另一起",
    ),
)
@click.argument("incident_id", metavar="ID")
@click.option("--call", "calls", multiple=True, help="A call that goes; may be repeated.")
@click.option("--title", help="What happened, in one line.")
@click.pass_obj
def split(session: Session, incident_id: str, calls: tuple[str, ...], title: str | None) -> None:
    """Take it, or some calls, out of another."""
    path = f"/api/incidents/{part(incident_id)}"
    version = _read(session, path, None)
    body = given(version=version, call_ids=list(calls), title=title)
    answer = session.api.post(f"{path}/split", body)
    show.done(session, answer, "Changed {what}.", what=answer["id"])


@incident.command("link", examples=("softswitch incident link 5f0c9d 77aa01 --why 同一小区",))
@click.argument("incident_id", metavar="ID")
@click.argument("other", metavar="OTHER")
@click.option("--why", help="What they have in common.")
@click.option("--remove", is_flag=True, help="Take the relation away.")
@click.pass_obj
def link(session: Session, incident_id: str, other: str, why: str | None, remove: bool) -> None:
    """Relate it to another."""
    path = f"/api/incidents/{part(incident_id)}/links"
    if remove:
        answer = session.api.delete(f"{path}/{part(other)}")
    else:
        answer = session.api.post(path, given(other=other, why=why))
    show.done(session, answer, "Changed {what}.", what=incident_id)


def _read(session: Session, path: str, version: int | None) -> int:
    """Return the version to change: the one given, else the present one."""
    return int(session.api.get(path)["version"]) if version is None else version


add_tables(incident)
