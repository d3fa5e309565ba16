"""What an answer means. Pure.

Citizens write ``1``, ``１``, ``1。``, ``我安全``, ``2 救命``: what counts is how the answer begins.  An answer
that could be both is neither: a person reads it.
"""

from __future__ import annotations

import unicodedata
from enum import StrEnum


class Meaning(StrEnum):
    """What a citizen told us."""

    SAFE = "safe"
    HELP = "help"
    OPT_OUT = "opt_out"
    UNKNOWN = "unknown"


# The longest first: TD is no T.
_WORDS: dict[Meaning, tuple[str, ...]] = {
    Meaning.HELP: ("2", "救命", "求助", "求救", "需要帮助", "被困", "help", "sos"),
    Meaning.SAFE: ("1", "安全", "平安", "我安全", "safe", "ok"),
    Meaning.OPT_OUT: ("r", "td", "t", "0000", "退订", "拒收", "stop", "unsubscribe"),
}
_QUOTES = " \"'“”‘’[]【】()：:"
_NOT_SAFE = ("不安全", "不平安", "notsafe", "unsafe")
_ANYWHERE = {"救命", "求助", "求救", "需要帮助", "被困", "sos"}


def meaning_of(text: str) -> Meaning:
    """Return what an answer means.

    A word for help anywhere in it is help; a key or a word at its beginning counts when the answer does not go on
    with a letter or digit of the same kind (``12`` is no ``1``).
    """
    bare = unicodedata.normalize("NFKC", text).strip().lower().lstrip(_QUOTES)
    for lead in ("回复", "reply"):
        bare = bare.removeprefix(lead).lstrip(_QUOTES)
    joined = "".join(bare.split())
    if any(word in joined for word in _ANYWHERE) or joined.startswith(_NOT_SAFE):
        return Meaning.HELP
    found = {meaning for meaning, words in _WORDS.items() if any(_begins(bare, w) for w in words)}
    return found.pop() if len(found) == 1 else Meaning.UNKNOWN


def _begins(text: str, word: str) -> bool:
    if not text.startswith(word):
        return False
    rest = text[len(word) :]
    if not rest or not word.isascii():
        return True
    return not (rest[0].isascii() and rest[0].isalnum())
