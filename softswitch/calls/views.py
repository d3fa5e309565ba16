"""Calls, extensions, waiting calls and tasks as JSON, the same on the live socket and in the API."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from softswitch.calls.board import Board
from softswitch.calls.category import Category
from softswitch.calls.describe import Nature, call_state, leg_party, leg_role
from softswitch.calls.desks import Desks
from softswitch.calls.dispatch_call import DispatchCall
from softswitch.calls.intake import Waiting
from softswitch.calls.model import Call, ExtensionState, Leg, LegState, extension_state
from softswitch.calls.phonebook import Known, Phonebook
from softswitch.clock import Millis

Json = dict[str, Any]


def call_view(
    call: Call,
    under: DispatchCall | None,
    what: Nature,
    book: Phonebook,
    *,
    waiting: bool,
    known: Known | None,
    incident_id: str | None,
    hides: Callable[[str], bool] = lambda channel_id: False,
    precedence: int | None = None,
) -> Json:
    """Return the view of one call, without the legs that ``hides`` tells."""
    service = book.emergency(what.digits) if what.digits else None
    return {
        "id": call.id,
        "kind": what.kind.value,
        "digits": what.digits,
        "class_name": service.name_zh if service else None,
        "class_name_en": service.name_en if service else None,
        "state": call_state(call, under, waiting).value,
        "since": call.since,
        "started_at": call.started_at,
        "answered_at": call.answered_at,
        "caller": {
            "number": what.caller_number,
            "name": what.caller_name or (known.name if known else ""),
        },
        "called": {"number": what.called_number, "name": what.called_name},
        "category": under.category if under else None,
        "address": known.address if known else None,
        "legs": [
            leg_view(leg, call, under, book)
            for leg in call.legs.values()
            if not hides(leg.channel.id)
        ],
        "precedence": precedence,
        "incident_id": incident_id,
        "parked_at": under.parked_at if under else None,
        "held_by": under.held_by if under else None,
        "owner": under.owner if under else None,
        "task_id": under.task_id if under else None,
        "consult": {"by": under.consult.by, "number": under.consult.number}
        if under and under.consult
        else None,
    }


def leg_view(leg: Leg, call: Call, under: DispatchCall | None, book: Phonebook) -> Json:
    """Return the view of one leg."""
    number, name = leg_party(leg, under, book)
    return {
        "id": leg.channel.id,
        "number": number,
        "name": name,
        "extension": book.extension_of(leg.channel.endpoint),
        "role": leg_role(leg, call, under, book).value,
        "state": leg.state.value,
        "since": leg.since,
    }


def extension_view(
    number: str,
    book: Phonebook,
    board: Board,
    desks: Desks,
    calls: Mapping[str, DispatchCall],
    hides: Callable[[str], bool] = lambda channel_id: False,
) -> Json:
    """Return the view of one extension: its lamp, with whom and since when."""
    phones = book.phones_of(number)
    ids = [phone_id for phone_id, _ in phones]
    legs = board.legs_of(ids)
    state = extension_state(legs, board.is_registered(ids))
    shown = _leg_to_show(legs, number, calls)
    under = calls.get(shown.channel.linked_id) if shown else None
    if state is ExtensionState.TALKING and under is not None and under.held_by == number:
        state = ExtensionState.HELD
    seat = desks.seats.get(number)
    secret = shown is not None and hides(shown.channel.id)
    return {
        "number": number,
        "name": book.name_of(number),
        "kind": "desk" if book.is_desk(number) else "phone",
        "state": state.value,
        "since": shown.since if shown else desks.idle_since(number),
        "peer": _peer(shown, board, under, book, hides) if shown and not secret else None,
        "call_id": shown.channel.linked_id if shown and not secret else None,
        "more_calls": _more_calls(shown, legs, hides),
        "phones": [
            {"id": phone_id, "kind": kind, "registered": board.is_registered([phone_id])}
            for phone_id, kind in phones
        ],
        "user": seat.login if seat else None,
        "duty": desks.duty(number).value if book.is_desk(number) else None,
        "skills": sorted(book.skills_of(number)),
    }


def _leg_to_show(legs: list[Leg], number: str, calls: Mapping[str, DispatchCall]) -> Leg | None:
    """The one that is talked on, before one that this extension put on hold."""
    order = {"up": 0, "held": 1, "ringing": 2, "dialing": 3}

    def rank(leg: Leg) -> tuple[int, Millis]:
        under = calls.get(leg.channel.linked_id)
        kept = under is not None and under.held_by == number and leg.state is LegState.UP
        return order["held" if kept else leg.state.value], leg.since

    return min(legs, key=rank, default=None)


def _more_calls(shown: Leg | None, legs: Iterable[Leg], hides: Callable[[str], bool]) -> int:
    """Return how many other calls the extension has beside the one that is shown."""
    seen = {leg.channel.linked_id for leg in legs if not hides(leg.channel.id)}
    return len(seen - {shown.channel.linked_id}) if shown else 0


def _peer(
    leg: Leg,
    board: Board,
    under: DispatchCall | None,
    book: Phonebook,
    hides: Callable[[str], bool],
) -> Json | None:
    own = book.extension_of(leg.channel.endpoint)
    for other in board.peers(leg):
        if hides(other.channel.id):
            continue
        if book.extension_of(other.channel.endpoint) != own or own is None:
            number, name = leg_party(other, under, book)
            return {"number": number, "name": name}
    number = leg.channel.connected_number or leg.channel.dialed
    return {"number": number, "name": leg.channel.connected_name} if number else None


def waiting_view(
    waiting: Waiting,
    what: Nature,
    book: Phonebook,
    known: Known | None,
    category: Category | None = None,
) -> Json:
    """Return the view of one call in the queue."""
    service = book.emergency(waiting.digits)
    return {
        "call_id": waiting.call_id,
        "digits": waiting.digits,
        "class_name": service.name_zh if service else waiting.digits,
        "class_name_en": service.name_en if service else waiting.digits,
        "rank": waiting.rank,
        "precedence": waiting.precedence,
        "level": waiting.level,
        "number": what.caller_number,
        "name": what.caller_name or (known.name if known else None),
        "category": category,
        "address": known.address if known else None,
        "since": waiting.since,
        "offered_to": waiting.offered_to,
        "offered_at": waiting.offered_at,
        "claimed_by": waiting.claimed_by,
        "stage": waiting.stage.value,
        "skill": waiting.skill,
    }


_OTHER_WAYS = {"sms": ("短信求助", "Help by SMS")}
"""Who asks to be called by other means than a call, in the place of the number that was dialled."""


def task_view(row: Mapping[str, Any], book: Phonebook, known: Known | None) -> Json:
    """Return the view of a call-back task."""
    service = book.emergency(row["digits"])
    other_zh, other_en = _OTHER_WAYS.get(row["digits"], (row["digits"], row["digits"]))
    return {
        "id": row["id"],
        "kind": "callback",
        "number": row["number"],
        "name": known.name if known else None,
        "digits": row["digits"],
        "class_name": service.name_zh if service else other_zh,
        "class_name_en": service.name_en if service else other_en,
        "calls": row["calls"],
        "first_at": row["first_at"],
        "last_at": row["last_at"],
        "state": row["state"],
        "owner": row.get("owner"),
        "attempts": row["attempts"],
        "reason": row.get("reason"),
        "incident_id": None,
    }
