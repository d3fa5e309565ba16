"""What the precedence door does with a message: RFC 4412 clause 4.6.2 and a stateless proxy (RFC 3261 clause 16.11)."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from intercept.door import relay, rules
from intercept.door.message import Drop, Malformed, parse
from intercept.door.places import Places
from intercept.door.via import mark_received
from intercept.precedence import NAMESPACES
from tests.intercept.door_kit import (
    CLIENT,
    DOOR,
    SWITCH,
    answer_to,
    passed_in,
    refused,
    request,
)

REQUIRE = "Require: resource-priority"
known = st.sampled_from(rules.KNOWN).flatmap(
    lambda value: st.sampled_from([value, value.upper(), value.title()])
)
unknown = st.sampled_from(
    ["foo.1", "dsn", "dsn.", "dsn.5", "q735.flash", "wps.5", "x dsn.flash", "ets.00"]
)


def test_all_that_the_system_knows() -> None:
    assert len(rules.KNOWN) == 20 == sum(map(len, NAMESPACES.values()))


@given(st.lists(known, max_size=3), st.lists(unknown, max_size=3), st.booleans(), st.booleans())
def test_417_when_it_is_required_and_nothing_is_known_and_never_else(
    good: list[str], bad: list[str], required: bool, one_line: bool
) -> None:
    claims = [*bad, *good]
    lines = [", ".join(claims)] if one_line and claims else claims
    fields = [f"resource-priority: {line}" for line in lines]
    message = request(*fields, *([REQUIRE] if required else []))
    expected = 417 if required and bad and not good else 0
    assert refused(message) == expected


@pytest.mark.parametrize(
    ("lines", "status"),
    [
        (["require:100rel , RESOURCE-Priority", "Resource-Priority: foo.1"], 417),
        (["Require: 100rel", "Require: resource-priority", "Resource-Priority: foo.1"], 417),
        ([REQUIRE, "Resource-Priority:"], 417),
        ([REQUIRE, "Resource-Priority: foo.1", "Resource-Priority: bar.2, dsn.flash"], 0),
        ([REQUIRE], 0),
        (["Require: 100rel", "Resource-Priority: foo.1"], 0),
        (["Supported: resource-priority", "Resource-Priority: foo.1"], 0),
        (["Proxy-Require: resource-priority", "Resource-Priority: foo.1"], 0),
        (["Proxy-Require: privacy, resource-priority"], 420),
    ],
)
def test_which_requests_are_refused(lines: list[str], status: int) -> None:
    assert refused(request(*lines)) == status


@pytest.mark.parametrize(
    ("method", "status"),
    [("INVITE", 417), ("REGISTER", 417), ("BYE", 417), ("ACK", 0), ("CANCEL", 0)],
)
def test_ack_and_cancel_are_never_refused(method: str, status: int) -> None:
    message = request(REQUIRE, "Resource-Priority: foo.1", method=method)
    assert refused(message) == status


def test_417_says_what_would_have_been_understood() -> None:
    message = request(REQUIRE, "Resource-Priority: foo.1", "Via: SIP/2.0/UDP far;branch=z9hG4bKfar")
    sent = passed_in(message)
    told = parse(sent.message.encode())
    assert told.start == "SIP/2.0 417 Unknown Resource-Priority"
    assert told.values("accept-resource-priority") == list(rules.KNOWN)
    assert sent.to == CLIENT
    assert told.values("via") == mark_received(message, CLIENT).values("via")
    for key in ("from", "call-id", "cseq"):
        assert told.one(key) == message.one(key)
    assert told.one("to") == f"{message.one('to')};tag={rules.tag_of(sent.branch)}"
    assert told.one("content-length") == "0"


def test_420_names_the_tags_that_no_proxy_here_knows() -> None:
    told = passed_in(request("Proxy-Require: privacy, resource-priority, foo")).message
    assert (told.status, told.values("unsupported")) == (420, ["privacy", "foo"])


def test_a_tag_that_is_there_stays() -> None:
    message = request(REQUIRE, "Resource-Priority: foo.1", to="<sip:a>;tag=old")
    assert passed_in(message).message.one("to") == "<sip:a>;tag=old"


def test_the_ack_of_our_refusal_ends_here_and_others_go_on() -> None:
    invite = request(REQUIRE, "Resource-Priority: foo.1")
    told = passed_in(invite).message
    ack = request(method="ACK", to=told.one("to"))
    assert relay.request_in(ack, CLIENT, DOOR, SWITCH) is None
    assert relay.request_in(request(method="ACK", to="<sip:a>;tag=s1"), CLIENT, DOOR, SWITCH)
    elsewhere = ("192.0.2.8", 5062)
    assert relay.request_in(ack, elsewhere, DOOR, SWITCH) is not None


def test_the_tag_goes_and_all_else_stays() -> None:
    message = request(
        "Require: 100rel, resource-priority", "Proxy-Require: Resource-Priority",
        "Resource-Priority: dsn.flash, foo.1", "X-Other:  as it\r\n  was", body=b"v=0\r\n\xff\x00",
    )  # fmt: skip
    sent = passed_in(message)
    assert sent.to == SWITCH
    own = sent.message
    assert own.values("require") == ["100rel"]
    assert not list(own.all("proxy-require"))
    assert own.values("resource-priority") == ["dsn.flash", "foo.1"]  # never changed (4.6.2)
    assert own.body == message.body
    assert b"\r\nX-Other:  as it\r\n  was\r\n" in own.encode()
    assert own.start == message.start
    assert not list(own.all("record-route"))


def test_our_via_is_on_top_and_theirs_tells_where_they_are() -> None:
    own = passed_in(request()).message
    ours, theirs = own.values("via")
    assert ours == f"SIP/2.0/UDP 192.0.2.1:5080;branch={passed_in(request()).branch};rport"
    assert theirs == "SIP/2.0/UDP 10.0.0.7:5062;branch=z9hG4bKabc;received=192.0.2.7;rport=5062"


@pytest.mark.parametrize(
    ("hops", "left"), [("70", "69"), ("1", "0"), (None, "69"), ("many", "69"), ("999", "254")]
)
def test_a_hop_is_counted(hops: str | None, left: str) -> None:
    assert passed_in(request(hops=hops)).message.one("max-forwards") == left


def test_too_many_hops_are_refused_and_an_ack_of_that_kind_dropped() -> None:
    assert refused(request(hops="0")) == 483
    with pytest.raises(Malformed) as caught:
        passed_in(request(hops="0", method="ACK"))
    assert caught.value.reason is Drop.TOO_MANY_HOPS


VIAS = (
    "SIP/2.0/UDP 10.0.0.7;branch=z9hG4bKx",
    "SIP/2.0/UDP 10.0.0.7:5062;branch=z9hG4bKx",
    "SIP/2.0/UDP 10.0.0.7;branch=z9hG4bKy",
    "SIP/2.0/UDP 10.0.0.7;branch=old",
    "SIP/2.0/UDP 10.0.0.7",
)


@given(st.sampled_from(VIAS))
def test_cancel_and_ack_have_the_branch_of_their_invite(via: str) -> None:
    """RFC 3261 clause 16.11, with and without the magic cookie; the ACK has a To tag that the INVITE had not."""
    invite = passed_in(request(via=via)).branch
    assert passed_in(request(via=via)).branch == invite  # a repetition
    assert passed_in(request(via=via, method="CANCEL")).branch == invite
    assert passed_in(request(via=via, method="ACK", to="<sip:a>;tag=s1")).branch == invite
    assert invite.startswith("z9hG4bKdoor")


def test_other_transactions_have_other_branches() -> None:
    branches = {passed_in(request(via=via)).branch for via in VIAS}
    assert len(branches) == len(VIAS)
    one = request(via=VIAS[0])
    assert rules.branch_of(one, "192.0.2.7") != rules.branch_of(one, "192.0.2.8")


def test_a_response_goes_back_as_it_would_have_without_us() -> None:
    message = request("Via: SIP/2.0/UDP far;branch=z9hG4bKfar", body=b"v=0")
    answer = answer_to(passed_in(message).message, 180)
    back = relay.response_out(answer, DOOR[1])
    assert back.to == CLIENT
    assert back.message == answer_to(mark_received(message, CLIENT), 180)


@pytest.mark.parametrize(
    "via",
    [
        "SIP/2.0/UDP 192.0.2.1:5080;branch=z9hG4bKother, SIP/2.0/UDP 192.0.2.66",
        "SIP/2.0/UDP 192.0.2.1:5081;branch=z9hG4bKdoorx, SIP/2.0/UDP 192.0.2.66",
        "SIP/2.0/UDP 192.0.2.1:5080, SIP/2.0/UDP 192.0.2.66",
        "SIP/2.0/UDP 192.0.2.1:5080;branch=z9hG4bKdoorx",
    ],
)
def test_a_response_to_nothing_of_ours_goes_nowhere(via: str) -> None:
    response = answer_to(request(via=via))
    with pytest.raises(Malformed):
        relay.response_out(response, DOOR[1])


def test_the_switch_reaches_the_one_behind_the_door_and_gets_his_answer() -> None:
    registered = passed_in(request("Contact: <sip:gw@10.0.0.7:5062;ob>", method="REGISTER"))
    contact = registered.message.one("contact").strip("<>")
    seen = contact.replace("10.0.0.7:5062", "192.0.2.1:5080")  # rewrite_contact
    bye = request(method="BYE", uri=seen, via="SIP/2.0/UDP 192.0.2.1:5060;branch=z9hG4bKast;rport")
    sent = relay.request_out(bye, SWITCH, DOOR)
    assert sent.to == CLIENT
    assert sent.message.uri == "sip:gw@192.0.2.7:5062;ob"
    assert sent.message.one("max-forwards") == "69"
    back = relay.response_in(answer_to(sent.message), CLIENT, DOOR[1])
    assert back.to == SWITCH
    assert back.message == answer_to(mark_received(bye, SWITCH))


def test_what_the_switch_sends_to_nobody_behind_the_door_goes_nowhere() -> None:
    with pytest.raises(Malformed) as caught:
        relay.request_out(request(method="BYE"), SWITCH, DOOR)
    assert caught.value.reason is Drop.NO_ALIAS


def test_a_route_to_the_door_is_taken_off_and_others_stay() -> None:
    ours, other = "<sip:192.0.2.1:5080;lr>", "<sip:192.0.2.3;lr>"
    assert passed_in(request(f"Route: {ours}, {other}")).message.values("route") == [other]
    assert not passed_in(request(f"Route: {ours}")).message.values("route")
    assert passed_in(request(f"Route: {other}")).message.values("route") == [other]


@pytest.mark.parametrize(
    ("lines", "accounts"),
    [
        ([], ()),
        (['Authorization: Digest username="line", realm="r"'], ("line",)),
        (["Authorization: Digest realm=x,username = line,a=b"], ("line",)),
        (
            ['Authorization: Digest username="a"', 'Proxy-Authorization: Digest username="b"'],
            ("a", "b"),
        ),
        (["Authorization: Digest realm=x"], ("?",)),
    ],
)
def test_whose_password_is_given(lines: list[str], accounts: tuple[str, ...]) -> None:
    assert rules.accounts_of(request(*lines)) == accounts


def test_many_passwords_at_once_are_not_tried() -> None:
    with pytest.raises(Malformed):
        rules.accounts_of(request(*['Authorization: Digest username="a"'] * 5))


@pytest.mark.parametrize(
    ("status", "line", "failed"),
    [
        (401, 'WWW-Authenticate: Digest realm="r", nonce="n"', True),
        (401, 'WWW-Authenticate: Digest realm="r", stale=true, nonce="n"', False),
        (407, 'Proxy-Authenticate: Digest realm="stale=true"', True),
        (403, "X: y", True),
        (200, "X: y", False),
        (486, "X: y", False),
    ],
)
def test_which_answers_say_that_a_password_is_wrong(status: int, line: str, failed: bool) -> None:
    assert relay.failed_login(answer_to(request(), status, line)) is failed


@given(st.binary(max_size=300), st.sampled_from([b"INVITE", b"ACK", b"BYE"]))
def test_whatever_stands_in_the_fields_it_is_passed_on_refused_or_dropped(
    noise: bytes, method: bytes
) -> None:
    data = request(REQUIRE, method=method.decode()).encode()
    data = data.replace(b"Call-ID:", b"Resource-Priority: " + noise + b"\r\nCall-ID:")
    try:
        sent = relay.request_in(parse(data), CLIENT, DOOR, SWITCH)
    except Malformed:
        return
    assert sent is not None
    assert sent.to == (CLIENT if sent.answer else SWITCH)
    assert parse(sent.message.encode()) == sent.message


def test_the_addresses_of_this_machine() -> None:
    everywhere = Places(("0.0.0.0", 5080), ("0.0.0.0", 5060))
    assert everywhere.facing("127.0.0.1") == ("127.0.0.1", 5080)
    assert everywhere.switch_for("127.0.0.1") == ("127.0.0.1", 5060)
    assert everywhere.is_switch(("127.0.0.1", 5060))
    assert not everywhere.is_switch(("127.0.0.1", 5061))
    assert not everywhere.is_switch(("192.0.2.66", 5060))
    assert everywhere.is_own("127.0.0.1")
    assert not everywhere.is_own("192.0.2.66")
    fixed = Places(("192.0.2.1", 5080), ("192.0.2.2", 5060))
    assert fixed.facing("192.0.2.66") == ("192.0.2.1", 5080)
    assert fixed.switch_for("192.0.2.66") == ("192.0.2.2", 5060)
    assert fixed.is_switch(("192.0.2.2", 5060))
    assert not fixed.is_switch(("192.0.2.1", 5060))


def test_a_refusal_is_no_bigger_than_a_packet() -> None:
    """Who forges an address gets little out of it: an answer stays below the size that UDP cuts."""
    sent = passed_in(request(REQUIRE, "Resource-Priority: foo.1"))
    assert len(sent.message.encode()) < 1_300
