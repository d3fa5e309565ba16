from __future__ import annotations

import io
import wave

from hypothesis import given
from hypothesis import strategies as st

from softswitch.recordings import wav


@given(st.binary(max_size=5_000))
def test_the_header_is_what_python_writes_and_reads(data: bytes) -> None:
    audio = wav.audio_of(wav.HEADER_BYTES + len(data))
    whole = data[: audio.data_bytes]
    written = io.BytesIO()
    with wave.open(written, "wb") as file:
        file.setparams((1, 2, 8000, 0, "NONE", ""))
        file.writeframes(whole)
    assert wav.header(audio) + whole == written.getvalue()


@given(st.integers(0, 1 << 33))
def test_lengths_of_any_file_fit_the_header(size: int) -> None:
    audio = wav.audio_of(size)
    assert audio.data_bytes % 2 == 0
    assert len(wav.header(audio)) == wav.HEADER_BYTES
    assert audio.file_bytes <= max(size, wav.HEADER_BYTES)


def test_duration_is_in_milliseconds() -> None:
    assert wav.audio_of(44 + 16_000).duration_ms == 1_000
    assert wav.audio_of(44).duration_ms == 0
    assert wav.audio_of(0).duration_ms == 0


@given(st.integers(0, 100_000))
def test_only_a_header_with_the_true_length_is_complete(data_bytes: int) -> None:
    audio = wav.audio_of(44 + data_bytes)
    assert wav.is_complete(wav.header(audio), 44 + data_bytes) == (data_bytes % 2 == 0)
    assert not wav.is_complete(wav.header(wav.Audio(audio.data_bytes + 2)), audio.file_bytes)
    assert not wav.is_complete(wav.header(audio)[:43], audio.file_bytes)
