"""`softswitch audit`."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from softswitch.cli import show
from softswitch.cli.frame import Group
from softswitch.cli.helpers import at_most, at_offset, given
from softswitch.cli.session import Session
from softswitch.errors import Kind, Refusal

BROKEN = 1
_COLUMNS = (
    show.text("seq", "number"),
    show.at("at", "time"),
    show.text("actor", "who"),
    show.text("act"),
    show.text("target"),
    show.text("details"),
)


@click.group(cls=Group)
def audit() -> None:
    """Who did what, chained against change."""


@audit.command(
    "list",
    examples=(
        "softswitch audit list --actor liming",
        "softswitch audit list --after 100 --json",
        "softswitch audit list --offset 0 --limit 20",
    ),
)
@click.option("--after", type=click.IntRange(min=0), help="Go on behind this row.")
@at_offset
@at_most()
@click.option("--actor", metavar="LOGIN", help="Only what this person did.")
@click.option("--act", help="Only this act, such as recording.listened.")
@click.pass_obj
def list_rows(
    session: Session,
    after: int | None,
    offset: int | None,
    limit: int,
    actor: str | None,
    act: str | None,
) -> None:
    """List rows: oldest first, with --offset newest."""
    query = given(after=after, offset=offset, limit=limit, actor=actor, act=act)
    answer = session.api.get("/api/audit", **query)
    show.whole(session, answer, _COLUMNS)
    found = show.list_of(answer)
    if offset is None and len(found) == limit:
        show.note(session, "More: --after {after}", after=found[-1]["seq"])


@audit.command(
    "verify", examples=("softswitch audit verify", "softswitch audit verify --data /srv/softswitch")
)
@click.pass_obj
def verify(session: Session) -> int:
    """Check every row of the audit log.

    The exit code is 1 when one was changed, added or removed. With --data the database file is read
    directly: this works with the server stopped.
    """
    offline = session.data is not None and not session.url
    found = _verify_file(session.data_folder) if offline else session.api.post("/api/audit/verify")
    if session.json:
        show.as_json(found)
    elif found["ok"]:
        click.echo(session.say("The audit log is whole: {rows} rows.", rows=found["rows"]))
    else:
        sentence = "The audit log is broken at row {row}: {problem}"
        click.echo(session.say(sentence, row=found["broken_at"], problem=found["problem"]))
    return 0 if found["ok"] else BROKEN


def _verify_file(data: Path) -> dict[str, Any]:
    """The head in its file is read first: it may be older than the database, never newer."""
    from softswitch.access.audit_head import HeadFile
    from softswitch.access.verify import verify as verify_chain
    from softswitch.store.engine import reader_engine
    from softswitch.store.failures import as_refusal

    path = data.absolute() / "softswitch.db"
    if not path.is_file():
        raise Refusal(
            Kind.NOT_FOUND,
            "database_not_found",
            f"There is no database {path}.",
            "Give the data folder of a server with --data.",
        )
    side = HeadFile(data / "audit.head").read()
    engine = reader_engine(f"sqlite:///{path}", 1)
    try:
        with engine.connect() as conn:
            return verify_chain(conn, side).as_json()
    except Exception as error:
        refusal = as_refusal(error)
        if refusal is None:
            raise _no_audit(path) from error
        raise refusal from error
    finally:
        engine.dispose()


def _no_audit(path: Path) -> Refusal:
    return Refusal(
        Kind.INVALID,
        "no_audit_log",
        f"{path} holds no audit log that can be read.",
        "Give the data folder of a server with --data.",
    )
