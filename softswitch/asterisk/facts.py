"""Turns AMI events into facts. Pure: events and the clock go in, facts come out.

Known from the running system (Asterisk 22.10): every channel event carries the whole picture of its channel
except the bridge and the running application; a linkedid that changes because channels meet in a bridge is
told only in the ``BridgeEnter`` of the newcomer, so it is set here for all that are in that bridge. MixMonitorStop
comes only when a recording is stopped: one that ends with its channel ends with :class:`ChannelGone`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace

from softswitch.clock import Clock, Millis, now
from softswitch.ports import (
    IAX2,
    AuthenticationFailed,
    Channel,
    ChannelGone,
    ChannelHeld,
    ChannelSeen,
    ChannelState,
    DialBegan,
    DialHeard,
    HangupAsked,
    PhoneReachable,
    RecordingBegan,
    RecordingEnded,
    SwitchFact,
)

Event = Mapping[str, str]

_STATES = {
    "3": ChannelState.DIALING,
    "4": ChannelState.DIALING,
    "5": ChannelState.RINGING,
    "6": ChannelState.UP,
    "7": ChannelState.DIALING,
}
"""enum ast_channel_state of include/asterisk/channelstate.h; all others mean down."""

_REACHABLE = frozenset({"Reachable", "NonQualified", "Created", "Updated", "Unknown"})


def endpoint_of(name: str) -> str:
    """Return the account in a channel name, ``PJSIP/<account>-<8 hex digits>`` or ``IAX2/<account>-<number>``."""
    if not name.startswith(("PJSIP/", IAX2)):
        return ""
    return name.partition("/")[2].rpartition("-")[0]


_UNKNOWN = "<unknown>"
_UNREAD = "0"
"""The caller number of a channel from a gateway until the dialplan has read the true one (see pjsip.conf.j2)."""

_TRUNKS = "from-trunks"
_TRUNK = "in-"
_SUBROUTINES = frozenset({"trunk-caller", "plain-caller", "record-leg", "present"})
"""Contexts that a channel passes through; it still is what it was dialled for."""


def channel_of(event: Event, created_at: Millis, before: Channel | None = None) -> Channel:
    """Return the channel that an event shows; what events do not tell is kept from ``before``."""
    get = event.get
    name = get("Channel", "")
    application, application_data, bridge_id = "", "", ""
    if before is not None:
        application, application_data = before.application, before.application_data
        bridge_id, created_at = before.bridge_id, before.created_at
    # By position, and without a call for each field: this runs for almost every event.
    state = _STATES.get(get("ChannelState", ""), ChannelState.DOWN)
    if state is ChannelState.RINGING and name.startswith(IAX2):
        # chan_iax2 says so as soon as it has sent the call; that it rings is told by DialState.
        state = before.state if before is not None else ChannelState.DIALING
    return Channel(
        get("Uniqueid", ""),
        name,
        get("Linkedid", ""),
        state,
        before.endpoint if before is not None and before.name == name else endpoint_of(name),
        "" if (number := get("CallerIDNum", "")) == _UNKNOWN else number,
        "" if (caller := get("CallerIDName", "")) == _UNKNOWN else caller,
        "" if (connected := get("ConnectedLineNum", "")) == _UNKNOWN else connected,
        "" if (peer := get("ConnectedLineName", "")) == _UNKNOWN else peer,
        get("Exten", ""),
        get("Context", ""),
        get("Application", application),
        get("ApplicationData", application_data),
        get("BridgeId", bridge_id),
        created_at,
    )


def duration_millis(text: str) -> Millis:
    """Return the length ``hh:mm:ss`` of CoreShowChannels in milliseconds; 0 when it is none."""
    try:
        hours, minutes, seconds = (int(part) for part in text.split(":"))
    except ValueError:
        return 0
    return ((hours * 60 + minutes) * 60 + seconds) * 1000


def address_of(event: Event) -> str:
    """Return where a contact is: ``ViaAddress``, or the host and port of its URI."""
    via = event.get("ViaAddress") or event.get("ViaAddr") or ""
    if via:
        port = event.get("ViaPort", "")
        return f"{via}:{port}" if port and port != "0" else via
    return event.get("URI", event.get("Uri", "")).rpartition("@")[2].partition(";")[0]


class Phones:
    """Which contacts each account has; an account is reachable while one of them is."""

    def __init__(self) -> None:
        self._contacts: dict[str, dict[str, bool]] = {}

    def heard(self, phone: str, contact: str, status: str) -> bool:
        """Take what a contact is now and tell whether its phone is reachable."""
        contacts = self._contacts.setdefault(phone, {})
        if status == "Removed":
            contacts.pop(contact, None)
        else:
            contacts[contact] = status in _REACHABLE
        return any(contacts.values())


class FactMapper:
    """Keeps the last picture of every channel, and tells each event as facts."""

    def __init__(self, clock: Clock = now) -> None:
        self.channels: dict[str, Channel] = {}
        self._clock = clock
        self._members: dict[str, set[str]] = {}
        """The channels in each bridge."""
        self._phones = Phones()
        self._told: dict[str, PhoneReachable] = {}
        self._readers: dict[str, Callable[[Event], Sequence[SwitchFact]]] = {
            **dict.fromkeys(SEEN_EVENTS, self._seen),
            "BridgeEnter": self._bridge_enter,
            "BridgeLeave": self._bridge_leave,
            "Rename": self._renamed,
            "Hold": lambda event: [ChannelHeld(event["Uniqueid"], True)],
            "Unhold": lambda event: [ChannelHeld(event["Uniqueid"], False)],
            "Hangup": self._gone,
            "HangupRequest": lambda event: [HangupAsked(event["Uniqueid"])],
            "DialBegin": self._dial,
            "DialState": self._dial_state,
            "MixMonitorStart": self._recording,
            "MixMonitorStop": lambda event: [RecordingEnded(event["Uniqueid"])],
            "ContactStatus": self._contact,
            "PeerStatus": self._peer,
            **dict.fromkeys(FAILED_LOGINS, self._failed),
        }

    def start_from(self, channels: Iterable[Event], contacts: Iterable[Event]) -> None:
        """Forget what was, and begin with a snapshot (CoreShowChannel and ContactList events)."""
        old, self.channels = self.channels, {}
        self._members = {}
        for event in channels:
            created = self._clock() - duration_millis(event.get("Duration", ""))
            channel = channel_of({"BridgeId": "", **event}, created)
            if (before := old.get(channel.id)) is not None:
                channel = replace(channel, created_at=before.created_at)
            self._keep(channel, None)
        self._phones = Phones()
        self._told = {}
        for event in contacts:
            self._contact_listed(event)

    @property
    def phones(self) -> tuple[PhoneReachable, ...]:
        """What was last told of each phone."""
        return tuple(self._told.values())

    def facts(self, event: Event) -> Sequence[SwitchFact]:
        """Return what an event means; events that are not ours or lack fields mean nothing."""
        reader = self._readers.get(event.get("Event", ""))
        if reader is None:
            return ()
        try:
            return reader(event)
        except KeyError:
            return ()

    # ---- channels -----------------------------------------------------------------------------------

    def _seen(self, event: Event) -> Sequence[SwitchFact]:
        before = self.channels.get(event["Uniqueid"])
        channel = channel_of(event, before.created_at if before else self._clock(), before)
        if before is None:
            if _is_half_known(channel):
                self._keep(channel, None)
                return ()
        elif channel.context in _SUBROUTINES:
            channel = replace(channel, context=before.context, dialed=before.dialed)
        return self._put(channel)

    def _put(self, channel: Channel) -> Sequence[SwitchFact]:
        before = self.channels.get(channel.id)
        if before == channel:
            return ()
        self._keep(channel, before)
        return (ChannelSeen(channel),)

    def _keep(self, channel: Channel, before: Channel | None) -> None:
        self.channels[channel.id] = channel
        if before is not None and before.bridge_id != channel.bridge_id:
            self._forget_member(before)
        if channel.bridge_id:
            self._members.setdefault(channel.bridge_id, set()).add(channel.id)

    def _forget_member(self, channel: Channel) -> None:
        members = self._members.get(channel.bridge_id)
        if members is not None:
            members.discard(channel.id)
            if not members:
                del self._members[channel.bridge_id]

    def _bridge_enter(self, event: Event) -> Sequence[SwitchFact]:
        bridge = event["BridgeUniqueid"]
        before = self.channels.get(event["Uniqueid"])
        entered = channel_of({**event, "BridgeId": bridge}, self._clock(), before)
        told = list(self._put(entered))
        for member in sorted(self._members[bridge]):
            other = self.channels[member]
            if other.linked_id != entered.linked_id:
                told += self._put(replace(other, linked_id=entered.linked_id))
        return told

    def _bridge_leave(self, event: Event) -> Sequence[SwitchFact]:
        before = self.channels.get(event["Uniqueid"])
        if before is None:
            return ()
        # A move to another bridge may tell the entry first.
        stays = before.bridge_id if before.bridge_id != event["BridgeUniqueid"] else ""
        return self._put(channel_of({**event, "BridgeId": stays}, before.created_at, before))

    def _renamed(self, event: Event) -> Sequence[SwitchFact]:
        before = self.channels.get(event["Uniqueid"])
        if before is None:
            return ()
        name = event["Newname"]
        return self._put(replace(before, name=name, endpoint=endpoint_of(name)))

    def _gone(self, event: Event) -> Sequence[SwitchFact]:
        before = self.channels.pop(event["Uniqueid"], None)
        if before is not None:
            self._forget_member(before)
        cause = event.get("Cause", "0")
        return (
            ChannelGone(event["Uniqueid"], event["Linkedid"], int(cause) if cause.isdigit() else 0),
        )

    def _dial(self, event: Event) -> Sequence[SwitchFact]:
        rung = {name[4:]: value for name, value in event.items() if name.startswith("Dest")}
        return (*self._seen(rung), DialBegan(rung["Uniqueid"], event.get("Uniqueid", "")))

    def _dial_state(self, event: Event) -> Sequence[SwitchFact]:
        status = event.get("DialStatus", "")
        if status == "RINGING" and event.get("DestChannel", "").startswith(IAX2):
            return self._rings(event["DestUniqueid"])
        if status not in ("PROGRESS", "PROCEEDING"):
            return ()
        return (DialHeard(event["DestUniqueid"], status == "PROGRESS"),)

    def _rings(self, channel_id: str) -> Sequence[SwitchFact]:
        channel = self.channels.get(channel_id)
        if channel is None or channel.state is ChannelState.UP:
            return ()
        return self._put(replace(channel, state=ChannelState.RINGING))

    def _recording(self, event: Event) -> Sequence[SwitchFact]:
        # Also the first to tell that an incoming channel has reached its context.
        return (*self._seen(event), RecordingBegan(event["Uniqueid"], event["Linkedid"]))

    # ---- phones -------------------------------------------------------------------------------------

    def _contact(self, event: Event) -> Sequence[SwitchFact]:
        phone = event.get("EndpointName") or event["AOR"]
        reachable = self._phones.heard(phone, event["URI"], event["ContactStatus"])
        told = self._told.get(phone)
        fact = PhoneReachable(
            phone,
            reachable,
            address_of(event),
            event.get("UserAgent") or (told.user_agent if told else ""),
        )
        if told == fact:
            return ()
        self._told[phone] = fact
        return (fact,)

    def _peer(self, event: Event) -> Sequence[SwitchFact]:
        """A node that is reached over IAX2; accounts of SIP, which come here too, are told by their contacts."""
        if event.get("ChannelType") != "IAX2":
            return ()
        return self._link(event["Peer"], event["PeerStatus"] != "Unreachable")

    def _link(self, peer: str, reachable: bool) -> Sequence[SwitchFact]:
        fact = PhoneReachable(peer, reachable)
        if self._told.get(peer) == fact:
            return ()
        self._told[peer] = fact
        return (fact,)

    def _contact_listed(self, event: Event) -> None:
        if event.get("Event") == "PeerEntry":
            # UNKNOWN: not asked yet, or it answers within a millisecond.
            self._link(f"{IAX2}{event.get('ObjectName', '')}", event.get("Status") != "UNREACHABLE")
            return
        phone = event.get("Aor") or event.get("Endpoint", "")
        reachable = self._phones.heard(phone, event.get("Uri", ""), event.get("Status", ""))
        self._told[phone] = PhoneReachable(
            phone, reachable, address_of(event), event.get("UserAgent", "")
        )

    def _failed(self, event: Event) -> Sequence[SwitchFact]:
        address = event["RemoteAddress"].split("/")
        return (AuthenticationFailed(event["AccountID"], address[2] if len(address) > 2 else ""),)


def _is_half_known(channel: Channel) -> bool:
    """Tell whether a gateway calls whose caller is not read yet: told now, the call would begin with no caller."""
    return (
        channel.state is not ChannelState.DOWN  # else one that we dial
        and channel.context.startswith((_TRUNKS, _TRUNK))
        and bool(channel.dialed)
        and channel.caller_number == _UNREAD
    )


SEEN_EVENTS = ("Newchannel", "Newstate", "NewConnectedLine", "NewCallerid")
FAILED_LOGINS = ("InvalidPassword", "ChallengeResponseFailed", "InvalidAccountID")

WANTED: frozenset[bytes] = frozenset(
    name.encode()
    for name in (
        *SEEN_EVENTS, *FAILED_LOGINS, "BridgeEnter", "BridgeLeave", "Rename", "Hold", "Unhold",
        "Hangup", "HangupRequest", "DialBegin", "DialState", "MixMonitorStart", "MixMonitorStop",
        "ContactStatus", "PeerStatus", "PeerEntry", "PeerlistComplete", "FullyBooted",
        "CoreShowChannel", "CoreShowChannelsComplete", "Status", "StatusComplete", "ContactList",
        "ContactListComplete",
    )
)  # fmt: skip
"""Everything else is dropped before it is decoded."""
