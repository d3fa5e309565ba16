"""Who talks now, a hand that is lowered, and what is left of a room that is over."""

from __future__ import annotations

from typing import Any

import pytest

from softswitch.app import System
from softswitch.conferences import store
from softswitch.conferences.model import MemberState, RoomKind
from softswitch.errors import Refusal
from softswitch.testing.system import shows, until, until_told
from tests.conferences.kit import gather_in, make, member, phones, reaches

pytestmark = [pytest.mark.asterisk, pytest.mark.asyncio(loop_scope="module")]


def speakers(system: System) -> set[str]:
    return set(system.live.entities().get("room_speaker", {}))


async def test_who_talks_is_shown_while_he_is_heard_and_written_nowhere(system: System) -> None:
    room = await make(system, kind=RoomKind.ADHOC)
    async with phones(system, "1001", "2001") as them:
        calls = await gather_in(system, room, them)  # both send a tone: that is talking
        first, second = member(room, "1001"), member(room, "2001")
        await until(lambda: speakers(system) == {first.id, second.id}, what="both talk")
        await system.conferences.rooms.mute("chief", room.id, second.id, True)
        await until(lambda: speakers(system) == {first.id}, what="who is muted is not heard")
        await system.conferences.rooms.mute("chief", room.id, second.id, False)
        # He has not stopped talking meanwhile.
        await until(lambda: speakers(system) == {first.id, second.id}, what="both talk again")
        await system.conferences.rooms.mute("chief", room.id, second.id, True)
        shown = await shows(system, "room_speaker", first.id)
        assert shown == {"id": first.id, "room_id": room.id}
        await calls["1001"].hangup()
        await until(lambda: not speakers(system), what="who has left does not talk")
    assert not speakers(system)


async def test_a_hand_is_lowered_without_the_floor(system: System) -> None:
    rooms = system.conferences.rooms
    room = await make(system, kind=RoomKind.ADHOC, lecture=True)
    async with phones(system, "1001", "2001") as them:
        await gather_in(system, room, them)
        who = member(room, "2001")
        await rooms.raise_hand(room.id, who.id, True)
        await rooms.lower_hand("chief", room.id, who.id)
        assert room.hands.queue == []
        assert not who.floor
        await shows(system, "room_member", who.id, hand=None)
        with pytest.raises(Refusal) as refused:
            await rooms.lower_hand("chief", room.id, who.id)
        assert refused.value.code == "hand_is_down"
        await rooms.close("chief", room.id)


async def test_a_room_that_is_over_keeps_its_members_and_its_recordings(system: System) -> None:
    room = await make(system, kind=RoomKind.ADHOC, name="after the flood")
    async with phones(system, "1001", "2001") as them:
        calls = await gather_in(system, room, them)
        leg = member(room, "1001").channel_id or ""
        library = system.recordings.library
        spool = system.folder.path / "recordings" / "spool" / f"{leg}.wav"
        await until(spool.exists, what="the desk's leg is recorded")
        await calls["1001"].hangup()  # a desk is always recorded; he left before the end
        await reaches(room, "1001", MemberState.LEFT)
        await system.conferences.rooms.close("chief", room.id)
    db = system.db

    async def kept() -> tuple[dict[str, Any], Any] | None:
        found = await db.read(store.past_room, room.id)
        return found if found is not None and found[0]["state"] == "closed" else None

    past, legs = await until_told(kept, what="the room is over in the books")
    assert past["name"] == "after the flood"
    assert {m["number"]: m["state"] for m in past["member_list"]} == {
        "1001": "left",
        "2001": "left",
    }
    assert leg in legs
    rows = await until_told(lambda: library.of_legs(legs), what="the recording is listed")
    assert [row["extension"] for row in rows] == ["1001"]
    assert await db.read(store.past_room, "abc") is None
