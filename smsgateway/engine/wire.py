"""What went to the wire and what was answered since the last commit: memory that outlives the process.

The window may go on while a commit is under way, so between two commits more than a window of messages can be sent and
answered.  If the gateway is killed then, the queue knows none of that; this journal does: a file mapped into memory,
to which a record is added before each write and at each answer, without any call to the system.  The kernel keeps it
when the process dies.  So exactly those messages are in doubt that were out and unanswered: one window at most.

It does not outlive the machine: after a restart of that (another ``boot_id``) it is not believed, and everything that
stood as ``submitting`` is in doubt.

Two halves take turns with the turns of the writer: the one is only overwritten when the turn that took up its answers
is committed.
"""

from __future__ import annotations

import mmap
import os
import struct
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path

_BOOT_ID = Path("/proc/sys/kernel/random/boot_id")
_HALF = 1 << 20
_OWNER = struct.Struct("40s16s")  # boot_id, life
_HEAD = struct.Struct("=QI")  # epoch, end of the records
_WROTE = struct.Struct("=BqH")  # kind, message, part
_ANSWERED = struct.Struct("=BqHB")  # and how many octets of the centre's id follow
_KIND_WROTE, _KIND_ANSWERED = 1, 2
_FIRST = 64
_LONGEST = _ANSWERED.size + 65


@dataclass(slots=True)
class Wire:
    """What the journal tells after a crash."""

    out: set[tuple[int, int]] = field(default_factory=set)
    """(message, part): sent, and no answer so far."""

    answered: dict[tuple[int, int], str] = field(default_factory=dict)
    """The centre's id; empty when it refused."""

    life: str = ""
    """Whose journal it is; the queue knows by the same word whose turns it holds."""


class WireJournal:
    """The journal of one gateway; ``path`` None: of one whose life nobody cares for."""

    def __init__(self, path: Path | None) -> None:
        self._map, self.found = _open(path)
        self._epoch = 0
        self._base = self._at = _FIRST

    def take_over(self, life: str) -> None:
        """Begin a life of 16 characters. Call it when what the journal told is committed, and not before."""
        _OWNER.pack_into(self._map, 0, b"", b"")
        for half in (0, 1):
            _HEAD.pack_into(self._map, _FIRST + half * _HALF, 0, 0)
        self.begin(())
        _OWNER.pack_into(self._map, 0, _boot_id(), life.encode())

    def begin(self, out: Iterable[tuple[int, int]]) -> None:
        """Begin the next half with what is out now. Call it only when the turn before is committed."""
        self._epoch += 1
        self._base = _FIRST + (self._epoch & 1) * _HALF
        # Empty first: records of two epochs ago must not be taken for those of this one.
        _HEAD.pack_into(self._map, self._base, self._epoch, 0)
        self._at = self._base + _HEAD.size
        self._note()
        self.wrote(out)

    @property
    def has_room(self) -> bool:
        """Tell whether a thousand more parts can be sent and answered before the next commit."""
        return self._base + _HALF - self._at > 1_000 * (_LONGEST + _WROTE.size)

    def wrote(self, parts: Iterable[tuple[int, int]]) -> None:
        """Parts, as (message, part), are about to be written."""
        pack = _WROTE.pack
        self._add(b"".join([pack(_KIND_WROTE, message, part) for message, part in parts]))

    def answered(self, answers: Iterable[tuple[int, int, str]]) -> None:
        """The centre answered, as (message, part, its id); the id is empty when it refused."""
        pack, records = _ANSWERED.pack, []
        for message, part, smsc_id in answers:
            octets = smsc_id.encode()[:65]
            records.append(pack(_KIND_ANSWERED, message, part, len(octets)) + octets)
        self._add(b"".join(records))

    def close(self) -> None:
        """Let go of the file after a proper end: it tells nothing, also not beside a queue from a backup."""
        _OWNER.pack_into(self._map, 0, b"", b"")
        self._map.close()

    def _add(self, records: bytes) -> None:
        end = self._at + len(records)
        if end > self._base + _HALF:
            return  # answers: they stay in doubt, which is the truth; nothing is written without ``has_room``
        self._map[self._at : end] = records
        self._at = end
        self._note()

    def _note(self) -> None:
        _HEAD.pack_into(self._map, self._base, self._epoch, self._at)


def _open(path: Path | None) -> tuple[mmap.mmap, Wire | None]:
    size = _FIRST + 2 * _HALF
    if path is None:
        return mmap.mmap(-1, size), None
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
    try:
        is_whole = os.fstat(descriptor).st_size == size
        os.ftruncate(descriptor, size)
        # Allocated now: a full disk later must not kill the process in the middle of a write to memory.
        os.posix_fallocate(descriptor, 0, size)
        mapped = mmap.mmap(descriptor, size)
    finally:
        os.close(descriptor)
    boot, life = _OWNER.unpack_from(mapped, 0)
    if not is_whole or boot.rstrip(b"\0") != _boot_id():
        return mapped, None
    return mapped, _read(mapped, life.rstrip(b"\0").decode("ascii", "replace"))


def _boot_id() -> bytes:
    return _BOOT_ID.read_bytes().strip()


def _read(mapped: mmap.mmap, life: str) -> Wire:
    wire = Wire(life=life)
    halves = [(_HEAD.unpack_from(mapped, base), base) for base in (_FIRST, _FIRST + _HALF)]
    for (_, end), base in sorted(halves):
        at = base + _HEAD.size
        while at < end <= base + _HALF:
            kind, message, part = _WROTE.unpack_from(mapped, at)
            key = (message, part)
            if kind == _KIND_WROTE:
                at += _WROTE.size
                wire.out.add(key)
                wire.answered.pop(key, None)
            else:
                length = _ANSWERED.unpack_from(mapped, at)[3]
                at += _ANSWERED.size
                wire.out.discard(key)
                wire.answered[key] = mapped[at : at + length].decode("ascii", "replace")
                at += length
    return wire
