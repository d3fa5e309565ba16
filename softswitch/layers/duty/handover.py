"""The hand-over log, pure: what is signed, by whom, and the chain of digests that a change would break."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum

from softswitch.clock import Millis

LONGEST_TEXT = 10_000
NOTHING = ""


class Part(StrEnum):
    """The two who sign a hand-over."""

    GAVE = "gave"
    TOOK = "took"


@dataclass(frozen=True, slots=True)
class Signature:
    """One line of the chain. ``text`` is the hand-over as it was signed; ``before`` the digest of the line before."""

    seq: int
    entry_id: str
    roster: str
    part: Part
    login: str
    at: Millis
    text: str
    before: str
    digest: str


def digest_of(seq: int, entry_id: str, roster: str, part: Part, login: str, at: Millis, text: str,
              before: str) -> str:  # fmt: skip
    """Return the SHA-256 of a line and of all before it, in hex."""
    body = [seq, entry_id, roster, part.value, login, at, text, before]
    return hashlib.sha256(json.dumps(body, ensure_ascii=False).encode()).hexdigest()


def sign(last: Signature | None, entry_id: str, roster: str, part: Part, login: str, at: Millis,
         text: str) -> Signature:  # fmt: skip
    """Return the next line of the chain."""
    seq, before = (last.seq + 1, last.digest) if last else (1, NOTHING)
    digest = digest_of(seq, entry_id, roster, part, login, at, text, before)
    return Signature(seq, entry_id, roster, part, login, at, text, before, digest)


def first_broken(lines: Iterable[Signature], texts: Mapping[str, str]) -> int | None:
    """Return the number of the first line that was changed, removed or moved, or whose entry was; None: whole."""
    before, expected = NOTHING, 1
    for line in lines:
        made = digest_of(line.seq, line.entry_id, line.roster, line.part, line.login, line.at, line.text,
                         line.before)  # fmt: skip
        whole = line.seq == expected and line.before == before and line.digest == made
        if not whole or texts.get(line.entry_id) != line.text:
            return expected
        before, expected = line.digest, expected + 1
    return None
