"""Text as words, and what finds it: against the plainest way to search."""

from __future__ import annotations

import random
import sqlite3

import pytest

from softswitch.layers.incidents.words import digits_of, query_of, words_of


def test_chinese_by_pairs_and_the_rest_by_words() -> None:
    assert words_of("光大街12号Building") == "光大 大街 街 12 号 building"
    assert words_of("") == ""
    assert words_of("，。!?\n\t") == ""


def test_full_width_and_upper_case_are_the_same_words() -> None:
    assert words_of("ＡＢＣ１２") == words_of("abc12")


@pytest.mark.parametrize(
    "text", ['"', "* OR", "NEAR(", "a:b", "said : x", "-", "'; DROP TABLE x", "^"]
)
def test_what_people_type_is_never_an_expression(text: str) -> None:
    with sqlite3.connect(":memory:") as found:
        found.execute("CREATE VIRTUAL TABLE t USING fts5(said)")
        if query := query_of(text):
            assert found.execute("SELECT * FROM t WHERE t MATCH ?", (query,)).fetchall() == []
    found.close()


def test_finds_what_a_plain_search_finds_in_chinese() -> None:
    """Every piece of every text, of one character and more, and no other text."""
    chance = random.Random(7)
    letters = "火灾光大街自流井区一二三"
    texts = ["".join(chance.choices(letters, k=chance.randint(1, 12))) for _ in range(200)]
    db = sqlite3.connect(":memory:")
    db.execute("CREATE VIRTUAL TABLE t USING fts5(said)")
    db.executemany("INSERT INTO t(rowid, said) VALUES (?, ?)",
                   [(n, words_of(text)) for n, text in enumerate(texts)])  # fmt: skip
    for _ in range(400):
        text = chance.choice(texts)
        begin = chance.randrange(len(text))
        piece = text[begin : begin + chance.randint(1, 5)]
        rows = db.execute("SELECT rowid FROM t WHERE t MATCH ?", (query_of(piece),)).fetchall()
        assert {n for (n,) in rows} == {n for n, each in enumerate(texts) if piece in each}, piece
    db.close()


def test_what_looks_like_a_number_is_its_digits() -> None:
    assert digits_of("＋86 139-1234（5678）") == "8613912345678"
    assert digits_of("139号") == digits_of("") == digits_of("+") == ""


def test_a_word_that_is_being_typed_finds_already() -> None:
    assert query_of("光大街 Buil") == '"光大 大街" AND "buil"*'
    assert query_of("abc 火灾") == '"abc" AND "火灾"'
