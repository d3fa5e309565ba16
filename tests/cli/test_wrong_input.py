"""Wrong input gets one line with the next step, the exit code of the contract, and never a traceback."""

from __future__ import annotations

import json
import tracemalloc
from pathlib import Path

import pytest

from tests.cli.conftest import Softswitch, is_one_line

REFUSED = [
    "conference show 8299",
    "conference close 8299",
    "conference invite 8299 2001",
    "conference join 8299 --desk 1001",
    "conference redial 8299",
    "conference mute 8299 2001",
    "conference unmute 8299 2001",
    "conference kick 8299 2001",
    "conference lower 8299 2001",
    "conference past 8299",
    "conference floor 8299",
    "conference lock 8299 on",
    "conference lecture 8299 on",
    "conference record 8299 on",
    "conference merge 8299 8298",
    "conference split 8299",
    "camp add 9999 --desk 1001",
    "camp add 1001 --desk 1001",
    "camp cancel 00",
    "intercom call 9999 --desk 1001",
    "intercom allow 9999",
    "intercom forbid 9999",
    "night set --target 110",
    "night set --line 1001:1001",
    "night set --period mo/25:00-08:00",
    "trunk show nobody",
    "trunk block nobody",
    "trunk unblock nobody",
    "trunk reset nobody",
    "trunk restore nobody",
    "trunk loop nobody on",
    "trunk test nobody 13800000000",
    "trunk check README.md",
    "trunk apply README.md",
    "trunk render README.md --out never",
    "trunk install README.md --root never --dry-run",
    "lab cut pri",
    "lab mend ss7",
    "lab kill exchange",
    "lab revive node",
    "lab call 110",
    "lab call 11x",
    "group remove nobody",
    "group call nobody --desk 1001",
    "rollcall show nobody",
    "rollcall begin nobody --desk 1001",
    "rollcall next nobody",
    "rollcall stop nobody",
    "rollcall resume nobody --desk 1001",
    "rollcall conference nobody --desk 1001",
    "notify show nobody",
    "notify send x --number 110",
    "notify stop nobody",
    "sms send x",
    "sms send x --number 12",
    "sms send x --list nobody",
    "sms send x --area z",
    "sms campaign show nobody",
    "sms campaign create x y --list nobody",
    "sms campaign test 00 13800138000",
    "sms campaign remove 00",
    "sms campaign submit 00",
    "sms campaign approve 00",
    "sms campaign withdraw 00",
    "sms campaign pause 00",
    "sms campaign resume 00",
    "sms campaign cancel 00",
    "sms campaign doubt 00 fail",
    "sms report 00",
    "sms remove-list nobody",
    "sms link add X 127.0.0.1 1 --user x --password y",
    "sms link set nobody --window 3",
    "sms link pause nobody",
    "sms link resume nobody",
    "sms link remove nobody",
    "sms reply board 00",
    "sms reply seen 99999",
    "sms template set x {a",
    "sms template fill nobody",
    "sms template remove nobody",
    "sms block add 110",
    "sms block remove 13600000009",
    "sms alert export 00",
    "sms rules set --approval-size -1",
    "intercept monitor 9.9 --reason x --desk 1001",
    "intercept whisper 9.9 --to 9.8 --reason x --desk 1001",
    "intercept insert 9.9 --reason x --desk 1001",
    "intercept release 9.9 --reason x --desk 1001",
    "intercept switch insert nobody --desk 1001",
    "intercept leave nobody --desk 1001",
    "intercept confirm nobody",
    "intercept refuse nobody",
    "intercept set --tone 950/50",
    "intercept set-levels user nobody",
    "map boundary 999999",
    "map boundary x",
    "map remove 00",
    "map inside --radius 5",
    "map message x --lon 104.77 --lat 29.35 --radius 500",
    "map nearest 29.35 104.77",
    "map locate 9.9 29.35 104.77",
    "resource show nobody",
    "resource add x/y --kind unit",
    "resource set nobody --name x",
    "resource remove nobody",
    "extension show 9999",
    "extension add 12x",
    "extension add 120",
    "extension add 1001",
    "extension add 3999 --skills Fire!",
    "extension set 9999 --name x",
    "extension set 1001 --no-record",
    "extension remove 9999",
    "extension remove ../users",
    "phone add BAD!ID --extension 1001",
    "phone add x1",
    "phone add x1 --extension 9999",
    "phone add x1 --extension 1001 --transport ws",
    "phone set nobody --enabled",
    "phone secret nobody",
    "phone remove nobody",
    "phone unlock nobody 192.0.2.7",
    "emergency add 12 --name-en x",
    "emergency add 999",
    "emergency add 110 --name-en x",
    "emergency set 998 --rank 1",
    "emergency remove 998",
    "registry add x --name y",
    "registry set 13999999998 --name y",
    "registry remove 13999999998",
    "intake set --offer-seconds 1",
    "intake set --duty-number 120",
    "intake set --area-code 813",
    "speed-dial list",
    "speed-dial list --desk 9999",
    "speed-dial set 1 x --desk 1001",
    "user show nobody",
    "user add X!",
    "user set nobody --name x",
    "user passwd nobody",
    "user unlock nobody",
    "user remove nobody",
    "token remove nothing",
    "desk seat 9999",
    "desk ready",
    "desk pause",
    "call show nothing",
    "call dial x --desk 1001",
    "call dial 2001 --desk 9999",
    "call answer --desk 1001",
    "call answer nothing --desk 1001",
    "call hold --desk 1001",
    "call resume nothing --desk 1001",
    "call hangup nothing",
    "call park --desk 1001",
    "call retrieve nothing --desk 1001",
    "call pickup nothing --desk 1001",
    "call takeover nothing --desk 1001",
    "call transfer 2001 --desk 1001",
    "call transfer 2001 nothing --desk 1001",
    "call transfer --complete --desk 1001",
    "call dtmf x nothing --desk 1001",
    "call priority nothing 1",
    "task call nothing --desk 1001",
    "task close 00 reason",
    "duty person x! y",
    "duty person x y --number 120",
    "duty roster x y --zone Mars",
    "duty remove-roster nobody",
    "duty shift nobody x 2026-11-22 08:00 20:00",
    "duty remove-shift 00",
    "duty leave nobody 2026-11-22 2026-11-23",
    "duty remove-leave 00",
    "duty give nobody x",
    "duty take 00",
    "duty report nonsense",
    "plan show nothing",
    "plan enable nothing",
    "plan disable nothing",
    "plan dry-run nothing",
    "plan start nothing",
    "plan run 00",
    "plan approve 00",
    "plan abort 00",
    "plan done 00 00",
    "incident show 00",
    "incident claim 00",
    "incident edit 00 --title x",
    "incident timeline 00",
    "incident move 00 verified",
    "incident note 00 x",
    "incident attach 00 1.1",
    "incident merge 00 01",
    "incident split 00",
    "incident link 00 01",
    "incident orders 00",
    "incident order 00 x y --number 2001",
    "incident receipt 00",
    "incident reports 00",
    "incident report 00 x",
    "incident report-step 00 submit 1",
    "incident print 00 /tmp/never.pdf",
    "incident create x --type 99999",
    "incident list --type abc",
    "incident import-types /etc/hostname",
    "incident import-grades /etc/hostname",
    "incident list --number x",
    "recording show nothing",
    "recording get nothing",
    "recording export nothing",
    "recording hold nothing --reason x",
    "recording release nothing --reason x",
    "recording verify nothing",
    "recording list --extension x",
    "audit verify --data /nowhere",
    "simulate --sip nonsense",
    "up --http nonsense",
    "up --rtp 5",
    "up --config /nowhere.toml",
    "doctor --config /nowhere.toml",
]


@pytest.mark.parametrize("line", REFUSED)
def test_refused_with_one_line_and_exit_code_1(cli: Softswitch, line: str) -> None:
    result = cli(*line.split())
    assert (result.code, result.out) == (1, "")
    assert is_one_line(result.err)
    again = cli(*line.split(), "--json")
    assert again.code == 1
    error = again.json["error"]
    assert error["code"]
    assert f"softswitch: {error['message']} {error['next_step']}".strip() + "\n" == result.err


@pytest.mark.parametrize(
    "line",
    [
        "map import {}",
        "map points import {}",
        "resource import {}",
        "registry import {}",
        "duty book import {}",
        "incident import-types {}",
    ],
)
def test_a_file_of_a_gigabyte_is_refused_and_not_read(
    cli: Softswitch, line: str, tmp_path: Path
) -> None:
    path = tmp_path / "large.geojson"
    with path.open("wb") as file:
        file.truncate(1_000_000_000)  # takes no room on the disk
    tracemalloc.start()
    try:
        result = cli(*line.format(path).split())
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert result.code == 1
    assert "The file has more than" in result.err
    assert is_one_line(result.err)
    assert peak < 100_000_000


@pytest.mark.parametrize(
    "line",
    ["user remove", "map remove", "phone remove", "incident show", "plan show", "recording get"],
)
def test_an_empty_name_is_no_other_thing(cli: Softswitch, line: str) -> None:
    result = cli(*line.split(), "")
    assert (result.code, result.out) == (2, "")
    assert result.err == f"softswitch: A name or number is empty. See: softswitch {line} --help\n"
    for dots in (".", ".."):
        assert cli(*line.split(), dots).code == 1


def test_text_that_is_no_utf_8_is_told(cli: Softswitch, tmp_path: Path) -> None:
    other = tmp_path / "gbk.yaml"
    other.write_bytes("名称".encode("gbk"))
    typed = b"\xb5\xa5".decode("utf-8", "surrogateescape")
    for words in (
        ("registry", "list", typed),
        ("registry", "set", "13800138000", "--name", typed),
        ("extension", "show", typed),
        ("plan", "check", str(other)),
    ):
        result = cli(*words)
        assert (result.code, result.out) == (1, "")
        assert is_one_line(result.err)
        assert "UTF-8" in result.err
        assert cli(*words, "--json").json["error"]["code"] == "bad_encoding"


def test_numbers_in_wide_digits_are_numbers(cli: Softswitch) -> None:
    assert (
        cli("call", "hold", "--desk", "１００１").err == cli("call", "hold", "--desk", "1001").err
    )
    assert "1001 exists already" in cli("extension", "add", "１００１").err
    for line in ("extension show １０９９", "emergency set １９９ --rank 1", "desk seat １０９９"):
        plain = line.replace("１", "1").replace("９", "9").replace("０", "0")
        assert cli(*line.split()).err == cli(*plain.split()).err
    assert "110 exists already" in cli("emergency", "add", "１１０", "--name-en", "x").err


def test_control_characters_of_an_answer_do_not_reach_the_terminal(
    cli: Softswitch,
) -> None:
    result = cli("extension", "show", "1\x1b[31m")
    assert "\x1b" not in result.err
    assert json.dumps("\x1b") not in result.err
