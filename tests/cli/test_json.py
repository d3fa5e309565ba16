"""``--json`` gives JSON from every command: what is read and changed here, refusals in the other tests."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from softswitch.cli.reference import commands
from tests.cli import test_wrong_input, test_wrong_usage
from tests.cli.conftest import Softswitch
from tests.cli.test_reaching_the_server import UNREACHABLE

READ = [
    "status", "board", "queue", "desk show", "call list", "call list --now", "task list",
    "task list --closed", "incident list", "incident types", "incident grades",
    "recording list", "recording recent --desk 1001",
    "speed-dial list --desk 1001", "extension list", "extension show 1001", "phone list", "phone lockouts",
    "phone secret 1001", "emergency list", "registry list", "registry find 120", "intake show",
    "intercept list", "intercept pending", "intercept settings", "intercept levels",
    "camp list", "intercom list", "night show", "conference list", "group list", "rollcall list", "notify list",
    "sms lists", "sms campaign list", "sms link list", "sms reply list", "sms template list",
    "sms block list", "sms alert list", "sms rules show",
    "trunk list", "trunk calls", "trunk way 13800000000", "trunk describe", "lab status", "lab stop",
    "duty now", "duty people", "duty rosters", "duty shifts", "duty leaves", "duty gaps", "duty log",
    "duty verify", "duty report 2026-11-22", "plan list", "plan runs",
    "intercept options 9.9 --desk 1001", "map list", "map inside --lon 104.77 --lat 29.35 --radius 500",
    "map nearest 104.77 29.35",
    "resource list", "user list", "user show admin", "token list", "audit list", "audit verify",
]  # fmt: skip
CHANGED = [
    "desk seat 1003", "desk pause", "desk ready", "desk leave",
    "speed-dial set 9 2001 --desk 1003", "speed-dial remove 9 --desk 1003",
    "extension add 3901 --name x", "extension set 3901 --name y",
    "phone add 3901-sip --extension 3901", "phone set 3901-sip --transport tcp",
    "phone remove 3901-sip", "extension remove 3901", "extension export e.csv",
    "extension import e.csv", "emergency add 12301 --name-en x", "emergency set 12301 --rank 2",
    "emergency remove 12301", "registry add 13600000000 --name x",
    "registry set 13600000000 --name y", "registry remove 13600000000", "registry export r.csv",
    "registry import r.csv --dry-run", "intake set --callback-auto", "user add jsonuser",
    "incident create json --number 13600000001",
    "incident list --text json --status draft --from 1h --to 2099-01-01",
    "intercom allow 2001", "intercom forbid 2001", "night set --target 13800000000",
    "night on", "night off", "night auto", "conference create 8297 --name x", "group set jsongroup 2001",
    "sms template set jsontext {a:number}", "sms template fill jsontext a=1",
    "sms template remove jsontext", "sms block add 13600000001", "sms block remove 13600000001",
    "sms rules set --price 45", "sms link add jsonlink 127.0.0.1 1 --user x --password y --exercise",
    "sms link set jsonlink --window 3", "sms link pause jsonlink", "sms link resume jsonlink",
    "sms link remove jsonlink",
    "sms send drill --number 13600000002 --exercise --priority bulk --dry-run",
    "intercept set --confirm-seconds 31", "intercept set-levels extension 1001 --protection 1",
    "intercept remove-levels extension 1001", "user set jsonuser --name x",
    "map import a.geojson --name jsonmap", "map locate 9.9 104.77 29.35", "map points export p.csv",
    "map points import p.csv --dry-run", "resource add json-1 --kind unit --lon 104.7 --lat 29.3",
    "resource set json-1 --status assigned", "resource show json-1", "resource geojson r.geojson",
    "resource export r2.csv", "resource import r2.csv --dry-run", "resource remove json-1",
    "user passwd jsonuser", "user unlock jsonuser",
    "duty person jsonp x --number 2001", "duty roster jsonr x", "duty shift jsonr jsonp 2030-01-01 08:00 20:00",
    "duty book export p.csv", "duty book import p.csv --dry-run", "duty plan export s.csv",
    "duty plan import s.csv", "duty give jsonr x", "duty leave jsonp 2030-02-01 2030-02-02",
    "duty remove-roster jsonr",
    "user remove jsonuser", "user export u.csv", "user import u.csv --dry-run",
]  # fmt: skip


@pytest.mark.parametrize("line", READ)
@pytest.mark.parametrize("lang", ["zh", "en"])
def test_reading(cli: Softswitch, line: str, lang: str) -> None:
    result = cli(*line.split(), "--json")
    assert result.code in {0, 1}  # 1: a part of the server does not work
    assert isinstance(result.json, dict)
    assert "error" not in result.json
    shown = cli(*line.split(), "--lang", lang)
    assert shown.code == result.code
    assert shown.out.strip()
    with pytest.raises(json.JSONDecodeError):
        json.loads(shown.out)


def test_changing(cli: Softswitch, tmp_path: Path) -> None:
    (tmp_path / "a.geojson").write_text('{"type": "Point", "coordinates": [104.77, 29.35]}')
    for line in CHANGED:
        result = cli(*line.split(), "--json")
        assert result.code == 0, (line, result)
        assert isinstance(result.json, dict), line


def test_no_command_is_without_a_test_of_its_json() -> None:
    lines = [
        *READ,
        *CHANGED,
        *test_wrong_input.REFUSED,
        *test_wrong_usage.WRONG,
        *UNREACHABLE,
        "down",
    ]
    for path, command in commands():
        words = path.removeprefix("softswitch ")
        tested = [line for line in lines if f"{line} ".startswith(f"{words} ")]
        assert tested or hasattr(command, "commands"), path
