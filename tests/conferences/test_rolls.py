"""Roll calls with real phones: who stays, going on by key and by command, a desk that does not come back."""

from __future__ import annotations

import asyncio

import pytest

from softswitch.app import System
from softswitch.conferences.model import MOST_MEMBERS, MemberState
from softswitch.conferences.rollcall import EntryState, RollKind, RollState
from softswitch.errors import Refusal
from softswitch.testing.system import sip_phone, until
from tests.conferences.kit import TONES, WHO, all_hear_all, phones, reaches

pytestmark = [pytest.mark.asterisk, pytest.mark.asyncio(loop_scope="module")]


async def test_next_lets_go_of_one_who_talks_and_of_one_who_rings(system: System) -> None:
    rolls = system.conferences.rolls
    async with (
        phones(system, "2001", "2002", "2003") as them,
        sip_phone(system, "1001", tone=TONES["1001"]) as desk,
    ):
        call = await rolls.begin(WHO, "1001", ["2001", "2002", "2003"])
        chair = await desk.incoming()
        first = await them["2001"].incoming()
        await first.answer()
        await chair.hears(TONES["2001"])
        await chair.send_digits("3")  # by key: the next one now
        await first.ended()
        second = await them["2002"].incoming()
        await second.ringing()
        await rolls.next(WHO, call.id)  # by command, while it rings
        await second.ended()
        third = await them["2003"].incoming()
        await third.answer()
        await chair.hears(TONES["2003"])
        wanted = [EntryState.PRESENT, EntryState.ABSENT, EntryState.TALKING]
        await until(lambda: [entry.state for entry in call.roll.entries] == wanted)
        await rolls.stop(WHO, call.id)


async def test_who_stays_listens_and_is_kept_when_it_becomes_a_conference(system: System) -> None:
    rolls = system.conferences.rolls
    async with (
        phones(system, "2001", "2002", "2003") as them,
        sip_phone(system, "1001", tone=TONES["1001"]) as desk,
    ):
        call = await rolls.begin(WHO, "1001", ["2001", "2002", "2003"], stay=True)
        chair = await desk.incoming()
        first = await them["2001"].incoming()
        await first.answer()
        await chair.hears(TONES["2001"])
        await rolls.next(WHO, call.id)
        second = await them["2002"].incoming()
        await second.answer()
        await asyncio.gather(first.hears(TONES["1001"], TONES["2002"]), chair.hears(TONES["2002"]))
        await chair.stops_hearing(TONES["2001"])  # he listens
        await rolls.into_conference(WHO, call.id)  # midway: the third was not rung
        await all_hear_all({"1001": chair, "2001": first, "2002": second})
        assert call.roll.state is RollState.CONFERENCE
        assert [entry.number for entry in call.roll.absent] == ["2003"]
        for number in ("2001", "2002", "2003"):
            assert not them[number].arrived  # nobody who is there is rung again
        assert (first.end, second.end) == (None, None)


async def test_a_desk_that_does_not_come_back_is_rung_again_on_resume(system: System) -> None:
    rolls = system.conferences.rolls
    async with (
        phones(system, "2001", "2002") as them,
        sip_phone(system, "1001", tone=TONES["1001"], auto_answer=False) as desk,
    ):
        call = await rolls.begin(WHO, "1001", ["2001", "2002"])
        chair = await desk.incoming()
        await chair.answer()
        first = await them["2001"].incoming()
        await first.answer()
        await chair.hears(TONES["2001"])
        await chair.hangup()
        for _ in range(3):
            await (await desk.incoming()).reject()
        await until(lambda: call.roll.state is RollState.NO_DESK, what="it waits for him")
        await first.hears_sound()
        assert not them["2002"].arrived
        await rolls.resume(WHO, call.id)
        back = await desk.incoming()
        await back.answer()
        await asyncio.gather(back.hears(TONES["2001"]), first.hears(TONES["1001"]))
        await until(lambda: call.roll.state is RollState.RUNNING)
        await first.hangup()
        second = await them["2002"].incoming()
        await second.answer()
        await back.hears(TONES["2002"])
        await rolls.stop(WHO, call.id)


async def test_only_the_key_makes_an_answer_in_a_hunt_that_asks_for_it(system: System) -> None:
    async with (
        phones(system, "2001", "2002") as them,
        sip_phone(system, "1001", tone=TONES["1001"]) as desk,
    ):
        call = await system.conferences.rolls.begin(
            WHO, "1001", ["2001", "2002"], kind=RollKind.HUNT, confirm=True
        )
        await desk.incoming()
        voicemail = await them["2001"].incoming()
        await voicemail.answer()
        await voicemail.hangup()
        person = await them["2002"].incoming()
        await person.answer()
        await person.hears(TONES["1001"])
        await person.send_digits("1")
        await until(lambda: call.roll.state is RollState.DONE, what="he was found")
        await until(
            lambda: [(e.number, e.why) for e in call.roll.absent] == [("2001", "not_confirmed")]
        )


async def test_a_roll_call_that_is_over_or_unknown_says_so(system: System) -> None:
    rolls = system.conferences.rolls
    async with phones(system, "2001") as them, sip_phone(system, "1001") as desk:
        call = await rolls.begin(WHO, "1001", ["2001"])
        chair = await desk.incoming()
        await (await them["2001"].incoming()).reject()
        await until(lambda: call.roll.state is RollState.DONE, what="it is over")
        with pytest.raises(Refusal) as refused:
            await rolls.next(WHO, call.id)
        assert refused.value.code == "roll_over"
        await chair.hangup()
        await until(lambda: call.room_id not in rolls.rolls, what="it is forgotten")
        for command in (rolls.next, rolls.stop, rolls.resume, rolls.into_conference):
            with pytest.raises(Refusal) as refused:
                await command(WHO, call.id)
            assert refused.value.code == "roll_call_not_found"


async def test_dead_and_unreachable_numbers_are_absent_with_the_reason(system: System) -> None:
    async with phones(system, "2001") as them, sip_phone(system, "1001") as desk:
        call = await system.conferences.rolls.begin(
            WHO, "1001", ["2002", "2001", "2001", "1001", "110"]
        )
        await desk.incoming()
        room = system.conferences.books.rooms[call.room_id]
        await reaches(room, "2002", MemberState.UNREACHABLE)  # has no phone
        await (await them["2001"].incoming()).reject(status=404)
        await until(lambda: call.roll.state is RollState.DONE, what="it is over")
        assert [(e.number, e.why) for e in call.roll.entries] == [
            ("2002", "unreachable"),
            ("2001", "dead_number"),
        ]


async def test_a_room_that_takes_nobody_more_does_not_hold_the_list_up(system: System) -> None:
    async with (
        phones(system, "2001", "2002") as them,
        sip_phone(system, "1001", tone=TONES["1001"]) as desk,
    ):
        call = await system.conferences.rolls.begin(WHO, "1001", ["2001", "2002"], stay=True)
        system.conferences.books.rooms[call.room_id].most = 2
        chair = await desk.incoming()
        await (await them["2001"].incoming()).answer()
        await chair.hears(TONES["2001"])
        await system.conferences.rolls.next(WHO, call.id)
        await until(lambda: call.roll.state is RollState.DONE, what="it is over")
        assert [(e.number, e.state, e.why) for e in call.roll.entries] == [
            ("2001", EntryState.PRESENT, ""),
            ("2002", EntryState.ABSENT, "not_rung"),
        ]


async def test_more_people_than_a_room_takes_cannot_all_stay(system: System) -> None:
    many = [f"138{index:08}" for index in range(MOST_MEMBERS)]
    with pytest.raises(Refusal) as refused:
        await system.conferences.rolls.begin(WHO, "1001", many, stay=True)
    assert refused.value.code == "too_many"
    assert not system.conferences.books.rooms
