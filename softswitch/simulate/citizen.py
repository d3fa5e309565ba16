"""One citizen: dials, waits with more or less patience, tells what has happened, hangs up."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator

import numpy as np

from softswitch.simulate.options import Options
from softswitch.simulate.plan import PlannedCall
from softswitch.simulate.report import CallResult
from softswitch.simulate.speech import Voice
from softswitch.testing import audio
from softswitch.testing.phone import (
    CallEndedEarly,
    Clip,
    OutgoingCall,
    Phone,
    PhoneError,
    WaitTimeout,
)
from softswitch.testing.phone.fields import NameAddr, Uri

PAUSE = 1.5


async def speech_of(lines: tuple[str, ...], language: str, voice: Voice) -> audio.Samples:
    """All lines in one piece, each with the pause of one who listens for an answer."""
    parts: list[audio.Samples] = []
    for line in lines:
        parts += [await voice.say(line, language), audio.silence(PAUSE)]
    return np.concatenate(parts)


async def dial(phone: Phone, planned: PlannedCall, options: Options) -> OutgoingCall:
    name = planned.scenario.caller_name
    if options.identity == "from":
        return await phone.dial(planned.scenario.number, caller=planned.caller, display=name)
    headers = {}
    if options.identity == "asserted":
        asserted = NameAddr(Uri(planned.caller, options.server[0]), name)
        headers["P-Asserted-Identity"] = str(asserted)
    return await phone.dial(planned.scenario.number, headers=headers)


async def call_for_help(
    phone: Phone, planned: PlannedCall, options: Options, voice: Voice
) -> CallResult:
    speech = await speech_of(planned.scenario.lines[options.language], options.language, voice)
    call = await dial(phone, planned, options)
    try:
        async with _giving_up(planned.gives_up_after) as early:
            outcome = await _hold_on_and_talk(call, options, speech)
        if early.expired():
            outcome = "gave up"
        elif outcome == "talked" and call.times.answered is None:
            outcome = "refused"
    finally:
        with contextlib.suppress(PhoneError):
            await call.hangup()
    return _result(planned, call, outcome)


@contextlib.asynccontextmanager
async def _giving_up(after: float | None) -> AsyncIterator[asyncio.Timeout]:
    """The impatient leave wherever they are in the call."""
    limit = asyncio.timeout(after)
    with contextlib.suppress(TimeoutError):
        async with limit:
            yield limit


async def _hold_on_and_talk(call: OutgoingCall, options: Options, speech: audio.Samples) -> str:
    try:
        await call.answered(timeout=options.patience)
    except CallEndedEarly:
        return "refused"
    except WaitTimeout:
        return "not answered"
    # A server may answer to play music to those who wait. So the citizen tells it again and
    # again, and whoever takes the call later hears all of it.
    call.sound(Clip(speech, loop=True))
    with contextlib.suppress(WaitTimeout):
        await call.ended(timeout=options.talk)
    return "talked"


def _result(planned: PlannedCall, call: OutgoingCall, outcome: str) -> CallResult:
    times, end = call.times, call.end
    invited = times.invited or 0.0
    heard = sum(frame.audible for frame in call.ear.frames) * 0.02
    return CallResult(
        planned.number,
        planned.scenario.number,
        planned.caller,
        planned.scenario.name,
        outcome,
        times.ringing - invited if times.ringing else None,
        times.answered - invited if times.answered else None,
        heard,
        end.status if end else None,
        end.cause if end else None,
        ", ".join(call.history),
    )
