"""SIP messages and fields: what is printed parses back, and garbage gives one kind of error."""

import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from softswitch.testing.phone.errors import ParseError
from softswitch.testing.phone.fields import CSeq, NameAddr, Reason, Uri, Via, split_outside
from softswitch.testing.phone.message import (
    Headers,
    Request,
    Response,
    StreamSplitter,
    parse_message,
)
from softswitch.testing.phone.transfer import Replaces, parse_sipfrag

# RFC 3261 section 24.2, F1 and F2 with the body of the RFC replaced by four bytes.
INVITE = (
    b"INVITE sip:bob@biloxi.com SIP/2.0\r\n"
    b"Via: SIP/2.0/UDP pc33.atlanta.com;branch=z9hG4bKnashds8\r\n"
    b"Max-Forwards: 70\r\n"
    b"To: Bob <sip:bob@biloxi.com>\r\n"
    b"From: Alice <sip:alice@atlanta.com>;tag=1928301774\r\n"
    b"Call-ID: a84b4c76e66710@pc33.atlanta.com\r\n"
    b"CSeq: 314159 INVITE\r\n"
    b"Contact: <sip:alice@pc33.atlanta.com>\r\n"
    b"Content-Type: application/sdp\r\n"
    b"Content-Length: 4\r\n\r\nbody"
)
RINGING = (
    b"SIP/2.0 180 Ringing\r\n"
    b"Via: SIP/2.0/UDP server10.biloxi.com;branch=z9hG4bK4b43c2ff8.1;received=192.0.2.3\r\n"
    b"Via: SIP/2.0/UDP pc33.atlanta.com;branch=z9hG4bKnashds8;received=192.0.2.1\r\n"
    b"To: Bob <sip:bob@biloxi.com>;tag=a6c85cf\r\n"
    b"From: Alice <sip:alice@atlanta.com>;tag=1928301774\r\n"
    b"Call-ID: a84b4c76e66710@pc33.atlanta.com\r\n"
    b"Contact: <sip:bob@192.0.2.4>\r\n"
    b"CSeq: 314159 INVITE\r\n"
    b"Content-Length: 0\r\n\r\n"
)


@pytest.mark.parametrize("captured", [INVITE, RINGING])
def test_captured_bytes_come_back(captured: bytes) -> None:
    message = parse_message(captured)
    message.check()
    assert message.encode() == captured


def test_what_a_captured_invite_says() -> None:
    message = parse_message(INVITE)
    assert isinstance(message, Request)
    assert (message.method, message.uri, message.body) == ("INVITE", "sip:bob@biloxi.com", b"body")
    assert message.from_.tag == "1928301774"
    assert message.cseq == CSeq(314159, "INVITE")
    assert message.via.branch == "z9hG4bKnashds8"
    assert message.headers["call-id"] == message.headers["i"] == "a84b4c76e66710@pc33.atlanta.com"


def test_every_truncation_gives_the_one_error_or_a_message() -> None:
    for end in range(len(INVITE)):
        with pytest.raises(ParseError):
            parse_message(INVITE[:end])


@given(st.binary(max_size=400))
def test_garbage_gives_the_one_error(data: bytes) -> None:
    with contextlib.suppress(ParseError):
        parse_message(data).check()


@given(st.integers(0, len(INVITE) - 1), st.binary(min_size=1, max_size=6))
def test_damaged_messages_give_the_one_error(at: int, junk: bytes) -> None:
    try:
        message = parse_message(INVITE[:at] + junk + INVITE[at + len(junk) :])
        message.check()
        message.contact, message.reasons  # noqa: B018
    except ParseError:
        pass


TOKEN = st.text("abcdefghijklmnopqrstuvwxyzABC0123456789-.!%*_+`'~", min_size=1, max_size=12)
NO_BREAK = st.characters(exclude_categories=["Cs", "Cc", "Zs", "Zl", "Zp"])
VALUE = st.text(st.one_of(NO_BREAK, st.just(" ")), max_size=40).map(str.strip)
FIELDS = st.lists(st.tuples(TOKEN, VALUE), max_size=8)


def _without_length(fields: list[tuple[str, str]]) -> list[tuple[str, str]]:
    return [f for f in fields if f[0].lower() not in {"content-length", "l"}]


@given(TOKEN, FIELDS, st.binary(max_size=200))
def test_any_message_comes_back(method: str, fields: list[tuple[str, str]], body: bytes) -> None:
    fields = _without_length(fields)
    for message in (
        Request(method, "sip:a@b", headers=Headers(fields), body=body),
        Response(200, "好 OK", headers=Headers(fields), body=body),
    ):
        again = parse_message(message.encode())
        assert again.start_line == message.start_line
        assert list(again.headers)[:-1] == fields
        assert again.body == body


@given(st.lists(st.binary(max_size=60), min_size=1, max_size=5), st.data())
def test_a_stream_is_cut_wherever_it_was_torn(bodies: list[bytes], data: st.DataObject) -> None:
    messages = [Request("INFO", "sip:a@b", body=body).encode() for body in bodies]
    stream = b"\r\n\r\n".join(messages)
    splitter, found = StreamSplitter(), []
    while stream:
        size = data.draw(st.integers(1, len(stream)))
        found += splitter.feed(stream[:size])
        stream = stream[size:]
    assert found == messages


@pytest.mark.parametrize(
    "stream", [b"INVITE sip:a SIP/2.0\r\nTo: x\r\n\r\n", b"x" * 70_000, b"A\r\nl: 99999\r\n\r\n"]
)
def test_a_stream_without_bounds_is_refused(stream: bytes) -> None:
    with pytest.raises(ParseError):
        StreamSplitter().feed(stream)


@pytest.mark.parametrize("bad", ["a\r\nX: y", "a\nb", "a\0b"])
def test_no_line_break_gets_into_a_header(bad: str) -> None:
    with pytest.raises(ParseError):
        Headers([("Subject", bad)])
    with pytest.raises(ParseError):
        Headers([(bad, "x")])


def test_folded_lines_and_compact_names() -> None:
    message = parse_message(b"OPTIONS sip:a SIP/2.0\r\nf: <sip:a>;tag=1\r\n\t;x=y\r\nl:0\r\n\r\n")
    assert message.headers["From"] == "<sip:a>;tag=1 ;x=y"
    assert message.from_.params == {"tag": "1", "x": "y"}


@pytest.mark.parametrize(
    "text",
    [
        "sip:1001@127.0.0.1:5060;transport=tcp",
        "sips:a%20b@example.org?Replaces=x%40y%3Bto-tag%3D1",
        "sip:[::1]:5060",
        "tel:+8612345;phone-context=example.org",
        "sip:user;phone=1@host",
    ],
)
def test_uris_come_back(text: str) -> None:
    assert str(Uri.parse(text)) == text


USERS = st.text(st.characters(exclude_categories=["Cs"]), max_size=10)


@given(USERS, TOKEN, st.integers(1, 65535) | st.none(), USERS)
def test_any_address_comes_back(user: str, tag: str, port: int | None, name: str) -> None:
    name = name.replace("\r", "").replace("\n", "")
    address = NameAddr(Uri(user, "10.0.0.1", port), name, {"tag": tag})
    assert NameAddr.parse(str(address)) == address


@pytest.mark.parametrize(
    "text", ["", "bob", "http:a", "sip:", "sip:@h", "sip:a b@h", "sip:h:0", "sip:h:70000", "<sip:a"]
)
def test_what_is_no_address_is_refused(text: str) -> None:
    with pytest.raises(ParseError):
        NameAddr.parse(text)


def test_addresses_with_and_without_brackets() -> None:
    bare = NameAddr.parse("sip:a@h;tag=1")
    assert (bare.uri.params, bare.tag) == ({}, "1")
    inside = NameAddr.parse('"Zhang, <Wei> \\"x\\"" <sip:a@h;lr>;tag=1')
    assert inside.name == 'Zhang, <Wei> "x"'
    assert (inside.uri.params, inside.tag) == ({"lr": None}, "1")


def test_lists_are_cut_outside_quotes_and_brackets() -> None:
    assert split_outside('"a,b" <sip:x,y>, c', ",") == ['"a,b" <sip:x,y>', "c"]


def test_reason() -> None:
    reason = Reason.parse('Q.850 ;cause=8 ;text="Preemption"')
    assert (reason.protocol, reason.cause, reason.text) == ("Q.850", 8, "Preemption")
    assert Reason.parse(str(reason)) == reason
    with pytest.raises(ParseError):
        Reason.parse("Q.850;cause=eight")


@pytest.mark.parametrize("text", ["SIP/2.0/UDP", "SIP/1.0/UDP h", "SIP/2.0/UDP h:0", "x"])
def test_bad_via(text: str) -> None:
    with pytest.raises(ParseError):
        Via.parse(text)


@pytest.mark.parametrize("text", ["", "1", "x INVITE", "99999999999 INVITE", "٣ INVITE"])
def test_bad_cseq(text: str) -> None:
    with pytest.raises(ParseError):
        CSeq.parse(text)


def test_replaces_and_sipfrag() -> None:
    text = "425928@bobster.example.org;to-tag=7743;from-tag=6472"
    assert str(Replaces.parse(text)) == text
    assert Replaces.parse(text + ";early-only").early_only
    assert parse_sipfrag(b"SIP/2.0 180 Ringing\r\n") == 180
    for bad in (b"", b"SIP/2.0 99", b"SIP/2.0 2000 x"):
        with pytest.raises(ParseError):
            parse_sipfrag(bad)
    with pytest.raises(ParseError):
        Replaces.parse("x;to-tag=1")
