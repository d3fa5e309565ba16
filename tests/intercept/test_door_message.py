"""Reading and writing SIP messages at the precedence door: nothing is changed that need not be, nothing breaks it."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from intercept.door.contact import from_alias, names, with_alias
from intercept.door.message import MOST_BYTES, Drop, Field, Malformed, Message, parse, split
from intercept.door.via import (
    Via,
    answers_to,
    is_address,
    mark_received,
    parse_via,
    pop,
    port_of,
    push,
    top,
)
from tests.intercept.door_kit import CLIENT, request

# RFC 4475 clause 3.1.1.1, in its spirit: folds, odd cases, compact forms, a quoted comma, blanks before colons.
TORTURE = (
    b"INVITE sip:vivekg@chair-dnrc.example.com;unknownparam SIP/2.0\r\n"
    b"TO :\r\n sip:vivekg@chair-dnrc.example.com ;   tag    = 1918181833n\r\n"
    b'from   : "J Rosenberg \\\\\\""       <sip:jdrosen@example.com>\r\n  ;\r\n  tag = 98asjd8\r\n'
    b"MaX-fOrWaRdS: 0068\r\nCall-ID: wsinv.ndaksdj@192.0.2.1\r\nCSeq: 0009\r\n  INVITE\r\n"
    b"Via  : SIP  /   2.0\r\n /UDP\r\n    192.0.2.2;branch=390skdjuw\r\ns :\r\n"
    b"NewFangledHeader:   newfangled value\r\n continued newfangled value\r\n"
    b"v:  SIP  / 2.0  / UDP     192.0.2.254 : 5066  ;branch=z9hG4bK30239\r\n"
    b'm:"Quoted string \\"\\"" <sip:jdrosen@example.com> ; newparam =\r\n      newvalue ;\r\n'
    b"  secondparam ; q = 0.33\r\n\r\nbody\r\n"
)
BASE = b"OPTIONS sip:a SIP/2.0\r\nVia: SIP/2.0/UDP h\r\nFrom: a\r\nTo: b\r\nCall-ID: c\r\nCSeq: 1 OPTIONS\r\n"

words = st.text("abcdefghijklmnopqrstuvwxyzABCXYZ0123456789-.", min_size=1, max_size=12)
texts = st.text(st.characters(min_codepoint=32, max_codepoint=255, exclude_characters="\x7f"))


def reason(data: bytes) -> Drop:
    with pytest.raises(Malformed) as caught:
        parse(data)
    return caught.value.reason


def test_a_tortured_message_is_read_and_printed_as_it_was() -> None:
    message = parse(TORTURE)
    assert message.encode() == TORTURE
    assert (message.method, message.status) == ("INVITE", 0)
    assert message.one("cseq") == "0009 INVITE"
    assert top(message) == Via("192.0.2.2", None, (("branch", "390skdjuw"),))
    assert [field.name for field in message.all("via")] == ["Via  ", "v"]


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        (b"", Drop.NO_SIP),
        (b"GET / HTTP/1.1\r\n\r\n", Drop.NO_SIP),
        (BASE, Drop.NO_SIP),  # without the empty line
        (BASE.replace(b"SIP/2.0\r\nVia", b"SIP/3.0\r\nVia") + b"\r\n", Drop.NO_SIP),
        (BASE.replace(b"OPTIONS sip:a ", b"OPTIONS sip: a ") + b"\r\n", Drop.NO_SIP),
        (b"SIP/2.0 999 No\r\n" + BASE.partition(b"\r\n")[2] + b"\r\n", Drop.NO_SIP),
        (BASE + b"X: \x00\r\n\r\n", Drop.NO_SIP),
        (BASE + b"no colon\r\n\r\n", Drop.BAD_FIELD),
        (BASE + b"X\xe4: 1\r\n\r\n", Drop.BAD_FIELD),
        (BASE + b"X: a\nVia: SIP/2.0/UDP evil\r\n\r\n", Drop.BAD_FIELD),
        (BASE + b"X: a\rVia: SIP/2.0/UDP evil\r\n\r\n", Drop.BAD_FIELD),
        (BASE.replace(b"Via: SIP/2.0/UDP h\r\n", b"") + b"\r\n", Drop.MISSING_FIELD),
        (BASE.replace(b"Call-ID: c\r\n", b"") + b"\r\n", Drop.MISSING_FIELD),
        (BASE + b"t: again\r\n\r\n", Drop.MISSING_FIELD),
        (BASE + b"Max-Forwards: 1\r\nMax-Forwards: 2\r\n\r\n", Drop.REPEATED_FIELD),
        (BASE.replace(b"1 OPTIONS", b"1 INVITE") + b"\r\n", Drop.BAD_CSEQ),
        (BASE.replace(b"1 OPTIONS", b"one OPTIONS") + b"\r\n", Drop.BAD_CSEQ),
        (BASE + b"Content-Length: -1\r\n\r\n", Drop.BAD_LENGTH),
        (BASE + b"Content-Length:\r\n\r\n", Drop.BAD_LENGTH),
        (BASE + b"l: 5\r\n\r\nfour", Drop.CUT_SHORT),
        (BASE + b"X: y\r\n" * 300 + b"\r\n", Drop.TOO_MANY_FIELDS),
        (BASE + b"X: " + b"y" * MOST_BYTES + b"\r\n\r\n", Drop.TOO_BIG),
    ],
)
def test_what_is_no_sip_message_is_dropped_with_its_reason(data: bytes, expected: Drop) -> None:
    assert reason(data) is expected


@given(st.binary(max_size=400))
def test_no_bytes_break_the_reader(data: bytes) -> None:
    try:
        message = parse(data)
    except Malformed:
        return
    assert message.encode() == data


@given(st.data())
def test_a_mutilated_message_is_read_or_dropped(data: st.DataObject) -> None:
    at = data.draw(st.integers(0, len(TORTURE)))
    until = data.draw(st.integers(at, min(len(TORTURE), at + 20)))
    changed = TORTURE[:at] + data.draw(st.binary(max_size=20)) + TORTURE[until:]
    try:
        message = parse(changed)
        top(message)
        popped = pop(mark_received(message, CLIENT))
    except Malformed:
        return
    assert message.encode() == changed
    assert len(popped.values("via")) == len(message.values("via")) - 1


@given(st.lists(st.tuples(words, texts), max_size=8), st.binary(max_size=50))
def test_every_field_and_the_body_come_through(fields: list[tuple[str, str]], body: bytes) -> None:
    strangers = [Field(f"X-{name}", f" {value}") for name, value in fields]
    given_ = request()
    message = Message(given_.start, (*given_.fields[:-1], *strangers), body)
    assert parse(message.encode()) == message


vias = st.builds(
    lambda host, port, branch, more: Via(host, port, (("branch", f"z9hG4bK{branch}"), *more)),
    words,
    st.none() | st.integers(1, 65_535),
    words,
    st.sampled_from([(), (("rport", None),), (("maddr", "192.0.2.9"), ("ttl", "1"))]),
)


@given(st.lists(vias, min_size=1, max_size=4), vias, st.booleans())
def test_a_via_that_is_pushed_and_popped_leaves_the_same_message(
    below: list[Via], own: Via, in_one: bool
) -> None:
    lines = [", ".join(map(str, below))] if in_one else [str(each) for each in below]
    message = request(*(f"v: {line}" for line in lines[1:]), via=lines[0])
    pushed = push(message, own)
    assert top(pushed) == own
    assert pop(pushed) == message
    assert parse(pushed.encode()) == pushed


@given(st.lists(vias, min_size=1, max_size=4), st.booleans())
def test_popping_gives_one_via_after_the_other_and_then_refuses(
    all_: list[Via], in_one: bool
) -> None:
    lines = [", ".join(map(str, all_))] if in_one else [str(each) for each in all_]
    message = request(*(f"Via: {line}" for line in lines[1:]), via=lines[0])
    for via in all_[:-1]:
        assert top(message) == via
        message = pop(message)
    assert top(message) == all_[-1]
    with pytest.raises(Malformed):
        pop(message)


@given(vias)
def test_the_way_back_is_where_it_came_from(via: Via) -> None:
    marked = mark_received(request(via=f"{via}, SIP/2.0/UDP other"), CLIENT)
    assert answers_to(top(marked)) == CLIENT
    assert top(marked).get("branch") == via.get("branch")
    assert marked.values("via")[1:] == ["SIP/2.0/UDP other"]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("SIP/2.0/UDP 192.0.2.3", ("192.0.2.3", 5060)),
        ("SIP/2.0/UDP 192.0.2.3:7000", ("192.0.2.3", 7000)),
        ("SIP/2.0/UDP host:7000;received=192.0.2.4", ("192.0.2.4", 7000)),
        ("SIP/2.0/UDP host;rport=9;received=192.0.2.4", ("192.0.2.4", 9)),
        ("SIP/2.0/UDP 192.0.2.3;rport", ("192.0.2.3", 5060)),
        ("SIP/2.0/UDP 192.0.2.3;rport=99999", ("192.0.2.3", 5060)),
    ],
)
def test_where_a_response_goes(text: str, expected: tuple[str, int]) -> None:
    assert answers_to(parse_via(text)) == expected


@pytest.mark.parametrize(
    "text",
    [
        "",
        "SIP/2.0/TCP 192.0.2.3",
        "SIP/2.0/UDP",
        "SIP/2.0/UDP 192.0.2.3:0",
        "SIP/2.0/UDP 192.0.2.3:70000",
        "SIP/2.0/UDP [2001:db8::1]",
        "SIP/2.0/UDP name.example.com",
        "SIP/2.0/UDP 192.0.2.3;received=no",
        "SIP/2.0/UDP 999.0.2.3",
    ],
)
def test_a_via_that_leads_nowhere_is_dropped(text: str) -> None:
    with pytest.raises(Malformed):
        answers_to(parse_via(text))


def test_addresses_and_ports() -> None:
    assert is_address("192.0.2.1")
    for text in ("192.0.2", "192.0.2.1.", "192.0.2.256", "192.0.2.1.1", "1.2.3.٤", ""):
        assert not is_address(text)
    assert [port_of(each) for each in ("1", "65535", "0", "65536", "٤", "")] == [
        1, 65_535, None, None, None, None,
    ]  # fmt: skip


def test_lists_are_split_outside_quotes_and_brackets() -> None:
    text = '"a, \\"b" <sip:x,y@z>;q=1 , <sip:c>, d'
    assert split(text, ",") == ['"a, \\"b" <sip:x,y@z>;q=1', "<sip:c>", "d"]


@pytest.mark.parametrize(
    ("contact", "expected"),
    [
        ("<sip:a@h:1>", "<sip:a@h:1;alias=192.0.2.7~5062~1>"),
        ("sip:a@h:1;q=0.5", "<sip:a@h:1;alias=192.0.2.7~5062~1>;q=0.5"),
        ('"A;<" <sip:a@h;ob?X=y>;q=1', '"A;<" <sip:a@h;ob;alias=192.0.2.7~5062~1?X=y>;q=1'),
        ("<sip:a@h;alias=6.6.6.6~666~1;ob>", "<sip:a@h;ob;alias=192.0.2.7~5062~1>"),
        ("<sip:h>, <tel:+1>", "<sip:h;alias=192.0.2.7~5062~1>, <tel:+1>"),
        ("*", "*"),
        ("<sips:a@h>", "<sips:a@h>"),
    ],
)
def test_a_contact_carries_where_it_came_from_and_nothing_that_the_sender_says(
    contact: str, expected: str
) -> None:
    assert with_alias(request(f"m: {contact}"), CLIENT).one("contact") == expected


@given(words, st.sampled_from(["", ";ob", ";transport=udp;x-y=z"]), st.sampled_from(["", "?A=b"]))
def test_an_alias_comes_back(user: str, params: str, headers: str) -> None:
    contact = f"<sip:{user}@10.0.0.7:5062{params}{headers}>"
    value = with_alias(request(f"Contact: {contact}"), CLIENT).one("contact")
    found = from_alias(value.strip("<>"))
    assert found == (f"sip:{user}@192.0.2.7:5062{params}{headers}", CLIENT)


@pytest.mark.parametrize(
    "uri",
    ["sip:a@h", "sip:a@h;alias=", "sip:a@h;alias=h~5~1", "sip:a@h;alias=1.2.3.4~0~1",
     "sip:a@h;alias=1.2.3.4~5~2", "sip:a@h;xalias=1.2.3.4~5~1", "tel:1;alias=1.2.3.4~5~1",
     "sip:a;alias=1.2.3.4~5~1@h"],
)  # fmt: skip
def test_what_is_no_alias(uri: str) -> None:
    assert from_alias(uri) is None


def test_which_route_is_ours() -> None:
    assert names("sip:192.0.2.1:5080;lr", ("192.0.2.1", 5080))
    assert names("sip:192.0.2.1", ("192.0.2.1", 5060))
    assert not names("sip:192.0.2.1:5060;lr", ("192.0.2.1", 5080))
    assert not names("tel:1", ("192.0.2.1", 5080))


def test_messages_keep_their_words_out_of_the_reasons() -> None:
    """A reason is one of ours: text from outside never reaches a metric or a log."""
    assert all(re.fullmatch(r"[a-z_]+", each.value) for each in Drop)
