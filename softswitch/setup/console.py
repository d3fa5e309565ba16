"""Builds the dispatcher's web console, when its sources have changed."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

from softswitch.setup.commands import run_step
from softswitch.setup.hashes import hash_of_files, stamp_says
from softswitch.setup.node import Node, prepare_node
from softswitch.setup.progress import Progress

_MADE = frozenset({"node_modules", "dist", "coverage", "test-results"})
_AGAIN = "Check the network and start again."


def console_folder(root: Path) -> Path:
    """Give the folder of the console's sources."""
    return root / "console"


def is_built(root: Path) -> bool:
    """Tell whether the built console is there and up to date with its sources."""
    folder = console_folder(root)
    page = folder / "dist" / "index.html"
    return page.is_file() and stamp_says(_build_stamp(folder), _sources_hash(folder))


def prepare_console(root: Path, progress: Progress) -> None:
    """Build the console into `console/dist`."""
    folder = console_folder(root)
    if not (folder / "package.json").is_file() or is_built(root):
        return
    node = prepare_node(root, progress)
    prepare_packages(root, node, progress)
    value = _sources_hash(folder)
    progress("Console: building")
    _npm(root, node, "Building the console", "run", "build", next_step="Mend it and start again.")
    _build_stamp(folder).write_text(value)


def prepare_packages(root: Path, node: Node, progress: Progress) -> None:
    """Install the console's packages as its lock file names them."""
    folder = console_folder(root)
    lock = folder / "package-lock.json"
    stamp = folder / "node_modules" / ".softswitch-lock.sha256"
    value = hash_of_files([lock])
    if stamp_says(stamp, value):
        return
    progress("Console: installing its packages")
    options = ("ci", "--no-audit", "--no-fund")
    _npm(root, node, "Installing the console's packages", *options, next_step=_AGAIN)
    stamp.write_text(value)


def _npm(root: Path, node: Node, what: str, *arguments: str, next_step: str) -> None:
    run_step(
        what,
        ["npm", *arguments],
        folder=console_folder(root),
        environment=node.environment(),
        next_step=next_step,
    )


def _build_stamp(folder: Path) -> Path:
    return folder / "dist" / ".sources.sha256"


def _sources_hash(folder: Path) -> str:
    return hash_of_files(_sources(folder))


def _sources(folder: Path) -> Iterator[Path]:
    for place, folders, files in os.walk(folder):
        folders[:] = [name for name in folders if name not in _MADE and not name.startswith(".")]
        yield from (Path(place) / name for name in files if not name.endswith(".tsbuildinfo"))
