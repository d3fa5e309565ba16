"""Files of the machine that a command puts in place."""

from __future__ import annotations

import contextlib
import os
import shutil
from collections.abc import Iterable
from pathlib import Path

from softswitch.errors import unavailable


def read_all(root: Path, names: Iterable[str]) -> dict[str, str]:
    """Return the files below ``root`` that are there, by name."""
    found = {}
    for name in names:
        with contextlib.suppress(FileNotFoundError):
            found[name] = _read(root / name)
    return found


def _read(path: Path) -> str:
    try:
        return path.read_text("utf-8", "replace")
    except PermissionError:
        raise _refused(f"{path} may not be read.") from None


def put(path: Path, text: str) -> None:
    """Write a file in one step; keep what was there beside it, ending in ``.before``, and its owner and mode.

    A new one belongs to whom its folder belongs, who alone can read it with his group: it may hold secrets.
    """
    new = path.with_name(path.name + ".new")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with os.fdopen(os.open(new, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o640), "w") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        like = path if path.exists() else path.parent
        with contextlib.suppress(PermissionError):
            os.chown(new, like.stat().st_uid, like.stat().st_gid)
        if path.exists():
            shutil.copymode(path, new)
            shutil.copy2(path, path.with_name(path.name + ".before"))
        new.replace(path)
    except OSError as error:
        raise _refused(f"{path} cannot be written: {error.strerror}.") from None


def _refused(message: str) -> Exception:
    return unavailable("file_refused", message, "Run it as root on the node, or give --root.")
