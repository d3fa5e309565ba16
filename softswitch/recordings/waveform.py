"""The picture of a recording: the lowest and highest sample of each of ``n`` equal parts (pure)."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from softswitch.errors import invalid

BASE_POINTS = 1_000
"""How many points are computed once and kept with the recording."""

Samples = NDArray[np.int16]
Peaks = NDArray[np.int8]
_AT_A_TIME = 4_000_000


def points_wanted(points: int) -> int:
    """Return ``points`` or refuse a number that no picture needs."""
    if not 1 <= points <= BASE_POINTS:
        raise invalid(
            "bad_points",
            f"A waveform of {points} points cannot be drawn.",
            f"Ask for 1 to {BASE_POINTS} points.",
            field="points",
        )
    return points


def peaks(samples: Samples, points: int = BASE_POINTS) -> Peaks:
    """Return ``points`` rows of (lowest, highest), in 1/127 of full scale; silence beyond the last sample."""
    found = np.zeros((points, 2), dtype=np.int8)
    edges = np.linspace(0, len(samples), points + 1).astype(np.int64)
    for point in range(points):
        part = samples[edges[point] : max(edges[point + 1], edges[point] + 1)]
        if len(part):
            found[point] = _extent(part)
    return found


def coarser(base: Peaks, points: int) -> Peaks:
    """Return ``base`` drawn with fewer points; no peak is lost."""
    edges = np.linspace(0, len(base), points + 1).astype(np.int64)
    low = [base[a:b, 0].min() for a, b in pairwise(edges)]
    high = [base[a:b, 1].max() for a, b in pairwise(edges)]
    return np.column_stack([low, high]).astype(np.int8)


def as_bytes(found: Peaks) -> bytes:
    """Return the peaks as they are kept in the row."""
    return found.tobytes()


def from_bytes(kept: bytes) -> Peaks:
    """Return the peaks of a row."""
    return np.frombuffer(kept, dtype=np.int8).reshape(-1, 2)


def _extent(part: Samples) -> tuple[int, int]:
    low = high = 0
    for start in range(0, len(part), _AT_A_TIME):
        piece = part[start : start + _AT_A_TIME]
        low, high = min(low, int(piece.min())), max(high, int(piece.max()))
    return _scaled(low), _scaled(high)


def _scaled(sample: int) -> int:
    """Return a sample in 1/127 of full scale, away from zero, so that the faintest sound shows."""
    size = -(-abs(sample) * 127 // 32_768)
    return min(size, 127) if sample > 0 else -size
