"""What people do to calls, from the console, the command line, the API and phones alike.

``desk`` is the extension on whose behalf a command acts.
"""

from __future__ import annotations

import asyncio

from softswitch.calls import outcomes
from softswitch.calls.core import new_id
from softswitch.calls.dispatch_call import Consult, DispatchCall, Member, Purpose, Ring
from softswitch.calls.engine import Engine
from softswitch.calls.intake_service import IntakeService
from softswitch.calls.model import Call, CallKind, Role
from softswitch.errors import conflict, not_found
from softswitch.ports import ChannelState

PARK_SLOTS = [str(slot) for slot in range(701, 800)]


class Commands:
    """Every command on calls. Each ends known: it returns when done, or refuses with the reason."""

    def __init__(self, engine: Engine, intake: IntakeService) -> None:
        self._engine = engine
        self._intake = intake

    # ---- begin

    async def dial(
        self, desk: str, to: str, *, task_id: str | None = None, call_id: str | None = None
    ) -> str:
        """Ring the desk's own phone, then the number; return the id of the new call.

        With a ``call_id`` of the asker, asking again returns the call that is up already.
        """
        engine = self._engine
        if to == desk:
            raise conflict("own_number", f"{to} is the own desk.", "Dial another number.")
        engine.destinations(to, desk)  # refuses at once what cannot be reached
        if call_id is not None and call_id in engine.calls:
            return call_id
        call_id = call_id or new_id()
        name = engine.book.name_of(to)
        async with engine.locked(call_id):
            kind = CallKind.INTERNAL if engine.book.has(to) else CallKind.OUTGOING
            call = engine.open_call(call_id, kind)
            call.number, call.name, call.task_id = to, name, task_id
            try:
                await engine.ring(
                    call,
                    Purpose.DESK,
                    desk,
                    auto_answer=True,
                    by=desk,
                    next_number=to,
                    first_channel_id=call_id,
                )
            except BaseException:
                engine.calls.pop(call_id, None)
                raise
        return call_id

    async def answer(self, desk: str, call_id: str) -> None:
        """Take a waiting emergency call, or the call that rings at the own desk."""
        if self._intake.is_waiting(call_id):
            await self._intake.take(call_id, desk)
            return
        call = self._shown(call_id)
        own = {phone for phone, _ in self._engine.book.phones_of(desk)}
        if not any(leg.channel.endpoint in own for leg in call.legs.values()):
            raise conflict(
                "not_ringing_here",
                f"Call {call_id} does not ring at desk {desk}.",
                "Use pickup to take a call that rings elsewhere.",
            )
        await self.pickup(desk, call_id)

    async def pickup(self, desk: str, call_id: str) -> None:
        """Take a call that rings somewhere else."""
        if self._intake.is_waiting(call_id):
            await self._intake.take(call_id, desk)
            return
        async with self._engine.locked(call_id):
            call = await self._ringing(call_id)
            await self._stop_rings(call)
            await self._engine.ring(call, Purpose.TAKE, desk, auto_answer=True)

    async def _ringing(self, call_id: str) -> DispatchCall:
        shown = self._engine.board.calls.get(call_id)
        under = self._engine.calls.get(call_id)
        if under is not None and under.rings and len(under.joined) < 2:
            return under
        if shown is None:
            raise not_found("call", call_id, "It has ended; look at the history.")
        up = [leg for leg in shown.legs.values() if leg.channel.bridge_id]
        if under is not None or len(up) >= 2:
            raise conflict(
                "not_ringing",
                f"Call {call_id} is not ringing.",
                "Use takeover for a connected call.",
            )
        return await self._engine.take_in(call_id)

    async def _stop_rings(self, call: DispatchCall) -> None:
        for ring in list(call.rings.values()):
            await self._engine.stop_ring(call, ring)

    # ---- end

    async def hangup(self, desk: str | None, call_id: str, leg: str | None = None) -> None:
        """Hang up one leg; without one the own leg, or the whole call when the desk is not in it."""
        call = self._engine.calls.get(call_id)
        shown = self._engine.board.calls.get(call_id)
        if call is None and shown is None:
            raise not_found("call", call_id, "It has ended already.")
        if leg is not None:
            await self._hangup_leg(call, shown, leg)
            return
        own = self._own_legs(desk, call, shown)
        if own:
            await asyncio.gather(*(self._hangup_leg(call, shown, channel) for channel in own))
            return
        await self._hangup_all(call, shown)

    def _own_legs(
        self, desk: str | None, call: DispatchCall | None, shown: Call | None
    ) -> list[str]:
        if desk is None:
            return []
        if call is not None and (member := call.desk_leg(desk)):
            return [member.channel_id]
        phones = {phone for phone, _ in self._engine.book.phones_of(desk)}
        legs = shown.legs.values() if shown else []
        own = [leg for leg in legs if leg.channel.endpoint in phones]
        up = [leg for leg in own if leg.channel.state is ChannelState.UP]
        return [leg.channel.id for leg in up or own]

    async def _hangup_all(self, call: DispatchCall | None, shown: Call | None) -> None:
        engine = self._engine
        ids: set[str] = set(shown.legs) if shown else set()
        if call is not None:
            ids |= set(call.members)
            for ring in call.rings.values():
                ids |= ring.channel_ids
        await asyncio.gather(*(self._hangup_leg(call, shown, channel_id) for channel_id in ids))
        if call is not None and not call.members:
            async with engine.locked(call.id):
                if call.id in engine.calls:
                    await self._stop_rings(call)
                    await engine.finish(call)

    async def _hangup_leg(
        self, call: DispatchCall | None, shown: Call | None, channel_id: str
    ) -> None:
        engine = self._engine
        if channel_id in engine.call_by_channel or channel_id in engine.rings:
            await engine.drop(channel_id)
        elif shown is not None and (leg := shown.legs.get(channel_id)):
            await engine.quietly(engine.plain.hangup(leg.channel.name))
        else:
            raise not_found("leg", channel_id, "Look at the legs of the call.")

    # ---- hold and park

    async def hold(self, desk: str, call_id: str) -> None:
        """The others hear music; the own phone stays on the line."""
        async with self._engine.locked(call_id):
            call, own = await self._own(desk, call_id)
            if call.held_by is not None:
                raise conflict("held", f"Call {call_id} is on hold already.", "Resume it first.")
            await self._engine.part(call, own)
            call.held_by = desk
            if len(call.others(own.channel_id)) == 1:
                await outcomes.hold_music(self._engine, call)
            self._engine.changed(call_id)

    async def resume(self, desk: str, call_id: str) -> None:
        """Talk again."""
        async with self._engine.locked(call_id):
            call, own = await self._own(desk, call_id)
            if call.held_by is None:
                raise conflict("not_held", f"Call {call_id} is not on hold.", "")
            await outcomes.unhold(self._engine, call)
            await self._engine.join(call, own)
            self._engine.changed(call_id)

    async def park(self, desk: str, call_id: str) -> str:
        """Leave the caller with music in a slot that any phone can dial; return the slot."""
        async with self._engine.locked(call_id):
            call, own = await self._own(desk, call_id)
            return await self.park_own(call, own, desk)

    async def park_own(self, call: DispatchCall, own: Member, desk: str) -> str:
        """Park the call that ``own`` is in and let ``own`` go. The caller holds the lock."""
        slot = self._free_slot()
        call.parked_at, call.parked_by = slot, desk
        call.held_by = None
        self._engine.remove(call, own.channel_id)
        await outcomes.hold_music(self._engine, call)
        await self._engine.drop(own.channel_id)
        self._engine.changed(call.id)
        return slot

    def _free_slot(self) -> str:
        taken = {call.parked_at for call in self._engine.calls.values()}
        for slot in PARK_SLOTS:
            if slot not in taken:
                return slot
        raise conflict("park_full", "All 99 parking slots are taken.", "Retrieve a call first.")

    async def retrieve(self, desk: str, call_id: str) -> None:
        """Take a parked call back to the own desk."""
        async with self._engine.locked(call_id):
            call = self._engine.calls.get(call_id)
            if call is None or call.parked_at is None:
                raise not_found("parked call", call_id, "Somebody retrieved it, or it has ended.")
            await self._engine.ring(call, Purpose.RETRIEVE, desk, auto_answer=True)

    def parked_in(self, slot: str) -> DispatchCall | None:
        """Return the call in a parking slot."""
        return next((c for c in self._engine.calls.values() if c.parked_at == slot), None)

    # ---- transfer

    async def transfer(self, desk: str, call_id: str, to: str, *, attended: bool) -> None:
        """Send the call to a number: at once (blind), or after talking to it (attended)."""
        self._engine.destinations(to, desk)
        async with self._engine.locked(call_id):
            call, own = await self._own(desk, call_id)
            if call.consult is not None or any(self._transfers(call)):
                raise conflict(
                    "transfer_running",
                    f"Call {call_id} is being transferred already.",
                    "Complete or cancel that transfer first.",
                )
            if to == desk or call.desk_leg(to) is not None:
                raise conflict("already_in", f"{to} is in this call.", "Choose another number.")
            if attended:
                await self._begin_consult(call, own, desk, to)
            else:
                await self.blind(call, own, desk, to)
            self._engine.changed(call_id)

    @staticmethod
    def _transfers(call: DispatchCall) -> list[Ring]:
        return [r for r in call.rings.values() if r.purpose in (Purpose.TRANSFER, Purpose.RECALL)]

    async def blind(self, call: DispatchCall, own: Member, desk: str, to: str) -> None:
        """Ring ``to`` for those who stay and let the desk go. The caller holds the lock."""
        role = self._role_of(to)
        await outcomes.hold_music(self._engine, call)
        call.held_by = None
        try:
            await self._engine.ring(call, Purpose.TRANSFER, to, role=role, by=desk)
        except BaseException:
            await outcomes.unhold(self._engine, call)
            raise
        self._engine.remove(call, own.channel_id)
        await self._engine.drop(own.channel_id)

    def _role_of(self, number: str) -> Role:
        book = self._engine.book
        desk = book.is_desk(number)
        return Role.DESK if desk else Role.PARTY

    async def _begin_consult(self, call: DispatchCall, own: Member, desk: str, to: str) -> None:
        engine = self._engine
        if own.joined:
            await engine.part(call, own)
        call.held_by = None
        call.consult = Consult(desk, to, own.channel_id)
        await outcomes.hold_music(engine, call)
        await engine.quietly(engine.acts.ring(own.channel_id))
        shown = (desk, engine.book.name_of(desk))
        try:
            await engine.ring(
                call, Purpose.CONSULT, to, role=self._role_of(to), by=desk, shown=shown
            )
        except BaseException:
            await outcomes.end_consult(engine, call)
            raise

    async def complete_transfer(self, desk: str, call_id: str) -> None:
        """The consulted party takes the place of the desk."""
        async with self._engine.locked(call_id):
            call, _ = await self._consulting(desk, call_id)
            await outcomes.complete_consult(self._engine, call)
            self._engine.changed(call_id)

    async def cancel_transfer(self, desk: str, call_id: str) -> None:
        """Let the consulted party go and talk to the call again."""
        async with self._engine.locked(call_id):
            call, consult = await self._consulting(desk, call_id)
            for ring in [r for r in call.rings.values() if r.purpose is Purpose.CONSULT]:
                await self._engine.stop_ring(call, ring)
            if consult.channel_id is not None:
                self._engine.remove(call, consult.channel_id)
                await self._engine.drop(consult.channel_id)
            await outcomes.end_consult(self._engine, call)
            self._engine.changed(call_id)

    async def _consulting(self, desk: str, call_id: str) -> tuple[DispatchCall, Consult]:
        call = self._engine.calls.get(call_id)
        if call is None or call.consult is None or call.consult.by != desk:
            raise conflict(
                "no_transfer",
                f"Desk {desk} is transferring nothing in call {call_id}.",
                "Begin an attended transfer first.",
            )
        return call, call.consult

    # ---- take over, keys

    async def takeover(self, desk: str, call_id: str) -> None:
        """Take the place of the desk in a connected call."""
        if self._intake.is_waiting(call_id):
            await self._intake.take(call_id, desk)
            return
        await self._engine.guests.check_takeover(call_id, desk)
        async with self._engine.locked(call_id):
            call = await self._engine.take_in(call_id)
            replaced = self.to_replace(call, desk)
            await self._engine.ring(
                call, Purpose.TAKEOVER, desk, auto_answer=True, replaces=replaced.channel_id
            )

    def to_replace(self, call: DispatchCall, desk: str) -> Member:
        """Return the leg whose place a desk would take: the owner's, else another desk's, else the called one."""
        if call.desk_leg(desk) is not None:
            raise conflict("already_in", f"Desk {desk} is in this call.", "")
        legs = [m for m in call.members.values() if m.role is not Role.CALLER]
        if len(call.members) < 2 or not legs:
            raise conflict(
                "not_connected", f"Call {call.id} is not connected.", "Use pickup or answer."
            )
        owner = call.desk_leg(call.owner) if call.owner else None
        if owner is not None:
            return owner
        return next((m for m in legs if m.role is Role.DESK), legs[-1])

    async def send_keys(self, desk: str, call_id: str, digits: str) -> None:
        """Send DTMF to the other parties."""
        async with self._engine.locked(call_id):
            call, own = await self._own(desk, call_id)
            others = call.others(own.channel_id)
        await asyncio.gather(
            *(self._engine.acts.send_keys(member.channel_id, digits) for member in others)
        )

    async def prioritise(self, call_id: str, rank: int) -> None:
        """Move a waiting call to another class."""
        self._intake.prioritise(call_id, rank)

    # ---- finding

    def _shown(self, call_id: str) -> Call:
        shown = self._engine.board.calls.get(call_id)
        if shown is None:
            raise not_found("call", call_id, "It has ended; look at the history.")
        return shown

    async def _own(self, desk: str, call_id: str) -> tuple[DispatchCall, Member]:
        """Return the call and the own leg in it; a plain call is taken under dispatch. The lock is held."""
        if call_id not in self._engine.calls:
            shown = self._shown(call_id)
            phones = {phone for phone, _ in self._engine.book.phones_of(desk)}
            if not any(leg.channel.endpoint in phones for leg in shown.legs.values()):
                raise self._not_in(desk, call_id)
        call = await self._engine.take_in(call_id)
        member = call.desk_leg(desk)
        if member is None:
            raise self._not_in(desk, call_id)
        return call, member

    @staticmethod
    def _not_in(desk: str, call_id: str) -> Exception:
        return conflict(
            "not_in_call", f"Desk {desk} is not in call {call_id}.", "Use takeover to enter it."
        )
