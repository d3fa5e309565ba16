"""`softswitch recording`."""

from __future__ import annotations

from pathlib import Path

import click

from softswitch.cli import show
from softswitch.cli.download import save
from softswitch.cli.frame import Group
from softswitch.cli.helpers import at_most, at_offset, given, part
from softswitch.cli.session import Session
from softswitch.cli.times import INSTANT

_COLUMNS = (
    show.text("id"),
    show.at("began_at", "started"),
    ("duration", lambda _session, row: show.span(row.get("duration_ms"))),
    show.text("extension"),
    show.text("number"),
    show.text("call_id", "call"),
    show.word("state"),
    show.text("hold"),
)
_FILE = click.Path(dir_okay=False, path_type=Path)


@click.group(cls=Group)
def recording() -> None:
    """Find, save, keep and export recordings.

    Who listened is in the audit log.
    """


@recording.command(
    "list",
    examples=(
        "softswitch recording list --extension 1001 --from 08:00",
        'softswitch recording list --from "2026-11-21 08:00" --to "2026-11-21 20:00"',
    ),
)
@click.option("--call", "call_id", metavar="ID", help="Only those of one call.")
@click.option("--extension", metavar="NUMBER", help="Only those of one desk.")
@click.option("--from", "from_", type=INSTANT, help="Not older than this.")
@click.option("--to", type=INSTANT, help="Not newer than this.")
@at_offset
@at_most()
@click.pass_obj
def list_recordings(
    session: Session,
    call_id: str | None,
    extension: str | None,
    from_: int | None,
    to: int | None,
    offset: int | None,
    limit: int,
) -> None:
    """List recordings, newest first."""
    query = given(
        call_id=call_id, extension=extension, from_=from_, to=to, offset=offset, limit=limit
    )
    show.whole(session, session.api.get("/api/recordings", **query), _COLUMNS)


@recording.command("recent", desk=True, examples=("softswitch recording recent --desk 1001",))
@click.pass_obj
def recent(session: Session) -> None:
    """List the last 30 minutes of the own desk."""
    show.rows(session, session.api.get("/api/recordings/recent", desk=session.desk), _COLUMNS)


@recording.command("show", examples=("softswitch recording show 1732260000.12",))
@click.argument("name", metavar="ID")
@click.pass_obj
def show_recording(session: Session, name: str) -> None:
    """Show one recording."""
    show.one(session, session.api.get(f"/api/recordings/{part(name)}"))


@recording.command("get", examples=("softswitch recording get 1732260000.12 call.wav",))
@click.argument("name", metavar="ID")
@click.argument("file", required=False, type=_FILE)
@click.option("--force", is_flag=True, help="Replace a file that exists.")
@click.pass_obj
def get(session: Session, name: str, file: Path | None, force: bool) -> None:
    """Save the sound as FILE (ID.wav when not given)."""
    target = file or Path(f"{Path(name).name}.wav")
    save(session, f"/api/recordings/{part(name)}/audio?download=true", target, force=force)


@recording.command("export", examples=("softswitch recording export 1732260000.12 case.zip",))
@click.argument("name", metavar="ID")
@click.argument("file", required=False, type=_FILE)
@click.option("--force", is_flag=True, help="Replace a file that exists.")
@click.pass_obj
def export(session: Session, name: str, file: Path | None, force: bool) -> None:
    """Save sound, facts and checksum as a zip file.

    Its name is ID.zip when FILE is not given.
    """
    target = file or Path(f"{Path(name).name}.zip")
    save(session, f"/api/recordings/{part(name)}/export", target, force=force)


@recording.command(
    "hold", examples=('softswitch recording hold 1732260000.12 --reason "court case 12/2026"',)
)
@click.argument("name", metavar="ID")
@click.option("--reason", required=True, help="Why it must be kept.")
@click.pass_obj
def hold(session: Session, name: str, reason: str) -> None:
    """Put it on legal hold: it outlives retention."""
    _hold(session, name, True, reason)


@recording.command(
    "release", examples=('softswitch recording release 1732260000.12 --reason "case closed"',)
)
@click.argument("name", metavar="ID")
@click.option("--reason", required=True, help="Why it need not be kept any longer.")
@click.pass_obj
def release(session: Session, name: str, reason: str) -> None:
    """Take the legal hold away."""
    _hold(session, name, False, reason)


@recording.command("verify", examples=("softswitch recording verify 1732260000.12",))
@click.argument("name", metavar="ID")
@click.pass_obj
def verify(session: Session, name: str) -> int:
    """Compare the file with its checksum.

    The exit code is 1 when it was changed.
    """
    answer = session.api.post(f"/api/recordings/{part(name)}/verify")
    show.one(session, answer)
    return 0 if answer["ok"] else 1


def _hold(session: Session, name: str, on: bool, reason: str) -> None:
    answer = session.api.put(f"/api/recordings/{part(name)}/hold", {"hold": on, "reason": reason})
    show.done(session, answer, "Changed {what}.", what=name)
