"""Calls under dispatch: takes the facts of control, takes plain calls in, and adopts calls after a restart.

Ids are chosen before the act, so an act that is repeated after a cut connection changes nothing; if the process
dies between two acts, :meth:`Engine.adopt` rebuilds what it knew from the switch.
"""

from __future__ import annotations

import asyncio
import logging

from softswitch.calls import outcomes
from softswitch.calls.category import category
from softswitch.calls.dispatch_call import DispatchCall
from softswitch.calls.model import CallKind, Leg, Role
from softswitch.calls.ringing import Ringing
from softswitch.errors import conflict, not_found
from softswitch.ports import (
    ActFailed,
    Channel,
    ChannelState,
    ControlDown,
    ControlFact,
    ControlUp,
    Entered,
    KeyPressed,
    Left,
    LegEnded,
    LegRinging,
    TransferAsked,
)

log = logging.getLogger(__name__)

LEFT_SECONDS = 1.0
"""How long a channel that left dispatch may take to tell the cause of its end."""

JOINING_SECONDS = 1.0
"""How long those who have just been connected may take to come into their bridge."""

LOOK_SECONDS = 0.01

GONE_SECONDS = (1.0, 10.0)
"""When to look after a channel that the board has lost: a command may just be bringing it in."""


class Engine(Ringing):
    """The calls under dispatch by call id."""

    # ---- facts

    def handle(self, fact: ControlFact) -> None:
        """Take one fact of control; the work that follows runs under the lock of its call."""
        if self.guests.take(fact):
            return
        if isinstance(fact, Entered):
            self._entered(fact)
        elif isinstance(fact, LegEnded):
            self._ended(fact.channel_id, fact.cause)
        elif isinstance(fact, Left):
            self._left(fact.channel_id)
        elif isinstance(fact, LegRinging):
            if ring := self.rings.get(fact.channel_id):
                self.changed(ring.call_id)
        elif isinstance(fact, KeyPressed):
            self._key(fact)
        elif isinstance(fact, TransferAsked):
            self.spawn(self.features.transfer(fact))
        elif isinstance(fact, ControlUp):
            self.control_up = True
            self.adopt(fact)
        elif isinstance(fact, ControlDown):
            self.control_up = False

    def _entered(self, fact: Entered) -> None:
        channel, args = fact.channel, fact.args
        word = args[0] if args else ""
        if word == "emergency" and len(args) > 1:
            self.spawn(self._emergency(channel, args))
        elif word == "leg":
            self.spawn(self._leg_answered(channel, args))
        elif (future := self._arriving.pop(channel.id, None)) is not None:
            if not future.done():
                future.set_result(channel)
        elif word in ("feature", "retrieve"):
            self.spawn(self.features.entered(channel, args))
        else:
            log.warning("channel %s came with unknown words %s; it is ended", channel.id, args)
            self.spawn(self.drop(channel.id))

    def _left(self, channel_id: str) -> None:
        """A channel left dispatch; most end in the same moment and tell their cause, a few go on in the dialplan."""
        if channel_id in self.call_by_channel:
            loop = asyncio.get_running_loop()
            loop.call_later(LEFT_SECONDS, self._ended, channel_id, 0)

    def _ended(self, channel_id: str, cause: int) -> None:
        future = self._arriving.pop(channel_id, None)
        if future is not None and not future.done():
            future.set_exception(ActFailed("the party hung up"))
        if ring := self.rings.get(channel_id):
            self.spawn(self._leg_unanswered(ring, channel_id, cause))
        elif call_id := self.call_by_channel.get(channel_id):
            self.spawn(self._departed(call_id, channel_id, cause))

    def lost(self, channel_id: str) -> None:
        """A channel in the books has ended and nobody told."""
        self._ended(channel_id, 0)

    def channel_gone(self, channel_id: str, cause: int) -> None:
        """The board has lost a channel. Control tells that too, unless it was cut at that moment."""
        self.guests.gone(channel_id)
        for seconds in GONE_SECONDS:
            asyncio.get_running_loop().call_later(seconds, self._ended, channel_id, cause)

    def _key(self, fact: KeyPressed) -> None:
        call = self.calls.get(self.call_by_channel.get(fact.channel_id, ""))
        if call is not None and (member := call.members.get(fact.channel_id)):
            self.spawn(self.features.key(call, member, fact.digit))

    async def _emergency(self, channel: Channel, args: tuple[str, ...]) -> None:
        call_id = self.call_id_of(channel)
        async with self.locked(call_id):
            call = self.open_call(call_id, CallKind.EMERGENCY, digits=args[1])
            _describe(call, channel, args)
            self.add(call, self.member_for(channel, Role.CALLER))
            self.intake.arrived(call)
            self.changed(call.id)

    async def _departed(self, call_id: str, channel_id: str, cause: int) -> None:
        async with self.locked(call_id):
            call = self.calls.get(call_id)
            if call is None or (member := self.remove(call, channel_id)) is None:
                return
            await outcomes.departed(self, call, member, cause)
            self.changed(call_id)

    # ---- plain calls come under dispatch

    async def take_in(self, call_id: str) -> DispatchCall:
        """Return the call under dispatch; a plain call is redirected into dispatch first.

        Raises a refusal when the call is gone or cannot be moved.  The caller holds the lock of the call.
        """
        if (call := self.calls.get(call_id)) is not None:
            return call
        if self.guests.holds(call_id):
            raise conflict(
                "is_conference",
                f"Call {call_id} is a conference.",
                "Act on its room: softswitch conference list.",
            )
        legs, bridged = await self._to_move(call_id)
        if not legs or len(legs) > 2:
            raise conflict("not_movable", f"Call {call_id} cannot be moved.", "Hang it up instead.")
        channels = await self._redirect(call_id, [leg.channel for leg in legs])
        kind = CallKind.EMERGENCY if legs[0].channel.context == "emergency" else CallKind.INTERNAL
        call = self.open_call(call_id, kind)
        for leg, channel in zip(legs, channels, strict=True):
            member = self.member_for(leg.channel)
            if leg.channel.id == call_id and member.role is not Role.DESK:
                member.role = Role.CALLER
            member.answered = channel.state is ChannelState.UP
            self.add(call, member)
        first = next(iter(call.members.values()))
        call.number, call.name = first.number, first.name
        if bridged:
            await self.join(call, *call.members.values())
        return call

    async def _to_move(self, call_id: str) -> tuple[list[Leg], bool]:
        """Return the legs that talk to each other and true, or the one that came in where nobody talks.

        Two who have just been connected come into their bridge one after the other, and either may be told first.
        To move one of them alone would end the call of the other: so both are waited for.
        """
        loop = asyncio.get_running_loop()
        deadline = loop.time() + JOINING_SECONDS
        while (shown := self.board.calls.get(call_id)) is not None:
            up = [leg for leg in shown.legs.values() if leg.channel.state is ChannelState.UP]
            bridged = [leg for leg in up if leg.channel.bridge_id]
            nobody_talks = len(up) < 2 and not bridged and all(leg.incoming for leg in up)
            both_talk = (
                len(bridged) > 1
            )  # who is about to come into this call is up too, and in no bridge
            if nobody_talks or both_talk or loop.time() > deadline:
                incoming = [leg for leg in shown.legs.values() if leg.incoming]
                return bridged or incoming[:1], bool(bridged)
            await asyncio.sleep(LOOK_SECONDS)
        raise not_found("call", call_id, "It has ended; look at the history.")

    async def _redirect(self, call_id: str, channels: list[Channel]) -> list[Channel]:
        loop = asyncio.get_running_loop()
        futures: list[asyncio.Future[Channel]] = []
        for channel in channels:
            futures.append(loop.create_future())
            self._arriving[channel.id] = futures[-1]
        try:
            await self.plain.redirect([c.name for c in channels], "softswitch-absorb", call_id)
            return list(await asyncio.wait_for(asyncio.gather(*futures), timeout=3))
        except (ActFailed, TimeoutError) as error:
            raise conflict(
                "not_movable",
                f"The call could not be taken under dispatch: {str(error) or 'no answer from the switch'}.",
                "Look at the board: it may have ended.",
            ) from error
        finally:
            for channel in channels:
                self._arriving.pop(channel.id, None)

    # ---- after a restart or a cut

    def adopt(self, up: ControlUp) -> None:
        """Make the books equal to what is under dispatch in the switch."""
        present = {channel.id for channel, _ in up.channels}
        for channel_id in [known for known in self.call_by_channel if known not in present]:
            self._ended(channel_id, 0)
        bridge_of = {c: bridge for bridge, members in up.bridges.items() for c in members}
        orphans: list[DispatchCall] = []
        for channel, args in up.channels:
            if self.guests.adopts(channel, args):
                continue
            if channel.id in self.rings:
                if channel.state is ChannelState.UP:  # it answered while control was cut
                    self.spawn(self._leg_answered(channel, args))
                continue
            if channel.id in self.call_by_channel:
                continue
            call = self._adopt_channel(channel, args, bridge_of.get(channel.id))
            if call is not None and call not in orphans:
                orphans.append(call)
        for call in orphans:
            self.spawn(self._settle(call))

    def _adopt_channel(
        self, channel: Channel, args: tuple[str, ...], bridge: str | None
    ) -> DispatchCall | None:
        word = args[0] if args else ""
        emergency = word == "emergency" and len(args) > 1
        # Who talks in a call came in by a code, by intercept or with a level.
        talks = (bridge or "").startswith("call-")
        if not talks and word not in ("emergency", "leg", "absorb"):
            self.spawn(self.drop(channel.id))
            return None
        call_id = self.call_id_of(channel)
        kind = CallKind.EMERGENCY if emergency else CallKind.INTERNAL
        call = self.open_call(call_id, kind, args[1] if emergency else None)
        if emergency:
            call.kind, call.digits = CallKind.EMERGENCY, args[1]
            _describe(call, channel, args)
        role = Role.CALLER if emergency else None
        if word == "precedence":
            role = Role.CALLER
        if word == "leg" and len(args) == 6:
            role = Role(args[4])
        member = self.member_for(channel, role)
        if word == "leg" and len(args) == 6:
            member.number = args[5]
        member.joined = bridge == call.bridge_id
        call.bridge_open = call.bridge_open or member.joined
        self.add(call, member)
        return call

    async def _settle(self, call: DispatchCall) -> None:
        """Bring an adopted call into a state that makes sense: a lone emergency caller waits, a lone desk is freed."""
        async with self.locked(call.id):
            if call.id not in self.calls:
                return
            await outcomes.settle(self, call)
            self.changed(call.id)


def _describe(call: DispatchCall, channel: Channel, args: tuple[str, ...]) -> None:
    """Note what an emergency call tells: ``emergency``, digits, precedence, category, how long its Geolocation is."""
    call.number, call.name = channel.caller_number, channel.caller_name
    told = dict(enumerate(args))
    call.category = category(told.get(3, ""))
    call.tells_place = told.get(4, "") not in ("", "0")
