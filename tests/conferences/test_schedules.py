"""Scheduled rooms: they ring who is invited when they begin, warn, and close at their end. The clock is the test's."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable

import pytest
import pytest_asyncio

from softswitch.app import System
from softswitch.conferences import schedule_store
from softswitch.conferences.model import MemberState, RoomKind
from softswitch.conferences.room import Room
from softswitch.conferences.schedule_model import Due, Schedule, due, warn_at
from softswitch.conferences.service import RoomPlan
from softswitch.errors import Refusal
from softswitch.testing.system import until
from tests.conferences.kit import WHO, all_hear_all, answer_all, make, phones, reaches

MINUTE = 60_000
START, END = 100 * MINUTE, 130 * MINUTE

At = Callable[[int], None]


@pytest.mark.parametrize(
    ("at", "begun", "warned", "what"),
    [
        (START - 1, False, False, None),
        (START, False, False, Due.BEGIN),
        (START + 1, True, False, None),
        (END - 2 * MINUTE, True, False, Due.WARN),
        (END - 2 * MINUTE, True, True, None),
        (END, True, True, Due.END),
        (END, False, False, Due.END),
    ],
)
def test_what_is_due(at: int, begun: bool, warned: bool, what: Due | None) -> None:
    assert due(Schedule("r", begun=begun, warned=warned), START, END, at) is what


def test_a_short_room_warns_in_its_last_quarter() -> None:
    assert warn_at(0, 4 * MINUTE) == 3 * MINUTE


@pytest_asyncio.fixture(loop_scope="module")
async def at(system: System) -> AsyncIterator[At]:
    """Sets the clock of rooms."""
    books = system.conferences.books
    real = books.clock
    present = START - MINUTE

    def move(to: int) -> None:
        nonlocal present
        present = to

    books.clock = lambda: present
    yield move
    books.clock = real


async def scheduled(system: System, *invited: str, groups: tuple[str, ...] = ()) -> Room:
    plan = RoomPlan(kind=RoomKind.SCHEDULED, starts_at=START, ends_at=END, entry_tone=False)
    return await system.conferences.schedules.create(WHO, plan, invited, groups)


real_phones = [pytest.mark.asterisk, pytest.mark.asyncio(loop_scope="module")]


class TestWithPhones:
    pytestmark = real_phones

    async def test_it_rings_warns_and_closes(self, system: System, at: At) -> None:
        schedules = system.conferences.schedules
        await system.conferences.groups.put(WHO, "早会", [{"number": "2002"}])
        async with phones(system, "2001", "2002") as them:
            room = await scheduled(system, "2001", groups=("早会",))
            await schedules.look()
            assert not room.members  # too early
            at(START)
            await schedules.look()
            calls = await answer_all(room, them)
            await all_hear_all(calls)
            await schedules.look()
            assert {m.number for m in room.members.values()} == {"2001", "2002"}  # rung once
            for call in calls.values():
                assert call.end is None
            at(END - MINUTE)
            await asyncio.gather(schedules.look(), *(c.hears_sound() for c in calls.values()))
            assert room.id in system.conferences.books.rooms
            at(END)
            await asyncio.gather(schedules.look(), *(c.ended() for c in calls.values()))
            assert room.id not in system.conferences.books.rooms
        await system.conferences.groups.drop(WHO, "早会")

    async def test_who_dials_too_early_is_told_and_later_comes_in(
        self, system: System, at: At
    ) -> None:
        async with phones(system, "2001") as them:
            room = await scheduled(system)
            early = await them["2001"].dial(f"*5{room.number}")
            await early.hears_sound()
            await early.ended()
            at(START)
            call = await them["2001"].dial(f"*5{room.number}")
            await reaches(room, "2001", MemberState.IN)
            at(END)
            await system.conferences.schedules.look()
            await call.ended()

    async def test_a_room_whose_time_went_by_while_nobody_looked_is_closed(
        self, system: System, at: At
    ) -> None:
        room = await scheduled(system, "2001")
        at(END + MINUTE)
        await system.conferences.schedules.look()
        assert room.id not in system.conferences.books.rooms
        assert not room.members  # nobody was rung for a room that is over

    async def test_the_schedule_is_stored_with_how_far_it_came(
        self, system: System, at: At
    ) -> None:
        room = await scheduled(system, "2003")
        at(START)
        await system.conferences.schedules.look()
        await until(lambda: room.by_number("2003"), what="he was asked for")
        stored = await system.db.read(schedule_store.load, [room.id])
        assert stored[room.id] == Schedule(room.id, ("2003",), (), begun=True)

    async def test_a_group_that_was_removed_does_not_hold_the_others_back(
        self, system: System, at: At
    ) -> None:
        groups = system.conferences.groups
        await groups.put(WHO, "gone", [{"number": "2002"}])
        room = await scheduled(system, "2003", groups=("gone",))
        await groups.drop(WHO, "gone")
        at(START)
        await system.conferences.schedules.look()
        assert [m.number for m in room.members.values()] == ["2003"]

    async def test_what_cannot_be_scheduled_is_refused(self, system: System, at: At) -> None:
        schedules = system.conferences.schedules
        for plan, invited, groups, code in (
            (RoomPlan(kind=RoomKind.FIXED), ("2001",), (), "not_scheduled"),
            (RoomPlan(kind=RoomKind.SCHEDULED), (), (), "no_time"),
        ):
            with pytest.raises(Refusal) as refused:
                await schedules.create(WHO, plan, invited, groups)
            assert refused.value.code == code
        with pytest.raises(Refusal) as refused:
            await scheduled(system, groups=("nobody",))
        assert refused.value.code == "group_not_found"
        with pytest.raises(Refusal):
            await scheduled(system, "abc")
        room = await make(system)
        assert schedules.view(room) == {"invited": [], "invited_groups": []}
