"""A call from a gateway is told once its caller is read, and as what was dialled. The events are captured ones."""

from __future__ import annotations

from softswitch.asterisk.facts import FactMapper
from softswitch.ports import ChannelGone, ChannelSeen, SwitchFact

STEPS = (
    ("Newchannel", "from-trunks", "119", "0"),
    ("NewCallerid", "trunk-caller", "s", "13800138009"),
    ("Newstate", "emergency", "119", "13800138009"),
)


def event(name: str, context: str, exten: str, number: str) -> dict[str, str]:
    return {
        "Event": name, "Channel": "PJSIP/line-00000001", "Uniqueid": "17.1", "Linkedid": "17.1",
        "ChannelState": "4", "CallerIDNum": number, "CallerIDName": "<unknown>",
        "ConnectedLineNum": "<unknown>", "ConnectedLineName": "<unknown>",
        "Context": context, "Exten": exten,
    }  # fmt: skip


def told(mapper: FactMapper, *step: str) -> list[SwitchFact]:
    return list(mapper.facts(event(*step)))


def test_nothing_is_told_before_the_caller_is_read() -> None:
    mapper = FactMapper(clock=lambda: 1)
    assert told(mapper, *STEPS[0]) == []
    facts = told(mapper, *STEPS[1])
    assert len(facts) == 1
    assert isinstance(facts[0], ChannelSeen)
    channel = facts[0].channel
    assert (channel.caller_number, channel.dialed, channel.context) == (
        "13800138009", "119", "from-trunks",
    )  # fmt: skip


def test_a_caller_without_a_number_is_told() -> None:
    mapper = FactMapper(clock=lambda: 1)
    told(mapper, *STEPS[0])
    facts = told(mapper, "NewCallerid", "trunk-caller", "s", "<unknown>")
    assert [fact.channel.caller_number for fact in facts if isinstance(fact, ChannelSeen)] == [""]


def test_one_that_leaves_before_that_is_told_as_gone() -> None:
    mapper = FactMapper(clock=lambda: 1)
    told(mapper, *STEPS[0])
    assert list(mapper.facts({"Event": "Hangup", "Uniqueid": "17.1", "Linkedid": "17.1"})) == [
        ChannelGone("17.1", "17.1", 0)
    ]


def test_a_leg_to_a_gateway_is_told_at_once() -> None:
    mapper = FactMapper(clock=lambda: 1)
    assert len(told(mapper, "Newchannel", "from-trunks", "", "0")) == 1
