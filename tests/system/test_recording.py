"""Every dispatch leg is on record from its first ring to its end, and nothing else lies about."""

from __future__ import annotations

import pytest

from softswitch.app import System
from softswitch.recordings import store as recording_store
from softswitch.recordings.model import Recording, State
from softswitch.testing.audio import goertzel, read_wav
from softswitch.testing.system import sip_phone, until

pytestmark = [pytest.mark.asterisk, pytest.mark.asyncio(loop_scope="module")]


LOUD = 0.02


async def recordings_of(system: System, call_id: str) -> list[Recording]:
    await system.events.drained()
    await system.recordings.settled()
    found = await system.db.read(
        recording_store.find, recording_store.Filter(call_id=call_id, limit=20)
    )
    return list(found)


def heard(system: System, row: Recording) -> set[int]:
    """Return the tones that stand in the file for at least a tenth of a second."""
    samples = read_wav(system.recordings.folder.at(row.path))
    frames = [samples[at : at + 320] for at in range(0, len(samples) - 320, 320)]
    counts = {
        tone: sum(goertzel(frame, tone) > LOUD for frame in frames) for tone in (450, 650, 850)
    }
    print(
        row.extension,
        row.duration_ms,
        row.began_at,
        row.ended_at,
        [[t for t in (450, 650, 850) if goertzel(f, t) > LOUD] for f in frames],
    )
    return {tone for tone, count in counts.items() if count >= 3}


async def test_both_legs_of_an_emergency_call_are_on_record(system: System) -> None:
    async with (
        sip_phone(system, "2001", tone=650) as citizen,
        sip_phone(system, "1001", tone=450) as desk,
    ):
        call = await citizen.dial("120")
        offered = await desk.incoming()
        call_id = await until(lambda: next(iter(system.center.intake.queue), ""))
        await offered.answer()
        await call.hears(450, frames=25)
        await offered.hears(650, frames=25)
        await call.hangup()
        await offered.ended()
        await until(lambda: not system.center.board.legs)
    kept = await recordings_of(system, call_id)
    assert [row.state for row in kept] == [State.KEPT, State.KEPT]
    assert {row.extension for row in kept} == {"2001", "1001"}
    for row in kept:
        assert heard(system, row) >= {450, 650}, row
        assert row.ended_at is not None
        assert row.began_at <= row.ended_at
    assert not list(system.recordings.folder.spool.iterdir())


async def test_the_recording_of_a_takeover_follows_each_leg(system: System) -> None:
    async with (
        sip_phone(system, "2001", tone=650) as citizen,
        sip_phone(system, "1001", tone=450) as desk,
        sip_phone(system, "1002", tone=850, auto_answer=True) as second,
    ):
        call = await citizen.dial("120")
        offered = await desk.incoming()
        call_id = await until(lambda: next(iter(system.center.intake.queue), ""))
        await offered.answer()
        await call.hears(450, frames=25)
        await system.center.commands.takeover("1002", call_id)
        taken = await second.incoming()
        await call.hears(850, frames=25)
        await taken.hears(650, frames=25)
        await call.hangup()
        await taken.ended()
        await until(lambda: not system.center.board.legs)
    kept = await recordings_of(system, call_id)
    by_extension = {row.extension: heard(system, row) for row in kept}
    assert len(kept) == 3
    assert by_extension["2001"] >= {450, 650, 850}
    assert by_extension["1001"] >= {450, 650}
    assert 850 not in by_extension["1001"]
    assert by_extension["1002"] >= {650, 850}
    assert 450 not in by_extension["1002"]


async def test_a_plain_call_that_a_desk_transfers_stays_on_record(system: System) -> None:
    async with (
        sip_phone(system, "2001", tone=650) as caller,
        sip_phone(system, "1001", tone=450) as desk,
        sip_phone(system, "2003", tone=850) as field,
    ):
        call = await caller.dial("1001")
        own = await desk.incoming()
        await own.answer()
        await call.hears(450, frames=25)
        call_id = await until(lambda: next(iter(system.center.board.calls)))
        await own.transfer("2003")
        to = await field.incoming()
        await to.answer()
        await call.hears(850, frames=25)
        await to.hears(650, frames=25)
        assert await own.transferred() == 200
        await own.hangup()
        await call.hangup()
        await to.ended()
        await until(lambda: not system.center.board.legs)
    kept = await recordings_of(system, call_id)
    by_extension = {row.extension: heard(system, row) for row in kept}
    assert by_extension["2003"] >= {650, 850}
    assert by_extension["1001"] >= {450, 650}
    assert by_extension["2001"] >= {450, 650}
