"""What follows when a phone answers, when none does, and when somebody leaves."""

from __future__ import annotations

import asyncio
import secrets
from typing import TYPE_CHECKING

from softswitch.calls.dispatch_call import (
    Departure,
    DispatchCall,
    Member,
    Purpose,
    Ring,
    after_departure,
)
from softswitch.calls.model import CallKind, Role
from softswitch.errors import Refusal
from softswitch.ports import ActFailed

if TYPE_CHECKING:
    from softswitch.calls.ringing import Ringing

NO_ANSWER = 19
INTERCOM_TONE = "tone:!1000/150,!0/50,!1000/150,!0/50"
INTERCOM_SECONDS = 0.4


async def answered(engine: Ringing, call: DispatchCall, ring: Ring, member: Member) -> None:
    """A phone answered: what it was rung for happens."""
    if ring.purpose is Purpose.DESK:
        await _dial_on(engine, call, ring, member)
    elif ring.purpose is Purpose.CONSULT:
        await _consult(engine, call, member)
    elif ring.purpose is Purpose.TAKEOVER:
        await _take_over(engine, call, ring, member)
    elif ring.purpose is Purpose.INTERCOM:
        if await _announced(engine, member):
            await _come_in(engine, call, ring, member)
    else:
        await _come_in(engine, call, ring, member)


async def _announced(engine: Ringing, member: Member) -> bool:
    """A phone that answers by itself sounds before its microphone is heard; without the tone it is not opened."""
    try:
        await engine.acts.play(member.channel_id, secrets.token_hex(10), INTERCOM_TONE)
    except ActFailed:
        await engine.drop(member.channel_id)
        return False
    await asyncio.sleep(INTERCOM_SECONDS)
    return True


async def _come_in(engine: Ringing, call: DispatchCall, ring: Ring, member: Member) -> None:
    """The one who answered talks to those who are there."""
    if ring.purpose in (Purpose.TARGET, Purpose.INTERCOM):
        for other in call.others(member.channel_id):
            await engine.quietly(engine.acts.ring(other.channel_id, False))
    await unhold(engine, call)
    call.parked_at = call.parked_by = None
    coming = [m for m in call.members.values() if not m.joined]
    await engine.join(call, *coming)
    if member.role is Role.DESK or call.owner is None:
        call.owner = member.extension or call.owner
    if call.kind is CallKind.EMERGENCY:
        engine.intake.answered(call, member.extension)


async def _dial_on(engine: Ringing, call: DispatchCall, ring: Ring, member: Member) -> None:
    """The own phone of one who dials is up: now the number."""
    call.owner = member.extension
    await engine.quietly(engine.acts.ring(member.channel_id))
    shown = (member.extension or "", member.name)
    try:
        await engine.ring(
            call, ring.then, ring.next_number, role=Role.PARTY, by=ring.by, shown=shown,
            auto_answer=ring.then is Purpose.INTERCOM,
        )  # fmt: skip
    except Refusal:
        await engine.drop(member.channel_id, 3)  # Q.850 3: no route
        raise


async def _consult(engine: Ringing, call: DispatchCall, member: Member) -> None:
    if call.consult is None:
        await engine.drop(member.channel_id)
        return
    call.consult.channel_id = member.channel_id
    bridge = call.consult.bridge_id(call.id)
    await engine.quietly(engine.acts.ring(call.consult.desk_channel_id, False))
    await engine.acts.open_bridge(bridge)
    await engine.acts.join(bridge, call.consult.desk_channel_id, member.channel_id)


async def _take_over(engine: Ringing, call: DispatchCall, ring: Ring, member: Member) -> None:
    await unhold(engine, call)
    await engine.join(call, member)
    call.owner = member.extension
    if ring.replaces and (old := engine.remove(call, ring.replaces)):
        await engine.drop(old.channel_id)
    if call.kind is CallKind.EMERGENCY:
        engine.intake.answered(call, member.extension)


async def unanswered(engine: Ringing, call: DispatchCall, ring: Ring) -> None:
    """No phone of a ring answered."""
    if ring.purpose in (Purpose.OFFER, Purpose.TAKE, Purpose.DUTY, Purpose.NIGHT):
        engine.intake.unanswered(call, ring)
    elif ring.purpose is Purpose.TRANSFER:
        await _recall(engine, call, ring)
    elif ring.purpose is Purpose.CONSULT:
        await end_consult(engine, call)
        return
    elif ring.purpose in (Purpose.TARGET, Purpose.INTERCOM):
        for member in list(call.members.values()):
            await engine.drop(member.channel_id, ring.last_cause or NO_ANSWER)
    elif ring.purpose is Purpose.RECALL:
        await _nobody_takes(engine, call)
    if not call.members and not call.rings:
        await engine.finish(call)


async def _recall(engine: Ringing, call: DispatchCall, ring: Ring) -> None:
    """A blind transfer that nobody answered comes back to the one who made it."""
    if ring.by is not None and engine.is_free(ring.by):
        try:
            await engine.ring(call, Purpose.RECALL, ring.by)
            return
        except Refusal:
            pass
    await _nobody_takes(engine, call)


async def _nobody_takes(engine: Ringing, call: DispatchCall) -> None:
    if call.kind is CallKind.EMERGENCY and call.caller is not None:
        await wait_again(engine, call)
        return
    for member in list(call.members.values()):
        await engine.drop(member.channel_id, NO_ANSWER)


async def wait_again(engine: Ringing, call: DispatchCall) -> None:
    """An emergency caller without a desk waits again; he hears ringing."""
    await unhold(engine, call)
    for member in call.joined:
        await engine.quietly(engine.part(call, member))
        await engine.quietly(engine.acts.ring(member.channel_id))
    engine.intake.arrived(call)


async def departed(engine: Ringing, call: DispatchCall, left: Member, cause: int) -> None:
    """A member left (he is no member any more): decide what becomes of the rest."""
    if call.consult is not None:
        await _left_during_consult(engine, call, left)
    if left.extension is not None and left.extension == call.held_by:
        await unhold(engine, call)
    if engine.intake.is_waiting(call.id):
        if left.role is Role.CALLER or not call.members:
            engine.intake.gone(call)
            await engine.finish(call)
            return
    elif left.role is Role.CALLER and call.rings and not call.joined:
        await engine.finish(call)  # he gave up while a transfer rang
        return
    after = after_departure(call, left, cause)
    if after is Departure.IS_OVER:
        await engine.finish(call)
    elif after is Departure.LAST_ONE_ENDS:
        for member in list(call.members.values()):
            await engine.drop(member.channel_id)
    elif after is Departure.WAITS_AGAIN:
        await wait_again(engine, call)


async def _left_during_consult(engine: Ringing, call: DispatchCall, left: Member) -> None:
    consult = call.consult
    assert consult is not None
    if left.channel_id == consult.channel_id:
        await end_consult(engine, call)
    elif left.channel_id == consult.desk_channel_id:
        # Hanging up while consulting completes the transfer, as on every desk phone.
        await complete_consult(engine, call)


async def end_consult(engine: Ringing, call: DispatchCall) -> None:
    """The consultation is over: the desk talks to the call again."""
    consult, call.consult = call.consult, None
    if consult is None:
        return
    await engine.quietly(engine.acts.ring(consult.desk_channel_id, False))
    await engine.quietly(engine.acts.close_bridge(consult.bridge_id(call.id)))
    await unhold(engine, call)
    if desk := call.members.get(consult.desk_channel_id):
        await engine.join(call, desk)


async def complete_consult(engine: Ringing, call: DispatchCall) -> None:
    """The consulted party takes the place of the desk."""
    consult, call.consult = call.consult, None
    if consult is None:
        return
    desk = engine.remove(call, consult.desk_channel_id)
    await unhold(engine, call)
    if party := call.members.get(consult.channel_id or ""):
        await engine.quietly(engine.join(call, party))
        call.owner = party.extension if party.role is Role.DESK else call.owner
        if call.kind is CallKind.EMERGENCY and party.role is Role.DESK:
            engine.intake.answered(call, party.extension)
    elif ring := next((r for r in call.rings.values() if r.purpose is Purpose.CONSULT), None):
        ring.purpose = Purpose.TRANSFER  # still ringing: it goes on as a blind transfer
        await hold_music(engine, call)
    if desk is not None:
        await engine.drop(desk.channel_id)
    await engine.quietly(engine.acts.close_bridge(consult.bridge_id(call.id)))


async def hold_music(engine: Ringing, call: DispatchCall) -> None:
    """Those who wait in the call's bridge hear music."""
    await engine.quietly(engine.acts.bridge_music(call.bridge_id, True))


async def unhold(engine: Ringing, call: DispatchCall) -> None:
    """Stop the music of hold, park or transfer, and forget who held."""
    call.held_by = None
    if call.bridge_open:
        await engine.quietly(engine.acts.bridge_music(call.bridge_id, False))


async def settle(engine: Ringing, call: DispatchCall) -> None:
    """Give an adopted call a sound state."""
    caller = call.caller
    if call.parked_at is not None:
        return
    if len(call.joined) >= 2:
        owner = next((m for m in call.joined if m.role is Role.DESK), None)
        call.owner = call.owner or (owner.extension if owner else None)
        if call.kind is CallKind.EMERGENCY:
            engine.intake.answered(call, call.owner)
        return
    if len(call.members) >= 2 and call.held_by is None:
        await engine.join(call, *(m for m in call.members.values() if not m.joined))
        return
    if caller is not None and call.kind is CallKind.EMERGENCY and len(call.members) == 1:
        await wait_again(engine, call)
    elif len(call.members) == 1:
        for member in list(call.members.values()):
            await engine.drop(member.channel_id)
