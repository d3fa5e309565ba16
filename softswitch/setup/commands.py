"""Runs the programs of others and turns their failures into one clear message."""

from __future__ import annotations

import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path

from softswitch.setup.progress import SetupError

_LAST_LINES = 25


def run_step(
    what: str,
    command: Sequence[str],
    *,
    folder: Path,
    next_step: str,
    environment: Mapping[str, str] | None = None,
    timeout_s: float = 1800,
) -> str:
    """Run a command quietly; when it fails, say what failed, its last words and the next step."""
    try:
        done = subprocess.run(
            command,
            cwd=folder,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            errors="replace",
            check=False,
            timeout=timeout_s,
        )
    except FileNotFoundError:
        raise SetupError(f"{what} failed: {command[0]} is not there. {next_step}") from None
    except subprocess.TimeoutExpired:
        raise SetupError(f"{what} did not end within {timeout_s:.0f} s. {next_step}") from None
    if done.returncode != 0:
        tail = "\n".join(f"    {line}" for line in done.stdout.splitlines()[-_LAST_LINES:])
        raise SetupError(f"{what} failed. {next_step} The last that it said:\n{tail}")
    return done.stdout
