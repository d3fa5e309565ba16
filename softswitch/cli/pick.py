"""Which call is meant: its id, the beginning of it, or the one call that fits."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from softswitch.cli.board_view import queue_of
from softswitch.cli.session import Session
from softswitch.errors import conflict

Row = Mapping[str, Any]


def pick_call(session: Session, text: str | None, state: str | None = None) -> str:
    """Return the id of a call that is up; without ``text`` the one call of the own desk.

    ``state`` is what a call of the own desk must be in, such as ``held``.
    """
    calls: Mapping[str, Row] = session.api.get("/api/board")["entities"].get("call", {})
    if text is not None:
        fitting = [call_id for call_id in calls if call_id.startswith(text)]
        return fitting[0] if len(fitting) == 1 and text not in calls else text
    desk = _desk(session)
    fitting = [
        call_id
        for call_id, call in calls.items()
        if _takes_part(call, desk) and (state is None or call["state"] == state)
    ]
    return _only(fitting, desk)


def pick_answer(session: Session, text: str | None) -> str:
    """Return the call to answer: the one that rings at the own desk, else the first in the queue."""
    if text is not None:
        return pick_call(session, text)
    desk = _desk(session)
    entities = session.api.get("/api/board")["entities"]
    ringing = [
        call_id
        for call_id, call in entities.get("call", {}).items()
        if any(leg["extension"] == desk and leg["state"] == "ringing" for leg in call["legs"])
    ]
    waiting = queue_of(entities)
    if not ringing and waiting:
        return str(waiting[0]["call_id"])
    return _only(ringing, desk)


def _desk(session: Session) -> str:
    desk: Any = session.desk or session.api.get("/api/me").get("desk")
    if not desk:
        raise conflict(
            "no_desk", "You sit at no desk.", "Name the call, or the desk with --desk NUMBER."
        )
    return str(desk)


def _takes_part(call: Row, desk: str) -> bool:
    return call.get("owner") == desk or any(leg["extension"] == desk for leg in call["legs"])


def _only(found: list[str], desk: str) -> str:
    if len(found) == 1:
        return found[0]
    if not found:
        raise conflict(
            "no_call", f"Desk {desk} has no such call.", "See: softswitch call list --now"
        )
    raise conflict(
        "several_calls",
        f"Desk {desk} has {len(found)} such calls.",
        f"Name one: {', '.join(found)}",
    )
