"""Every sentence of a refusal has its Chinese one, and no table keeps what nobody says any more."""

from __future__ import annotations

import re
from typing import Literal

import pytest
from pydantic import BaseModel, ValidationError

from smsgateway.links.keeping import why
from softswitch import chinese
from softswitch.errors import Refusal, conflict, invalid, not_found
from softswitch.web.wrong_value import SENTENCES, wrong_value
from tests.words.said import all_said

OTHERS = ("click", "values", "words")
"""Tables of what does not stand in a refusal of the code: sentences of libraries, words that are put in."""
HOLE = re.compile(r"\{\d*\}")


def test_every_sentence_has_its_chinese() -> None:
    known = {english for table in chinese.tables().values() for english in table}
    missing = sorted(
        {f"{said.where}: {said.english}" for said in all_said() if said.english not in known}
    )
    assert not missing, "Add these to a table of softswitch/chinese:\n" + "\n".join(missing)


def test_no_table_has_what_nobody_says() -> None:
    said = {each.english for each in all_said()}
    left = sorted(
        f"{name}: {english}"
        for name, table in chinese.tables().items()
        if name not in OTHERS
        for english in table
        if english not in said
    )
    assert not left, "Remove these from their tables:\n" + "\n".join(left)


def test_no_sentence_stands_twice() -> None:
    every = [english for table in chinese.tables().values() for english in table]
    assert sorted(set(every)) == sorted(every)


def test_both_have_the_same_holes() -> None:
    odd = [
        english
        for table in chinese.tables().values()
        for english, zh in table.items()
        if len(HOLE.findall(zh)) != english.count("{}")
    ]
    assert odd == []


@pytest.mark.parametrize(
    ("refusal", "said"),
    [
        (not_found("extension", "1009", "Look at the board for the extensions."),
         ("没有分机 1009。", "请在状态板上查看分机。")),
        (conflict("wrong_campaign_state", "The campaign 暴雨 is running.", "It can be paused or cancelled."),
         ("群发 暴雨 为 进行中。", "可以暂停或取消。")),
        (invalid("bad_trunks", "Line 7: Span 2 has no timeslot 40.", "Name each trunk once."),
         ("第 7 行：Span 2 没有时隙 40。", "每条中继的名称只能用一次。")),
        (conflict("wrong_usage", "Invalid value for '--limit': 0 is not in the range 1<=x<=1000.", "See: x --help"),
         ("--limit 的值有误：0 不在范围 1<=x<=1000 内。", "见：x --help")),
        (invalid("x", "The CIC is odd: 一二三.", ""), ("The CIC is odd: 一二三.", "")),
    ],
)  # fmt: skip
def test_what_is_put_in_stands_at_its_place(refusal: Refusal, said: tuple[str, str]) -> None:
    assert refusal.in_chinese == said


def test_who_writes_it_himself_is_not_translated() -> None:
    refusal = Refusal(409, "x", "A.", "B.", chinese=("甲。", "乙。"))  # type: ignore[arg-type]
    error = refusal.as_json()["error"]
    assert (error["message"], error["message_zh"], error["next_step_zh"]) == ("A.", "甲。", "乙。")


def test_what_models_refuse_is_said_in_chinese() -> None:
    for sentence in SENTENCES.values():
        english = re.sub(r"\{\w+\}", "7", sentence)
        assert chinese.sentence(english) != english


class _Chosen(BaseModel):
    way: Literal["phone", "sms", "console"]


def test_what_may_be_chosen_is_listed_without_a_word_of_english() -> None:
    with pytest.raises(ValidationError) as caught:
        _Chosen.model_validate({"way": "fax"})
    said = wrong_value("way", dict(caught.value.errors()[0]))
    assert said == "way must be one of 'phone', 'sms', 'console'."
    assert chinese.sentence(said) == "way 必须是以下之一：'phone', 'sms', 'console'。"


@pytest.mark.parametrize(
    ("english", "said"),
    [
        (why(TimeoutError()), "未能及时连接"),
        (why(ConnectionRefusedError(111, "Connection refused")), "无法连接：连接被拒绝"),
        ("certificate refused: self-signed certificate", "证书未通过：自签名证书"),
        ("bind refused: 14", "短信中心拒绝登录：14"),
        ("probe: nothing came in 30 s", "探测：30 秒内没有任何应答"),
    ],
)
def test_why_a_line_is_down_is_said_in_chinese(english: str, said: str) -> None:
    assert chinese.word(english) == said
