"""Import and export of CSV, the same under user, extension and registry."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from softswitch.cli import show
from softswitch.cli.download import save
from softswitch.cli.frame import Group
from softswitch.cli.helpers import content_of
from softswitch.cli.session import Session

_REPORT = (
    show.text("line"),
    show.word("status"),
    show.text("key"),
    show.said("message"),
)
_SUMMARY = "{added} added, {changed} changed, {unchanged} unchanged, {refused} refused"
REFUSED_ROWS = 1
_MUCH = 500_000


_GEOJSON = """

        In GeoJSON each feature is a Point: its id is the code, its properties are called as the columns."""


def add_csv(
    group: Group, path: str, columns: str, *, word: str = "", file: str = "", geojson: bool = False
) -> None:
    """Add ``import`` and ``export`` to a group. ``word`` and ``file`` stand in the examples."""
    word = f"softswitch {word or group.name}"
    file = file or path
    examples = [f"{word} import {file}.csv --dry-run", f"{word} import {file}.csv"]
    if geojson:
        examples.append(f"{word} import {file}.geojson")

    @group.command(
        "import",
        help=f"""Import {"CSV or GeoJSON" if geojson else "a CSV file"} and report every row.

        The exit code is 1 when rows were refused. Nothing is ever removed. With - the file is read from
        standard input.

        Columns, named in the first row: {columns}{_GEOJSON if geojson else ""}""",
        examples=tuple(examples),
    )
    @click.argument("file", type=click.File("rb"))
    @click.option("--dry-run", is_flag=True, help="Report what would happen; change nothing.")
    @click.option("--all", "every", is_flag=True, help="List every row, not only the refused.")
    @click.pass_obj
    def import_csv(session: Session, file: Any, dry_run: bool, every: bool) -> int:
        query = "1" if dry_run else None
        if dry_run:
            show.note(session, "Dry run: nothing was changed.")
        content = content_of(file)
        if len(content) > _MUCH:
            show.note(
                session, "Importing {size}; this takes a while.", size=show.size(len(content))
            )
        report = session.api.upload(f"/api/{path}/import", content, dry_run=query)
        _print(session, report, every)
        return REFUSED_ROWS if report["refused"] else 0

    @group.command(
        "export",
        help="Export as CSV to FILE, or to standard output.",
        examples=(f"{word} export {file}.csv", f"{word} export > {file}.csv"),
    )
    @click.argument("file", required=False, type=click.Path(dir_okay=False, path_type=Path))
    @click.pass_obj
    def export_csv(session: Session, file: Path | None) -> None:
        save(session, f"/api/{path}/export.csv", file)


def _print(session: Session, report: dict[str, Any], every: bool) -> None:
    if session.json:
        show.as_json(report)
        return
    rows = [row for row in report["rows"] if every or row["status"] == "refused"]
    if rows:
        click.echo(show.grid(session, rows, _REPORT))
    click.echo(session.say(_SUMMARY, **report))
