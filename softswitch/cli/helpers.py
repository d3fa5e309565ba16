"""Small things that several commands need."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, BinaryIO, TypeVar
from urllib.parse import quote

import click

from softswitch.cli import show
from softswitch.cli.session import Session
from softswitch.errors import Kind, Refusal

Command = TypeVar("Command", bound=Callable[..., Any])

MOST_BYTES = 10_000_000
"""Of a CSV file: more is refused by the server, and here before it fills the memory."""

at_offset = click.option(
    "--offset",
    type=click.IntRange(0, 10_000_000),
    metavar="N",
    help="Begin at this place of the whole list.",
)


def at_most(usual: int = 100) -> Callable[[Command], Command]:
    """Return the option that says how many rows of a list are shown."""
    return click.option(
        "--limit",
        type=click.IntRange(1, 1000),
        default=usual,
        show_default=True,
        help="How many rows at most.",
    )


def given(**fields: object) -> dict[str, Any]:
    """Return the fields that were given on the command line."""
    return {name: value for name, value in fields.items() if value is not None}


def changes(**fields: object) -> dict[str, Any]:
    """Return the fields to change, or refuse a command that changes nothing."""
    found = given(**fields)
    if not found:
        raise click.UsageError("Nothing to change was given.", click.get_current_context())
    return found


def nothing_if(word: str, value: str | None) -> str | None:
    """Return the empty text for ``word`` (such as none), else the value."""
    return "" if value == word else value


def part(text: str) -> str:
    """Return text fit to be one part of a path; an empty one would name another thing."""
    if not text:
        raise click.UsageError("A name or number is empty.", click.get_current_context())
    return text.replace(".", "%2E") if text in (".", "..") else quote(text, safe="")


def acting(session: Session, **fields: object) -> dict[str, Any]:
    """Return a body that names the desk when --desk was given."""
    return given(desk=session.desk, **fields)


def words(text: str | None) -> list[str] | None:
    """Return ``fire,medical`` as a list; ``none`` is the empty one."""
    if text is None:
        return None
    return [] if text == "none" else [word for word in text.replace(",", " ").split() if word]


def content_of(file: BinaryIO) -> bytes:
    """Return what a file holds, or refuse it (``too_large``) without having read all of it."""
    content = file.read(MOST_BYTES + 1)
    if len(content) > MOST_BYTES:
        raise too_large(MOST_BYTES)
    return content


def too_large(most: int) -> Refusal:
    """Return the refusal of a file with more than ``most`` bytes."""
    return Refusal(
        Kind.TOO_LARGE,
        "too_large",
        f"The file has more than {show.size(most)}.",
        "Divide it, and import the parts one after the other.",
        field="file",
    )
