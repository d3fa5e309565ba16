"""The door of a running system: who is locked out, and who hears of wrong passwords."""

from __future__ import annotations

from collections.abc import Callable

from intercept.door.door import Door
from intercept.door.message import Drop
from intercept.door.rules import STATUSES
from softswitch.access.sip_lockout import EVERY_ACCOUNT, Blocked
from softswitch.ports import AuthenticationFailed
from softswitch.web.health import Health


def guarded(
    door: Door,
    blocked: Callable[[], frozenset[Blocked]],
    saw: Callable[[AuthenticationFailed], None],
) -> Door:
    """Return the door with the lock-out of the system: the switch sees only the address of the door."""
    door.may_try = lambda account, host: Blocked(account or EVERY_ACCOUNT, host) not in blocked()
    door.failed = lambda account, host: saw(AuthenticationFailed(account, host))
    return door


def report(door: Door, health: Health) -> None:
    """Show the door in the status and in the metrics."""
    health.add("precedence_door", door.state)
    health.metric(
        "precedence_door_requests", "Requests at the precedence door.",
        lambda: float(door.requests), kind="counter",
    )  # fmt: skip
    health.metric(
        "precedence_door_refused", "Requests that the door refused, by status.",
        lambda: {f'status="{status}"': float(door.refused[status]) for status in STATUSES},
        kind="counter",
    )  # fmt: skip
    health.metric(
        "precedence_door_dropped", "Datagrams that the door dropped, by reason.",
        lambda: {f'reason="{reason}"': float(door.dropped[reason]) for reason in Drop},
        kind="counter",
    )  # fmt: skip
