"""Intercept in conference rooms: who hears whom in a room of three, and that the room is as it was afterwards."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

import pytest
import pytest_asyncio

from intercept import store
from intercept.levels import Holder
from intercept.model import Act, Levels, Precedence
from intercept.session import Session, Stage
from softswitch.app import System
from softswitch.conferences.model import MemberState, RoomKind
from softswitch.conferences.room import Room
from softswitch.errors import Refusal
from softswitch.testing.phone import Call
from softswitch.testing.system import sip_phone, until
from tests.conferences.kit import gather_in, make, phones, reaches
from tests.intercept.kit import (
    GUEST,
    SECOND,
    TONES,
    connected,
    everybody_hears_everybody,
    requester,
    up,
)

pytestmark = [pytest.mark.asterisk, pytest.mark.asyncio(loop_scope="module")]
THREE = ("1001", "2001", "2002")
OWN = TONES[GUEST]


@pytest_asyncio.fixture(autouse=True, loop_scope="module")
async def alone(system: System) -> AsyncIterator[None]:
    await system.intercept.config.change("test", {"two_person": ()})
    yield
    for room in list(system.conferences.books.rooms.values()):
        await system.conferences.rooms.close("test", room.id)
    await until(lambda: not system.conferences.books.by_channel, what="no leg is in a room")


@dataclass
class Conference:
    """A room of three that talk."""

    system: System
    room: Room
    calls: dict[str, Call]

    def leg(self, number: str) -> str:
        member = self.room.by_number(number)
        assert member is not None
        assert member.channel_id is not None
        return member.channel_id

    def call_id(self) -> str:
        return self.system.center.board.legs[self.leg("1001")].channel.linked_id

    async def begin(self, act: Act, **more: Any) -> Session:
        given = {"reason": "drill", **more}
        service = self.system.intercept.service
        return await service.begin(requester(self.system), act, self.call_id(), **given)

    def states(self) -> dict[str, MemberState]:
        return {m.number: m.state for m in self.room.members.values()}

    def is_heard(self) -> list[Any]:
        return [call.hears(OWN) for call in self.calls.values()]

    def is_not_heard(self, *but: str) -> list[Any]:
        return [call.hears_not(OWN) for name, call in self.calls.items() if name not in but]


@asynccontextmanager
async def conference(
    system: System, kind: RoomKind = RoomKind.ADHOC, **plan: Any
) -> AsyncIterator[Conference]:
    room = await make(system, kind=kind, **plan)
    async with phones(system, *THREE) as them:
        calls = await gather_in(system, room, them)
        await everybody_hears_everybody(calls)
        await connected(system, "1001", 3)  # the board knows it as one call
        yield Conference(system, room, calls)


async def as_before(there: Conference) -> None:
    """The three talk as they did, nobody was rung anew, and nothing of the guest is left."""
    await asyncio.gather(*(call.stops_hearing(OWN) for call in there.calls.values()))
    await everybody_hears_everybody(there.calls)
    await until(lambda: set(there.states().values()) == {MemberState.IN})
    await until(lambda: not there.system.intercept.books.sessions)


async def refused(work: Any) -> str:
    with pytest.raises(Refusal) as found:
        await work
    assert found.value.next_step
    return found.value.code


@pytest.mark.parametrize("key", ["call", "room"])
async def test_a_monitor_hears_the_room_and_is_heard_by_none(system: System, key: str) -> None:
    async with (
        conference(system) as there,
        sip_phone(system, GUEST, tone=OWN, auto_answer=True) as own,
    ):
        call_id = there.call_id() if key == "call" else there.room.own_bridge
        session = await system.intercept.service.begin(
            requester(system), Act.MONITOR, call_id, reason="drill"
        )
        guest = await own.incoming()
        await guest.hears(450, 650, 1050)
        await asyncio.gather(*there.is_not_heard())
        assert session.call_id == there.call_id()
        seen = system.live.entities()["call"][there.call_id()]
        assert GUEST not in {leg["extension"] for leg in seen["legs"]}
        assert len(there.room.members) == 3
        await system.intercept.service.leave(requester(system), session.id)
        await guest.ended()
        await as_before(there)
        rows = await system.db.read(store.page, there.call_id())
        assert [(row["act"], row["login"]) for row in rows] == [("monitor", "boss")]


async def test_a_whisper_is_heard_by_one_member_alone(system: System) -> None:
    async with (
        conference(system) as there,
        sip_phone(system, GUEST, tone=OWN, auto_answer=True) as own,
    ):
        session = await there.begin(Act.WHISPER, target=there.leg("2001"))
        guest = await own.incoming()
        await there.calls["2001"].hears(OWN)
        await guest.hears(450, 650, 1050)
        await asyncio.gather(*there.is_not_heard("2001"))
        await system.intercept.service.switch(
            requester(system), session.id, Act.WHISPER, target=there.leg("2002")
        )
        await there.calls["2002"].hears(OWN)
        await there.calls["2001"].stops_hearing(OWN)
        await asyncio.gather(*there.is_not_heard("2002"))
        await guest.hangup()
        await as_before(there)


async def test_an_insert_is_warned_of_and_then_all_hear_all(system: System) -> None:
    async with (
        conference(system) as there,
        sip_phone(system, GUEST, tone=OWN, auto_answer=True) as own,
    ):
        warned = [call.hears(950) for call in there.calls.values()]
        work = asyncio.gather(*warned)
        session = await there.begin(Act.INSERT)
        await work
        guest = await own.incoming()
        await up(session)
        await everybody_hears_everybody({**there.calls, GUEST: guest})
        assert len(there.room.members) == 3
        for act in (Act.MONITOR, Act.WHISPER, Act.INSERT):
            target = there.leg("1001") if act is Act.WHISPER else None
            await system.intercept.service.switch(
                requester(system), session.id, act, target=target, waive_tone=act is Act.INSERT
            )
        await everybody_hears_everybody({**there.calls, GUEST: guest})
        await guest.hangup()
        await as_before(there)


async def test_nobody_has_a_room_to_take_over(system: System) -> None:
    async with conference(system) as there, sip_phone(system, GUEST, auto_answer=True):
        assert await refused(there.begin(Act.TAKEOVER)) == "is_conference"
        options = system.intercept.service.options(requester(system), there.call_id())
        allowed = {each["act"] for each in options if each["allowed"]}
        assert allowed == {"monitor", "whisper", "insert", "release"}


@pytest.mark.parametrize("kind", [RoomKind.ADHOC, RoomKind.FIXED])
async def test_release_tells_cause_8_to_all_and_rings_nobody_again(
    system: System, kind: RoomKind
) -> None:
    async with (
        conference(system, kind) as there,
        sip_phone(system, "1003", tone=1450, auto_answer=True) as other,
    ):
        ask = requester(system, SECOND, "1003")
        await system.intercept.service.begin(ask, Act.MONITOR, there.call_id(), reason="drill")
        listening = await other.incoming()
        await listening.hears(450, 650, 1050)
        session = await there.begin(Act.RELEASE)
        everybody = [*there.calls.values(), listening]
        ends = await asyncio.gather(*(each.ended() for each in everybody))
        assert [str(end.reasons[0]) for end in ends] == ["Q.850;cause=8"] * 4
        await until(lambda: session.stage is Stage.ENDED)
        await until(lambda: set(there.states().values()) == {MemberState.LEFT})
        stays = there.room.id in system.conferences.books.rooms
        assert stays == (kind is RoomKind.FIXED) or await until(
            lambda: there.room.id not in system.conferences.books.rooms
        )
        assert not any(member.rings for member in there.room.members.values())


async def test_release_with_connect_me_of_one_member(system: System) -> None:
    async with (
        conference(system) as there,
        sip_phone(system, GUEST, tone=OWN, auto_answer=True) as own,
    ):
        kept = there.calls.pop("2001")
        await there.begin(Act.RELEASE, target=there.leg("2001"))
        guest = await own.incoming()
        await asyncio.gather(guest.hears(650), kept.hears(OWN))
        await asyncio.gather(*(each.hears_sound() for each in there.calls.values()))
        ends = await asyncio.gather(*(each.ended() for each in there.calls.values()))
        assert [str(end.reasons[0]) for end in ends] == ["Q.850;cause=8"] * 2
        wanted = {"1001": MemberState.LEFT, "2001": MemberState.IN, "2002": MemberState.LEFT}
        await until(lambda: there.states() == wanted)
        await asyncio.gather(guest.hears(650), kept.hears(OWN))
        await kept.hangup()
        await guest.ended()  # nobody is left in the room


async def test_the_members_leave_one_by_one(system: System) -> None:
    """The guest talks on with the last member; when that one leaves, he is let go."""
    async with (
        conference(system) as there,
        sip_phone(system, GUEST, tone=OWN, auto_answer=True) as own,
    ):
        session = await there.begin(Act.INSERT, waive_tone=True)
        guest = await own.incoming()
        await up(session)
        await there.calls.pop("1001").hangup()
        await everybody_hears_everybody({**there.calls, GUEST: guest})
        await there.calls.pop("2002").hangup()
        await asyncio.gather(guest.hears(650), there.calls["2001"].hears(OWN))
        await there.calls["2001"].hangup()
        await guest.ended()


async def test_a_room_that_is_closed_lets_the_guest_go(system: System) -> None:
    async with (
        conference(system, RoomKind.FIXED) as there,
        sip_phone(system, GUEST, tone=OWN, auto_answer=True) as own,
    ):
        await there.begin(Act.MONITOR)
        guest = await own.incoming()
        await guest.hears(450, 650, 1050)
        await system.conferences.rooms.close("test", there.room.id)
        await guest.ended()
        await asyncio.gather(*(call.ended() for call in there.calls.values()))


async def test_the_guest_goes_along_when_rooms_are_joined_and_parted(system: System) -> None:
    async with (
        conference(system, RoomKind.FIXED) as there,
        sip_phone(system, GUEST, tone=OWN, auto_answer=True) as own,
        phones(system, "2003") as one,
    ):
        other = await make(system)
        far = (await gather_in(system, other, one))["2003"]
        await there.begin(Act.MONITOR)
        guest = await own.incoming()
        await guest.hears(450, 650, 1050)
        await system.conferences.rooms.join_rooms("test", other.id, there.room.id)
        await far.hears(450, 650, 1050)
        await guest.hears(450, 650, 1050, 1250)
        await far.hears_not(OWN)
        await system.conferences.rooms.part_rooms("test", there.room.id)
        await guest.stops_hearing(1250)
        await guest.hears(450, 650, 1050)
        await guest.hangup()
        await as_before(there)
        await far.hangup()


async def test_two_supervisors_insert_into_one_room(system: System) -> None:
    async with (
        conference(system) as there,
        sip_phone(system, GUEST, tone=OWN, auto_answer=True) as own,
        sip_phone(system, "1003", tone=1450, auto_answer=True) as second,
    ):
        ask = requester(system, SECOND, "1003")
        begin = system.intercept.service.begin
        sessions = await asyncio.gather(
            there.begin(Act.INSERT), begin(ask, Act.INSERT, there.call_id(), reason="drill")
        )
        guests = {GUEST: await own.incoming(), "1003": await second.incoming()}
        await asyncio.gather(*(up(each) for each in sessions))
        await everybody_hears_everybody({**there.calls, **guests})
        await guests.pop("1003").hangup()
        await everybody_hears_everybody({**there.calls, **guests})
        await guests[GUEST].hangup()
        await as_before(there)


async def test_a_protected_member_protects_the_room(system: System) -> None:
    set_levels, drop = system.intercept.config.set_levels, system.intercept.config.drop_levels
    await set_levels("test", Holder.EXTENSION, "2002", Levels(protection=3))
    async with conference(system) as there, sip_phone(system, GUEST, auto_answer=True):
        assert await refused(there.begin(Act.MONITOR)) == "protected"
    await drop("test", Holder.EXTENSION, "2002")


async def test_a_call_with_precedence_takes_one_line_out_of_a_room_and_not_the_room(
    system: System,
) -> None:
    levels = Levels(precedence=Precedence.FLASH_OVERRIDE)
    await system.intercept.config.set_levels("test", Holder.EXTENSION, "2003", levels)
    async with conference(system) as there, sip_phone(system, "2003", tone=1250) as caller:
        taken = there.calls.pop("2002")
        call = await caller.dial("*912002")
        assert str((await taken.ended()).reasons[0]) == "Q.850;cause=8"
        incoming = await taken.phone.incoming()
        await incoming.answer()
        await asyncio.gather(call.hears(1050), incoming.hears(1250))
        await everybody_hears_everybody(there.calls)
        await until(lambda: there.states()["2002"] is MemberState.LEFT)
        await call.hangup()
        await incoming.ended()


@pytest.mark.parametrize("act", [Act.MONITOR, Act.WHISPER, Act.INSERT, Act.RELEASE])
async def test_a_member_hangs_up_in_the_same_moment(system: System, act: Act) -> None:
    async with (
        conference(system) as there,
        sip_phone(system, GUEST, tone=OWN, auto_answer=True) as own,
    ):
        leaving = there.calls.pop("2001")
        target = there.leg("2001") if act is Act.WHISPER else None
        results = await asyncio.gather(
            there.begin(act, target=target), leaving.hangup(), return_exceptions=True
        )
        session = results[0]
        if act is Act.RELEASE:
            assert isinstance(session, Session), session
            await asyncio.gather(*(call.ended() for call in there.calls.values()))
            return
        await everybody_hears_everybody(there.calls)
        if isinstance(session, BaseException):
            assert isinstance(session, Refusal), session
        else:
            stages = (Stage.UP, Stage.ENDED)
            await until(lambda: session.stage in stages, what="it is settled")
        for leg in list(own.calls):
            await leg.hangup()
        await until(lambda: not system.intercept.books.sessions, what="the session is over")
        await asyncio.gather(*(call.stops_hearing(OWN) for call in there.calls.values()))
        await everybody_hears_everybody(there.calls)


async def test_release_stops_who_still_rings_for_the_room(system: System) -> None:
    async with conference(system) as there, sip_phone(system, "2003") as late:
        await system.conferences.rooms.invite("test", there.room.id, ["2003"])
        ringing = await late.incoming()
        await there.begin(Act.RELEASE)
        await asyncio.gather(*(call.ended() for call in there.calls.values()), ringing.ended())
        await until(lambda: there.states()["2003"] is MemberState.LEFT)


async def test_release_clears_the_rooms_that_are_joined(system: System) -> None:
    async with conference(system, RoomKind.FIXED) as there, phones(system, "2003") as one:
        other = await make(system)
        far = (await gather_in(system, other, one))["2003"]
        await system.conferences.rooms.join_rooms("test", there.room.id, other.id)
        everybody = {**there.calls, "2003": far}
        await everybody_hears_everybody(everybody)
        await there.begin(Act.RELEASE)
        ends = await asyncio.gather(*(call.ended() for call in everybody.values()))
        assert [str(end.reasons[0]) for end in ends] == ["Q.850;cause=8"] * 4
        await reaches(other, "2003", MemberState.LEFT)
