"""Ringing phones for a call: the first to answer wins and the others stop."""

from __future__ import annotations

from collections.abc import Iterable

from softswitch.calls import outcomes
from softswitch.calls.core import Core, new_id
from softswitch.calls.dispatch_call import DispatchCall, Member, Purpose, Ring
from softswitch.calls.model import Role
from softswitch.errors import conflict, unavailable
from softswitch.ports import ActFailed, Channel, Leg

ANSWERED_ELSEWHERE = 26
"""Q.850 26, non-selected user clearing: the phone shows no missed call."""

PLACE_SECONDS = 30

MOST_MADE = 10_000
"""How many rings are remembered, so that a phone that answers too late is told apart."""


class Ringing(Core):
    """Places legs and takes what becomes of them."""

    def reachable(self, extension: str) -> list[tuple[str, str]]:
        """Return the phones of an extension that are registered now."""
        return [
            (phone_id, kind)
            for phone_id, kind in self.book.phones_of(extension)
            if self.board.is_registered([phone_id])
        ]

    def is_free(self, extension: str) -> bool:
        """Tell whether no phone of an extension is in a call or being rung."""
        if any(ring.extension == extension for ring in self.rings.values()):
            return False
        phones = [phone_id for phone_id, _ in self.book.phones_of(extension)]
        return not self.board.legs_of(phones)

    def destinations(self, number: str, by: str | None = None) -> tuple[str | None, list[str]]:
        """Return (extension, phone ids) or (None, line ids) that reach a number, or refuse with the reason.

        ``by`` is the extension that calls. An empty line id leaves the choice to the trunks.
        """
        if self.book.has(number):
            phones = [phone_id for phone_id, _ in self.reachable(number)]
            if not phones:
                raise conflict(
                    "not_registered",
                    f"No phone of extension {number} is registered.",
                    "Call another number of this person.",
                )
            return number, phones
        return None, [(self.way_out or self._registered_line)(number, by)]

    def _registered_line(self, number: str, by: str | None) -> str:
        """Return the first line that is registered: what there is without trunks."""
        lines = [line for line in self.book.lines() if self.board.is_registered([line])]
        if not lines:
            raise conflict(
                "no_route",
                f"{number} is no extension, and no line to the outside is up.",
                "Check the number, or the lines with `softswitch phone list`.",
            )
        return lines[0]

    async def ring(
        self,
        call: DispatchCall,
        purpose: Purpose,
        number: str,
        *,
        role: Role = Role.DESK,
        auto_answer: bool = False,
        by: str | None = None,
        replaces: str | None = None,
        next_number: str = "",
        shown: tuple[str, str] | None = None,
        seconds: int = PLACE_SECONDS,
        first_channel_id: str | None = None,
    ) -> Ring:
        """Ring the phones of a number for a call; the first to answer wins.

        ``shown`` is the number and name on their display (default: the caller's).  Raises a refusal when
        nothing can be rung; the call is unchanged then.
        """
        extension, phones = self.destinations(number, by)
        ring = Ring(new_id(), call.id, purpose, number, extension, role)
        self._made[ring.id] = None
        if len(self._made) > MOST_MADE:
            self._made.popitem(last=False)
        ring.by, ring.replaces, ring.next_number = by, replaces, next_number
        call.rings[ring.id] = ring
        shown_number, shown_name = shown or (call.number, call.name)
        if label := self.label(call.id):
            shown_name = f"{label} {shown_name}".strip()
        originator = next(iter(call.members), "")
        args = ("leg", ring.id, call.id, purpose.value, role.value, number)
        legs = [
            Leg(
                channel_id=(first_channel_id if first_channel_id and index == 0 else new_id()),
                phone_id=phone_id,
                args=args,
                number="" if extension else number,
                caller_number=shown_number,
                caller_name=shown_name,
                originator=originator or (first_channel_id or "" if index else ""),
                auto_answer=auto_answer,
                timeout_seconds=seconds,
            )
            for index, phone_id in enumerate(phones)
        ]
        await self._place(call, ring, legs)
        return ring

    async def _place(self, call: DispatchCall, ring: Ring, legs: Iterable[Leg]) -> None:
        failed: list[ActFailed] = []
        for leg in legs:
            ring.channel_ids.add(leg.channel_id)
            self.rings[leg.channel_id] = ring
            self.make_sure(leg.channel_id)
            try:
                await self.acts.place(leg)
            except ActFailed as error:
                failed.append(error)
                ring.channel_ids.discard(leg.channel_id)
                self.rings.pop(leg.channel_id, None)
                if not error.status:  # nobody knows whether it was done: the phone may ring yet
                    self.spawn(self.drop(leg.channel_id))
        if not ring.channel_ids:
            call.rings.pop(ring.id, None)
            raise unavailable(
                "not_placed",
                f"The phones of {ring.number} could not be rung: {failed[0] if failed else 'gone'}.",
                "Try again.",
            )
        self.changed(call.id)

    async def _leg_answered(self, channel: Channel, args: tuple[str, ...]) -> None:
        if channel.id in self.call_by_channel:
            return  # told twice: by the snapshot after a cut, and by the event behind it
        ring = self.rings.get(channel.id) or self._ring_from(channel, args)
        if ring is None:
            await self.drop(channel.id)
            return
        async with self.locked(ring.call_id):
            call = self.calls.get(ring.call_id)
            if call is None or ring.id not in call.rings or ring.winner is not None:
                await self.drop(channel.id, ANSWERED_ELSEWHERE)
                return
            ring.winner = channel.id
            await self.stop_ring(call, ring, ANSWERED_ELSEWHERE)
            name = self.book.name_of(ring.extension) if ring.extension else ""
            member = Member(channel.id, ring.role, ring.extension, ring.number, name)
            self.add(call, member)
            try:
                await outcomes.answered(self, call, ring, member)
            except ActFailed:
                await self._not_joined(call, ring, member)
                raise
            finally:
                self.changed(call.id)

    async def _not_joined(self, call: DispatchCall, ring: Ring, member: Member) -> None:
        """Who answered hears nobody: he is let go, and the call goes on as if he had not answered."""
        if self.remove(call, member.channel_id) is None:
            return
        await self.drop(member.channel_id)
        if all(other in self.board.legs for other in call.members):
            await outcomes.unanswered(self, call, ring)

    def _ring_from(self, channel: Channel, args: tuple[str, ...]) -> Ring | None:
        """Rebuild the ring of a leg that was placed before a restart and answers now."""
        if len(args) != 6 or args[2] not in self.calls or args[1] in self._made:
            return None  # one of this run that is not ringing any more was stopped: too late
        _, ring_id, call_id, purpose, role, number = args
        call = self.calls[call_id]
        ring = call.rings.get(ring_id)
        if ring is None:
            extension = number if self.book.has(number) else None
            ring = Ring(ring_id, call_id, Purpose(purpose), number, extension, Role(role))
            call.rings[ring_id] = ring
        ring.channel_ids.add(channel.id)
        return ring

    async def _leg_unanswered(self, ring: Ring, channel_id: str, cause: int) -> None:
        async with self.locked(ring.call_id):
            call = self.calls.get(ring.call_id)
            if call is not None and (member := self.remove(call, channel_id)) is not None:
                await outcomes.departed(self, call, member, cause)  # it answered and left at once
                self.changed(call.id)
                return
            self.rings.pop(channel_id, None)
            ring.channel_ids.discard(channel_id)
            ring.last_cause = cause or ring.last_cause
            if call is None or ring.id not in call.rings or ring.channel_ids:
                return
            del call.rings[ring.id]
            await outcomes.unanswered(self, call, ring)
            self.changed(call.id)
