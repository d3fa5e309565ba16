"""Sound as numbers: tones, their detection, WAV files. 16 bit, 8 kHz, one channel throughout.

Tones at multiples of 50 Hz have a whole number of periods in a 20 ms frame of 160 samples. So they
are orthogonal there: one frame tells exactly which of them it holds, whatever their phases.
"""

from __future__ import annotations

import wave
from pathlib import Path

import numpy as np
import numpy.typing as npt

Samples = npt.NDArray[np.int16]
Amplitudes = npt.NDArray[np.float64]

RATE = 8000
FRAME = 160
FULL_SCALE = 32768.0
# A tone of a test phone: -20 dB below full scale, so that ten of them may add up in a conference.
TONE_LEVEL = 0.1
# A tone counts as heard above -40 dB, and above -16 dB below the loudest tone of its frame: what
# a tone that begins or breaks off within the frame smears over the other bins stays below that.
HEARD_LEVEL = 0.01
HEARD_SHARE = 0.16
# G.711 noise of an idle line lies near -60 dB.
SILENCE_LEVEL = 0.003


def tone(
    *frequencies: float, seconds: float = 1.0, level: float = TONE_LEVEL, rate: int = RATE
) -> Samples:
    """The sum of sines, each of them at `level` (1.0 is full scale); clipped where they add up."""
    at = np.arange(round(seconds * rate)) / rate
    total = np.zeros(len(at))
    for frequency in frequencies:
        total += np.sin(2 * np.pi * frequency * at)
    return np.clip(total * level * FULL_SCALE, -32768, 32767).astype(np.int16)


def silence(seconds: float) -> Samples:
    return np.zeros(round(seconds * RATE), np.int16)


def level(samples: Samples) -> float:
    """Root mean square, 1.0 for full scale."""
    if not len(samples):
        return 0.0
    return float(np.sqrt(np.mean(np.square(samples.astype(np.float64)))) / FULL_SCALE)


def likeness(heard: Samples, wanted: Samples) -> float:
    """How well `wanted` is found somewhere in `heard`: 1.0 when it is there as it is, near 0 when something else is.

    The greatest normalised cross-correlation over all places where it would fit whole.
    """
    if len(heard) < len(wanted) or not wanted.any():
        return 0.0
    ear, sound = heard.astype(np.float64), wanted.astype(np.float64)
    size = 1 << (len(ear) + len(sound)).bit_length()
    shared = np.fft.rfft(ear, size) * np.conj(np.fft.rfft(sound, size))
    places = len(ear) - len(sound) + 1
    products = np.fft.irfft(shared, size)[:places]
    energy = np.concatenate(([0.0], np.cumsum(ear**2)))
    loudness = np.sqrt((energy[len(sound) :] - energy[:places]) * np.sum(sound**2))
    return float(np.max(products / np.maximum(loudness, 1.0)))


def goertzel(samples: Samples, frequency: float, rate: int = RATE) -> float:
    """The amplitude of one frequency, any, 1.0 for a sine of full scale."""
    if not len(samples):
        return 0.0
    angles = np.arange(len(samples)) * (-2j * np.pi * frequency / rate)
    return float(abs(np.dot(samples, np.exp(angles))) * 2 / len(samples) / FULL_SCALE)


def spectrum(samples: Samples) -> Amplitudes:
    """The amplitudes of all frequencies that are orthogonal in this frame: 50 Hz apart for 160."""
    return np.abs(np.fft.rfft(samples)) * (2 / max(len(samples), 1) / FULL_SCALE)


def amplitude_in(amplitudes: Amplitudes, length: int, frequency: float) -> float:
    """One frequency read off a spectrum of `length` samples; it must lie on its grid."""
    at, rest = divmod(frequency * length, RATE)
    if rest:
        raise ValueError(f"{frequency:g} Hz has no whole number of periods in {length} samples")
    return float(amplitudes[int(at)]) if at < len(amplitudes) else 0.0


def tones_in(samples: Samples) -> tuple[int, ...]:
    """Every frequency of the grid that stands out in this frame, the loudest first."""
    if not len(samples):
        return ()
    amplitudes = spectrum(samples)
    least = max(HEARD_LEVEL, HEARD_SHARE * float(amplitudes[1:].max(initial=0.0)))
    found = [int(k) for k in np.flatnonzero(amplitudes >= least) if k > 0]
    found.sort(key=lambda k: -amplitudes[k])
    return tuple(round(k * RATE / len(samples)) for k in found)


def resample(samples: Samples, rate: int, to: int = RATE) -> Samples:
    """Change the rate by way of the spectrum; what lies above the new band is cut off."""
    if rate == to or not len(samples):
        return samples
    length = round(len(samples) * to / rate)
    bins = np.fft.rfft(samples.astype(np.float64))
    kept = np.zeros(length // 2 + 1, complex)
    share = min(len(kept), len(bins))
    kept[:share] = bins[:share]
    result = np.fft.irfft(kept, length) * (length / len(samples))
    return np.clip(np.rint(result), -32768, 32767).astype(np.int16)


def read_wav(path: Path | str) -> Samples:
    """A WAV file as 8 kHz samples; several channels are mixed into one."""
    with wave.open(str(path), "rb") as file:
        if file.getsampwidth() != 2:
            raise ValueError(f"{path}: {8 * file.getsampwidth()} bit samples, 16 are needed")
        raw = np.frombuffer(file.readframes(file.getnframes()), "<i2")
        channels, rate = file.getnchannels(), file.getframerate()
    if channels > 1:
        raw = raw.reshape(-1, channels).mean(axis=1).astype(np.int16)
    return resample(raw.astype(np.int16), rate)


def write_wav(path: Path | str, samples: Samples, rate: int = RATE) -> None:
    with wave.open(str(path), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(rate)
        file.writeframes(samples.astype("<i2").tobytes())
