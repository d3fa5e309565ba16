"""Refusals in Chinese: each English sentence of the code has its Chinese one in a table beside this file.

In both, ``{}`` stands for what is put in; ``{1}`` and ``{0}`` in a Chinese one, where the order is another.
``words.toml`` has the single words that are put in.  A test finds every sentence that has none.
"""

from __future__ import annotations

import re
import tomllib
from functools import cache, lru_cache
from pathlib import Path

_HOLE = re.compile(r"\{(\d*)\}")
_WORDS = "words"
_HEAD = 6
"""Letters by which sentences are looked up."""
Pieces = tuple[str, ...]


def sentence(english: str) -> str:
    """Return a sentence in Chinese, and as it is when there is none for it."""
    if (found := _sentences()[0].get(english)) is not None:
        return found
    for pieces, chinese in _beginning(english[:_HEAD]):
        if (values := _values(pieces, english)) is not None:
            return _fill(chinese, [word(value) for value in values])
    return english


@cache
def tables() -> dict[str, dict[str, str]]:
    """Return the tables by name; ``words`` is one of them."""
    files = Path(__file__).parent.glob("*.toml")
    return {file.stem: tomllib.loads(file.read_text("utf-8")) for file in sorted(files)}


@cache
def _sentences() -> tuple[dict[str, str], list[tuple[Pieces, str]]]:
    """Those that stand as they are, and those with something put in: what says most comes first."""
    known: dict[str, str] = {}
    for name, table in tables().items():
        known |= table if name != _WORDS else {}
    filled = [
        (tuple(english.split("{}")), chinese)
        for english, chinese in known.items()
        if "{}" in english
    ]
    filled.sort(key=lambda each: -len("".join(each[0])))
    return {english: zh for english, zh in known.items() if "{}" not in english}, filled


@lru_cache(1_000)
def _beginning(head: str) -> list[tuple[Pieces, str]]:
    """Those with something put in that can begin so."""
    return [each for each in _sentences()[1] if head.startswith(each[0][0][:_HEAD])]


def _values(pieces: Pieces, text: str) -> list[str] | None:
    """Return what was put in between the pieces, or None when the text is another sentence."""
    first, *between, last = pieces
    if not (text.startswith(first) and text.endswith(last)):
        return None
    if len(text) < len(first) + len(last):
        return None
    left, end, values = len(first), len(text) - len(last), []
    for piece in between:
        at = text.find(piece, left, end)
        if at < 0:
            return None
        values.append(text[left:at])
        left = at + len(piece)
    return [*values, text[left:end]]


def _fill(chinese: str, values: list[str]) -> str:
    order = iter(range(len(values)))
    return _HOLE.sub(lambda hole: values[int(hole[1]) if hole[1] else next(order)], chinese)


def word(value: str) -> str:
    """Return in Chinese what is put into sentences: a word of ours, a sentence of ours, or as it is any other text."""
    words = tables()[_WORDS]
    if value in words:
        return words[value]
    if " " not in value:
        return value
    found = sentence(value)
    return found if found != value else sentence(f"{value}.").rstrip(".。")
