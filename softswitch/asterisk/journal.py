"""The journal: Asterisk's channel event log (CEL), which goes on while the server is down.

cel_custom opens the file for each event and appends one line, so what is written survives a ``kill -9`` of either
side, and a file that is renamed away is made anew at the next event.
"""

from __future__ import annotations

import csv
import json
import os
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from softswitch.asterisk.facts import endpoint_of
from softswitch.clock import Millis
from softswitch.ports import PastCall

_COLUMNS = (
    "eventtype", "userdeftype", "eventtime", "CHANNEL(uniqueid)", "CHANNEL(linkedid)",
    "CALLERID(num)", "CALLERID(dnid)", "CHANNEL(exten)", "CHANNEL(context)", "CHANNEL(channame)",
    "CHANNEL(appname)", "CHANNEL(appdata)", "BRIDGEPEER", "eventextra",
)  # fmt: skip
MAPPING = ",".join("${CSV_QUOTE(${%s})}" % column for column in _COLUMNS)  # noqa: UP031
"""The line of ``cel_custom.conf``; newer versions turn this form into their fast one."""

_LONGEST_READ = 4_000_000
EMERGENCY = "EMERGENCY"


@dataclass(frozen=True, slots=True)
class JournalLine:
    """One event of one channel. ``extra`` is JSON text: the Q.850 cause of a HANGUP, the bridge of a BRIDGE_ENTER."""

    event: str
    user_event: str
    at: Millis
    channel_id: str
    call_id: str
    """Asterisk's linkedid."""
    number: str
    dialled: str
    extension: str
    context: str
    channel: str
    application: str
    application_data: str
    peer: str
    extra: str

    @property
    def details(self) -> dict[str, object]:
        """``extra`` as values; empty when there is none or it is no JSON object."""
        try:
            found = json.loads(self.extra) if self.extra else {}
        except ValueError:
            return {}
        return found if isinstance(found, dict) else {}

    @property
    def cause(self) -> int:
        """The Q.850 cause of a HANGUP, else 0."""
        cause = self.details.get("hangupcause", 0)
        return cause if isinstance(cause, int) else 0


def parse_line(text: str) -> JournalLine | None:
    """Return the event of one line; None when it is torn or not of our form."""
    try:
        fields = next(csv.reader([text], strict=True), [])
    except csv.Error:
        return None
    if len(fields) != len(_COLUMNS):
        return None
    event, user_event, time, *rest = fields
    try:
        at = round(float(time) * 1000)
    except (ValueError, OverflowError):
        return None
    return JournalLine(event, user_event, at, *rest)


@dataclass(frozen=True, slots=True)
class Cursor:
    """How far a journal was read: the file (its inode) and the bytes of it."""

    inode: int = 0
    offset: int = 0


class JournalReader:
    """Reads the journal piece by piece, and puts it away when it is long and read to its end.

    The order of a turn is: ``read``, act on the lines and keep the new cursor in one transaction, then
    ``rotate``. If the process dies in between, the same lines come again.
    """

    def __init__(self, path: Path, *, most_bytes: int = 16_000_000, kept: int = 3) -> None:
        self._path = path
        self._most_bytes = most_bytes
        self._kept = kept

    def read(self, cursor: Cursor) -> tuple[list[JournalLine], Cursor]:
        """Return the whole lines after ``cursor`` and where the next read begins.

        What was left unread in a file that has been put away since is read first.
        """
        source = self._source(cursor)
        if source is None:
            return [], cursor
        path, offset = source
        with path.open("rb") as file:
            inode = os.fstat(file.fileno()).st_ino
            file.seek(offset)
            data = file.read(_LONGEST_READ)
        whole = data.rfind(b"\n") + 1
        lines = [line for text in _texts(data[:whole]) if (line := parse_line(text)) is not None]
        return lines, Cursor(inode, offset + whole)

    def _source(self, cursor: Cursor) -> tuple[Path, int] | None:
        """Return the file to go on in, and where."""
        current = _stat(self._path)
        if cursor.inode and (current is None or current.st_ino != cursor.inode):
            for old in self._old_files():
                status = _stat(old)
                if status and status.st_ino == cursor.inode and status.st_size > cursor.offset:
                    return old, cursor.offset
        if current is None:
            return None
        # A file that is shorter than the cursor was cut off by someone: begin again.
        same = current.st_ino == cursor.inode and current.st_size >= cursor.offset
        return self._path, cursor.offset if same else 0

    def rotate(self, cursor: Cursor) -> bool:
        """Put the file away when it is long and ``cursor`` is at its end; tell whether that was done."""
        current = _stat(self._path)
        if current is None or current.st_ino != cursor.inode:
            return False
        if current.st_size < self._most_bytes or current.st_size > cursor.offset:
            return False
        # A line that Asterisk writes between the check and the rename is in the renamed file, where
        # `read` still finds it by its inode.
        numbers = [int(old.suffix[1:]) for old in self._old_files()]
        self._path.rename(self._path.with_suffix(f".csv.{max(numbers, default=0) + 1}"))
        for old in self._old_files()[: -self._kept]:
            old.unlink(missing_ok=True)
        return True

    def _old_files(self) -> list[Path]:
        """Return the files that were put away, the oldest first."""
        found = [
            path
            for path in self._path.parent.glob(f"{self._path.stem}.csv.*")
            if path.suffix[1:].isdigit()
        ]
        return sorted(found, key=lambda path: int(path.suffix[1:]))


def _stat(path: Path) -> os.stat_result | None:
    try:
        return path.stat()
    except OSError:
        return None


def _texts(data: bytes) -> Iterator[str]:
    for line in data.split(b"\n"):
        if line:
            yield line.decode("utf-8", "replace").rstrip("\r")


@dataclass(slots=True)
class _Caller:
    """What the lines have told of one emergency caller so far."""

    first: JournalLine
    answered_at: Millis | None = None
    answered_by: str = ""
    ended_at: Millis | None = None
    cause: int = 0

    def meet(self, channel: str, at: Millis) -> None:
        if self.answered_at is None:
            self.answered_at, self.answered_by = at, endpoint_of(channel)

    def call(self) -> PastCall:
        first = self.first
        return PastCall(
            first.call_id,
            first.number,
            first.extension,
            first.at,
            self.answered_at,
            self.answered_by,
            self.ended_at,
            self.cause,
        )


def past_calls(lines: Iterable[JournalLine]) -> list[PastCall]:
    """Return the emergency calls that the lines tell of, in the order in which they came.

    A caller alone in a bridge (music while waiting) has spoken with nobody; what counts is a bridge that
    the caller shared with another channel, or an answer that put a peer beside it.
    """
    callers: dict[str, _Caller] = {}
    bridges: dict[str, dict[str, str]] = {}
    for line in lines:
        if line.event == EMERGENCY or line.user_event == EMERGENCY:
            callers.setdefault(line.channel_id, _Caller(line))
        elif line.event == "BRIDGE_ENTER":
            members = bridges.setdefault(str(line.details.get("bridge_id", "")), {})
            members[line.channel_id] = line.channel
            _meet(callers, members, line)
        elif line.event == "BRIDGE_EXIT":
            bridges.get(str(line.details.get("bridge_id", "")), {}).pop(line.channel_id, None)
        elif caller := callers.get(line.channel_id):
            if line.event == "HANGUP":
                caller.cause = line.cause
            elif line.event == "CHAN_END":
                caller.ended_at = line.at
    return [caller.call() for caller in callers.values()]


def _meet(callers: dict[str, _Caller], members: dict[str, str], line: JournalLine) -> None:
    """Whoever shares a bridge with somebody else is answered."""
    for channel_id in members:
        others = [name for other, name in members.items() if other != channel_id]
        if channel_id == line.channel_id and line.peer:
            others.append(line.peer)
        if others and (caller := callers.get(channel_id)):
            caller.meet(others[0], line.at)


class JournalOfCalls:
    """Implements ``ports.Journal`` over the journal file."""

    def __init__(self, reader: JournalReader) -> None:
        self._reader = reader

    def read(self, cursor: str) -> tuple[list[PastCall], str]:
        """Return the emergency calls after ``cursor`` and where the next read begins."""
        place = _cursor_from(cursor)
        lines: list[JournalLine] = []
        while True:
            more, after = self._reader.read(place)
            lines += more
            if after == place:
                break
            place = after
        return past_calls(lines), f"{place.inode}:{place.offset}"

    def rotate(self, cursor: str) -> bool:
        """Put a long journal away that has been read to its end."""
        return self._reader.rotate(_cursor_from(cursor))


def _cursor_from(text: str) -> Cursor:
    inode, _, offset = text.partition(":")
    return Cursor(int(inode), int(offset)) if inode.isdigit() and offset.isdigit() else Cursor()
