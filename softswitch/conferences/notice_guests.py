"""Hears the facts of control that concern notifications."""

from __future__ import annotations

import asyncio

from softswitch.calls.core import Guests
from softswitch.conferences.guests import GONE_SECONDS
from softswitch.conferences.notice_books import NoticeBooks
from softswitch.conferences.notice_legs import NoticeLegs
from softswitch.conferences.notice_telling import Telling
from softswitch.ports import Channel, ControlFact, ControlUp, Entered, KeyPressed, LegEnded


class NoticeGuests(Guests):
    """The legs of notifications among those of the calls."""

    def __init__(self, books: NoticeBooks, legs: NoticeLegs, telling: Telling) -> None:
        self._books = books
        self._legs = legs
        self._telling = telling

    def take(self, fact: ControlFact) -> bool:
        """Take a fact; return whether it is for no one else."""
        if isinstance(fact, Entered) and fact.args[:1] == ("notice",) and len(fact.args) == 3:
            self._legs.came(fact.channel, fact.args[1], fact.args[2])
            return True
        if isinstance(fact, KeyPressed):
            return self._telling.key(fact.channel_id, fact.digit)
        if isinstance(fact, LegEnded):
            self._legs.ended(fact.channel_id, fact.cause)
        elif isinstance(fact, ControlUp):
            self._legs.control_up({channel.id: channel.state for channel, _ in fact.channels})
        return False

    def adopts(self, channel: Channel, args: tuple[str, ...]) -> bool:
        """Take up a leg that was found; one that answered while nobody listened is told now."""
        if args[:1] != ("notice",) or len(args) != 3:
            return False
        self._legs.came(channel, args[1], args[2])
        return True

    def gone(self, channel_id: str) -> None:
        """The board has lost a channel; control tells the cause, unless it was cut."""
        if channel_id in self._books.by_channel:
            loop = asyncio.get_running_loop()
            loop.call_later(GONE_SECONDS, self._legs.ended, channel_id, 0)

    def holds(self, call_id: str) -> bool:
        """Return whether a call is a notification."""
        return any(channel.startswith(call_id) for channel in self._books.by_channel)
