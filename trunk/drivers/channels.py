"""What DAHDI tells of its channels, pure: an alarm and the call on each."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

_NO_ALARM = "No Alarm"


@dataclass(frozen=True, slots=True)
class ChannelTold:
    """One channel that Asterisk has open."""

    alarm: str
    """Such as ``Red Alarm``; empty: none."""
    call: str
    """The name of the Asterisk channel on it, empty: none."""


def read_channels(events: Iterable[Mapping[str, str]]) -> dict[int, ChannelTold]:
    """Read the answer to ``DAHDIShowChannels``; channels without a number (pseudo) are left out."""
    found = {}
    for event in events:
        number = event.get("DAHDIChannel", "")
        if number.isdecimal():
            alarm = event.get("Alarm", "")
            found[int(number)] = ChannelTold(
                "" if alarm == _NO_ALARM else alarm, event.get("Channel", "")
            )
    return found


def alarm_of(channels: Iterable[ChannelTold | None]) -> str:
    """Return the alarm that all channels of a line have; empty when one has none."""
    told = [channel.alarm for channel in channels if channel is not None]
    return told[0] if told and all(told) else ""
