"""G.711 by tables (ITU-T G.711): decoding and encoding are one look-up for each sample."""

from __future__ import annotations

import functools

import numpy as np
import numpy.typing as npt

Samples = npt.NDArray[np.int16]
FRAME = 160
RATE = 8000


def _ulaw_values() -> Samples:
    code = ~np.arange(256) & 0xFF
    magnitude = (((code & 0x0F) << 3) + 0x84) << ((code & 0x70) >> 4)
    return np.where(code & 0x80, 0x84 - magnitude, magnitude - 0x84).astype(np.int16)


def _alaw_values() -> Samples:
    code = np.arange(256) ^ 0x55
    segment = (code & 0x70) >> 4
    low = (code & 0x0F) << 4
    value = np.where(segment == 0, low + 8, (low + 0x108) << np.maximum(segment - 1, 0))
    return np.where(code & 0x80, value, -value).astype(np.int16)


@functools.cache
def decode_table(codec: str) -> Samples:
    return {"PCMU": _ulaw_values, "PCMA": _alaw_values}[codec]()


@functools.cache
def _encode_table(codec: str) -> npt.NDArray[np.uint8]:
    """The nearest code for each of the 65,536 samples, indexed by sample + 32768."""
    values = decode_table(codec).astype(np.int32)
    order = np.argsort(values, kind="stable")
    ordered = values[order]
    # Between two neighbours the border lies in the middle.
    borders = (ordered[1:] + ordered[:-1]) / 2
    return order[np.searchsorted(borders, np.arange(-32768, 32768))].astype(np.uint8)


def encode(samples: Samples, codec: str = "PCMU") -> bytes:
    return _encode_table(codec)[samples.astype(np.int32) + 32768].tobytes()


def decode(payload: bytes, codec: str = "PCMU") -> Samples:
    return decode_table(codec)[np.frombuffer(payload, np.uint8)]
