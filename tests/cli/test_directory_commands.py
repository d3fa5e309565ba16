"""Extensions, phones, emergency numbers, registry, buttons and intake from the command line."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.cli.conftest import Softswitch


def test_an_extension_from_birth_to_removal(cli: Softswitch) -> None:
    added = cli(
        "extension", "add", "3001", "--name", "四号席", "--kind", "desk", "--skills", "fire"
    )
    assert (added.code, added.out) == (0, "Added 3001.\n")
    listed = cli("extension", "list").out.splitlines()
    assert listed[0].split() == [
        "number", "name", "kind", "position", "record", "enabled", "skills", "phones",
    ]  # fmt: skip
    row = next(line for line in listed if line.split()[0] == "3001")
    assert "四号席" in row
    assert "fire" in row
    assert cli("extension", "set", "3001", "--skills", "none", "--disabled").code == 0
    shown = cli("extension", "show", "3001", "--json").json
    assert (shown["skills"], shown["enabled"]) == ([], False)
    assert cli("phone", "add", "3001-sip", "--extension", "3001").out.startswith("Secret: ")
    assert cli("extension", "remove", "3001").out == "Removed 3001 3001-sip.\n"
    assert cli("extension", "show", "3001").code == 1


def test_a_phone_and_its_secret(cli: Softswitch) -> None:
    made = cli("phone", "add", "gate", "--kind", "gateway", "--transport", "tcp", "--json").json
    assert made["extension"] is None
    assert cli("phone", "secret", "gate").out == f"Secret: {made['secret']}\n"
    assert cli("phone", "secret", "gate", "--new", "--json").json["secret"] != made["secret"]
    assert cli("phone", "set", "gate", "--disabled").code == 0
    rows = {row["id"]: row for row in cli("phone", "list", "--json").json["phones"]}
    assert rows["gate"]["enabled"] is False
    assert made["secret"] not in cli("phone", "list").out
    assert [
        p["id"] for p in cli("phone", "list", "--extension", "1001", "--json").json["phones"]
    ] == ["1001"]
    assert cli("phone", "remove", "gate").code == 0


def test_emergency_numbers(cli: Softswitch) -> None:
    assert cli("emergency", "add", "12395", "--name-zh", "水上", "--skill", "water").code == 0
    assert cli("emergency", "set", "12395", "--rank", "3", "--skill", "none").code == 0
    rows = {
        row["digits"]: row for row in cli("emergency", "list", "--json").json["emergency_numbers"]
    }
    assert (rows["12395"]["rank"], rows["12395"]["skill"]) == (3, None)
    shadow = cli("extension", "add", "123")
    assert shadow.code == 1
    assert shadow.err.startswith("softswitch: Emergency number 12395 would be shadowed")
    assert cli("emergency", "remove", "12395").code == 0


def test_registry(cli: Softswitch, tmp_path: Path) -> None:
    assert cli(
        "registry", "add", "+8613811112222", "--name", "李明", "--address", "光大街"
    ).out == ("Added 13811112222.\n")
    assert "光大街" in cli("registry", "find", "013811112222").out
    assert cli("registry", "find", "13999999999").out == "Nothing here.\n"
    assert cli("registry", "set", "13811112222", "--note", "二楼").code == 0
    assert cli("registry", "list", "二楼").out == "Nothing here.\n"
    assert "二楼" in cli("registry", "list", "光大").out
    exported = tmp_path / "out.csv"
    assert cli("registry", "export", str(exported)).out.startswith(f"Wrote {exported} (")
    assert "李明" in exported.read_text("utf-8-sig")
    assert "李明" in cli("registry", "export", "--json").json["content"]
    assert cli("registry", "remove", "13811112222").code == 0


def test_pages_of_the_registry_go_on(cli: Softswitch, tmp_path: Path) -> None:
    rows = tmp_path / "rows.csv"
    rows.write_text("number,name\n" + "".join(f"1391111000{n},N{n}\n" for n in range(5)))
    assert cli("registry", "import", str(rows)).out == (
        "5 added, 0 changed, 0 unchanged, 0 refused\n"
    )
    first = cli("registry", "list", "1391111", "--limit", "3")
    assert first.err == "More: --after 13911110002\n"
    rest = cli("registry", "list", "1391111", "--after", "13911110002", "--json").json
    assert [row["name"] for row in rest["registry"]] == ["N3", "N4"]


def test_import_reports_each_refused_row(cli: Softswitch, tmp_path: Path) -> None:
    rows = tmp_path / "rows.csv"
    rows.write_text("number,name,kind\n3101,一,phone\n120,二,phone\n")
    dry = cli("extension", "import", str(rows), "--dry-run")
    assert dry.code == 1
    assert "Dry run" in dry.err
    assert cli("extension", "show", "3101").code == 1
    done = cli("extension", "import", str(rows))
    assert done.code == 1
    assert [line.split()[:3] for line in done.out.splitlines()[1:2]] == [["3", "refused", "120"]]
    assert done.out.splitlines()[-1] == "1 added, 0 changed, 0 unchanged, 1 refused"
    assert cli("extension", "import", str(rows), "--all", "--json").json["unchanged"] == 1
    assert cli("extension", "remove", "3101").code == 0


def test_buttons_of_a_desk(cli: Softswitch) -> None:
    assert cli("speed-dial", "set", "3", "2001", "--label", "消防", "--desk", "1001").code == 0
    assert cli("speed-dial", "set", "1", "2002", "--desk", "1001").code == 0
    listed = cli("speed-dial", "list", "--desk", "1001", "--json").json["speed_dials"]
    assert [(b["position"], b["label"]) for b in listed] == [(1, "2002"), (3, "消防")]
    assert cli("speed-dial", "remove", "1", "--desk", "1001").code == 0
    assert cli("speed-dial", "remove", "1", "--desk", "1001").code == 1
    assert cli("speed-dial", "remove", "3", "--desk", "1001").code == 0


def test_intake_keeps_what_is_not_given(cli: Softswitch) -> None:
    before = cli("intake", "show", "--json").json
    assert cli("intake", "set", "--duty-number", "13800000000", "--area-code", "0813").code == 0
    after = cli("intake", "show", "--json").json
    assert after == {**before, "duty_number": "13800000000", "area_code": "0813"}
    assert cli("intake", "set", "--duty-number", "none", "--area-code", "none").code == 0
    assert cli("intake", "show", "--json").json == before
    assert "offer_seconds" in cli("intake", "show").out


@pytest.mark.parametrize("word", ["extension", "registry", "user"])
def test_what_is_exported_can_be_imported(cli: Softswitch, tmp_path: Path, word: str) -> None:
    file = tmp_path / "all.csv"
    assert cli(word, "export", str(file), "--json").json["size"] > 0
    report = cli(word, "import", str(file), "--dry-run", "--json").json
    assert report["refused"] == report["added"] == 0
