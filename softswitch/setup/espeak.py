"""Finds espeak-ng, which speaks announcements, or installs it into a private prefix."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from softswitch.setup.prefix import Prefix, Recipe, find_prefix, install_prefix
from softswitch.setup.progress import Progress, SetupError

PREFIX_NAME = "espeak-ng"
_PROGRAM = "usr/bin/espeak-ng"


@dataclass(frozen=True)
class EspeakInstall:
    """An espeak-ng that can be started."""

    command: tuple[str, ...]
    private: bool
    environment: Mapping[str, str] = field(default_factory=dict)
    """To be added to the environment of the process."""

    def argv(self, *options: str) -> list[str]:
        """Give a full command line, such as `argv("-v", "cmn", "-w", "/tmp/x.wav", "你好")`."""
        return [*self.command, *options]


def find_espeak(cache: Path) -> EspeakInstall:
    """Find the system's espeak-ng, else the one in our own prefix."""
    found = _find_system() or _find_private(cache)
    if found is None:
        raise SetupError(
            f"No espeak-ng is on this machine, neither of the system nor in {cache / PREFIX_NAME}. "
            "Install it with: python3 -m softswitch.setup asterisk"
        )
    return found


def install_espeak(cache: Path, progress: Progress) -> EspeakInstall:
    """Find espeak-ng, or install it into the private prefix."""
    found = _find_system() or _find_private(cache)
    if found is None:
        found = _describe(install_prefix(cache, _RECIPE, progress))
    progress(f"espeak-ng {'in ' + str(cache) if found.private else 'of the system'}")
    return found


def _find_system() -> EspeakInstall | None:
    program = shutil.which("espeak-ng")
    return None if program is None else EspeakInstall((program,), private=False)


def _find_private(cache: Path) -> EspeakInstall | None:
    prefix = find_prefix(cache, PREFIX_NAME)
    return None if prefix is None else _describe(prefix)


def _describe(prefix: Prefix) -> EspeakInstall:
    voices = sorted(prefix.root.glob("usr/lib/*/espeak-ng-data"))
    if not voices:
        raise SetupError(
            f"{prefix.root} has no voices. Remove that folder and install again with: "
            "python3 -m softswitch.setup asterisk"
        )
    # espeak-ng wants the folder that holds espeak-ng-data.
    environment = {"ESPEAK_DATA_PATH": str(voices[0].parent)}
    return EspeakInstall(prefix.command(_PROGRAM), private=True, environment=environment)


def _finish(_root: Path) -> None:
    """Nothing: espeak-ng runs as it is unpacked."""


def _check(prefix: Prefix) -> None:
    install = _describe(prefix)
    # Mandarin, because its voice is a file of its own that a broken data folder would lack.
    done = subprocess.run(
        install.argv("-v", "cmn", "--stdout", "你好"),
        env=dict(install.environment),
        capture_output=True,
        check=False,
        timeout=60,
    )
    if done.returncode != 0 or not done.stdout.startswith(b"RIFF"):
        said = done.stderr.decode(errors="replace").strip()
        raise SetupError(f"espeak-ng was unpacked to {prefix.root} but does not speak: {said}")


_RECIPE = Recipe(
    name=PREFIX_NAME,
    packages=("espeak-ng",),
    lean=(),
    left_out=(),
    leading="espeak-ng",
    megabytes=20,
    accepts=bool,
    finish=_finish,
    check=_check,
)
