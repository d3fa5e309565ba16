"""Notification with real phones: said, confirmed, tried again, handed to the deputy; the ledger tells it all."""

from __future__ import annotations

import base64
import io
import wave

import numpy as np
import pytest

from softswitch.app import System
from softswitch.conferences import notice_store
from softswitch.conferences.notice import Notice
from softswitch.conferences.notice_model import Person, PersonState, Rules
from softswitch.errors import Refusal
from softswitch.testing.system import sip_phone, until
from tests.conferences.kit import WHO, phones

pytestmark = [pytest.mark.asterisk, pytest.mark.asyncio(loop_scope="module")]

QUICK = Rules(tries=2, pause=1_000)


def row(notice: Notice, number: str) -> Person:
    return next(p for p in notice.people.values() if p.number == number)


async def over(system: System, notice: Notice) -> dict[str, Person]:
    """Wait for the end and return the ledger as it is stored."""
    notices = system.conferences.notices
    await until(lambda: notice.id not in notices.notices, what="it is over")
    await until(lambda: not system.center.engine._tasks, what="all is written")
    people = await system.db.read(notice_store.people_of, notice.id)
    return {person.number: person for person in people}


async def test_it_is_said_until_the_key_is_pressed(system: System) -> None:
    async with phones(system, "2001", "2002") as them:
        notice = await system.conferences.notices.send(
            WHO, "请集合", [{"number": "2001"}, {"number": "2002"}, {"number": "2001"}], QUICK
        )
        assert len(notice.people) == 2  # one number is told once
        for phone in them.values():
            call = await phone.incoming()
            await call.answer()
            await call.hears_sound()
            await call.send_digits("1")
            await call.ended()
        ledger = await over(system, notice)
        assert {p.state for p in ledger.values()} == {PersonState.CONFIRMED}
        assert [p.tries for p in ledger.values()] == [1, 1]


async def test_who_is_busy_is_rung_again_and_then_the_deputy(system: System) -> None:
    async with phones(system, "2001", "2003") as them:
        notice = await system.conferences.notices.send(
            WHO, "请集合", [{"number": "2001", "deputy": "2003"}], QUICK
        )
        for _ in range(2):
            call = await them["2001"].incoming()
            await call.reject()
        deputy = await them["2003"].incoming()
        await deputy.answer()
        await deputy.hears_sound()
        await deputy.send_digits("1")
        await deputy.ended()
        ledger = await over(system, notice)
        assert ledger["2001"].state is PersonState.ESCALATED
        assert ledger["2001"].tries == 2
        assert ledger["2003"].state is PersonState.CONFIRMED
        assert ledger["2003"].deputy_for == "2001"
        assert not them["2001"].arrived  # twice and not more often


async def test_a_dead_number_is_not_tried_again(system: System) -> None:
    async with phones(system, "2001") as them:
        notice = await system.conferences.notices.send(WHO, "x", [{"number": "2001"}], QUICK)
        await (await them["2001"].incoming()).reject(status=404)
        ledger = await over(system, notice)
        assert (ledger["2001"].state, ledger["2001"].tries) == (PersonState.FAILED, 1)
        assert ledger["2001"].why == "dead_number"


async def test_a_recording_is_played_and_heard_is_enough(system: System) -> None:
    tone = (8000 * np.sin(2 * np.pi * 700 * np.arange(16_000) / 16_000)).astype("<i2")
    buffer = io.BytesIO()
    with wave.open(buffer, "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(16_000)
        file.writeframes(tone.tobytes())
    sound = base64.b64encode(buffer.getvalue()).decode()
    async with sip_phone(system, "2001") as phone:
        rules = Rules(tries=1, confirm=False)
        notice = await system.conferences.notices.send(
            WHO, "tone", [{"number": "2001"}], rules, sound=sound
        )
        call = await phone.incoming()
        await call.answer()
        await call.hears(700)
        await call.ended()
        assert (await over(system, notice))["2001"].state is PersonState.REACHED


async def test_stopping_rings_nobody_else(system: System) -> None:
    async with phones(system, "2001") as them:
        notice = await system.conferences.notices.send(WHO, "x", [{"number": "2001"}], QUICK)
        call = await them["2001"].incoming()
        await call.ringing()
        await until(lambda: row(notice, "2001").state is PersonState.RINGING)
        await system.conferences.notices.stop(WHO, notice.id)
        await call.ended()
        assert (await over(system, notice))["2001"].state is PersonState.STOPPED


async def test_bad_notifications_are_refused(system: System) -> None:
    notices = system.conferences.notices
    someone = [{"number": "2001"}]
    for text, people, rules, sound in (
        ("", someone, QUICK, None),
        ("x", [], QUICK, None),
        ("x", [{"number": "110"}], QUICK, None),
        ("x", [{"number": "abc"}], QUICK, None),
        ("x", someone, Rules(tries=0), None),
        ("x", someone, Rules(pause=1), None),
        ("x", someone, QUICK, "no base64!"),
        ("x", someone, QUICK, base64.b64encode(b"no sound").decode()),
    ):
        with pytest.raises(Refusal):
            await notices.send(WHO, text, people, rules, sound=sound)
    with pytest.raises(Refusal):
        await notices.stop(WHO, "abc")
    assert not notices.notices
