"""Digest answers against the examples of RFC 7616 and RFC 2617, and the choice among challenges."""

import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from softswitch.testing.phone.digest import (
    Challenge,
    choose,
    credentials,
    digest_response,
    parse_digest,
    print_digest,
)
from softswitch.testing.phone.errors import ParseError

NONCE = "7ypf/xlj9XXwfDPEoM4URrv/xwf94BcCAzFZH4GiTo0v"
CNONCE = "f2/wE4q74E6zIJEtWaHKaf5wv/H5QzzpXusqGemxURZJ"


@pytest.mark.parametrize(
    ("algorithm", "expected"),
    [  # RFC 7616 section 3.9.1
        ("MD5", "8ca523f5e9506fed4657c9700eebdbec"),
        ("SHA-256", "753927fa0e85d155564e2e272a28d1802ca10daf4496794697cf8db5856cb6c1"),
    ],
)
def test_the_examples_of_the_rfc(algorithm: str, expected: str) -> None:
    challenge = Challenge("http-auth@example.org", NONCE, algorithm, ("auth",))
    answer = digest_response(
        challenge, "GET", "/dir/index.html", "Mufasa", "Circle of Life", CNONCE
    )
    assert answer == expected


def test_without_qop() -> None:
    """RFC 2069's form, which RFC 2617 section 3.2.2.1 keeps."""
    challenge = Challenge("testrealm@host.com", "dcd98b7102dd2f0e8b11d0f600bfb0c093")
    answer = digest_response(challenge, "GET", "/dir/index.html", "Mufasa", "Circle Of Life")
    assert answer == "670fd8c2df070c60b045671b8b24ff02"


def test_the_strongest_known_challenge_is_taken() -> None:
    values = [
        'Digest realm="r", nonce="1", algorithm=SHA-512-256',
        'Digest realm="r", nonce="2", algorithm=MD5, qop="auth,auth-int", stale=TRUE',
        'Digest realm="r", nonce="3", algorithm=SHA-256, qop="auth", opaque="o"',
    ]
    assert choose(values) == Challenge("r", "3", "SHA-256", ("auth",), "o")
    assert choose(values[:2]).stale
    with pytest.raises(ParseError, match="SHA-512-256"):
        choose(values[:1])


def test_credentials_carry_all_that_a_server_needs() -> None:
    challenge = Challenge("r", "n", "SHA-256", ("auth",), "o")
    fields = parse_digest(credentials(challenge, "INVITE", "sip:a", "u", "p", count=2))
    assert fields["nc"] == "00000002"
    assert fields["opaque"] == "o"
    expected = digest_response(challenge, "INVITE", "sip:a", "u", "p", fields["cnonce"], 2)
    assert fields["response"] == expected


@given(st.text(st.characters(exclude_categories=["Cs", "Cc"]), max_size=30))
def test_quoted_fields_come_back(text: str) -> None:
    fields = {"realm": text, "nonce": "n"}
    assert parse_digest(print_digest(fields)) == fields


@given(st.text(max_size=60))
def test_garbage_gives_the_one_error(text: str) -> None:
    for value in (text, "Digest " + text):
        with contextlib.suppress(ParseError):
            Challenge.parse(value)
