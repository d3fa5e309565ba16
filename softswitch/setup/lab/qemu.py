"""Finds QEMU, which the laboratory runs in, or installs it into a private prefix."""

from __future__ import annotations

import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

from softswitch.setup.prefix import Prefix, Recipe, find_prefix, install_prefix
from softswitch.setup.progress import Progress, SetupError

PREFIX_NAME = "qemu"
_NAME = "qemu-system-x86_64"
_PROGRAM = f"usr/bin/{_NAME}"


@dataclass(frozen=True)
class Qemu:
    """A QEMU that can be started."""

    command: tuple[str, ...]
    private: bool

    def argv(self, *options: str) -> list[str]:
        """Give a full command line."""
        return [*self.command, *options]


def find_qemu(cache: Path) -> Qemu:
    """Find the system's QEMU, else the one in our own prefix."""
    found = _find_system() or _find_private(cache)
    if found is None:
        raise SetupError(
            f"No QEMU is on this machine, neither of the system nor in {cache / PREFIX_NAME}. "
            "Install it with: python3 -m softswitch.setup lab"
        )
    return found


def install_qemu(cache: Path, progress: Progress) -> Qemu:
    """Find QEMU, or install it into the private prefix."""
    found = _find_system() or _find_private(cache)
    return found or _describe(install_prefix(cache, _RECIPE, progress))


def _find_system() -> Qemu | None:
    program = shutil.which(_NAME)
    return None if program is None else Qemu((program,), private=False)


def _find_private(cache: Path) -> Qemu | None:
    prefix = find_prefix(cache, PREFIX_NAME)
    return None if prefix is None else _describe(prefix)


def _describe(prefix: Prefix) -> Qemu:
    # Firmware is looked for beside the program's own place, which the loader hides.
    firmware = [
        word
        for folder in ("usr/share/qemu", "usr/share/seabios")
        for word in ("-L", str(prefix.root / folder))
    ]
    return Qemu((*prefix.command(_PROGRAM), *firmware), private=True)


def _check(prefix: Prefix) -> None:
    done = subprocess.run(
        _describe(prefix).argv("-version"), capture_output=True, text=True, check=False, timeout=60
    )
    if done.returncode != 0:
        raise SetupError(
            f"QEMU was unpacked to {prefix.root} but does not run: {done.stderr.strip()}"
        )


_RECIPE = Recipe(
    name=PREFIX_NAME,
    packages=("qemu-system-x86",),
    lean=(),
    left_out=(),
    leading="qemu-system-x86",
    megabytes=150,
    accepts=bool,
    finish=lambda _root: None,
    check=_check,
)
