"""Digest authentication (RFC 3261 section 22, RFC 7616, RFC 8760), MD5 and SHA-256."""

from __future__ import annotations

import hashlib
import re
import secrets
from collections.abc import Iterable
from dataclasses import dataclass

from softswitch.testing.phone.errors import ParseError
from softswitch.testing.phone.fields import quote_string, split_outside, unquote_string

# Strongest first: RFC 8760 section 2.4 lets the client take the best that it knows.
_HASHES = {"SHA-256": hashlib.sha256, "MD5": hashlib.md5}
_QUOTED = ("username", "realm", "nonce", "uri", "response", "cnonce", "opaque")


def parse_digest(value: str) -> dict[str, str]:
    """The fields of a challenge or of credentials."""
    scheme, _, rest = value.strip().partition(" ")
    if scheme.lower() != "digest":
        raise ParseError(f"authentication scheme {scheme!r} is not Digest")
    fields: dict[str, str] = {}
    for piece in split_outside(rest, ","):
        name, equals, text = piece.partition("=")
        if not equals or not re.fullmatch(r"\s*[A-Za-z0-9_\-]+\s*", name):
            raise ParseError(f"digest field {piece!r} is not name=value")
        fields[name.strip().lower()] = unquote_string(text.strip())
    return fields


def print_digest(fields: dict[str, str]) -> str:
    parts = (f"{k}={quote_string(v) if k in _QUOTED else v}" for k, v in fields.items())
    return "Digest " + ", ".join(parts)


@dataclass(frozen=True)
class Challenge:
    realm: str
    nonce: str
    algorithm: str = "MD5"
    qop: tuple[str, ...] = ()
    opaque: str | None = None
    stale: bool = False

    @classmethod
    def parse(cls, value: str) -> Challenge:
        fields = parse_digest(value)
        if "realm" not in fields or "nonce" not in fields:
            raise ParseError("a digest challenge needs a realm and a nonce")
        qop = tuple(q.strip().lower() for q in fields.get("qop", "").split(",") if q.strip())
        return cls(
            fields["realm"],
            fields["nonce"],
            fields.get("algorithm", "MD5").upper(),
            qop,
            fields.get("opaque"),
            fields.get("stale", "").lower() == "true",
        )


def choose(values: Iterable[str]) -> Challenge:
    """The strongest challenge that we can answer."""
    challenges = [Challenge.parse(value) for value in values]
    for algorithm in _HASHES:
        for challenge in challenges:
            if challenge.algorithm == algorithm:
                return challenge
    offered = ", ".join(c.algorithm for c in challenges) or "nothing"
    raise ParseError(f"no digest algorithm that this phone knows: {offered} was offered")


def digest_response(
    challenge: Challenge,
    method: str,
    uri: str,
    username: str,
    password: str,
    cnonce: str = "",
    count: int = 1,
) -> str:
    """The `response` field; also what a registrar computes to check it."""

    def h(text: str) -> str:
        return _HASHES[challenge.algorithm](text.encode()).hexdigest()

    secret = h(f"{username}:{challenge.realm}:{password}")
    action = h(f"{method}:{uri}")
    if "auth" in challenge.qop:
        return h(f"{secret}:{challenge.nonce}:{count:08x}:{cnonce}:auth:{action}")
    return h(f"{secret}:{challenge.nonce}:{action}")


def credentials(
    challenge: Challenge,
    method: str,
    uri: str,
    username: str,
    password: str,
    cnonce: str | None = None,
    count: int = 1,
) -> str:
    """The value of an Authorization or Proxy-Authorization header."""
    cnonce = cnonce or secrets.token_hex(8)
    fields = {
        "username": username,
        "realm": challenge.realm,
        "nonce": challenge.nonce,
        "uri": uri,
        "response": digest_response(challenge, method, uri, username, password, cnonce, count),
        "algorithm": challenge.algorithm,
    }
    if challenge.opaque is not None:
        fields["opaque"] = challenge.opaque
    if "auth" in challenge.qop:
        fields |= {"qop": "auth", "nc": f"{count:08x}", "cnonce": cnonce}
    return print_digest(fields)
