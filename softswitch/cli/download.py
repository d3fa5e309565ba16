"""Saves files that the server sends, whole or not at all, with a progress bar on terminals."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from softswitch.cli import show
from softswitch.cli.session import Session
from softswitch.errors import conflict


def save(session: Session, path: str, file: Path | None, *, force: bool = True) -> None:
    """Write what is at ``path`` into ``file``, or to standard output; with --json tell where it went."""
    if file is not None and not force and file.exists():
        raise conflict("file_exists", f"{file} exists.", "Name another file or add --force.")
    if file is None:
        _to_stdout(session, path)
        return
    count = _to_file(session, path, file)
    answer = {"file": str(file), "size": count}
    show.done(session, answer, "Wrote {path} ({size}).", path=file, size=show.size(count))


def _to_stdout(session: Session, path: str) -> None:
    with session.api.download(path) as (_length, pieces):
        if session.json:
            content = b"".join(pieces).decode("utf-8-sig")
            show.as_json({"content": content})
            return
        for piece in pieces:
            sys.stdout.buffer.write(piece)
        sys.stdout.buffer.flush()


def _to_file(session: Session, path: str, file: Path) -> int:
    """Under another name first: a cut connection leaves no half file under the right one."""
    part = file.with_name(f".{file.name}.part")
    try:
        with session.api.download(path) as (length, pieces), part.open("wb") as out:
            bar = click.progressbar(
                length=length or 0, label=file.name, file=sys.stderr, hidden=not sys.stderr.isatty()
            )
            with bar:
                for piece in pieces:
                    out.write(piece)
                    bar.update(len(piece))
        part.replace(file)
    finally:
        part.unlink(missing_ok=True)
    return file.stat().st_size
