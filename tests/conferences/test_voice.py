"""Speech for announcements, with the real espeak-ng."""

from __future__ import annotations

import asyncio
from pathlib import Path

from softswitch.app import find_speech
from softswitch.conferences.voice import TONE, EspeakVoice


async def test_many_who_ask_for_one_text_at_once_all_hear_it(tmp_path: Path) -> None:
    voice = EspeakVoice(tmp_path, find_speech())
    spoken = await asyncio.gather(*(voice.speak("请立即集合。", "zh") for _ in range(8)))
    assert TONE not in spoken
    assert len(set(spoken)) == 1
    assert [path.suffix for path in tmp_path.iterdir()] == [".wav"]  # noqa: ASYNC240 - a test may wait


async def test_a_text_that_is_forgotten_leaves_no_file(tmp_path: Path) -> None:
    voice = EspeakVoice(tmp_path, find_speech())
    kept = await voice.speak("请立即集合。", "zh")
    await voice.speak("甲请到第一小学。", "zh")
    voice.forget("甲请到第一小学。", "zh")
    voice.forget("没有说过。", "zh")
    (left,) = tmp_path.iterdir()  # noqa: ASYNC240 - a test may wait
    assert kept.media == f"sound:{left.with_suffix('')}"


async def test_without_a_program_there_are_tones(tmp_path: Path) -> None:
    assert await EspeakVoice(tmp_path, None).speak("请立即集合。", "zh") == TONE
