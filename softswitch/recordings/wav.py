"""The WAV header of a MixMonitor file: read, repair, and make one for a file that still grows (pure).

Format: RIFF/WAVE, PCM, 8,000 Hz, 16 bit little endian, mono, header of 44 bytes (Microsoft/IBM "Multimedia
Programming Interface and Data Specifications 1.0").  Asterisk writes the two lengths when it closes the file; a
file that Asterisk was killed on, or still writes, has zeros there.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass

HEADER_BYTES = 44
SAMPLE_RATE = 8_000
BYTES_PER_SAMPLE = 2
_LONGEST = 0xFFFFFFFE - HEADER_BYTES
_LAYOUT = struct.Struct("<4sI4s4sIHHIIHH4sI")


@dataclass(frozen=True, slots=True)
class Audio:
    """What a file of a given length holds: ``data_bytes`` of samples and their duration."""

    data_bytes: int

    @property
    def duration_ms(self) -> int:
        """Return the duration in milliseconds."""
        return self.data_bytes * 1000 // (SAMPLE_RATE * BYTES_PER_SAMPLE)

    @property
    def file_bytes(self) -> int:
        """Return the length of the file in bytes, header included."""
        return HEADER_BYTES + self.data_bytes


def audio_of(file_bytes: int) -> Audio:
    """Return what a file of ``file_bytes`` holds; half a sample at the end does not count."""
    data = min(max(0, file_bytes - HEADER_BYTES), _LONGEST)
    return Audio(data - data % BYTES_PER_SAMPLE)


def header(audio: Audio) -> bytes:
    """Return the 44 bytes that stand before ``audio``."""
    return _LAYOUT.pack(
        b"RIFF",
        audio.data_bytes + HEADER_BYTES - 8,
        b"WAVE",
        b"fmt ",
        16,
        1,
        1,
        SAMPLE_RATE,
        SAMPLE_RATE * BYTES_PER_SAMPLE,
        BYTES_PER_SAMPLE,
        8 * BYTES_PER_SAMPLE,
        b"data",
        audio.data_bytes,
    )


def is_complete(first_bytes: bytes, file_bytes: int) -> bool:
    """Return whether the header tells the true length, that is: whether the writer has closed the file."""
    audio = audio_of(file_bytes)
    return audio.file_bytes == file_bytes and first_bytes[:HEADER_BYTES] == header(audio)
