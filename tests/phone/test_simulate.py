"""The simulation: its plan, its speech, and citizens and field phones on a real Asterisk."""

import asyncio
import socket
from collections import Counter
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from softswitch.setup.cache import cache_folder
from softswitch.simulate import SCENARIOS, Account, Options, plan, simulate
from softswitch.simulate.reach import need_udp
from softswitch.simulate.report import CallResult, Happening, Report
from softswitch.simulate.scenarios import FIELD_REPLIES, LANGUAGES
from softswitch.simulate.speech import EspeakVoice, ToneVoice
from softswitch.testing import audio
from softswitch.testing.phone import Phone
from tests.phone.asterisk import PASSWORD, Ports

CITIZEN, TEAM = Account("1001", PASSWORD), Account("1003", PASSWORD)


def options(ports: Ports | None = None, **changes: object) -> Options:
    """Quick ones: everything that takes minutes in life takes a part of a second."""
    quick = Options(
        server=ports.server("udp") if ports else ("127.0.0.1", 5060),
        citizens=(CITIZEN,),
        field_phones=(TEAM,),
        calls=1,
        interval=0.0,
        patience=5.0,
        talk=5.0,
        field_delay=0.05,
        field_talk=1.5,
    )
    return replace(quick, **changes)  # type: ignore[arg-type]


def test_every_scenario_can_be_told_in_every_language() -> None:
    assert {s.number for s in SCENARIOS} == {"110", "119", "120", "122"}
    assert len({s.caller for s in SCENARIOS}) == len(SCENARIOS)
    for told in (*SCENARIOS, *FIELD_REPLIES):
        assert set(told.lines) == set(LANGUAGES)
        assert all(told.lines.values())


def test_the_same_seed_gives_the_same_calls() -> None:
    wanted = options(calls=200, interval=2.0, give_up_share=0.25, seed=7)
    calls = plan(wanted)
    assert calls == plan(wanted)
    assert calls != plan(replace(wanted, seed=8))
    assert len({call.caller for call in calls[6:]}) == 194
    assert [c.start for c in calls] == sorted(c.start for c in calls)
    assert 200 < calls[-1].start < 700
    assert 30 < sum(c.gives_up_after is not None for c in calls) < 70


def test_the_mix_is_kept() -> None:
    calls = plan(options(calls=400, mix={"120": 3, "110": 1}))
    counts = Counter(call.scenario.number for call in calls)
    assert set(counts) == {"120", "110"}
    assert 250 < counts["120"] < 350


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"citizens": ()}, "no account to place them from"),
        ({"calls": 0, "field_phones": ()}, "nothing to simulate"),
        ({"language": "xx"}, "language 'xx' is none of cmn, en"),
        ({"give_up_share": 2}, "is not 0 to 1"),
        ({"at_once": 0}, "cannot be negative"),
        ({"identity": "x"}, "identity 'x'"),
    ],
)
def test_wrong_options_say_what_is_wrong(changes: dict[str, object], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        options(None, **changes)


@pytest.mark.parametrize("mix", [{"999": 1}, {"120": 0}, {"120": -1, "110": 2}])
def test_a_wrong_mix_says_what_is_wrong(mix: dict[str, float]) -> None:
    with pytest.raises(ValueError, match=r"no scenario for 999|shares of the mix"):
        plan(options(mix=mix))


def test_the_report_can_be_read() -> None:
    report = Report(
        12.0,
        [
            CallResult(1, "120", "138", "x", "talked", 0.1, 0.5),
            CallResult(2, "110", "139", "y", "refused", detail="503 Service Unavailable"),
        ],
    )
    assert report.outcomes == {"talked": 1, "refused": 1}
    assert "answered after 0.500 s (median)" in report.text()
    assert "call 2 to 110: 503 Service Unavailable" in report.text()


@pytest.mark.parametrize("language", LANGUAGES)
async def test_speech_is_made_once(tmp_path: Path, language: str) -> None:
    (tmp_path / "espeak-ng").symlink_to(cache_folder() / "espeak-ng")
    voice = EspeakVoice(tmp_path)
    text = SCENARIOS[0].lines[language][0]
    first, again = await asyncio.gather(voice.say(text, language), voice.say(text, language))
    assert np.array_equal(first, again)
    assert 1 < len(first) / audio.RATE < 10
    assert audio.level(first) > 0.02
    files = list((tmp_path / "speech").iterdir())
    assert [f.suffix for f in files] == [".wav"]
    changed = files[0].stat().st_mtime_ns
    await EspeakVoice(tmp_path).say(text, language)
    assert files[0].stat().st_mtime_ns == changed


@pytest.mark.asterisk
async def test_citizens_talk_to_a_field_phone(ports: Ports) -> None:
    seen: list[Happening] = []
    report = await simulate(options(ports), seen.append, EspeakVoice())
    (result,) = report.calls
    assert result.outcome == "talked", report.text()
    assert result.cause == 16
    assert result.heard > 0.2
    assert result.to_ring is not None
    assert result.to_answer is not None
    assert result.to_ring < result.to_answer
    (taken,) = report.field_calls
    assert taken.caller == result.caller
    assert taken.heard > 0.2
    assert [h.what for h in seen][:2] == ["registered", "registered"]


@pytest.mark.asterisk
async def test_the_impatient_the_unanswered_and_the_refused(ports: Ports) -> None:
    voice = ToneVoice()
    hasty = options(ports, give_up_share=1.0, give_up_after=0.3, field_delay=30.0)
    report = await simulate(hasty, voice=voice)
    assert report.outcomes == {"gave up": 1}
    report = await simulate(options(ports, patience=0.2, field_delay=30.0), voice=voice)
    assert report.outcomes == {"not answered": 1}
    report = await simulate(options(ports, field_phones=()), voice=voice)
    assert report.outcomes == {"refused": 1}
    assert report.calls[0].status in {480, 503}


@pytest.mark.asterisk
async def test_it_ends_cleanly_when_cancelled(ports: Ports) -> None:
    task = asyncio.create_task(simulate(options(ports, calls=0), voice=ToneVoice()))
    async with Phone.register(ports.server("udp"), "1001", PASSWORD, tone=450) as alice:
        call = await alice.dial("1003")
        while call.times.answered is None:  # until the field phone is registered
            if call.end is not None:
                call = await alice.dial("1003")
            await call.until(lambda: call.times.answered or call.end, "be decided")  # noqa: B023
        await call.receives("1")
        await call.hears(450, timeout=5)
        task.cancel()
        assert (await call.ended()).by_remote
        with pytest.raises(asyncio.CancelledError):
            await task


async def test_an_address_at_which_nobody_listens_is_told_at_once() -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as server:
        server.bind(("127.0.0.1", 0))
        address = server.getsockname()
        await need_udp(address)
    with pytest.raises(ConnectionRefusedError):
        await need_udp(address)
