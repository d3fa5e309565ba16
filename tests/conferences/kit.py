"""Rooms with phones in them, each with a tone of its own, and who hears whom."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager

from softswitch.app import System
from softswitch.conferences.model import MemberState, RoomKind
from softswitch.conferences.room import Room, RoomMember
from softswitch.conferences.service import RoomPlan
from softswitch.testing.patience import PATIENCE
from softswitch.testing.phone import Call, Phone
from softswitch.testing.system import sip_phone, until

TONES = {"1001": 450, "2001": 650, "2002": 1050, "2003": 1250, "1003": 1450, "1002": 850}
"""Multiples of 50 Hz do not disturb each other."""
ORDER = ("1001", "2001", "2002", "2003", "1003")
WHO = "chief"


async def make(system: System, **plan: object) -> Room:
    """A room that nobody is in, without entry tones: they are tones too."""
    given: dict[str, object] = {"kind": RoomKind.FIXED, "entry_tone": False, **plan}
    return await system.conferences.rooms.create(WHO, RoomPlan(**given))  # type: ignore[arg-type]


def member(room: Room, number: str) -> RoomMember:
    found = room.by_number(number)
    assert found is not None, f"{number} is unknown in the room"
    return found


async def reaches(
    room: Room, number: str, state: MemberState, seconds: float = PATIENCE
) -> RoomMember:
    """Wait until a member is in a state."""

    def read() -> RoomMember | None:
        found = room.by_number(number)
        return found if found is not None and found.state is state else None

    return await until(read, what=f"{number} is {state}", seconds=seconds)


@asynccontextmanager
async def phones(system: System, *numbers: str, **more: object) -> AsyncIterator[dict[str, Phone]]:
    async with AsyncExitStack() as stack:
        yield {
            number: await stack.enter_async_context(
                sip_phone(system, number, tone=TONES[number], **more)
            )
            for number in numbers
        }


async def gather_in(system: System, room: Room, them: Mapping[str, Phone]) -> dict[str, Call]:
    """Invite phones and have all of them in."""
    await system.conferences.rooms.invite(WHO, room.id, list(them))
    return await answer_all(room, them)


async def answer_all(room: Room, them: Mapping[str, Phone]) -> dict[str, Call]:
    async def answer(number: str, phone: Phone) -> tuple[str, Call]:
        call = await phone.incoming()
        await call.answer()
        await reaches(room, number, MemberState.IN)
        return number, call

    return dict(await asyncio.gather(*(answer(n, p) for n, p in them.items())))


def without(calls: Mapping[str, Call], *numbers: str) -> list[int]:
    return [TONES[number] for number in calls if number not in numbers]


async def all_hear_all(calls: Mapping[str, Call]) -> None:
    """At once: the tones of all others are in the same frames."""
    await asyncio.gather(*(call.hears(*without(calls, name)) for name, call in calls.items()))
