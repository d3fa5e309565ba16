from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from softswitch.errors import Refusal
from softswitch.recordings import waveform
from tests.recordings.kit import tone

samples = arrays.arrays(np.int16, st.integers(0, 3_000))


@given(samples, st.integers(1, 200))
def test_every_sample_lies_inside_the_picture(sound: np.ndarray, points: int) -> None:
    picture = waveform.peaks(sound, points).astype(int)
    assert picture.shape == (points, 2)
    edges = np.linspace(0, len(sound), points + 1).astype(int)
    for (low, high), start, stop in zip(picture, edges, edges[1:], strict=False):
        part = sound[start:stop].astype(int)
        assert all(low * 32_768 <= part * 127)
        assert all(part * 127 <= high * 32_768)


@given(samples, st.integers(1, 1_000))
def test_a_coarser_picture_loses_no_peak(sound: np.ndarray, points: int) -> None:
    base = waveform.peaks(sound)
    coarse = waveform.coarser(base, points)
    assert coarse.shape == (points, 2)
    assert coarse[:, 0].min() == base[:, 0].min()
    assert coarse[:, 1].max() == base[:, 1].max()


def test_silence_then_a_tone_is_drawn_where_it_sounds() -> None:
    sound = np.concatenate([np.zeros(8_000, np.int16), tone(1.0, size=16_384)])
    picture = waveform.peaks(sound, 10)
    assert not picture[:5].any()
    assert picture[5:, 1].min() >= 63
    assert picture[5:, 0].max() <= -63


@given(samples)
def test_kept_peaks_come_back(sound: np.ndarray) -> None:
    base = waveform.peaks(sound)
    assert (waveform.from_bytes(waveform.as_bytes(base)) == base).all()


@pytest.mark.parametrize("points", [0, -1, 1_001])
def test_a_number_of_points_that_nobody_draws_is_refused(points: int) -> None:
    with pytest.raises(Refusal, match="waveform"):
        waveform.points_wanted(points)
