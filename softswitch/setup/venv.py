"""Makes `.venv` and keeps it equal to the pinned requirements."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

from softswitch.setup.commands import run_step
from softswitch.setup.hashes import hash_of_files, stamp_says
from softswitch.setup.progress import Progress

_AGAIN = "Check the network and start again."


def venv_folder(root: Path) -> Path:
    """Give the place of the project's own Python."""
    return root / ".venv"


def venv_python(root: Path) -> Path:
    """Give the Python with every dependency."""
    return venv_folder(root) / "bin" / "python"


def prepare_venv(root: Path, progress: Progress, *, tests: bool = False) -> Path:
    """Make or mend the environment; do nothing when the pinned files are unchanged."""
    python = venv_python(root)
    if not _works(python):
        progress("Python environment: making .venv")
        shutil.rmtree(venv_folder(root), ignore_errors=True)
        command = [sys.executable, "-m", "venv", str(venv_folder(root))]
        run_step("Making .venv", command, folder=root, next_step=_AGAIN)
    for name in ("run", "test") if tests else ("run",):
        install_requirements(root, name, progress)
    _install_project(root, progress)
    return python


def install_requirements(root: Path, name: str, progress: Progress) -> None:
    """Install `requirements/NAME.txt` when it has changed since the last time."""
    file = root / "requirements" / f"{name}.txt"
    stamp = venv_folder(root) / f"softswitch-{name}.sha256"
    value = hash_of_files([file])
    if stamp_says(stamp, value):
        return
    progress(f"Python environment: installing requirements/{name}.txt")
    command = _pip(root, "install", "--require-hashes", "-r", str(file))
    run_step(f"Installing requirements/{name}.txt", command, folder=root, next_step=_AGAIN)
    stamp.write_text(value)


def _install_project(root: Path, progress: Progress) -> None:
    """Put the `softswitch` command into the environment, pointing at this folder."""
    stamp = venv_folder(root) / "softswitch-project.sha256"
    # The installed command knows the top-level packages that there were when it was installed.
    packages = sorted(path.parent.name for path in root.glob("*/__init__.py"))
    value = hash_of_files([root / "pyproject.toml"], " ".join([str(root), *packages]))
    if stamp_says(stamp, value) and (venv_folder(root) / "bin" / "softswitch").is_file():
        return
    progress("Python environment: installing the softswitch command")
    options = ("--no-deps", "--no-build-isolation", "--no-index")
    command = _pip(root, "install", *options, "-e", str(root))
    run_step("Installing the softswitch command", command, folder=root, next_step=_AGAIN)
    stamp.write_text(value)


def _pip(root: Path, *arguments: str) -> list[str]:
    quiet = ("--quiet", "--no-input", "--disable-pip-version-check")
    return [str(venv_python(root)), "-m", "pip", *quiet, *arguments]


def _works(python: Path) -> bool:
    """Tell whether the environment is whole: its Python may be gone after an upgrade."""
    if not os.access(python, os.X_OK):
        return False
    question = "import sys, pip; print(*sys.version_info[:2])"
    try:
        done = subprocess.run(
            [str(python), "-c", question], capture_output=True, text=True, check=False, timeout=60
        )
    except (OSError, subprocess.TimeoutExpired):
        return False
    return done.stdout.split() == [str(part) for part in sys.version_info[:2]]
