"""Whatever places a call outside chooses its trunk in one way: the first clears it with 34, the second takes it."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from softswitch.conferences.model import MemberState, RoomKind
from softswitch.conferences.notice_model import Rules
from softswitch.conferences.service import RoomPlan
from softswitch.testing.phone import Phone
from softswitch.testing.system import sip_phone, until
from tests.conferences.kit import reaches
from tests.trunk.kit import Rig

pytestmark = [pytest.mark.asterisk, pytest.mark.asyncio(loop_scope="module")]

WHO = "chief"
NUMBER = "010340"


@asynccontextmanager
async def desk(rig: Rig) -> AsyncIterator[Phone]:
    """The trunks, and a desk that answers by itself."""
    await rig.use()
    async with sip_phone(rig.system, "1001", tone=450, auto_answer=True) as phone:
        yield phone


async def taken(rig: Rig) -> None:
    """Wait until the second trunk carries the call."""
    call = await rig.call("second", "210340")
    await until(lambda: call.answered_at, what="the second trunk carries it")
    assert call.outgoing
    await until(lambda: not rig.calls("first"), what="the first has let go")


async def test_a_member_of_a_conference(rig: Rig) -> None:
    rooms = rig.system.conferences.rooms
    await rig.use()
    room = await rooms.create(WHO, RoomPlan(name="组呼", kind=RoomKind.FIXED, entry_tone=False))
    await rooms.invite(WHO, room.id, [NUMBER])
    await reaches(room, NUMBER, MemberState.IN)
    await taken(rig)
    await rooms.close(WHO, room.id)


async def test_a_roll_call(rig: Rig) -> None:
    rolls = rig.system.conferences.rolls
    async with desk(rig) as phone:
        roll = await rolls.begin(WHO, "1001", [NUMBER])
        own = await phone.incoming()
        await taken(rig)
        await rolls.stop(WHO, roll.id)
        await rig.system.conferences.rooms.close(WHO, roll.room_id)
        await own.ended()


async def test_a_notification(rig: Rig) -> None:
    await rig.use()
    notices = rig.system.conferences.notices
    notice = await notices.send(WHO, "演习", [{"number": NUMBER}], Rules(1, 1_000, False))
    await taken(rig)
    await notices.stop(WHO, notice.id)


async def test_a_call_back(rig: Rig) -> None:
    tasks = rig.system.center.tasks
    async with desk(rig) as phone:
        task = await tasks.asked("trunk-test", NUMBER, "sms")
        call_id = await tasks.call("1001", WHO, task)
        own = await phone.incoming()
        await taken(rig)
        await rig.system.center.commands.hangup("1001", call_id)
        await own.ended()
