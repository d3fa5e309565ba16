"""Text as words that an index can find: Chinese by pairs of characters, anything else by whole words.  Pure.

SQLite's own tokenizers do not serve: ``unicode61`` takes a Chinese sentence as one word, and ``trigram`` finds
nothing shorter than three characters, while most Chinese words have two.  So text is cut here, and the index
sees words between spaces, in SQLite (FTS5) and PostgreSQL (tsvector of ``simple``) alike.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator

from softswitch.numbers import bare

MOST_WORDS = 32
"""Of one query."""

_HAN = "\u3400-\u9fff\uf900-\ufaff\U00020000-\U0003fffd"
_CHINESE = re.compile(f"[{_HAN}]")
# A word such as b栋 is cut where the writing changes.
_RUN = re.compile(rf"[{_HAN}]+|[^\W_{_HAN}]+")


def words_of(text: str) -> str:
    """Return the words of a text in its order, with spaces between them.

    A run of Chinese characters 光大街 gives 光大, 大街 and 街: its pairs, and its last character alone, so that a
    single character is found as the beginning of some word wherever it stands.
    """
    return " ".join(_words(text))


def _words(text: str) -> Iterator[str]:
    for run in _runs(text):
        if _CHINESE.match(run):
            yield from (run[at : at + 2] for at in range(len(run)))
        else:
            yield run


def _runs(text: str) -> Iterator[str]:
    folded = unicodedata.normalize("NFKC", text).casefold()
    return iter(_RUN.findall(folded))


def query_of(text: str) -> str:
    """Return the FTS5 expression that finds all of what is typed; empty when there is nothing to find.

    Each run of Chinese characters must stand there as it is; the last word that is not Chinese may be a
    beginning, because people search while they type.
    """
    runs = list(_runs(text))[:MOST_WORDS]
    return " AND ".join(_term(run, last=at == len(runs) - 1) for at, run in enumerate(runs))


def digits_of(text: str) -> str:
    """Return the digits of what looks like a telephone number, however it is typed; of anything else nothing."""
    digits = bare(text).removeprefix("+")
    return digits if digits.isascii() and digits.isdigit() else ""


def _term(run: str, *, last: bool) -> str:
    if not _CHINESE.match(run):
        return f'"{run}"*' if last else f'"{run}"'
    if len(run) == 1:
        return f'"{run}"*'
    pairs = " ".join(run[at : at + 2] for at in range(len(run) - 1))
    return f'"{pairs}"'
