"""What intercept must know of a call to decide on it: its parties, what it does, its precedence."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass

from intercept.config import Config
from intercept.levels import stronger
from intercept.model import Levels, Party, Phase, Precedence
from intercept.precedence import label
from intercept.session import Requester
from softswitch.access.model import Actor, Role
from softswitch.access.policy import rights_of
from softswitch.calls.center import CallCenter
from softswitch.calls.conference import Conference
from softswitch.calls.dispatch_call import DispatchCall
from softswitch.calls.model import CallKind, Leg
from softswitch.ports import Channel, ChannelState

Roles = Callable[[], Awaitable[Mapping[str, str]]]
"""Returns login → role of everybody who may sign in."""

PHONE_RIGHTS = frozenset(
    {
        "intercept.monitor", "intercept.whisper", "intercept.insert", "intercept.release",
        "call.takeover",
    }
)  # fmt: skip
"""What a phone may do that nobody is signed in at: what its levels, which somebody has set, let it."""


@dataclass(frozen=True, slots=True)
class Seen:
    """A call as intercept sees it."""

    phase: Phase
    parties: tuple[Party, ...] = ()
    precedence: Precedence = Precedence.ROUTINE
    conference: bool = False


class Look:
    """Reads calls off the board and off the books of dispatch."""

    def __init__(
        self,
        center: CallCenter,
        config: Config,
        roles: Roles,
        hides: Callable[[str], bool],
    ) -> None:
        self._center = center
        self._config = config
        self._read_roles = roles
        self._roles: Mapping[str, str] = {}
        self._hides = hides
        self.claimed: dict[str, Precedence] = {}
        """The precedence that calls were made with."""

    async def refresh(self) -> None:
        """Read who has which role; a decision is made from what is true now."""
        self._roles = await self._read_roles()

    async def knows(self, login: str) -> bool:
        """Return whether there is such a user."""
        await self.refresh()
        return login in self._roles

    def hidden(self, leg: Leg) -> bool:
        """Return whether a leg is one of intercept itself."""
        return self._hides(leg.channel.id)

    def actor(self, actor: Actor, desk: str) -> Requester:
        """Return somebody who is signed in and acts for a desk."""
        levels = self._config.levels.user(actor.login, actor.role.value)
        rights = frozenset(right.value for right in rights_of(actor.role))
        return Requester(
            actor.login,
            desk,
            rights,
            stronger(levels, self._config.levels.extension(desk)),
            actor.language,
        )

    def phone(self, extension: str) -> Requester:
        """Return who asks by a feature code: the user who sits there, else the extension itself."""
        own = self._config.levels.extension(extension)
        language = self._config.settings.language
        seat = self._center.desks.seats.get(extension)
        role = self._roles.get(seat.login) if seat else None
        if seat is None or role is None:
            # A blank keeps it apart from every login.
            return Requester(f"extension {extension}", extension, PHONE_RIGHTS, own, language)
        levels = stronger(self._config.levels.user(seat.login, role), own)
        rights = frozenset(right.value for right in rights_of(Role(role)))
        return Requester(seat.login, extension, rights, levels, language)

    # ---- calls

    def call(self, call_id: str, without: str | None = None) -> Seen:
        """Return a call as it is now; ``without`` is the requester's own leg, which does not count."""
        under = self._center.engine.calls.get(call_id)
        room = self._center.engine.guests.conference(call_id) if under is None else None
        if room is not None:
            return self._room(room)
        shown = self._center.board.calls.get(call_id)
        if under is None and shown is None:
            return Seen(Phase.GONE)
        parties = self._members(under, without) if under else self._legs(call_id)
        return Seen(self._phase(call_id, under, parties), parties, self.precedence(call_id))

    def _room(self, room: Conference) -> Seen:
        legs, call_id = self._center.board.legs, room.call_id()
        parties = tuple(
            self._party(legs[m.channel_id].channel if m.channel_id in legs else None,
                        m.channel_id, m.number, self._kind(call_id))
            for m in room.members()
        )  # fmt: skip
        phase = Phase.TALKING if len(parties) >= 2 else Phase.RINGING
        return Seen(phase, parties, self.precedence(call_id), conference=True)

    def precedence(self, call_id: str) -> Precedence:
        """Return the level that a call was made with; emergency calls have one of their own, at least."""
        claimed = self.claimed.get(call_id, Precedence.ROUTINE)
        if self._kind(call_id) is CallKind.EMERGENCY:
            return min(claimed, Precedence(self._config.settings.emergency_precedence))
        return claimed

    def label(self, call_id: str) -> str:
        """Return what phones show of the level that a caller has claimed.

        The level that all emergency calls have by the rules of the centre would tell nothing: the number does.
        """
        claimed = self.claimed.get(call_id, Precedence.ROUTINE)
        return label(claimed, self._config.settings.language)

    def _kind(self, call_id: str) -> CallKind | None:
        under = self._center.engine.calls.get(call_id)
        if under is not None:
            return under.kind
        shown = self._center.board.calls.get(call_id)
        if shown is not None and any(
            leg.channel.context == "emergency" for leg in shown.legs.values()
        ):
            return CallKind.EMERGENCY
        return None

    def _phase(self, call_id: str, under: DispatchCall | None, parties: tuple[Party, ...]) -> Phase:
        if self._center.intake.is_waiting(call_id):
            return Phase.WAITING
        if under is not None and under.parked_at is not None:
            return Phase.PARKED
        if under is not None and (under.held_by is not None or under.consult is not None):
            return Phase.HELD
        return Phase.TALKING if len(parties) >= 2 else Phase.RINGING

    def _members(self, under: DispatchCall, without: str | None) -> tuple[Party, ...]:
        legs = self._center.board.legs
        consulted = under.consult.channel_id if under.consult else None
        return tuple(
            self._party(legs[m.channel_id].channel if m.channel_id in legs else None,
                        m.channel_id, m.number, under.kind)
            for m in under.members.values()
            if m.answered and m.channel_id not in (without, consulted)
        )  # fmt: skip

    def _legs(self, call_id: str) -> tuple[Party, ...]:
        shown = self._center.board.calls[call_id]
        kind = self._kind(call_id)
        return tuple(
            self._party(leg.channel, leg.channel.id, leg.channel.caller_number, kind)
            for leg in shown.legs.values()
            if leg.channel.state is ChannelState.UP
            and leg.channel.bridge_id
            and not self._hides(leg.channel.id)
        )

    def _party(
        self, channel: Channel | None, channel_id: str, number: str, kind: CallKind | None
    ) -> Party:
        endpoint = channel.endpoint if channel else ""
        extension = self._center.book.extension_of(endpoint)
        if extension is None:
            levels = self._config.levels.line(endpoint)
        else:
            levels = stronger(self._config.levels.extension(extension), self._seated(extension))
        desk = extension is not None and self._center.book.is_desk(extension)
        citizen = extension is None or (kind is CallKind.EMERGENCY and not desk)
        return Party(
            channel_id,
            extension or number,
            levels.protection,
            levels.interruption_protection,
            citizen,
        )

    def _seated(self, extension: str) -> Levels:
        seat = self._center.desks.seats.get(extension)
        role = self._roles.get(seat.login) if seat else None
        return self._config.levels.user(seat.login, role) if seat and role else Levels()
