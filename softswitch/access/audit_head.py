"""The file beside the database that remembers the end of the audit chain."""

from __future__ import annotations

import logging
import re
from pathlib import Path

from softswitch.access.audit import Head
from softswitch.store.folder import write_private

log = logging.getLogger(__name__)
_LINE = re.compile(r"(\d{1,18}) ([0-9a-f]{64})\n")


class HeadFile:
    """``<data>/audit.head``. Its ``write`` runs in the writer thread after each commit with audit rows."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._failing = False

    def write(self, head: Head) -> None:
        """Replace the file, flushed to the disk; on a full disk the older head stays and still verifies."""
        try:
            write_private(self._path, head.line().encode())
            self._failing = False
        except OSError as error:
            if not self._failing:
                log.error("%s cannot be written: %s", self._path, error)
            self._failing = True

    def read(self) -> Head | None:
        """Return the head that the file holds; None when there is no file. A damaged one verifies as wrong."""
        try:
            text = self._path.read_text("ascii", errors="replace")
        except FileNotFoundError:
            return None
        match = _LINE.fullmatch(text)
        return Head(int(match[1]), match[2]) if match else Head(-1, "")
