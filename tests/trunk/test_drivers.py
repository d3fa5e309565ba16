"""What the drivers of 2M lines read from DAHDI, libpri and libss7, on texts that these printed."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Mapping

import pytest

from softswitch.ports import ActFailed
from tests.trunk.plans import GOOD
from trunk.config import read
from trunk.drivers import loops, pri, ss7
from trunk.drivers.channels import ChannelTold, alarm_of, read_channels
from trunk.drivers.dahdi import LOOP_MILLIS, DahdiDriver
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


CALLS = """\
  CIC   DPC SLS  Sent                      Got               TIMERS (time left s)
    1     1   0  IAM                       IAM               t7(12)
    2     1   0                            IAM               t7(12)
    3     1   0  ACM                       IAM
    4     1   0  RSC IAM                   IAM               t17(50)
    5     1   0  IAM REL                   IAM               t1(9)
"""


def test_a_circuit_that_we_gave_way_on_is_found_once_our_call_is_gone() -> None:
    """One that is reset or released already is left alone, and one that is still in use."""
    calls = ss7.read_calls(CALLS)
    assert set(calls) == {1, 2, 3, 4, 5}

    def found(state: str) -> list[int]:
        cics = [ss7.CicTold(cic, 31 + cic, state, False, False) for cic in calls]
        return [told.cic for told in ss7.given_up(calls, cics)]

    assert found("Pending") == [1]
    assert found("Used") == []


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
        self.channels: list[dict[str, str]] = []

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
        """Tell the channels that are open."""
        return self.channels if action == "DAHDIShowChannels" else []


@pytest.mark.parametrize(
    ("on", "circuits", "names"),
    [
        (True, [], ["whole-1-1"]),
        (False, [], ["whole-0-1"]),
        (True, ["far-pri/1:17", "far-pri/1:2", "far-pri/1:1"], ["part-1-1-2", "part-1-17-17"]),
        (False, ["far-pri/1:31"], ["part-0-31-31"]),
    ],
)
async def test_lines_and_circuits_are_looped_by_the_dialplan_of_their_node(
    on: bool, circuits: list[str], names: list[str]
) -> None:
    node = Told()
    await driver_of(node).loop("far-pri", on, circuits)
    assert [act for act, _ in node.acts] == ["Originate"] * len(names)
    assert [fields["Channel"] for _, fields in node.acts] == [
        f"Local/{name}@{loops.CONTEXT}/n" for name in names
    ]


async def test_the_loop_of_a_closed_channel_is_made_sure_of_until_it_ends() -> None:
    node, at = Told(), [0]

    async def reach() -> Told:
        return node

    driver = DahdiDriver(read(GOOD), "e1", reach, lambda: at[0])

    def loops_made() -> int:
        return [act for act, _ in node.acts].count("Originate")

    await driver.loop("far-pri", True, ["far-pri/1:5"])
    await driver.look()
    assert loops_made() == 1
    at[0] += LOOP_MILLIS
    await driver.look()
    assert loops_made() == 2
    await driver.loop("far-pri", False, ["far-pri/1:5"])
    at[0] += LOOP_MILLIS
    await driver.look()
    assert loops_made() == 3


def test_the_patterns_of_loops_take_their_letters_as_they_are() -> None:
    """In a pattern N, X and Z stand for digits, in small letters too."""
    plan = read(GOOD)
    dialplan = switch_files(plan, plan.nodes[0])["extensions.conf"]
    _, _, context = dialplan.partition(f"[{loops.CONTEXT}]")
    words = re.findall(r"^exten => _([a-z]+)-\[01\]-X!,1,", context, re.MULTILINE)
    assert words == ["whole", "part"]
    assert not set("nxz") & set("".join(words))


async def test_a_node_that_cannot_loop_says_so() -> None:
    with pytest.raises(ActFailed):
        await driver_of(Told(refuses=True)).loop("far-pri", True)


def driver_of(node: Told, text: str = GOOD) -> DahdiDriver:
    """Return the driver of a node that remembers what it was asked."""

    async def reach() -> Told:
        return node

    return DahdiDriver(read(text), "e1", reach)


@pytest.mark.parametrize(
    ("variant", "said"),
    [
        ("national", ["pri service disable channel 5", "pri service enable channel 5"]),
        ("euroisdn", []),
    ],
)
async def test_a_blocked_channel_is_told_where_the_variant_has_a_message_for_it(
    variant: str, said: list[str]
) -> None:
    node = Told()
    driver = driver_of(
        node, GOOD.replace('side = "network"', f'side = "network"\nvariant = "{variant}"')
    )
    node.channels = [{"DAHDIChannel": "5", "Alarm": "No Alarm"}]
    await driver.block(["far-pri/1:5"])
    await driver.unblock(["far-pri/1:5"])
    commands = [fields["Command"] for act, fields in node.acts if act == "Command"]
    assert [each for each in commands if each.startswith("pri service")] == said


class Linkset(Told):
    """A node with a linkset, whose far end acknowledges a blocking some looks later."""

    def __init__(self) -> None:
        super().__init__()
        self.blockings = 0
        self._looks = 0

    async def act(
        self, action: str, fields: Mapping[str, str] | None = None, seconds: float = 5.0
    ) -> dict[str, str]:
        """Take a command."""
        words = (fields or {}).get("Command", "")
        await asyncio.sleep(0)  # others come to act meanwhile
        if words.startswith("ss7 block"):
            self.blockings += 1
        if words.startswith("ss7 show cics"):
            self._looks += self.blockings > 0
            blocked = "L:M" if self._looks > 3 else ""
            return {"Output": f"    1     2     32         Idle   {blocked}\n"}
        return {"Output": ""}


async def test_two_who_block_a_circuit_in_one_moment_send_one_message() -> None:
    """An operator, and the watch over lines that saw it idle a moment before."""
    node = Linkset()

    async def reach() -> Told:
        return node

    driver = DahdiDriver(read(GOOD), "core", reach)
    await asyncio.gather(*(driver.block(["city-ss7/1"]) for _ in range(2)))
    assert node.blockings == 1
