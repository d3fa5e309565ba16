"""Rooms with real phones: who hears whom, and what people do with a room."""

from __future__ import annotations

import asyncio

import pytest

from softswitch.app import System
from softswitch.conferences import store
from softswitch.conferences.model import MemberState, RoomKind, RoomRole, RoomState
from softswitch.errors import Refusal
from softswitch.recordings import store as recording_store
from softswitch.recordings.model import Recording
from softswitch.testing.audio import goertzel, read_wav
from softswitch.testing.system import shows, sip_phone, until
from tests.conferences.kit import (
    ORDER,
    TONES,
    WHO,
    all_hear_all,
    gather_in,
    make,
    member,
    phones,
    reaches,
    without,
)

pytestmark = [pytest.mark.asterisk, pytest.mark.asyncio(loop_scope="module")]


@pytest.mark.parametrize("count", [2, 3, 5])
async def test_all_who_are_invited_hear_each_other(system: System, count: int) -> None:
    async with phones(system, *ORDER[:count]) as them:
        room = await make(system)
        calls = await gather_in(system, room, them)
        await all_hear_all(calls)
        await shows(system, "room", room.id, present=count)
        for number in ORDER[:count]:
            await shows(system, "room_member", member(room, number).id, number=number, state="in")
        assert len(system.live.entities()["room_member"]) == count
        await system.conferences.rooms.close(WHO, room.id)
        for call in calls.values():
            await call.ended()


async def test_who_dials_the_number_comes_in(system: System) -> None:
    async with phones(system, "1001", "2001", "2002") as them:
        room = await make(system, number="8123")
        calls = {n: await phone.dial("*58123") for n, phone in them.items()}
        await asyncio.gather(*(call.answered() for call in calls.values()))
        await all_hear_all(calls)
        await until(lambda: room.state is RoomState.OPEN)
        for call in calls.values():
            await call.hangup()
        await until(lambda: room.state is RoomState.IDLE, what="the room is empty")


async def test_a_muted_member_hears_and_is_not_heard(system: System) -> None:
    rooms = system.conferences.rooms
    async with phones(system, "1001", "2001", "2002") as them:
        room = await make(system)
        calls = await gather_in(system, room, them)
        await rooms.mute(WHO, room.id, "2001", True)
        await asyncio.gather(
            *(calls[n].stops_hearing(TONES["2001"]) for n in ("1001", "2002")),
        )
        await calls["2001"].hears(TONES["1001"], TONES["2002"])
        await rooms.mute(WHO, room.id, "2001", False)
        await all_hear_all(calls)


async def test_when_all_are_muted_only_the_chair_is_heard(system: System) -> None:
    rooms = system.conferences.rooms
    async with phones(system, "1001", "2001", "2002") as them:
        room = await make(system, chairs=("1001",))
        calls = await gather_in(system, room, them)
        await rooms.mute_all(WHO, room.id, True)
        await calls["1001"].stops_hearing(TONES["2001"])
        await asyncio.gather(
            calls["2001"].stops_hearing(TONES["2002"]),
            calls["2002"].stops_hearing(TONES["2001"]),
        )
        await asyncio.gather(*(calls[n].hears(TONES["1001"]) for n in ("2001", "2002")))
        await rooms.mute_all(WHO, room.id, False)
        await all_hear_all(calls)


async def test_a_locked_room_lets_in_only_who_was_invited(system: System) -> None:
    async with phones(system, "1001", "2001", "2002") as them:
        room = await make(system, number="8124")
        await system.conferences.rooms.invite(WHO, room.id, ["1001", "2001"])
        first = await them["1001"].incoming()
        await first.answer()
        second = await them["2001"].incoming()
        await second.reject()
        await reaches(room, "2001", MemberState.BUSY)
        await system.conferences.rooms.change(WHO, room.id, locked=True)
        stranger = await them["2002"].dial("*58124")
        await stranger.ended()
        assert room.by_number("2002") is None
        late = await them["2001"].dial("*58124")  # he was invited: a late join
        await late.hears(TONES["1001"])
        await reaches(room, "2001", MemberState.IN)


async def test_a_full_room_refuses_invitations_and_callers(system: System) -> None:
    async with phones(system, "1001", "2001", "2002") as them:
        room = await make(system, number="8125", most=2)
        calls = await gather_in(system, room, {n: them[n] for n in ("1001", "2001")})
        with pytest.raises(Refusal) as refused:
            await system.conferences.rooms.invite(WHO, room.id, ["2002"])
        assert refused.value.code == "room_full"
        stranger = await them["2002"].dial("*58125")
        await stranger.hears_sound()  # he is told why
        await stranger.ended()
        await all_hear_all(calls)


async def test_who_was_put_out_stays_out_until_invited(system: System) -> None:
    async with phones(system, "1001", "2001", "2002") as them:
        room = await make(system, number="8126")
        calls = await gather_in(system, room, them)
        await system.conferences.rooms.kick(WHO, room.id, "2002")
        await calls["2002"].ended()
        await reaches(room, "2002", MemberState.KICKED)
        again = await them["2002"].dial("*58126")
        await again.ended()
        await system.conferences.rooms.invite(WHO, room.id, ["2002"])
        back = await them["2002"].incoming()
        await back.answer()
        await back.hears(TONES["1001"], TONES["2001"])


async def test_a_lecture_is_heard_from_the_chair_and_hands_are_taken_in_order(
    system: System,
) -> None:
    rooms = system.conferences.rooms
    async with phones(system, "1001", "2001", "2002", "2003") as them:
        room = await make(system, chairs=("1001",))
        calls = await gather_in(system, room, them)
        await rooms.change(WHO, room.id, lecture=True)
        audience = ("2001", "2002", "2003")
        quiet = [TONES[n] for n in audience]
        for name in audience:
            await calls[name].stops_hearing(*(t for t in quiet if t != TONES[name]))
            await calls[name].hears(TONES["1001"])
        await calls["2002"].send_digits("1")
        await until(lambda: room.hands.queue == [member(room, "2002").id])
        await calls["2001"].send_digits("1")
        await until(lambda: len(room.hands.queue) == 2)
        await shows(system, "room_member", member(room, "2002").id, hand=1)
        await shows(system, "room_member", member(room, "2001").id, hand=2)
        await calls["1001"].send_digits("8")  # the chair gives the floor
        await calls["2003"].hears(TONES["1001"], TONES["2002"])
        await calls["2003"].hears_not(TONES["2001"])
        await shows(system, "room_member", member(room, "2001").id, hand=1)
        await rooms.floor(WHO, room.id, "2002", False)
        await calls["2003"].stops_hearing(TONES["2002"])
        await calls["1001"].send_digits("9")  # the chair ends the lecture
        await all_hear_all(calls)
        await until(lambda: not room.lecture)


async def test_a_listener_hears_all_and_is_heard_by_none(system: System) -> None:
    async with phones(system, "1001", "2001", "2002") as them:
        room = await make(system)
        rooms = system.conferences.rooms
        await rooms.invite(WHO, room.id, ["1001", "2001"])
        await rooms.invite(WHO, room.id, ["2002"], role=RoomRole.LISTENER)
        calls = {}
        for number, phone in them.items():
            calls[number] = await phone.incoming()
            await calls[number].answer()
        await calls["2002"].hears(TONES["1001"], TONES["2001"])
        await calls["1001"].hears(TONES["2001"])
        assert calls["1001"].first_heard(TONES["2002"]) is None
        assert calls["2001"].first_heard(TONES["2002"]) is None


async def test_the_pin_is_asked_for(system: System) -> None:
    async with phones(system, "1001", "2001", "2002") as them:
        room = await make(system, number="8127", pin="4711")
        first = await gather_in(system, room, {"1001": them["1001"]})
        call = await them["2001"].dial("*58127")
        await call.hears_sound()
        await call.send_digits("4711#")
        await call.hears(TONES["1001"])
        await first["1001"].hears(TONES["2001"])
        wrong = await them["2002"].dial("*58127")
        await wrong.hears_sound()
        for _ in range(3):
            await wrong.send_digits("1#")
        await wrong.ended()
        assert room.by_number("2002") is None


async def test_a_lost_member_shows_and_is_rung_again(system: System) -> None:
    async with phones(system, "1001", "2001") as them:
        room = await make(system)
        calls = await gather_in(system, room, them)
        await calls["2001"].hangup(reason="Q.850;cause=41")
        await reaches(room, "2001", MemberState.DROPPED)
        back = await them["2001"].incoming()
        await back.answer()
        await reaches(room, "2001", MemberState.IN)
        await all_hear_all({"1001": calls["1001"], "2001": back})
        await back.hangup()
        await reaches(room, "2001", MemberState.LEFT)


async def test_two_rooms_become_one_and_two_again(system: System) -> None:
    rooms = system.conferences.rooms
    async with phones(system, "1001", "2001", "2002", "2003") as them:
        first, second = await make(system), await make(system)
        one = await gather_in(system, first, {n: them[n] for n in ("1001", "2001")})
        two = await gather_in(system, second, {n: them[n] for n in ("2002", "2003")})
        await asyncio.gather(*(call.hears_not(*without(two)) for call in one.values()))
        await rooms.join_rooms(WHO, first.id, second.id)
        await all_hear_all({**one, **two})
        await rooms.part_rooms(WHO, second.id)
        await asyncio.gather(*(call.stops_hearing(*without(two)) for call in one.values()))
        await asyncio.gather(all_hear_all(one), all_hear_all(two))


async def test_entry_tones_tell_who_comes(system: System) -> None:
    async with phones(system, "1001", "2001") as them:
        room = await make(system, entry_tone=True)
        calls = await gather_in(system, room, {"1001": them["1001"]})
        await until(lambda: room.tone_at, what="he heard a tone himself")
        room.tone_at = 0
        await system.conferences.rooms.invite(WHO, room.id, ["2001"])
        heard = asyncio.create_task(calls["1001"].hears(750))
        call = await them["2001"].incoming()
        await call.answer()
        await heard


async def test_the_recording_of_a_room_holds_all_voices(system: System) -> None:
    async with phones(system, "2001", "2002", "2003") as them:
        room = await make(system)
        calls = await gather_in(system, room, them)
        await system.conferences.rooms.change(WHO, room.id, recording=True)
        await until(lambda: any(m.recorded for m in room.present), what="a leg is recorded")
        assert sum(m.recorded for m in room.present) == 1
        anchor = next(m for m in room.present if m.recorded)
        channel_id = anchor.channel_id
        assert channel_id is not None
        for name, call in calls.items():
            await call.hears(*without(calls, name), frames=25)
        await calls[anchor.number].hangup()
        await until(lambda: not anchor.is_in, what="he has left")
        await until(lambda: any(m.recorded for m in room.present), what="another leg is recorded")
        await system.conferences.rooms.change(WHO, room.id, recording=False)
        await until(lambda: not any(m.recorded for m in room.present), what="nobody is recorded")

        rows = await recordings(system, channel_id)
        samples = read_wav(system.recordings.folder.at(rows[0].path))
        frames = [samples[at : at + 320] for at in range(0, len(samples) - 320, 320)]
        for tone in (TONES[number] for number in them):
            assert sum(goertzel(frame, tone) > 0.01 for frame in frames) >= 5, tone


async def recordings(system: System, leg_id: str) -> list[Recording]:
    """Wait until the file of a leg is in the index."""
    while True:
        await system.events.drained()
        await system.recordings.settled()
        rows = await system.db.read(
            recording_store.find, recording_store.Filter(call_id=None, limit=50)
        )
        if found := [row for row in rows if row.channel_id == leg_id and row.path]:
            return found


async def test_an_adhoc_room_ends_with_its_last_member(system: System) -> None:
    async with phones(system, "1001", "2001") as them:
        room = await make(system, kind=RoomKind.ADHOC)
        calls = await gather_in(system, room, them)
        for call in calls.values():
            await call.hangup()
        await until(lambda: room.id not in system.conferences.books.rooms, what="the room is over")
        await until(lambda: not system.center.engine._tasks, what="all is written")
        past = await system.db.read(store.past_rooms, 5)
        assert past[0]["id"] == room.id


async def test_bad_invitations_get_a_clear_answer(system: System) -> None:
    rooms = system.conferences.rooms
    async with sip_phone(system, "2001") as phone:
        room = await make(system)
        report = await rooms.invite(WHO, room.id, ["2001", "2002"], ["2001", "110"])
        assert report == {
            "room_id": room.id,
            "invited": ["2001", "2002"],
            "repeated": ["2001"],
            "refused": ["110"],
        }
        await reaches(room, "2002", MemberState.UNREACHABLE)  # no phone of it is registered
        call = await phone.incoming()
        await call.reject(status=404)
        await reaches(room, "2001", MemberState.DEAD_NUMBER)
        for bad in ("abc", "", "1;2"):
            with pytest.raises(Refusal):
                await rooms.invite(WHO, room.id, [bad])
        for plan in ({"pin": "12"}, {"most": 1}, {"most": 9999}, {"number": "8x"}):
            with pytest.raises(Refusal):
                await make(system, **plan)
        with pytest.raises(Refusal):
            await rooms.kick(WHO, room.id, "2002")
