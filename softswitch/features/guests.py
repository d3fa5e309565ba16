"""Hears the facts of control that concern telephone features."""

from __future__ import annotations

from softswitch.calls.center import CallCenter
from softswitch.calls.core import Guests
from softswitch.features.camps import CampService
from softswitch.features.phone import FeaturePhones
from softswitch.ports import Channel, ControlFact, ControlUp, Entered, KeyPressed, LegEnded


class FeatureGuests(Guests):
    """The legs of features among those of the calls."""

    def __init__(self, center: CallCenter, camps: CampService, phones: FeaturePhones) -> None:
        self._center = center
        self._camps = camps
        self._phones = phones

    def take(self, fact: ControlFact) -> bool:
        """Take a fact; return whether it is for no one else."""
        if isinstance(fact, Entered) and self._phones.takes(fact.args):
            self._center.spawn(self._phones.entered(fact.channel, fact.args))
            return True
        if isinstance(fact, KeyPressed):
            return self._phones.key(fact.channel_id, fact.digit)
        if isinstance(fact, LegEnded):
            self._camps.leg_ended(fact.channel_id, fact.cause)
            self.gone(fact.channel_id)
        elif isinstance(fact, ControlUp):
            self._camps.control_up()
        return False

    def adopts(self, channel: Channel, args: tuple[str, ...]) -> bool:
        """A code that was dialled while nobody listened is carried out late: the phone is still on the line."""
        if not self._phones.takes(args) or channel.id in self._phones.offers:
            return self._phones.takes(args)
        if channel.id in self._center.engine.call_by_channel:
            return False  # intercom: a leg like any other by now
        self._center.spawn(self._phones.entered(channel, args))
        return True

    def gone(self, channel_id: str) -> None:
        """A channel is over: somebody may be free."""
        self._phones.gone(channel_id)
        self._camps.board_changed()

    def finished(self, call_id: str) -> None:
        """A call under dispatch is over."""
        self._camps.finished(call_id)
