"""Installs what the tests need from the system's packages (a browser, SIPp, fonts)."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Sequence
from pathlib import Path

from softswitch.setup.commands import run_step
from softswitch.setup.progress import Progress, SetupError


def read_package_list(file: Path) -> list[str]:
    """Read one package a line; `#` begins a comment."""
    lines = (line.partition("#")[0].strip() for line in file.read_text().splitlines())
    return [line for line in lines if line]


def missing_packages(packages: Sequence[str]) -> list[str]:
    """Tell which are not installed."""
    return [package for package in packages if not _is_installed(package)]


def prepare_system_packages(packages: Sequence[str], root: Path, progress: Progress) -> None:
    """Install what is missing, as root or through a sudo that asks for no password."""
    missing = missing_packages(packages)
    if not missing:
        return
    by_hand = (
        f"sudo apt-get update && sudo apt-get install --no-install-recommends {' '.join(missing)}"
    )
    prefix = _become_root()
    if prefix is None:
        raise SetupError(
            f"The tests need packages that only root can install: {', '.join(missing)}. "
            f"Type: {by_hand}"
        )
    progress(f"System packages: installing {', '.join(missing)}")
    environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    install = (*prefix, "apt-get", "install", "-q", "-y", "--no-install-recommends", *missing)
    next_step = f"Type it by hand: {by_hand}"
    try:
        _apt(install, root, environment, next_step)
    except SetupError:
        # The lists may be missing or old: a new machine has none.
        progress("System packages: reading the package lists")
        _apt((*prefix, "apt-get", "update", "-q"), root, environment, next_step)
        _apt(install, root, environment, next_step)


def _apt(command: Sequence[str], root: Path, environment: dict[str, str], next_step: str) -> None:
    run_step(" ".join(command), command, folder=root, environment=environment, next_step=next_step)


def _is_installed(package: str) -> bool:
    done = subprocess.run(
        ["dpkg-query", "-W", "-f", "${db:Status-Status}", package],
        capture_output=True,
        text=True,
        check=False,
    )
    return done.returncode == 0 and done.stdout == "installed"


def _become_root() -> tuple[str, ...] | None:
    if os.geteuid() == 0:
        return ()
    if shutil.which("sudo") is None:
        return None
    allowed = subprocess.run(["sudo", "-n", "true"], capture_output=True, check=False)
    # Keep the proxy and the silence of the installer over sudo.
    keep = "--preserve-env=DEBIAN_FRONTEND,http_proxy,https_proxy"
    return ("sudo", "-n", keep) if allowed.returncode == 0 else None
