"""The scripts say in one line what is missing, and take nothing for granted."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

from softswitch.setup.__main__ import main

ROOT = Path(__file__).resolve().parents[2]


def fake_python(folder: Path, *, new: bool, venv: bool) -> Path:
    """Make a stand-in for Python that answers the questions of scripts/python."""
    program = folder / "python"
    program.write_text(
        "#!/bin/sh\n"
        'case "$2" in\n'
        f"*version_info\\ \\<*) exit {0 if new else 1} ;;\n"
        f"*ensurepip*) exit {0 if venv else 1} ;;\n"
        "*) echo python3.11-venv ;;\n"
        "esac\n"
    )
    program.chmod(0o755)
    return program


def run(script: str, python: Path, path: Path) -> subprocess.CompletedProcess[str]:
    # Only what the script itself needs: no other Python may be found.
    for name in ("bash", "dirname"):
        link = path / name
        link.symlink_to(Path("/usr/bin") / name)
    return subprocess.run(
        ["bash", str(ROOT / "scripts" / script)],
        env={"PATH": str(path), "SOFTSWITCH_PYTHON": str(python), "HOME": str(path)},
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.mark.parametrize("script", ["run", "test"])
def test_an_old_python_gets_one_line(tmp_path: Path, script: str) -> None:
    done = run(script, fake_python(tmp_path, new=False, venv=True), tmp_path)
    assert done.returncode == 1
    assert done.stderr.count("\n") == 1
    assert "sudo apt-get install python3 python3-venv" in done.stderr


@pytest.mark.parametrize("script", ["run", "test"])
def test_a_python_without_venv_gets_one_line(tmp_path: Path, script: str) -> None:
    done = run(script, fake_python(tmp_path, new=True, venv=False), tmp_path)
    assert done.returncode == 1
    assert done.stderr.count("\n") == 1
    assert "sudo apt-get install python3.11-venv" in done.stderr


@pytest.mark.parametrize("name", ["run", "test", "lock"])
def test_scripts_can_be_started(name: str) -> None:
    assert os.access(ROOT / "scripts" / name, os.X_OK)


def test_wrong_usage(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["nonsense"]) == 2
    assert "run | test | asterisk" in capsys.readouterr().err
