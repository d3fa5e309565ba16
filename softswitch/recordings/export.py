"""A recording as a zip file: the sound, what is known of it, and checksums in the form of ``sha256sum -c``."""

from __future__ import annotations

import hashlib
import io
import json
import zipfile
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

_CHUNK = 1 << 18
_OLDEST = (1980, 1, 1, 0, 0, 0)


def export(file: Path, name: str, about: dict[str, Any], at_ms: int) -> Iterator[bytes]:
    """Yield the zip file (APPNOTE 6.3.9, stored) with ``name.wav``, ``name.json`` and ``SHA256SUMS``.

    ``about`` is what the row says; the checksums are of the bytes that go into the zip file. Blocking.
    """
    out = _Pipe()
    stamp = max(_OLDEST, datetime.fromtimestamp(at_ms / 1000, UTC).timetuple()[:6])
    with zipfile.ZipFile(out, "w", zipfile.ZIP_STORED) as archive:
        sum_of_wav = hashlib.sha256()
        with (
            file.open("rb") as source,
            archive.open(zipfile.ZipInfo(f"{name}.wav", stamp), "w", force_zip64=True) as target,
        ):
            while chunk := source.read(_CHUNK):
                sum_of_wav.update(chunk)
                target.write(chunk)
                yield out.take()
        text = json.dumps(about, ensure_ascii=False, indent=2).encode() + b"\n"
        archive.writestr(zipfile.ZipInfo(f"{name}.json", stamp), text)
        sums = (
            f"{sum_of_wav.hexdigest()}  {name}.wav\n"
            f"{hashlib.sha256(text).hexdigest()}  {name}.json\n"
        )
        archive.writestr(zipfile.ZipInfo("SHA256SUMS", stamp), sums)
    yield out.take()


class _Pipe(io.RawIOBase):
    """Takes what the zip writer writes and gives it away; it cannot go back."""

    def __init__(self) -> None:
        self._written = bytearray()

    def writable(self) -> bool:
        return True

    def write(self, data: Any) -> int:
        self._written += data
        return len(data)

    def take(self) -> bytes:
        taken = bytes(self._written)
        self._written.clear()
        return taken
