"""Signalling System No. 7, pure: the state of a linkset and of its circuits, as libss7 prints them."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from trunk.ports import CircuitState

_STATUS = re.compile(r"^SS7 linkset \d+ status:\s*(\w+)", re.MULTILINE)
_ADJACENT = re.compile(r"^\s*Adjacent SP PC: .* STATE:\s*(\w+)", re.MULTILINE)
_LINK = re.compile(r"^\s*State:\s*([A-Z]+),\s*([A-Z]+)", re.MULTILINE)
_CIC = re.compile(
    r"^\s*(?P<cic>\d+)\s+(?P<dpc>[\d:-]+)\s+(?P<channel>\d+)\s+(?P<state>\w+)(?P<blocking>.*)$"
)


_CALL = re.compile(r"^\s*(?P<cic>\d+)\s+\d+\s+\d+  (?P<sent>.{24})  ")
_WAITS = "Pending"
"""libss7 has a call on the circuit, and Asterisk has none."""


@dataclass(frozen=True, slots=True)
class CicTold:
    """One circuit in ``ss7 show cics``."""

    cic: int
    channel: int
    """DAHDI's number."""
    state: str
    blocked_here: bool
    blocked_far: bool


def linkset_fault(text: str) -> str:
    """Read ``ss7 show linkset``: what is wrong, empty: nothing."""
    status = _STATUS.search(text)
    if status is None:
        return "no linkset"
    links = _LINK.findall(text)
    if links and all(link == "ALARM" or state == "INALARM" for link, state in links):
        return "link in alarm"
    if not any(link == "INSERVICE" for link, _ in links):
        return "link down"
    adjacent = _ADJACENT.search(text)
    if status[1] != "Up" or (adjacent is not None and adjacent[1] != "UP"):
        return "linkset down"
    return ""


def read_cics(text: str) -> dict[int, CicTold]:
    """Read ``ss7 show cics`` by DAHDI's channels; lines that are no circuits are left out."""
    found = {}
    for line in text.splitlines():
        if match := _CIC.match(line):
            blocking = match["blocking"]
            told = CicTold(
                int(match["cic"]),
                int(match["channel"]),
                match["state"],
                "L:" in blocking,
                "R:" in blocking,
            )
            found[told.channel] = told
    return found


def waits(cics: Iterable[CicTold]) -> bool:
    """Tell whether there is a circuit that libss7 has a call on, and Asterisk none."""
    return any(told.state == _WAITS for told in cics)


def read_calls(text: str) -> dict[int, frozenset[str]]:
    """Read ``ss7 show calls``: by CIC, which messages we have sent; lines that are no calls are left out.

    Its column of what came repeats the one before as long as nothing has come, so it tells nothing.
    """
    return {
        int(match["cic"]): frozenset(match["sent"].split())
        for line in text.splitlines()
        if (match := _CALL.match(line))
    }


def given_up(sent: Mapping[int, frozenset[str]], cics: Iterable[CicTold]) -> list[CicTold]:
    """Return the circuits on which we gave way to the far end after a dual seizure, and it waits since.

    Our call is gone without a release. The far end's is the one that goes on then (ITU-T Q.764, 2.9.1.4); but libss7 2,
    when it hands its IAM up again, takes it for another seizure of both, as ours is still noted as sent, and drops it.
    """
    return [
        told
        for told in cics
        if told.state == _WAITS
        and "IAM" in (ours := sent.get(told.cic, frozenset()))
        and not ours & {"RSC", "REL"}
    ]


def circuit_state(told: CicTold | None, alarm: str) -> CircuitState:
    """Tell the state of a circuit (ITU-T Q.764, 2.8.2 for what blocks it)."""
    if told is None or alarm:
        return CircuitState.ALARM
    if told.state == "Used":
        return CircuitState.BUSY
    if told.blocked_here or told.blocked_far:
        both = told.blocked_here and told.blocked_far
        one = CircuitState.BLOCKED_HERE if told.blocked_here else CircuitState.BLOCKED_FAR
        return CircuitState.BLOCKED_BOTH if both else one
    return CircuitState.IDLE if told.state == "Idle" else CircuitState.RESETTING
