"""The AMI wire format: what is encoded, what is refused, how a stream is cut into messages."""

from __future__ import annotations

import itertools

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from softswitch.asterisk.wire import LONGEST_LINE, BadField, Splitter, decode_message, encode_action

# Captured from Asterisk 22.10.1.
CAPTURED = (
    b"Event: Newchannel\r\nPrivilege: call,all\r\nChannel: PJSIP/citizens-00000000\r\n"
    b"ChannelState: 4\r\nCallerIDNum: 13800138000\r\nCallerIDName: <unknown>\r\n"
    b"AccountCode: \r\nContext: from-trunks\r\nExten: 120\r\nUniqueid: 1795364322.0\r\n\r\n"
    b"Response: Success\r\nActionID: 3\r\nCoreStartupDate: 2026-11-22\r\n"
    b"CoreStartupTime: 16:07:56\r\n\r\n"
    b"Event: RTCPSent\r\nPrivilege: reporting,all\r\n\r\n"
    b"Event: Hangup\r\nUniqueid: 1795364322.0\r\nCause: 127\r\n\r\n"
)


def test_an_action_as_bytes() -> None:
    data = encode_action([("Action", "Hangup"), ("ActionID", "7"), ("Channel", "PJSIP/a-1")])
    assert data == b"Action: Hangup\r\nActionID: 7\r\nChannel: PJSIP/a-1\r\n\r\n"


@given(st.lists(st.tuples(st.text(), st.text()), max_size=5))
@example([("Channel", "x\r\n\r\nAction: Originate")])
@example([("Channel\r\nAction", "x")])
@example([("Channel", "x\0")])
def test_no_field_ever_starts_another_line(fields: list[tuple[str, str]]) -> None:
    try:
        data = encode_action([("Action", "Ping"), *fields])
    except BadField:
        return
    assert data.count(b"\r\n\r\n") == 1
    assert data.endswith(b"\r\n\r\n")
    assert data.count(b"\r") == data.count(b"\n") == len(fields) + 2
    assert b"\0" not in data
    assert all(len(line) <= LONGEST_LINE for line in data.split(b"\r\n"))


@pytest.mark.parametrize("bad", ["\r", "\n", "\0", "a\r\nb", "x" * 1000])
def test_each_bad_value_is_refused(bad: str) -> None:
    with pytest.raises(BadField):
        encode_action([("Action", "Ping"), ("Channel", bad)])


@given(st.lists(st.integers(1, len(CAPTURED)), max_size=20))
def test_however_the_stream_is_cut_the_messages_are_the_same(cuts: list[int]) -> None:
    places = sorted({0, len(CAPTURED), *cuts})
    splitter = Splitter()
    found = [
        message
        for begin, end in itertools.pairwise(places)
        for message in splitter.feed(CAPTURED[begin:end])
    ]
    assert [m.get("Event", m.get("Response")) for m in found] == [
        "Newchannel",
        "Success",
        "RTCPSent",
        "Hangup",
    ]
    assert found[0]["AccountCode"] == ""
    assert found[1]["CoreStartupTime"] == "16:07:56"


def test_what_nobody_wants_is_dropped_unread_and_counted() -> None:
    splitter = Splitter(frozenset({b"Hangup"}))
    found = list(splitter.feed(CAPTURED))
    assert [m.get("Event", m.get("Response")) for m in found] == ["Success", "Hangup"]
    assert splitter.dropped == 2


def test_a_message_without_end_is_refused() -> None:
    splitter = Splitter()
    assert list(splitter.feed(b"x" * 900_000)) == []
    with pytest.raises(BadField):
        list(splitter.feed(b"x" * 200_000))


@given(st.binary(max_size=300))
def test_no_bytes_break_the_decoder(data: bytes) -> None:
    assert all(isinstance(value, str) for value in decode_message(data).values())
