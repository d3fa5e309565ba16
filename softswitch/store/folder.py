"""The data folder of one instance: made private, locked against a second server, with its secrets.

Everything of an instance lies in it, so that several run side by side and a backup is a copy.
"""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
import secrets
import shutil
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from softswitch.errors import Refusal, conflict, unavailable

LEAST_FREE = 200_000_000
"""Bytes that must be free for a healthy start; below, recordings and the database soon fail."""

_FOLDERS = ("asterisk", "recordings", "spool", "journal", "logs")


class DataFolder:
    """Opens the folder for one server: ``with DataFolder(path) as folder``.

    Raises the :class:`Refusal` ``data_folder`` when it cannot be made or written, ``already_running`` when
    another server holds it.
    """

    def __init__(self, path: Path) -> None:
        self.path = path.absolute()
        self._lock: int | None = None

    @property
    def database(self) -> Path:
        """Return the path of the SQLite database."""
        return self.path / "softswitch.db"

    @property
    def audit_head(self) -> Path:
        """Return the path of the file that remembers the end of the audit chain."""
        return self.path / "audit.head"

    def folder(self, name: str) -> Path:
        """Return a folder inside, made with mode 0700 when it is missing."""
        path = self.path / name
        path.mkdir(mode=0o700, parents=True, exist_ok=True)
        return path

    def open(self) -> None:
        """Make the tree and take the lock; a lock of a dead process is free."""
        try:
            self.path.mkdir(mode=0o700, parents=True, exist_ok=True)
            self.path.chmod(0o700)
            self._take_lock()
            for name in _FOLDERS:
                self.folder(name)
        except OSError as error:
            self.close()
            raise unusable(self.path, error) from error
        except Refusal:
            self.close()
            raise

    def close(self) -> None:
        """Give the lock back. The file stays: removing it would let two servers lock two files."""
        if self._lock is not None:
            os.close(self._lock)
            self._lock = None

    def __enter__(self) -> Self:
        self.open()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def free(self) -> int:
        """Return the free bytes on the disk of the folder."""
        return shutil.disk_usage(self.path).free

    def disk(self) -> dict[str, Any]:
        """Return the state of the disk for the status of the system."""
        free = self.free()
        return {"ok": free >= LEAST_FREE, "free_bytes": free, "least_bytes": LEAST_FREE}

    def secret(self, name: str) -> str:
        """Return the secret ``name``, made at its first use (32 hexadecimal digits) and kept with mode 0600."""
        known = self._secrets()
        if name not in known:
            known[name] = secrets.token_hex(16)
            self._store_secrets(known)
        return known[name]

    def _secrets(self) -> dict[str, str]:
        path = self.path / "secrets.json"
        try:
            content = json.loads(path.read_text("utf-8"))
        except FileNotFoundError:
            return {}
        except ValueError:
            content = None
        if not isinstance(content, dict):
            raise unavailable(
                "bad_secrets",
                f"{path} is damaged.",
                "Restore it from a backup, or remove it to have new secrets made.",
            )
        return {str(name): str(value) for name, value in content.items()}

    def _store_secrets(self, known: dict[str, str]) -> None:
        write_private(self.path / "secrets.json", json.dumps(known, indent=1).encode())

    def _take_lock(self) -> None:
        self._lock = os.open(self.path / "lock", os.O_RDWR | os.O_CREAT, 0o600)
        try:
            fcntl.flock(self._lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            holder = os.read(self._lock, 20).decode("ascii", "replace").strip()
            raise conflict(
                "already_running",
                f"A server{f' (process {holder})' if holder else ''} uses {self.path} already.",
                "End it first, or give another folder with --data.",
            ) from error
        os.set_inheritable(self._lock, False)
        os.ftruncate(self._lock, 0)
        os.write(self._lock, f"{os.getpid()}\n".encode())


def unusable(path: Path, error: OSError) -> Refusal:
    """Return the refusal of a data folder that cannot be made or written."""
    return unavailable(
        "data_folder",
        f"The data folder {path} cannot be used: {error.strerror or error}.",
        "Make it writable, free space, or give another one with --data.",
    )


def write_private(path: Path, content: bytes) -> None:
    """Replace a file at once and for good: mode 0600, flushed to the disk. Raises :class:`OSError`."""
    new = path.with_name(f".{path.name}.new")
    descriptor = os.open(new, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        new.replace(path)
        _sync_folder(path.parent)
    except OSError:
        with contextlib.suppress(OSError):
            new.unlink()
        raise


def _sync_folder(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
