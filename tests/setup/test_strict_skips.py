"""A skipped test fails the run, unless its reason is allowed."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]

SKIPPED = "import pytest\n@pytest.mark.skip(reason='no phone here')\ndef test_a(): pass\n"
IMPERATIVE = "import pytest\ndef test_a(): pytest.skip('no phone here')\n"
WHOLE_FILE = "import pytest\npytest.skip('no phone here', allow_module_level=True)\n"
EXPECTED_FAILURE = "import pytest\n@pytest.mark.xfail(reason='later')\ndef test_a(): assert 0\n"
PASSES = "def test_b(): pass\n"


def run(
    folder: Path, text: str, *options: str, allowed: str = ""
) -> subprocess.CompletedProcess[str]:
    (folder / "conftest.py").write_text((ROOT / "conftest.py").read_text())
    (folder / "pytest.ini").write_text(f"[pytest]\nallowed_skip_reasons = {allowed}\n")
    (folder / "test_one.py").write_text(text)
    (folder / "test_two.py").write_text(PASSES)
    return subprocess.run(
        [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", *options],
        cwd=folder,
        env={**os.environ, "PYTEST_ADDOPTS": ""},
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.mark.parametrize("text", [SKIPPED, IMPERATIVE, WHOLE_FILE])
@pytest.mark.parametrize("workers", ["0", "1"])
def test_a_skip_fails_the_run_and_is_named(tmp_path: Path, text: str, workers: str) -> None:
    done = run(tmp_path, text, "--strict-skips", "-n", workers)
    assert done.returncode == 1
    assert "NOT ALLOWED TO SKIP test_one.py" in done.stdout
    assert "no phone here" in done.stdout


def test_an_allowed_reason_passes(tmp_path: Path) -> None:
    assert run(tmp_path, SKIPPED, "--strict-skips", allowed="no phone").returncode == 0


def test_without_the_option_a_skip_is_a_skip(tmp_path: Path) -> None:
    assert run(tmp_path, SKIPPED).returncode == 0


def test_an_expected_failure_is_no_skip(tmp_path: Path) -> None:
    assert run(tmp_path, EXPECTED_FAILURE, "--strict-skips").returncode == 0
