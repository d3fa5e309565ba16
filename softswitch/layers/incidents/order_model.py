"""Orders to units as pure values: how they are sent, what becomes of them, when they are overdue."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from typing import Any

from softswitch.clock import Millis
from softswitch.errors import conflict, invalid

LONGEST_DEADLINE = 30 * 24 * 60
"""Minutes."""


class Via(StrEnum):
    """How an order reaches its unit and its receipt comes back."""

    PHONE = "phone"  # spoken, confirmed by key 1
    SMS = "sms"  # confirmed by an answer
    CONSOLE = "console"  # shown, confirmed by a press


class OrderState(StrEnum):
    """What became of an order."""

    SENDING = "sending"  # written; the telephone or the SMS has not taken it yet
    SENT = "sent"
    RECEIVED = "received"
    DONE = "done"
    FAILED = "failed"  # nobody was reached
    CANCELLED = "cancelled"


WAITING = frozenset({OrderState.SENDING, OrderState.SENT})
"""No receipt yet."""
OPEN = WAITING | {OrderState.RECEIVED}

_AFTER = {
    OrderState.SENDING: {OrderState.SENT, OrderState.FAILED, OrderState.RECEIVED,
                         OrderState.CANCELLED},
    OrderState.SENT: {OrderState.RECEIVED, OrderState.DONE, OrderState.FAILED,
                      OrderState.CANCELLED},
    OrderState.RECEIVED: {OrderState.DONE, OrderState.CANCELLED},
    # A unit that was given up may still answer: by another way, or late.
    OrderState.FAILED: {OrderState.RECEIVED, OrderState.DONE, OrderState.CANCELLED},
    OrderState.DONE: set(),
    OrderState.CANCELLED: set(),
}  # fmt: skip


def may_follow(before: OrderState, after: OrderState) -> bool:
    """Return whether an order may go from one state to another."""
    return after in _AFTER[before]


def check_follow(order: Mapping[str, Any], after: OrderState) -> None:
    """Refuse a step that an order cannot take."""
    before = OrderState(order["state"])
    if not may_follow(before, after):
        able = ", ".join(sorted(_AFTER[before])) or "nothing more"
        raise conflict("bad_order_state", f"Order {order['id']} is {before}.",
                       f"It can become: {able}.")  # fmt: skip


def receipt(state: str) -> OrderState | None:
    """Return what a row of the ledger of a notification means for its order; None: nothing yet."""
    return {
        "confirmed": OrderState.RECEIVED,
        "failed": OrderState.FAILED,
        "stopped": OrderState.FAILED,
    }.get(state)


def is_overdue(order: Mapping[str, Any], at: Millis) -> bool:
    """Return whether the deadline has passed without the receipt, and nobody was told of it."""
    deadline = order["deadline_at"]
    waits = OrderState(order["state"]) in WAITING | {OrderState.FAILED}
    return waits and not order["overdue"] and deadline is not None and deadline <= at


def check_minutes(minutes: int) -> int:
    """Return the minutes until a receipt is due (0: no deadline), or refuse them."""
    if not 0 <= minutes <= LONGEST_DEADLINE:
        raise invalid("bad_deadline", f"A deadline of {minutes} minutes is out of range.",
                      f"Give 0 (none) to {LONGEST_DEADLINE} minutes.", field="minutes")  # fmt: skip
    return minutes
