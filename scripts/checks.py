"""Runs every check, tells each result, and ends with a summary. Started by scripts/test."""

from __future__ import annotations

import argparse
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from softswitch.setup.node import find_node  # noqa: E402 - the line above must come first

PYTHON_FOLDERS = ("softswitch", "intercept", "trunk", "smsgateway", "dialplans", "scripts", "tests")

RIG = "rig"
"""The tests with E1 lines: their virtual machine needs both cores, so nothing runs beside them."""

NO_TESTS = 5
"""What pytest ends with when it has found none."""


@dataclass(frozen=True)
class Check:
    """One program that says yes or no."""

    name: str
    command: tuple[str, ...]
    folder: Path = ROOT
    environment: Mapping[str, str] = field(default_factory=lambda: dict(os.environ))
    may_be_empty: bool = False
    """Whether it is well when the arguments chose none of its tests."""


@dataclass(frozen=True)
class Result:
    """How a check ended."""

    name: str
    passed: bool
    seconds: float


def checks(pytest_arguments: list[str]) -> list[Check]:
    """List the checks, the quickest first."""
    binaries = ROOT / ".venv" / "bin"
    python = str(binaries / "python")
    folders = [name for name in PYTHON_FOLDERS if any((ROOT / name).rglob("*.py"))]
    found = [
        Check("ruff", (str(binaries / "ruff"), "check", ".")),
        Check("format", (str(binaries / "ruff"), "format", "--check", "--quiet", ".")),
        Check("types", (python, "-m", "mypy", *folders)),
        Check("imports", (str(binaries / "lint-imports"), "--no-logo")),
    ]
    node = find_node(ROOT)
    if (ROOT / "console" / "package.json").is_file():
        # Not left out without Node: then it fails and says so.
        environment = node.environment() if node else dict(os.environ)
        found.append(Check("console", ("npm", "run", "check"), ROOT / "console", environment))
    # Most tests wait for phones: two at a time take half as long, file by file as they share a system.
    side_by_side = ("-n", "2", "--dist", "loadfile")
    pytest = (python, "-m", "pytest", "--strict-skips")
    beside = (*pytest, "-m", "not rig", *side_by_side, *pytest_arguments)
    alone = (*pytest, "-m", "rig", *pytest_arguments)
    return [
        *found,
        Check("pytest", beside),
        Check(RIG, alone, may_be_empty=bool(pytest_arguments)),
    ]


def run(check: Check) -> Result:
    """Run one check and let it print what it has to say."""
    print(f"\n== {check.name}: {' '.join(_shown(word) for word in check.command)}", flush=True)
    began = time.monotonic()
    if shutil.which(check.command[0], path=check.environment.get("PATH")) is None:
        print(f"{check.command[0]} is not there; scripts/test should have installed it.")
        return Result(check.name, False, 0.0)
    done = subprocess.run(check.command, cwd=check.folder, env=check.environment, check=False)
    good = (0, NO_TESTS) if check.may_be_empty else (0,)
    return Result(check.name, done.returncode in good, time.monotonic() - began)


def main(arguments: list[str]) -> int:
    parser = argparse.ArgumentParser(prog="scripts/test", add_help=False, allow_abbrev=False)
    parser.add_argument("--only", action="append", default=[])
    options, rest = parser.parse_known_args(arguments)
    wanted = checks(rest)
    names = [check.name for check in wanted]
    for name in options.only:
        if name not in names:
            print(f"scripts/test: there is no check {name!r}. Choose from: {', '.join(names)}.")
            return 2
    chosen = options.only or names
    results = [run(check) for check in wanted if check.name in chosen]
    print("\n== summary")
    for result in results:
        print(
            f"  {'passed' if result.passed else 'FAILED'}  {result.name:<8} {result.seconds:6.1f} s"
        )
    failed = [result.name for result in results if not result.passed]
    print(f"Failed: {', '.join(failed)}." if failed else "All checks passed.", flush=True)
    return 1 if failed else 0


def _shown(word: str) -> str:
    return word.removeprefix(f"{ROOT}/")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
