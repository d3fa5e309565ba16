"""Turns ARI events and snapshots into facts. Pure."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any

from softswitch.asterisk.facts import endpoint_of
from softswitch.clock import Millis
from softswitch.ports import (
    IAX2,
    Channel,
    ChannelState,
    ControlFact,
    ControlUp,
    Entered,
    KeyPressed,
    Left,
    LegEnded,
    LegRinging,
    Spoke,
    TransferAsked,
)

APPLICATION = "softswitch"
LINKED_ID = "CHANNEL(linkedid)"
"""ARI shows no linkedid of itself: ``channelvars`` of ari.conf adds this."""

_STATES = {
    "Dialing": ChannelState.DIALING,
    "Ring": ChannelState.DIALING,
    "Ringing": ChannelState.RINGING,
    "Up": ChannelState.UP,
    "Busy": ChannelState.DIALING,
}

Json = Mapping[str, Any]


def _millis(text: str) -> Millis:
    try:
        return int(datetime.strptime(text, "%Y-%m-%dT%H:%M:%S.%f%z").timestamp() * 1000)
    except ValueError:
        return 0


def channel_of(shown: Json, bridge_id: str = "") -> Channel:
    """Return the channel that ARI shows."""
    name = str(shown.get("name", ""))
    state = _STATES.get(shown.get("state", ""), ChannelState.DOWN)
    if state is ChannelState.RINGING and name.startswith(IAX2):
        state = ChannelState.DIALING  # it says so as soon as the call is sent
    caller, connected = shown.get("caller", {}), shown.get("connected", {})
    plan = shown.get("dialplan", {})
    return Channel(
        id=str(shown["id"]),
        name=name,
        linked_id=str(shown.get("channelvars", {}).get(LINKED_ID, "")),
        state=state,
        endpoint=endpoint_of(name),
        caller_number=caller.get("number", ""),
        caller_name=caller.get("name", ""),
        connected_number=connected.get("number", ""),
        connected_name=connected.get("name", ""),
        dialed=plan.get("exten", ""),
        context=plan.get("context", ""),
        application=plan.get("app_name", ""),
        application_data=plan.get("app_data", ""),
        bridge_id=bridge_id,
        created_at=_millis(shown.get("creationtime", "")),
    )


def control_up(channels: Iterable[Json], bridges: Iterable[Json]) -> ControlUp:
    """Return the snapshot: the channels inside our application, with its words, and our bridges."""
    ours = {
        str(bridge["id"]): tuple(map(str, bridge.get("channels", ())))
        for bridge in bridges
        if bridge.get("creator") == "Stasis"
    }
    where = {channel: bridge for bridge, members in ours.items() for channel in members}
    found: list[tuple[Channel, tuple[str, ...]]] = []
    for shown in channels:
        channel = channel_of(shown, where.get(str(shown["id"]), ""))
        words = channel.application_data.split(",")
        if channel.application == "Stasis" and words[0] == APPLICATION:
            found.append((channel, tuple(words[1:])))
    return ControlUp(tuple(found), ours)


def facts(event: Json) -> Sequence[ControlFact]:
    """Return what an event means; one that lacks what it should have means nothing."""
    reader = _READERS.get(event.get("type", ""))
    try:
        return tuple(reader(event)) if reader is not None else ()
    except (KeyError, TypeError):
        return ()


def _entered(event: Json) -> Iterator[ControlFact]:
    yield Entered(channel_of(event["channel"]), tuple(map(str, event.get("args", ()))))


def _left(event: Json) -> Iterator[ControlFact]:
    yield Left(event["channel"]["id"])


def _destroyed(event: Json) -> Iterator[ControlFact]:
    yield LegEnded(event["channel"]["id"], int(event.get("cause", 0)))


def destroyed(channel_id: str) -> Json:
    """Return the event of a channel that ended unseen; its cause is not known."""
    return {"type": "ChannelDestroyed", "cause": 0, "channel": {"id": channel_id}}


def _state(event: Json) -> Iterator[ControlFact]:
    channel = event["channel"]
    if channel.get("state") == "Ringing" and not channel.get("name", "").startswith(IAX2):
        yield LegRinging(channel["id"])


def _dial(event: Json) -> Iterator[ControlFact]:
    # Over IAX2 this alone tells that the far end rings: the channel says so as soon as the call is sent.
    if event.get("dialstatus") == "RINGING" and event["peer"].get("name", "").startswith(IAX2):
        yield LegRinging(event["peer"]["id"])


def _key(event: Json) -> Iterator[ControlFact]:
    yield KeyPressed(event["channel"]["id"], event["digit"])


def _spoke(event: Json) -> Iterator[ControlFact]:
    yield Spoke(event["channel"]["id"], event["type"] == "ChannelTalkingStarted")


def _transfer(event: Json) -> Iterator[ControlFact]:
    # The event comes again with each change of its state; the request itself has none.
    if event.get("state"):
        return
    refer_to = event["refer_to"]
    number = refer_to.get("requested_destination", {}).get("destination", "")
    other = refer_to.get("destination_channel", {}).get("id", "")
    source = event["referred_by"]["source_channel"]["id"]
    yield TransferAsked(source, "" if other else number, other)


_READERS: Mapping[str, Callable[[Json], Iterator[ControlFact]]] = {
    "StasisStart": _entered,
    "StasisEnd": _left,
    "ChannelDestroyed": _destroyed,
    "ChannelStateChange": _state,
    "Dial": _dial,
    "ChannelDtmfReceived": _key,
    "ChannelTalkingStarted": _spoke,
    "ChannelTalkingFinished": _spoke,
    "ChannelTransfer": _transfer,
}

WANTED = (*_READERS, "ApplicationReplaced", "PlaybackFinished", "RESTResponse")
"""The events that Asterisk shall send at all. Its filter also swallows the answers to our own requests when
``RESTResponse`` is not on the list (measured on 22.10.1)."""
