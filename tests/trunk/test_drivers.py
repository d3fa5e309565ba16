"""What the drivers of 2M lines read from DAHDI, libpri and libss7, on texts that these printed."""

from __future__ import annotations

from collections.abc import Mapping

import pytest

from softswitch.ports import ActFailed
from tests.trunk.plans import GOOD
from trunk.config import read
from trunk.drivers import pri, ss7
from trunk.drivers.channels import ChannelTold, alarm_of, read_channels
from trunk.drivers.dahdi import DahdiDriver
from trunk.node_files import switch_files
from trunk.ports import CircuitState

CICS = """\
  CIC   DPC  DAHDI        STATE   BLOCKING
    1     1     32         Idle
    2     1     33         Used
    3     1     34      Pending
   17     1     48    NotInServ
   29     1     60         Idle   L:M
   30     1     61         Idle        R:M
   31     1     62         Idle   L:M  R:M
"""
LINKSET = """\
SS7 flags: 0x0
SS7 linkset 1 status: {status}
Switch type: ITU
  Adjacent SP PC: 1 STATE: {adjacent}
  Link ADJ_PC:SLC: 1:0 NetMngSLS: 0
    State:      {link}
"""
SPAN = """\
Primary D-channel: 16
Status: Up, Active
Q931 RX: 0
Q931 TX: 0
Q921 RX: {received}
Q921 TX: {sent}
"""


def test_circuits_of_ss7_are_read_with_who_blocks_them() -> None:
    told = ss7.read_cics(CICS)
    assert {t.cic: ss7.circuit_state(t, "") for t in told.values()} == {
        1: CircuitState.IDLE,
        2: CircuitState.BUSY,
        3: CircuitState.RESETTING,
        17: CircuitState.RESETTING,
        29: CircuitState.BLOCKED_HERE,
        30: CircuitState.BLOCKED_FAR,
        31: CircuitState.BLOCKED_BOTH,
    }
    assert ss7.circuit_state(told[32], "Red Alarm") is CircuitState.ALARM
    assert ss7.circuit_state(None, "") is CircuitState.ALARM


@pytest.mark.parametrize(
    ("status", "adjacent", "link", "fault"),
    [
        ("Up", "UP", "INSERVICE,  UP", ""),
        ("Down", "DOWN", "ALARM,  INALARM", "link in alarm"),
        ("Down", "DOWN", "NOTALIGNED,  DOWN", "link down"),
        ("Up", "DOWN", "INSERVICE,  UP", "linkset down"),
    ],
)
def test_a_linkset_says_what_is_wrong(status: str, adjacent: str, link: str, fault: str) -> None:
    text = LINKSET.format(status=status, adjacent=adjacent, link=link)
    assert ss7.linkset_fault(text) == fault


def test_text_that_is_no_answer_is_a_fault_and_no_circuit() -> None:
    assert ss7.linkset_fault("No such command") == "no linkset"
    assert ss7.read_cics("No SS7 running on linkset 1") == {}
    assert pri.read_frames("No PRI running on span 1") is None


def test_channels_are_read_with_alarm_and_call() -> None:
    told = read_channels(
        [
            {"DAHDIChannel": "1", "Alarm": "No Alarm"},
            {"DAHDIChannel": "2", "Alarm": "Red Alarm"},
            {"DAHDIChannel": "31", "Alarm": "No Alarm", "Channel": "DAHDI/i1/6001-1"},
            {"DAHDIChannel": "pseudo", "Alarm": "No Alarm"},
        ]
    )
    assert set(told) == {1, 2, 31}
    assert pri.circuit_state(told[1]) is CircuitState.IDLE
    assert pri.circuit_state(told[2]) is CircuitState.ALARM
    assert pri.circuit_state(told[31]) is CircuitState.BUSY
    assert pri.circuit_state(None) is CircuitState.BLOCKED_HERE


def test_a_line_is_in_alarm_when_every_open_channel_of_it_is() -> None:
    red, well = ChannelTold("Red Alarm", ""), ChannelTold("", "")
    assert alarm_of([red, None, red]) == "Red Alarm"
    assert alarm_of([red, well]) == ""
    assert alarm_of([None]) == ""


@pytest.mark.parametrize(
    ("spans", "fault"),
    [
        ([{"Span": "1", "Up": "Yes"}], ""),
        ([{"Span": "1", "Up": "No"}, {"Span": "1", "Up": "Yes"}], ""),
        ([{"Span": "1", "Up": "No"}], "D channel down"),
        ([{"Span": "2", "Up": "Yes"}], "no D channel"),
    ],
)
def test_a_d_channel_says_what_is_wrong(spans: list[dict[str, str]], fault: str) -> None:
    assert pri.d_channel_fault(spans, 1) == fault


def test_a_far_end_that_answers_nothing_for_sixteen_seconds_is_silent() -> None:
    """An idle line that sends nothing is not silent; one frame of the far end ends a silence."""
    silence = pri.Silence()

    def hear(received: int, sent: int, at: int) -> str:
        return silence.hear(pri.read_frames(SPAN.format(received=received, sent=sent)), at)

    assert hear(5, 5, 0) == ""
    assert hear(5, 5, 60_000) == ""
    assert hear(5, 6, 61_000) == ""
    assert hear(5, 8, 61_000 + pri.SILENT_MILLIS - 1) == ""
    assert hear(5, 9, 61_000 + pri.SILENT_MILLIS) == "far end silent"
    assert hear(6, 9, 80_000) == ""
    assert hear(6, 10, 81_000) == ""


class Told:
    """A node that remembers what it was asked."""

    def __init__(self, refuses: bool = False) -> None:
        self.acts: list[tuple[str, Mapping[str, str]]] = []
        self._refuses = refuses

    async def act(
        self, action: str, fields: Mapping[str, str] | None = None, seconds: float = 5.0
    ) -> dict[str, str]:
        """Take an action."""
        self.acts.append((action, dict(fields or {})))
        if self._refuses:
            raise ActFailed("Originate failed")
        return {"Response": "Success"}

    async def listing(
        self, action: str, fields: Mapping[str, str] | None = None, seconds: float = 15.0
    ) -> list[dict[str, str]]:
        """Tell nothing."""
        return []


@pytest.mark.parametrize(
    ("on", "channel"),
    [(True, "Local/on-1@softswitch-loop/n"), (False, "Local/off-1@softswitch-loop/n")],
)
async def test_a_line_is_looped_by_the_dialplan_of_its_node(on: bool, channel: str) -> None:
    node = Told()

    async def reach() -> Told:
        return node

    plan = read(GOOD)
    await DahdiDriver(plan, "e1", reach).loop("far-pri", on)
    ((action, fields),) = node.acts
    assert (action, fields["Channel"]) == ("Originate", channel)
    dialplan = switch_files(plan, plan.nodes[0])["extensions.conf"]
    assert "[softswitch-loop]" in dialplan
    assert f"exten => _{'on' if on else 'off'}-X.,1,System(dahdi_maint" in dialplan


async def test_a_node_that_cannot_loop_says_so() -> None:
    node = Told(refuses=True)

    async def reach() -> Told:
        return node

    with pytest.raises(ActFailed):
        await DahdiDriver(read(GOOD), "e1", reach).loop("far-pri", True)
