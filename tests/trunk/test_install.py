"""Files for a node: what they are, and what calls feel when they take effect."""

from __future__ import annotations

import functools
import subprocess
from pathlib import Path

import pytest

from softswitch.cli import files as files_of
from softswitch.cli.main import run
from softswitch.errors import Refusal
from tests.trunk.plans import GOOD
from trunk import machine
from trunk.config import read
from trunk.install import Effect, steps
from trunk.node_files import (
    ASTERISK_UNIT,
    CATEGORY_LIBRARY,
    CATEGORY_SOURCE,
    category_files,
    render,
)

CORE = GOOD.replace(
    'secret = "node-secret"',
    'secret = "node-secret"\ncore = "192.0.2.1"\nami_user = "softswitch"\nami_secret = "x"',
)
TRUNKS = ["far-pri"]


def files(text: str = CORE) -> dict[str, str]:
    return render(read(text), "e1")


def test_a_node_that_knows_the_core_gets_everything() -> None:
    made = files()
    assert sorted(made) == [
        "etc/asterisk/chan_dahdi.conf",
        "etc/asterisk/extensions.conf",
        "etc/asterisk/manager.conf",
        "etc/asterisk/pjsip.conf",
        "etc/dahdi/system.conf",
    ]
    assert "Dial(DAHDI/g1/${EXTEN}" in made["etc/asterisk/extensions.conf"]
    assert "contact=sip:192.0.2.1:5060" in made["etc/asterisk/pjsip.conf"]
    assert "permit=192.0.2.1/255.255.255.255" in made["etc/asterisk/manager.conf"]
    assert sorted(files(GOOD)) == ["etc/asterisk/chan_dahdi.conf", "etc/dahdi/system.conf"]


def test_a_node_over_iax2_gets_its_accounts_in_place_of_those_of_sip() -> None:
    made = files(CORE.replace('core = "192.0.2.1"', 'core = "192.0.2.1"\nlink = "iax2"'))
    assert "etc/asterisk/pjsip.conf" not in made
    assert "host=192.0.2.1\nport=4569\n" in made["etc/asterisk/iax.conf"]
    dialplan = made["etc/asterisk/extensions.conf"]
    assert "Dial(IAX2/far-pri/${EXTEN}" in dialplan
    assert "PJSIP" not in dialplan


def test_a_node_with_ss7_gets_what_tells_the_callers_category() -> None:
    ss7 = CORE.replace('name = "city-ss7"\n', 'name = "city-ss7"\nnode = "e1"\n').replace(
        '[[span]]\nnumber = 2\n', '[[span]]\nnumber = 2\nnode = "e1"\n'
    )  # fmt: skip
    made = files(ss7)
    assert "isup_set_oli" in made[CATEGORY_SOURCE]
    assert f"LD_PRELOAD=/{CATEGORY_LIBRARY}" in made[ASTERISK_UNIT]
    assert "exten => priority,1,Set(CALLERID(ani2)=267)" in made["etc/asterisk/extensions.conf"]
    found = steps(files(), made, TRUNKS)
    assert found.effect is Effect.ALL_CALLS
    compiled, loaded, *_ = found.commands
    assert compiled.startswith("cc ")
    assert compiled.endswith(f"/{CATEGORY_SOURCE}")
    assert loaded == "systemctl daemon-reload"


def test_what_is_compiled_on_a_node_takes_the_place_of_libss7s(tmp_path: Path) -> None:
    """The compiler is that of the node, and warns of nothing."""
    (tmp_path / "category.c").write_text(category_files()[CATEGORY_SOURCE])
    made = tmp_path / "category.so"
    words = ["cc", "-Wall", "-Wextra", "-Werror", "-shared", "-fPIC", "-O2", "-o", str(made)]
    subprocess.run([*words, str(tmp_path / "category.c")], check=True)
    shown = subprocess.run(["nm", "-D", str(made)], check=True, capture_output=True, text=True)
    assert " T isup_set_oli\n" in shown.stdout


def test_a_stranger_is_no_node() -> None:
    with pytest.raises(Refusal) as refused:
        render(read(CORE), "e9")
    assert refused.value.code == "unknown_node"
    assert "e1" in refused.value.next_step


def test_the_same_files_need_nothing() -> None:
    assert steps(files(), files(), TRUNKS).effect is Effect.NOTHING


def test_a_fresh_node_begins_with_all_of_them() -> None:
    found = steps({}, files(), TRUNKS)
    assert found.effect is Effect.ALL_CALLS
    assert set(found.changed) == set(files())


def test_settings_and_the_dialplan_are_taken_while_calls_go_on() -> None:
    before = files()
    after = {
        **before,
        "etc/asterisk/chan_dahdi.conf": before["etc/asterisk/chan_dahdi.conf"].replace(
            "echocancel=yes", "echocancel=no"
        ),
        "etc/asterisk/extensions.conf": before["etc/asterisk/extensions.conf"] + "; more\n",
    }
    found = steps(before, after, TRUNKS)
    assert found.effect is Effect.NO_CALL
    assert found.commands == (
        'asterisk -rx "dialplan reload"',
        'asterisk -rx "module reload chan_dahdi.so"',
    )


@pytest.mark.parametrize(
    ("good", "other"),
    [
        ('d_channel = "1:16"\ncircuits = [{ span = 1, timeslots = "1-15,17-31" }]\n\n[[trunk]]\nname = "carrier"',
         'd_channel = "1:31"\ncircuits = [{ span = 1, timeslots = "1-30" }]\n\n[[trunk]]\nname = "carrier"'),
        ('side = "network"', 'side = "user"'),
        ('dynamic = "loc,1:0"', 'dynamic = "loc,1:1"'),
    ],
)  # fmt: skip
def test_another_line_drains_the_trunks_first(good: str, other: str) -> None:
    assert CORE.count(good) == 1
    found = steps(files(), files(CORE.replace(good, other)), TRUNKS)
    assert found.effect is Effect.ALL_CALLS
    assert found.commands[0] == "softswitch trunk block far-pri"
    assert found.commands[-1] == "softswitch trunk unblock far-pri"
    assert found.commands.index("dahdi_cfg -v") > found.commands.index(
        'asterisk -rx "core stop when convenient"'
    )


def test_the_command_puts_files_in_place_and_keeps_what_was_there(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    description, root = tmp_path / "trunks.toml", tmp_path / "root"
    description.write_text(CORE)
    (root / "etc/dahdi").mkdir(parents=True)
    (root / "etc/dahdi/system.conf").write_text("# from the package\n")
    words = ["--json", "trunk", "install", str(description), "--node", "e1", "--root", str(root)]
    assert run([*words, "--dry-run"]) == 0
    assert not (root / "etc/asterisk").exists()
    assert run(words) == 0
    told = capsys.readouterr().out.splitlines()
    assert '"all_calls"' in told[-1] or any('"all_calls"' in line for line in told)
    written = root / "etc/asterisk/chan_dahdi.conf"
    assert written.read_text() == files()["etc/asterisk/chan_dahdi.conf"]
    assert written.stat().st_mode & 0o007 == 0, "it is nobody else's to read"
    assert (root / "etc/dahdi/system.conf.before").read_text() == "# from the package\n"
    assert run(words) == 0
    assert '"nothing"' in capsys.readouterr().out


def test_a_machine_without_dahdi_is_refused_before_anything_is_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "lines.toml").write_text(GOOD)
    written: list[Path] = []
    monkeypatch.setattr(files_of, "put", lambda path, text: written.append(path))
    look = functools.partial(machine.lacks, device=tmp_path / "ctl", spans=tmp_path)
    monkeypatch.setattr(machine, "lacks", look)
    words = ["trunk", "install", str(tmp_path / "lines.toml"), "--node", "e1"]
    assert run(words) == 1
    line = GOOD[: GOOD.index('name = "far-pri"')].count("\n")
    assert f"Line {line}: Trunk far-pri needs DAHDI" in capsys.readouterr().err
    assert not written
    assert run([*words, "--dry-run"]) == 0
    (tmp_path / "ctl").touch()
    assert run(words) == 0
    assert written
