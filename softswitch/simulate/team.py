"""A field phone: rings a while, is answered, reports in a few words and confirms with a key."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable
from typing import NoReturn

from softswitch.simulate.citizen import speech_of
from softswitch.simulate.options import Options
from softswitch.simulate.report import FieldResult
from softswitch.simulate.scenarios import FieldReply
from softswitch.simulate.speech import Voice
from softswitch.testing.phone import IncomingCall, MediaError, Phone, PhoneError, WaitTimeout

# What the caller says first is listened to before the key: a menu is heard before it is answered.
LISTEN_FRAMES = 25
FOR_EVER = 10 * 365 * 86400.0


async def answer_calls(
    phone: Phone,
    reply: FieldReply,
    options: Options,
    voice: Voice,
    tell: Callable[[str, str], None],
    done: Callable[[FieldResult], None],
) -> NoReturn:
    """Take one call after the other, until it is cancelled."""
    while True:
        call = await phone.incoming(timeout=FOR_EVER)
        who = call.caller_number or "unknown"
        tell(phone.user, f"called by {who}")
        try:
            done(await _take(call, reply, options, voice))
        except PhoneError as error:
            tell(phone.user, str(error))
        else:
            tell(phone.user, f"call with {who} is over")


async def _take(
    call: IncomingCall, reply: FieldReply, options: Options, voice: Voice
) -> FieldResult:
    speech = await speech_of(reply.lines[options.language], options.language, voice)
    try:
        if call.times.answered is None and not await _ends_within(call, options.field_delay):
            await call.answer()
        if call.end is None:
            async with asyncio.timeout(options.field_talk):
                with contextlib.suppress(WaitTimeout):
                    await call.hears_sound(LISTEN_FRAMES, timeout=options.field_talk / 4)
                with contextlib.suppress(MediaError):
                    await call.send_digits(reply.keys)
                await call.play(speech)
                await call.ended(timeout=options.field_talk)
    except (TimeoutError, asyncio.CancelledError, PhoneError):
        if call.end is None:
            with contextlib.suppress(PhoneError):
                await call.hangup()
        if (task := asyncio.current_task()) is not None and task.cancelling():
            raise
    heard = sum(frame.audible for frame in call.ear.frames) * 0.02
    return FieldResult(call.phone.user, call.caller_number, heard, reply.keys)


async def _ends_within(call: IncomingCall, seconds: float) -> bool:
    try:
        await call.ended(timeout=seconds)
    except WaitTimeout:
        return False
    return True
