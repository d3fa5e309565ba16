"""The board as tables: queue, calls, extensions and tasks from the live entities."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from softswitch.cli import show
from softswitch.cli.session import Session

Entities = Mapping[str, Mapping[str, Mapping[str, Any]]]

QUEUE = (
    show.text("precedence"),
    show.text("rank"),
    show.text("class_name", "class"),
    show.text("number"),
    show.text("name"),
    show.text("address"),
    show.lasting("since"),
    show.word("stage"),
    show.text("offered_to", "offered"),
    show.text("call_id", "call"),
)
CALLS = (
    show.text("id", "call"),
    show.word("kind"),
    show.text("class_name", "class"),
    show.word("state"),
    show.lasting("since"),
    show.party("caller"),
    show.party("called"),
    show.text("owner"),
    show.text("parked_at", "position"),
)
EXTENSIONS = (
    show.text("number"),
    show.text("name"),
    show.word("kind"),
    show.word("state"),
    show.lasting("since"),
    show.party("peer", "with"),
    show.text("user"),
    show.word("duty"),
    show.text("skills"),
)
TASKS = (
    show.text("id"),
    show.text("class_name", "class"),
    show.text("number"),
    show.text("name"),
    show.text("calls"),
    show.word("state"),
    show.lasting("last_at", "last"),
    show.text("owner"),
)


def queue_of(entities: Entities) -> list[Mapping[str, Any]]:
    """Return the waiting calls as they are served: level, class, then age."""
    waiting = entities.get("waiting", {}).values()
    return sorted(waiting, key=lambda call: (call["level"], call["rank"], call["since"]))


def board_text(session: Session, entities: Entities) -> str:
    """Return the whole board; parts without content are left out."""
    calls = sorted(entities.get("call", {}).values(), key=lambda call: call["started_at"])
    extensions = sorted(entities.get("extension", {}).values(), key=lambda each: each["number"])
    tasks = sorted(entities.get("task", {}).values(), key=lambda each: each["last_at"])
    parts = (
        ("queue", queue_of(entities), QUEUE),
        ("calls", calls, CALLS),
        ("tasks", tasks, TASKS),
        ("extension", extensions, EXTENSIONS),
    )
    shown = [
        f"— {session.say(title)} ({len(rows)}) —\n{show.grid(session, rows, columns)}"
        for title, rows, columns in parts
        if rows
    ]
    return "\n\n".join(shown) or session.say("Nothing here.")
