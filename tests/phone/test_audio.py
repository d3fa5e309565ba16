"""Tones, G.711 and their detection; the ear on frames that a test makes itself."""

import asyncio
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from softswitch.testing import audio
from softswitch.testing.phone import g711
from softswitch.testing.phone.ear import Ear
from softswitch.testing.phone.errors import CallEndedEarly, WaitTimeout
from softswitch.testing.phone.frames import Frame
from softswitch.testing.phone.sources import Clip, Tone

TONES = (450, 650, 850, 1050)


@pytest.mark.parametrize("codec", ["PCMU", "PCMA"])
def test_g711_keeps_every_code(codec: str) -> None:
    codes = bytes(range(256))
    decoded = g711.decode(codes, codec)
    again = g711.encode(decoded, codec)
    # Only the two zeros of mu-law are one value.
    assert [a for a, b in zip(codes, again, strict=True) if a != b] in ([], [0x7F], [0xFF])


def test_g711_known_values() -> None:
    """Silence, and the ends of the scale of ITU-T G.711."""
    assert g711.encode(np.array([0, 32767, -32768], np.int16), "PCMU").hex() in {"ff8000", "7f8000"}
    assert g711.decode(b"\x80\x00\xff", "PCMU").tolist() == [32124, -32124, 0]
    assert g711.decode(b"\xaa\x2a\xd5", "PCMA").tolist() == [32256, -32256, 8]


@pytest.mark.parametrize("codec", ["PCMU", "PCMA"])
def test_each_mix_of_tones_is_told_from_every_other(codec: str) -> None:
    for bits in range(1, 16):
        mix = [tone for n, tone in enumerate(TONES) if bits >> n & 1]
        samples = audio.tone(*mix, seconds=0.02)
        frame = Frame(0.0, 0, 0, g711.encode(samples, codec), codec)
        assert set(frame.tones) == set(mix)
        assert [t for t in TONES if frame.has(t)] == mix


def test_forty_voices_in_one_frame() -> None:
    tones = list(range(300, 2300, 50))
    samples = audio.tone(*tones, seconds=0.02, level=0.02)
    frame = Frame(0.0, 0, 0, g711.encode(samples), "PCMU")
    assert set(frame.tones) == set(tones)


def test_a_tone_that_begins_within_the_frame_is_not_another() -> None:
    for cut in range(0, 160, 8):
        samples = audio.tone(450, seconds=0.02)
        samples[:cut] = 0
        frame = Frame(0.0, 0, 0, g711.encode(samples), "PCMU")
        assert not any(frame.has(tone) for tone in (850, 1050, 1250)) or cut > 100


def test_silence_and_noise_are_no_tone() -> None:
    noise = np.random.default_rng(1).normal(0, 30, 160).astype(np.int16)
    for samples in (audio.silence(0.02), noise):
        frame = Frame(0.0, 0, 0, g711.encode(samples), "PCMU")
        assert frame.tones == ()
        assert not frame.audible
    assert Frame(0.0, 0, 0, b"", "PCMU").tones == ()


def test_goertzel_finds_any_frequency() -> None:
    samples = audio.tone(697, 1209, seconds=0.1)
    assert audio.goertzel(samples, 697) == pytest.approx(0.1, rel=0.05)
    assert audio.goertzel(samples, 1336) < 0.01


def test_a_source_repeats_without_a_seam() -> None:
    for tone in (Tone(450), Tone(697)):
        frames = b"".join(tone.frame("PCMU") for _ in range(100))
        expected = audio.tone(*tone.frequencies, seconds=2)
        assert np.abs(g711.decode(frames) - expected.astype(int)).max() < 200
    clip = Clip(audio.tone(450, seconds=0.03))
    assert [clip.frame("PCMU") is None for _ in range(3)] == [False, False, True]


def test_wav_and_resampling(tmp_path: Path) -> None:
    wide = audio.tone(450, seconds=0.5, rate=22_050)
    audio.write_wav(tmp_path / "x.wav", wide, 22_050)
    narrow = audio.read_wav(tmp_path / "x.wav")
    assert len(narrow) == 4000
    assert audio.goertzel(narrow[400:-400], 450) == pytest.approx(0.1, rel=0.02)


def feed(ear: Ear, *tones: int, count: int = 1, loss: int = 0) -> None:
    payload = g711.encode(audio.tone(*tones, seconds=0.02))
    for _ in range(count):
        number = ear.total + loss
        ear.count(number)
        ear.receive(Frame(number * 0.02, number, number * 160, payload, "PCMU"))
        ear.tick()


async def test_hears_counts_frames_in_a_row_from_now_on() -> None:
    ear = Ear()
    feed(ear, 450, count=10)
    waiting = asyncio.create_task(ear.hears(450, frames=3))
    await asyncio.sleep(0)
    feed(ear, 450, count=2)
    feed(ear, 650)
    feed(ear, 450, count=2)
    await asyncio.sleep(0)
    assert not waiting.done()
    feed(ear, 450)
    assert await waiting == pytest.approx(13 * 0.02)
    assert await ear.hears(450, since=0.0) == 0.0


async def test_hears_not_tolerates_one_torn_frame_only() -> None:
    ear = Ear()
    for torn, passes in ((1, True), (2, False)):
        waiting = asyncio.create_task(ear.hears_not(650, frames=10))
        await asyncio.sleep(0)
        feed(ear, 450, 650, count=torn)
        feed(ear, 450, count=10)
        if passes:
            await waiting
        else:
            with pytest.raises(AssertionError, match="should not hear 650 Hz"):
                await waiting


async def test_without_frames_hears_not_fails() -> None:
    with pytest.raises(WaitTimeout, match="only 0 frames came"):
        await Ear().hears_not(450, timeout=0.01)


async def test_silence_is_counted_by_our_own_clock() -> None:
    ear = Ear()
    silences: list[Callable[[], None]] = [ear.tick, lambda: feed(ear)]
    for silent in silences:
        waiting = asyncio.create_task(ear.hears_silence(frames=5))
        await asyncio.sleep(0)
        feed(ear, 450, count=3)
        for _ in range(3):
            silent()
        await asyncio.sleep(0)
        assert not waiting.done()
        for _ in range(2):
            silent()
        await waiting


async def test_stops_hearing_tells_when_it_was_last_heard() -> None:
    ear = Ear()
    waiting = asyncio.create_task(ear.stops_hearing(450, frames=5))
    await asyncio.sleep(0)
    feed(ear, 450, count=4)
    feed(ear, 650, count=6)
    assert await waiting == pytest.approx(3 * 0.02)


def test_lost_frames_are_seen_as_gaps() -> None:
    ear = Ear()
    feed(ear, 450, count=10)
    feed(ear, 450, count=10, loss=5)
    (gap,) = ear.gaps(450, longer_than=0.08)
    assert gap.start == pytest.approx(9 * 0.02)
    assert gap.length == pytest.approx(6 * 0.02)
    assert ear.lost == 5


async def test_the_end_of_the_call_ends_every_wait() -> None:
    ear = Ear("1001 → 120")
    waiting = asyncio.create_task(ear.hears(450))
    await asyncio.sleep(0)
    ear.close("the call ended: BYE")
    with pytest.raises(CallEndedEarly, match=r"1001 → 120: should hear 450 Hz.*ended: BYE"):
        await waiting


def test_gaps_losses_and_recording() -> None:
    ear = Ear()
    feed(ear, 450, count=5)
    feed(ear, 650, count=3)
    feed(ear, 450, count=5)
    assert [round(g.length, 3) for g in ear.gaps(450)] == [0.08]
    assert ear.gaps() == []
    feed(ear, 450, loss=4)
    assert ear.lost == 4
    assert len(ear.recording()) == 14 * 160
    assert ear.first_heard(650) == pytest.approx(0.1)
    assert "450 Hz in 11" in ear.summary()


def test_a_clip_is_known_again_wherever_it_lies_and_another_is_not() -> None:
    dice = np.random.default_rng(1)
    clip, another = (dice.normal(0, 3000, 4000).astype(np.int16) for _ in range(2))
    noise = dice.normal(0, 300, 12_000).astype(np.int16)
    heard = noise.copy()
    heard[3001:7001] += clip // 2
    assert audio.likeness(heard, clip) > 0.9
    assert audio.likeness(heard, another) < 0.2
    assert audio.likeness(heard[:5000], clip) < 0.8
    assert audio.likeness(clip, heard) == 0.0
    assert audio.likeness(heard, np.zeros(10, np.int16)) == 0.0
