"""The folders of one Asterisk, and the lock that keeps a second server out of them."""

from __future__ import annotations

import fcntl
import os
from typing import Self

from softswitch.asterisk.settings import NodeSettings
from softswitch.errors import conflict


def make_folders(settings: NodeSettings) -> None:
    """Make every folder that Asterisk writes to, for the owner only."""
    for folder in (
        settings.etc,
        settings.run,
        settings.journal.parent,
        settings.spool,
        settings.folder / "lib" / "keys",
        settings.folder / "lib" / "agi-bin",
        settings.folder / "spool",
    ):
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)


class FolderLock:
    """Held while a server looks after the Asterisk of a folder; gone with the process that holds it."""

    def __init__(self, handle: int) -> None:
        self._handle = handle

    @classmethod
    def take(cls, settings: NodeSettings) -> Self:
        """Take the lock, or raise :class:`Refusal` when another server has it."""
        path = settings.folder / "node.lock"
        handle = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(handle)
            raise conflict(
                "data_folder_in_use",
                f"The data folder {settings.data} is in use by another server.",
                "Stop that one, or choose another folder with --data.",
            ) from None
        return cls(handle)

    def drop(self) -> None:
        """Give the lock up."""
        os.close(self._handle)
