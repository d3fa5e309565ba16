"""The folder of recordings on disk: spool (Asterisk writes), archive (we keep).  Blocking; call it in a thread."""

from __future__ import annotations

import hashlib
import os
import shutil
from collections.abc import Iterator
from pathlib import Path

from softswitch.clock import Millis
from softswitch.recordings import wav
from softswitch.recordings.model import Kept, RecordingId, is_recording_id

_CHUNK = 1 << 18
_SUFFIX = ".wav"


class Folder:
    """The folder of recordings. Every move is one rename, and the folders are flushed to disk after it."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.spool = root / "spool"
        self.archive = root / "archive"

    def create(self) -> None:
        """Make the folders; they are private, as the voices in them are."""
        for folder in (self.root, self.spool, self.archive):
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)

    def spool_file(self, channel_id: RecordingId) -> Path:
        """Return where Asterisk writes the recording of a channel."""
        return self.spool / f"{channel_id}{_SUFFIX}"

    def at(self, path: str) -> Path:
        """Return the place of a ``path`` from a row."""
        return self.root / path

    def spooled(self) -> frozenset[RecordingId]:
        """Return the channels that have a file in the spool; files with other names are not ours."""
        with os.scandir(self.spool) as entries:
            return frozenset(_ids(entry.name for entry in entries))

    def archived(self) -> dict[RecordingId, str]:
        """Return the path of every recording in the archive."""
        found = {}
        for folder, _, names in os.walk(self.archive):
            within = Path(folder).relative_to(self.root)
            found.update({name: f"{within}/{name}{_SUFFIX}" for name in _ids(iter(names))})
        return found

    def is_closed(self, channel_id: RecordingId) -> bool:
        """Return whether the writer has finished the file of a channel: its header tells the true length."""
        try:
            with self.spool_file(channel_id).open("rb") as file:
                first = file.read(wav.HEADER_BYTES)
                return wav.is_complete(first, os.fstat(file.fileno()).st_size)
        except FileNotFoundError:
            return False

    def last_write(self, channel_id: RecordingId) -> Millis | None:
        """Return when the spool file of a channel was last written; ``None``: there is none."""
        try:
            return self.spool_file(channel_id).stat().st_mtime_ns // 1_000_000
        except FileNotFoundError:
            return None

    def put_away(self, channel_id: RecordingId, path: str) -> Kept:
        """Repair, measure and move the spool file of a channel to ``path`` in the archive.

        Dying before the rename leaves the file in the spool, after it in the archive: never neither, never both.
        Raises FileExistsError when ``path`` is taken and FileNotFoundError when the spool has no such file.
        """
        source, target = self.spool_file(channel_id), self.at(path)
        if target.exists():
            raise FileExistsError(target)
        repaired = _repair(source)
        kept = measure(source, path, repaired)
        _make_folders(target.parent, self.root)
        source.rename(target)
        _flush(target.parent)
        _flush(self.spool)
        return kept

    def put_empty(self, path: str) -> Kept:
        """Make the file of a recording that never had a frame: its channel ended before Asterisk opened one."""
        target = self.at(path)
        _make_folders(target.parent, self.root)
        with target.open("xb") as stream:
            stream.write(wav.header(wav.Audio(0)))
            stream.flush()
            os.fsync(stream.fileno())
        _flush(target.parent)
        return measure(target, path, repaired=True)

    def measure(self, path: str) -> Kept:
        """Return what is known of a file in the archive."""
        return measure(self.at(path), path, repaired=False)

    def remove(self, path: str) -> None:
        """Delete a file of the archive; one that is gone already is no error."""
        target = self.at(path)
        target.unlink(missing_ok=True)
        if target.parent.exists():
            _flush(target.parent)

    def free_bytes(self) -> int:
        """Return the free space of the disk that holds the recordings."""
        return shutil.disk_usage(self.root).free


def measure(file: Path, path: str, repaired: bool) -> Kept:
    """Return size, duration and SHA-256 (FIPS 180-4) of ``file``, which has or will have ``path``."""
    size = file.stat().st_size
    return Kept(path, size, wav.audio_of(size).duration_ms, checksum(file), repaired)


def checksum(file: Path) -> str:
    """Return the SHA-256 of a file in hexadecimal digits."""
    with file.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def read_part(file: Path, start: int, stop: int) -> Iterator[bytes]:
    """Yield the bytes ``start`` to ``stop`` of a file; fewer when it ends before."""
    with file.open("rb") as stream:
        stream.seek(start)
        left = stop - start
        while left > 0 and (chunk := stream.read(min(left, _CHUNK))):
            left -= len(chunk)
            yield chunk


def _ids(names: Iterator[str]) -> Iterator[RecordingId]:
    for name in names:
        if name.endswith(_SUFFIX) and is_recording_id(name.removesuffix(_SUFFIX)):
            yield RecordingId(name.removesuffix(_SUFFIX))


def _repair(file: Path) -> bool:
    """Write the true lengths into the header when they are not there; return whether that was needed.

    Files with a header of another shape than MixMonitor's (never seen) get it replaced too: the samples behind
    the 44th byte stay as they are.
    """
    with file.open("r+b") as stream:
        size = os.fstat(stream.fileno()).st_size
        wrong = not wav.is_complete(stream.read(wav.HEADER_BYTES), size)
        if wrong:
            audio = wav.audio_of(size)
            stream.seek(0)
            stream.write(wav.header(audio))
            stream.truncate(audio.file_bytes)
        stream.flush()
        os.fsync(stream.fileno())
    return wrong


def _make_folders(folder: Path, top: Path) -> None:
    if folder == top or folder.exists():
        return
    _make_folders(folder.parent, top)
    folder.mkdir(mode=0o700, exist_ok=True)
    _flush(folder.parent)


def _flush(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
