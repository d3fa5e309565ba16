"""RTP, telephone events and SRTP on known bytes (RFC 3550, RFC 4733, RFC 3711)."""

import contextlib
import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from softswitch.testing.phone import dtmf
from softswitch.testing.phone.dtmf import DtmfReceiver, TelephoneEvent, event_frames
from softswitch.testing.phone.errors import ParseError
from softswitch.testing.phone.rtp import RtpPacket, is_rtcp
from softswitch.testing.phone.srtp import SrtpStream, derive, keystream

CAPTURED = bytes.fromhex("80801234 0000 00a0 deadbeef".replace(" ", "")) + b"\xff" * 160

packets = st.builds(
    RtpPacket,
    st.integers(0, 127),
    st.integers(0, 65535),
    st.integers(0, 2**32 - 1),
    st.integers(0, 2**32 - 1),
    st.binary(max_size=200),
    st.booleans(),
    st.lists(st.integers(0, 2**32 - 1), max_size=15).map(tuple),
    st.none()
    | st.tuples(st.integers(0, 65535), st.binary(max_size=40).map(lambda b: b[: len(b) & ~3])),
)


def test_captured_bytes_come_back() -> None:
    packet = RtpPacket.parse(CAPTURED)
    assert (packet.payload_type, packet.marker, packet.sequence) == (0, True, 0x1234)
    assert (packet.timestamp, packet.ssrc, len(packet.payload)) == (160, 0xDEADBEEF, 160)
    assert packet.encode() == CAPTURED


@given(packets)
def test_any_packet_comes_back(packet: RtpPacket) -> None:
    assert RtpPacket.parse(packet.encode()) == packet


@given(packets, st.integers(0, 11))
def test_truncated_headers_give_the_one_error(packet: RtpPacket, end: int) -> None:
    with pytest.raises(ParseError):
        RtpPacket.parse(packet.encode()[:end])


@given(st.binary(max_size=100))
def test_garbage_gives_the_one_error(data: bytes) -> None:
    stream = SrtpStream(bytes(30))
    for parse in (RtpPacket.parse, stream.unprotect, TelephoneEvent.parse):
        with contextlib.suppress(ParseError):
            parse(data)


def test_padding() -> None:
    assert RtpPacket.parse(b"\xa0" + CAPTURED[1:12] + b"abc\0\0\x03").payload == b"abc"
    for bad in (b"", b"\x05", b"\x00"):
        with pytest.raises(ParseError):
            RtpPacket.parse(b"\xa0" + CAPTURED[1:12] + bad)


def test_rtcp_is_told_apart() -> None:
    assert is_rtcp(b"\x80\xc8" + bytes(26))
    assert not is_rtcp(CAPTURED)


def test_a_key_press_on_the_wire() -> None:
    """Digit 1, volume 10, as the table in RFC 4733 section 2.3 lays it out."""
    assert TelephoneEvent(1, False, 160).encode() == bytes.fromhex("010a00a0")
    assert TelephoneEvent(1, True, 800).encode() == bytes.fromhex("018a0320")
    frames = event_frames("#", 5)
    assert [f.duration for f in frames] == [160, 320, 480, 640, 800, 800, 800]
    assert [f.end for f in frames] == [False] * 4 + [True] * 3
    with pytest.raises(ValueError, match="no DTMF digit"):
        event_frames("x", 5)


@given(st.integers(0, 15), st.booleans(), st.integers(0, 65535), st.integers(0, 63))
def test_events_come_back(event: int, end: bool, duration: int, volume: int) -> None:
    sent = TelephoneEvent(event, end, duration, volume)
    assert TelephoneEvent.parse(sent.encode()) == sent


@given(st.lists(st.sampled_from(dtmf.DIGITS), max_size=6), st.randoms())
def test_each_key_counts_once_whatever_is_lost(digits: list[str], random: object) -> None:
    receiver, heard = DtmfReceiver(), ""
    for number, digit in enumerate(digits):
        frames = event_frames(digit, 5)
        kept = random.sample(frames, random.randint(1, len(frames)))  # type: ignore[attr-defined]
        for frame in sorted(kept, key=frames.index):
            heard += receiver.receive(frame.encode(), 1000 * number) or ""
    assert heard == "".join(digits)


def test_events_that_are_no_keys_are_none() -> None:
    assert DtmfReceiver().receive(TelephoneEvent(16, False, 160).encode(), 1) is None


# RFC 3711 appendix B.2.
STREAM = {
    0x0000: "E03EAD0935C95E80E166B16DD92B4EB4",
    0x0001: "D23513162B02D0F72A43A2FE4A5F97AB",
    0x0002: "41E95B3BB0A2E8DD477901E4FCA894C0",
    0xFEFF: "EC8CDF7398607CB0F2D21675EA9EA1E4",
    0xFF00: "362B7C3C6773516318A077D7FC5073AE",
    0xFF01: "6A2CC3787889374FBEB4C81B17BA6C44",
}


@pytest.mark.parametrize(("block", "expected"), STREAM.items())
def test_the_key_stream_of_the_rfc(block: int, expected: str) -> None:
    key = bytes.fromhex("2B7E151628AED2A6ABF7158809CF4F3C")
    start = int("F0F1F2F3F4F5F6F7F8F9FAFBFCFD0000", 16) + block
    assert keystream(key, start, 16).hex().upper() == expected


MASTER = bytes.fromhex("E1F97A0D3E018BE0D64FA32C06DE4139")
SALT = bytes.fromhex("0EC675AD498AFEEBB6960B3AABE6")


def test_the_derived_keys_of_the_rfc() -> None:
    """Appendix B.3."""
    assert derive(MASTER, SALT, 0, 16).hex() == "c61e7a93744f39ee10734afe3ff7a087"
    assert derive(MASTER, SALT, 2, 14).hex() == "30cbbc08863d8c85d49db34a9ae1"
    auth = derive(MASTER, SALT, 1, 94).hex()
    assert auth.startswith("cebe321f6ff7716b6fd4ab49af256a156d38baa4")


def test_a_packet_as_libsrtp_seals_it() -> None:
    plain = bytes.fromhex("800f1234decafbadcafebabe" + "ab" * 16)
    sealed = bytes.fromhex(
        "800f1234decafbadcafebabe4e55dc4ce79978d88ca4d215949d2402b78d6acc99ea179b8dbb"
    )
    assert SrtpStream(MASTER + SALT).protect(plain) == sealed
    assert SrtpStream(MASTER + SALT).unprotect(sealed) == plain


def _numbered(sequence: int) -> bytes:
    return struct.pack("!BBHII", 0x80, 0, sequence & 0xFFFF, 0, 7) + sequence.to_bytes(4, "big")


def test_the_sequence_number_may_roll_over_and_packets_change_places() -> None:
    sender, receiver = SrtpStream(MASTER + SALT), SrtpStream(MASTER + SALT)
    sealed = {n: sender.protect(_numbered(n)) for n in range(65_530, 65_545)}
    order = [65_530, 65_531, 65_536, 65_534, 65_537, 65_533, *range(65_538, 65_545)]
    for number in order:
        assert receiver.unprotect(sealed[number]) == _numbered(number)


def test_a_changed_bit_is_refused() -> None:
    sealed = bytearray(SrtpStream(MASTER + SALT).protect(CAPTURED))
    sealed[20] ^= 1
    with pytest.raises(ParseError, match="authentication tag"):
        SrtpStream(MASTER + SALT).unprotect(bytes(sealed))
