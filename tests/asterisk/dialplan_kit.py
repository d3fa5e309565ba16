"""Phones at the dialplan on a real Asterisk, with no dispatch connected."""

from __future__ import annotations

import contextlib
import wave

from softswitch.asterisk.journal import Cursor, JournalLine, JournalReader, past_calls
from softswitch.asterisk.node import AsteriskNode
from softswitch.ports import PastCall
from softswitch.testing.phone import Call, IncomingCall, Phone

STANDARD = ("110", "119", "120", "122")


def phone(
    node: AsteriskNode, number: str, tone: int = 450
) -> contextlib.AbstractAsyncContextManager[Phone]:
    server = node.settings.bind, node.settings.sip_port
    return Phone.register(server, f"p{number}", f"secret{number}", tone=tone)


def citizen(
    node: AsteriskNode, number: str = "13800138000"
) -> contextlib.AbstractAsyncContextManager[Phone]:
    server = node.settings.bind, node.settings.sip_port
    return Phone.open(
        number, server=server, username="citizens", password="secretcitizens", tone=850
    )


async def connected(caller: Call, callee: IncomingCall, caller_tone: int, callee_tone: int) -> None:
    await caller.hears(callee_tone)
    await callee.hears(caller_tone)


def journal_lines(node: AsteriskNode) -> list[JournalLine]:
    return JournalReader(node.settings.journal).read(Cursor())[0]


def journal_of(node: AsteriskNode, channel_id: str) -> list[JournalLine]:
    return [line for line in journal_lines(node) if line.channel_id == channel_id]


def seconds_of(node: AsteriskNode, channel_id: str) -> float:
    """How long a finished recording is; 0 while it is being written."""
    try:
        with wave.open(str(node.settings.spool / f"{channel_id}.wav")) as file:
            return file.getnframes() / file.getframerate()
    except (OSError, EOFError, wave.Error):
        return 0.0


def past_call(node: AsteriskNode, call_id: str) -> PastCall:
    return next(call for call in past_calls(journal_lines(node)) if call.call_id == call_id)
