"""A roll call that runs or ran, as it is stored and shown. No I/O."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from softswitch.clock import Millis
from softswitch.conferences.rollcall import Entry, EntryState, Roll, RollKind, RollState


@dataclass(slots=True)
class RollCall:
    """A roll call that runs or ran: its machine, its room, and who goes through it."""

    id: str
    room_id: str
    desk: str
    login: str
    roll: Roll
    started_at: Millis
    stay: bool = False
    """Who was talked to stays on the line and listens, instead of being let go."""

    def row(self) -> dict[str, Any]:
        """Return it as its row."""
        roll = self.roll
        entries = [[e.number, e.state.value, e.why] for e in roll.entries]
        body = {
            "kind": roll.kind.value, "enough": roll.enough, "confirm": roll.confirm,
            "current": roll.current, "stay": self.stay, "entries": entries,
        }  # fmt: skip
        return {
            "id": self.id, "room_id": self.room_id, "desk": self.desk, "login": self.login,
            "state": roll.state.value, "started_at": self.started_at, "body": body,
        }  # fmt: skip

    def view(self) -> dict[str, Any]:
        """Return it as the screens show it."""
        roll = self.roll
        return {
            "id": self.id,
            "room_id": self.room_id,
            "desk": self.desk,
            "kind": roll.kind.value,
            "state": roll.state.value,
            "started_at": self.started_at,
            "current": roll.entries[roll.current].number if roll.current >= 0 else None,
            "entries": [
                {"number": e.number, "state": e.state.value, "why": e.why} for e in roll.entries
            ],
            "absent": [e.number for e in roll.absent],
        }


def from_row(row: dict[str, Any]) -> RollCall:
    """Return a roll call from its row."""
    body = row["body"]
    entries = [Entry(n, EntryState(state), why) for n, state, why in body["entries"]]
    roll = Roll(
        entries, RollKind(body["kind"]), body["enough"], body["confirm"], RollState(row["state"]),
        body["current"],
    )  # fmt: skip
    return RollCall(
        row["id"], row["room_id"], row["desk"], row["login"], roll, row["started_at"], body["stay"]
    )
