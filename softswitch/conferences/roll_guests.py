"""Hears when the switch has told what is there: roll calls go on after the rooms have found their legs."""

from __future__ import annotations

from softswitch.calls.core import Guests
from softswitch.conferences.rollcalls import RollService
from softswitch.ports import ControlFact, ControlUp


class RollGuests(Guests):
    """Roll calls among those who hear the facts of control; the rooms have heard them before."""

    def __init__(self, rolls: RollService) -> None:
        self._rolls = rolls

    def take(self, fact: ControlFact) -> bool:
        """Take a fact; it is for the others too."""
        if isinstance(fact, ControlUp):
            self._rolls.take_up()
        return False
