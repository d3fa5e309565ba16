"""The library that lets an IAM tell the caller's category; a node of the field compiles it in the same way."""

from __future__ import annotations

from pathlib import Path

from softswitch.setup.commands import run_step
from softswitch.setup.lab.kernel import find_tools

SOURCE = Path(__file__).resolve().parents[3] / "dialplans" / "node" / "isup_category.c"


def build_category(work: Path) -> Path:
    """Compile it in `work` and return it; raise SetupError when that fails."""
    made = work / "isup_category.so"
    run_step(
        f"Compiling {SOURCE.name}",
        (find_tools()["gcc"], "-shared", "-fPIC", "-O2", "-o", str(made), str(SOURCE)),
        folder=work,
        next_step="Try with Debian 12's own compiler: sudo apt-get install gcc-12",
    )
    return made
