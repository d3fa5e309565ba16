"""Wrong usage: a command that does not exist, or what does not belong to it, says where the help is."""

from __future__ import annotations

import re

import pytest

from tests.cli.conftest import Softswitch, is_one_line

WRONG = [
    "lab build twice",
    "lab start --core-sip 0",
    "lab start --core-iax 0",
    "lab start --link h323",
    "lab cut e1",
    "lab kill everything",
    "lab call 110 --seconds 0",
    "sms import people nofile.csv",
    "sms alert take nofile.xml",
    "sms link add x 127.0.0.1 1 --user x --password y --route 86:cheap",
    "sms template fill x y",
    "intercept monitor 9.9",
    "intercept switch shout",
    "cal",
    "call lst",
    "call dial",
    "--nonsense",
    "status --nonsense",
    "status extra",
    "extension add",
    "extension add 3001 --kind fax",
    "extension add 3001 --position x",
    "extension set 1001",
    "extension import /nowhere.csv",
    "phone set 1001",
    "emergency add 999 --name-en x --rank x",
    "registry add 13800000000",
    "registry list --limit 0",
    "intake set",
    "intake set --strategy nonsense",
    "speed-dial set 0 2001",
    "user add liming --role king",
    "user set liming",
    "token add x --days 0",
    "audit list --limit 5000",
    "audit list --offset x",
    "user add li --role",
    "call list --from nonsense",
    "call list --offset -1",
    "call priority x 11",
    "call transfer",
    "call transfer 2001 --attended --cancel",
    "incident edit 00",
    "incident list --status nonsense",
    "incident list --to nonsense",
    "incident move 00 open",
    "plan check /nowhere.yaml",
    "plan store /nowhere.yaml",
    "duty shifts --days 0",
    "duty roster x y --use nonsense",
    "recording hold 00",
    "task close 00",
    "simulate --calls -1",
    "simulate --mix 120=x",
    "up extra",
    "down --wait 0",
    "board --lang fr",
]


@pytest.mark.parametrize("line", ["", "call", "sms link"])
def test_a_word_alone_shows_what_may_follow(typed: Softswitch, line: str) -> None:
    result = typed(*line.split())
    assert (result.code, result.out) == (2, "")
    assert result.err.startswith("Usage: softswitch")
    assert "Commands:\n" in result.err


@pytest.mark.parametrize("line", WRONG)
def test_wrong_usage_says_where_the_help_is(typed: Softswitch, line: str) -> None:
    result = typed(*line.split())
    assert result.code == 2
    assert is_one_line(result.err)
    assert "--help" in result.err
    as_json = typed(*line.split(), "--json")
    assert as_json.code == 2
    assert as_json.json["error"]["code"] == "wrong_usage"


@pytest.mark.parametrize("line", WRONG)
def test_wrong_usage_is_told_in_chinese_with_no_english_sentence_left(
    typed: Softswitch, line: str
) -> None:
    if "--lang" in line:
        return  # the language itself is wrong
    said = typed("--lang", "zh", *line.split()).err.removeprefix("softswitch: ")
    complaint = re.sub(r"softswitch( [a-z-]+)* ?|'[^']*'", "", said.partition("见：")[0])
    assert not re.search(r"[A-Za-z]{2,} [a-z]{2,}", complaint), said


@pytest.mark.parametrize(
    ("typed_word", "meant"),
    [("cal", "call"), ("extention", "extension"), ("stauts", "status"), ("call dail", "dial")],
)
def test_the_nearest_command_is_named(typed: Softswitch, typed_word: str, meant: str) -> None:
    assert f"Did you mean {meant}?" in typed(*typed_word.split()).err
