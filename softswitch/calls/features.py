"""What phones ask for themselves: feature codes that they dial, keys during a call, and REFER (RFC 3515)."""

from __future__ import annotations

import logging

from softswitch.calls import outcomes
from softswitch.calls.commands import Commands
from softswitch.calls.dispatch_call import DispatchCall, Member
from softswitch.calls.engine import Engine
from softswitch.calls.intake_service import IntakeService
from softswitch.calls.keys import KeyCommand, KeyReader
from softswitch.calls.model import CallKind, Role
from softswitch.clock import Clock, now
from softswitch.errors import Refusal, conflict, not_found
from softswitch.ports import Channel, ChannelState, TransferAsked

log = logging.getLogger(__name__)

PARK_HERE = "700"
"""A transfer to this number parks."""

REFUSED = 21
"""Q.850 21, call rejected: what a phone hears when its code cannot be carried out."""


class FeatureService:
    """Phones as a way to give commands."""

    def __init__(
        self, engine: Engine, intake: IntakeService, commands: Commands, clock: Clock = now
    ) -> None:
        self._engine = engine
        self._intake = intake
        self._commands = commands
        self._clock = clock
        self._readers: dict[str, KeyReader] = {}

    # ---- codes

    async def entered(self, channel: Channel, args: tuple[str, ...]) -> None:
        """A phone dialled a code; it is on the line and becomes a leg of the call that it asks for."""
        desk = self._engine.book.extension_of(channel.endpoint)
        try:
            if desk is None:
                raise conflict("no_extension", f"{channel.endpoint} belongs to no extension.", "")
            await self._carry_out(channel, desk, args)
        except Refusal as refusal:
            log.info("extension %s asked for %s: %s", desk, args, refusal)
            await self._engine.drop(channel.id, REFUSED)

    async def _carry_out(self, channel: Channel, desk: str, args: tuple[str, ...]) -> None:
        word, rest = args[0], [*args[1:], "", ""]
        if word == "retrieve":
            await self._retrieve(channel, desk, rest[0])
        elif rest[0] == "take":
            call_id = self._intake.first_for(desk)
            if call_id is None:
                raise not_found("waiting call", "at all", "")
            await self._take(channel, desk, call_id)
        elif rest[0] == "pickup":
            await self._pickup(channel, desk, rest[1])
        elif rest[0] == "takeover":
            await self._takeover(channel, desk, rest[1])
        else:
            raise not_found("feature", " ".join(args), "")

    def _member(self, channel: Channel, desk: str) -> Member:
        name = self._engine.book.name_of(desk)
        answered = channel.state is ChannelState.UP
        return Member(channel.id, Role.DESK, desk, desk, name, answered)

    async def _come_in(self, call: DispatchCall, channel: Channel, desk: str) -> None:
        """Join the phone with those who are there."""
        engine = self._engine
        member = self._member(channel, desk)
        engine.add(call, member)
        await outcomes.unhold(engine, call)
        call.parked_at = call.parked_by = None
        await engine.join(call, *(m for m in call.members.values() if not m.joined))
        call.owner = desk
        if call.kind is CallKind.EMERGENCY:
            self._intake.answered(call, desk)
        engine.changed(call.id)

    async def _take(self, channel: Channel, desk: str, call_id: str) -> None:
        async with self._engine.locked(call_id):
            call = await self._intake.take_with(call_id, desk)
            await self._come_in(call, channel, desk)

    async def _retrieve(self, channel: Channel, desk: str, slot: str) -> None:
        call = self._commands.parked_in(slot)
        if call is None:
            raise not_found("parked call in slot", slot, "")
        async with self._engine.locked(call.id):
            await self._come_in(call, channel, desk)

    async def _pickup(self, channel: Channel, desk: str, extension: str) -> None:
        engine = self._engine
        phones = [phone for phone, _ in engine.book.phones_of(extension)]
        ringing = [leg for leg in engine.board.legs_of(phones) if not leg.incoming]
        ring = next((r for r in engine.rings.values() if r.extension == extension), None)
        if ring is not None:
            call_id = ring.call_id
        elif ringing:
            call_id = ringing[0].channel.linked_id
        else:
            raise not_found("ringing call at", extension, "")
        if self._intake.is_waiting(call_id):
            await self._take(channel, desk, call_id)
            return
        async with engine.locked(call_id):
            call = await engine.take_in(call_id)
            for other in list(call.rings.values()):
                await engine.stop_ring(call, other)
            await self._come_in(call, channel, desk)

    async def _takeover(self, channel: Channel, desk: str, extension: str) -> None:
        engine = self._engine
        phones = [phone for phone, _ in engine.book.phones_of(extension)]
        legs = [leg for leg in engine.board.legs_of(phones) if leg.channel.bridge_id]
        if not legs:
            raise not_found("connected call at", extension, "")
        call_id = legs[0].channel.linked_id
        await engine.guests.check_takeover(call_id, desk)
        async with engine.locked(call_id):
            call = await engine.take_in(call_id)
            replaced = call.desk_leg(extension) or self._commands.to_replace(call, desk)
            await self._come_in(call, channel, desk)
            engine.remove(call, replaced.channel_id)
            await engine.drop(replaced.channel_id)

    # ---- keys

    async def key(self, call: DispatchCall, member: Member, digit: str) -> None:
        """A key during a call; only extensions give commands, a citizen's keys are just heard."""
        if member.extension is None:
            return
        reader = self._readers.setdefault(member.channel_id, KeyReader())
        command = reader.press(digit, self._clock())
        for channel_id in self._readers.keys() - self._engine.call_by_channel.keys():
            del self._readers[channel_id]
        if command is None:
            return
        log.info("extension %s gave the keys for %s", member.extension, command)
        try:
            await self._by_key(call, member.extension, command)
        except Refusal as refusal:
            log.info("keys %s of %s: %s", command, member.extension, refusal)

    async def _by_key(self, call: DispatchCall, desk: str, command: KeyCommand) -> None:
        commands = self._commands
        if command.name in ("blind", "attended"):
            attended = command.name == "attended"
            await commands.transfer(desk, call.id, command.number, attended=attended)
        elif command.name == "complete":
            await commands.complete_transfer(desk, call.id)
        elif command.name == "cancel":
            await commands.cancel_transfer(desk, call.id)
        elif command.name == "park":
            await commands.park(desk, call.id)
        elif call.held_by == desk:
            await commands.resume(desk, call.id)
        else:
            await commands.hold(desk, call.id)

    # ---- REFER

    async def transfer(self, asked: TransferAsked) -> None:
        """A phone pressed its transfer button."""
        call_id = self._engine.call_by_channel.get(asked.channel_id)
        call = self._engine.calls.get(call_id or "")
        if call is None:
            log.warning("transfer asked by unknown channel %s", asked.channel_id)
            return
        try:
            if asked.other_channel_id:
                await self._join_calls(call, asked)
            else:
                await self._blind(call, asked)
        except Refusal as refusal:
            log.info("channel %s asked for a transfer: %s", asked.channel_id, refusal)
            await self._engine.quietly(self._engine.acts.transfer_result(asked.channel_id, False))

    async def _blind(self, call: DispatchCall, asked: TransferAsked) -> None:
        """The phone hears that it went well before it is let go."""
        engine = self._engine
        async with engine.locked(call.id):
            own = call.members.get(asked.channel_id)
            if own is None:
                return
            desk = own.extension or own.number
            if asked.number == PARK_HERE:
                await engine.quietly(engine.acts.transfer_result(asked.channel_id, True))
                await self._commands.park_own(call, own, desk)
                return
            engine.destinations(asked.number)
            await engine.quietly(engine.acts.transfer_result(asked.channel_id, True))
            await self._commands.blind(call, own, desk, asked.number)
            engine.changed(call.id)

    async def _join_calls(self, call: DispatchCall, asked: TransferAsked) -> None:
        """Attended (RFC 3891 Replaces): those of the second call come into the first, the phone leaves both."""
        engine = self._engine
        other_call = engine.board.call_of(asked.other_channel_id)
        if other_call is None:
            raise not_found("call of", asked.other_channel_id, "")
        second_id = other_call.id
        if second_id == call.id:
            return
        async with engine.locked(second_id):
            second = await engine.take_in(second_id)
            second_own = engine.remove(second, asked.other_channel_id)
            moving = [engine.remove(second, m.channel_id) for m in list(second.members.values())]
        await engine.quietly(engine.acts.transfer_result(asked.channel_id, True))
        async with engine.locked(call.id):
            first_own = engine.remove(call, asked.channel_id)
            await outcomes.unhold(engine, call)
            for member in moving:
                if member is not None:
                    member.joined = False
                    engine.add(call, member)
            await engine.join(call, *(m for m in call.members.values() if not m.joined))
            for own in (first_own, second_own):
                if own is not None:
                    await engine.drop(own.channel_id)
            desk = next((m for m in moving if m is not None and m.role is Role.DESK), None)
            call.owner = desk.extension if desk else call.owner
            engine.changed(call.id)
        async with engine.locked(second_id):
            await engine.finish(second)
