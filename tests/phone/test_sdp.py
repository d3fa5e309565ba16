"""Session descriptions and what two of them agree on (RFC 3264, RFC 4568)."""

import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from softswitch.testing.phone.errors import MediaError, ParseError
from softswitch.testing.phone.negotiate import (
    Local,
    accept_answer,
    direction_for,
    make_answer,
    make_offer,
    new_key,
)
from softswitch.testing.phone.sdp import DIRECTIONS, Sdp

# RFC 3264 section 10.1, the offer.
OFFER = (
    b"v=0\r\no=alice 2890844526 2890844526 IN IP4 host.anywhere.com\r\ns=\r\n"
    b"c=IN IP4 host.anywhere.com\r\nt=0 0\r\n"
    b"m=audio 49170 RTP/AVP 0\r\na=rtpmap:0 PCMU/8000\r\n"
    b"m=video 51372 RTP/AVP 31\r\na=rtpmap:31 H261/90000\r\n"
    b"m=video 53000 RTP/AVP 32\r\na=rtpmap:32 MPV/90000\r\n"
)
ME = Local("127.0.0.1", 4000)


def test_captured_bytes_come_back() -> None:
    assert Sdp.parse(OFFER).encode() == OFFER


def test_every_stream_of_an_offer_is_answered() -> None:
    answer, agreed = make_answer(Sdp.parse(OFFER), ME)
    assert [m.port for m in answer.media] == [4000, 0, 0]
    assert (agreed.address, agreed.port, agreed.codec) == ("host.anywhere.com", 49170, "PCMU")
    assert agreed.dtmf is None


@pytest.mark.parametrize("secured", [False, True])
@pytest.mark.parametrize("offered", DIRECTIONS)
@pytest.mark.parametrize("wanted", DIRECTIONS)
def test_both_sides_agree(secured: bool, offered: str, wanted: str) -> None:
    key = new_key() if secured else None
    theirs = Local("127.0.0.2", 6000, ("PCMA", "PCMU"), 96, offered, key)
    ours = Local("127.0.0.1", 4000, direction=wanted, key=new_key() if key else None)
    offer = Sdp.parse(make_offer(theirs).encode())
    answer, here = make_answer(offer, ours)
    there = accept_answer(Sdp.parse(answer.encode()), theirs)
    assert here.codec == there.codec == "PCMA"
    assert here.dtmf == there.dtmf == 96
    assert (here.local_key, here.remote_key) == (there.remote_key, there.local_key)
    assert here.direction == direction_for(offered, wanted)
    assert there.direction == direction_for(here.direction, offered)
    # What one sends the other one takes.
    assert (here.direction in {"sendrecv", "sendonly"}) == (
        there.direction in {"sendrecv", "recvonly"}
    )


def test_hold_is_seen() -> None:
    for direction in DIRECTIONS:
        offer = make_offer(Local("127.0.0.2", 6000, direction=direction))
        held = make_answer(offer, ME)[1].held_by_remote
        assert held == (direction in {"sendonly", "inactive"})
    old = OFFER.replace(b"c=IN IP4 host.anywhere.com", b"c=IN IP4 0.0.0.0")
    assert make_answer(Sdp.parse(old), ME)[1].held_by_remote


def test_keys_and_no_keys_do_not_mix() -> None:
    secured = make_offer(Local("127.0.0.2", 6000, key=new_key()))
    with pytest.raises(MediaError, match="plain RTP is wanted"):
        make_answer(secured, ME)
    with pytest.raises(MediaError, match="SRTP is wanted"):
        make_answer(make_offer(ME), Local("127.0.0.2", 6000, key=new_key()))
    # A key beside plain RTP is an offer that may be left aside.
    secured.media[0].protocol = "RTP/AVP"
    assert make_answer(secured, ME)[1].remote_key is None


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (b"v=0", b"v=1"),
        (b"v=0\r\n", b""),
        (b"m=audio 49170", b"m=audio 70000"),
        (b"m=audio 49170", b"m=audio x"),
        (b"a=rtpmap:0", b"a=rtpmap:500"),
        (b"c=IN IP4 host.anywhere.com\r\n", b""),
        (b"c=IN IP4", b"c=IN IP5"),
        (b"s=", b"ss"),
        (b"s=", b"s=\xff"),
    ],
)
def test_bad_descriptions_give_the_one_error(old: bytes, new: bytes) -> None:
    with pytest.raises(ParseError):
        make_answer(Sdp.parse(OFFER.replace(old, new)), ME)


def test_nothing_in_common() -> None:
    with pytest.raises(MediaError, match="no codec in common"):
        make_answer(Sdp.parse(OFFER), Local("127.0.0.1", 1, ("PCMA",)))
    with pytest.raises(MediaError, match="no audio"):
        make_answer(Sdp.parse(OFFER.replace(b"49170", b"0")), ME)


@pytest.mark.parametrize("inline", ["inline:!!", "inline:AAAA"])
def test_bad_keys(inline: str) -> None:
    line = f"RTP/SAVP 0\r\na=crypto:1 AES_CM_128_HMAC_SHA1_80 {inline}".encode()
    with pytest.raises(ParseError):
        make_answer(Sdp.parse(OFFER.replace(b"RTP/AVP 0", line)), Local("h", 1, key=new_key()))


@given(st.integers(0, len(OFFER) - 1), st.binary(min_size=1, max_size=6))
def test_damage_gives_the_known_errors(at: int, junk: bytes) -> None:
    with contextlib.suppress(ParseError, MediaError):
        make_answer(Sdp.parse(OFFER[:at] + junk + OFFER[at + len(junk) :]), ME)
