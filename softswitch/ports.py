"""What the core asks of the switch.

Facts arrive in one ordered stream (:class:`SwitchFact`); acts leave by :class:`CallActs` (calls in Stasis) and
:class:`PlainActs` (calls that merely pass through ``Dial()``).  Every act is named by ids that the caller
chose, so repeating one after a cut connection changes nothing.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import Enum
from typing import Protocol

from softswitch.clock import Millis


class ChannelState(Enum):
    """The states of a channel that matter to people (Asterisk: Down, Ring, Ringing, Up)."""

    DOWN = "down"
    DIALING = "dialing"  # it calls us, or we call it and nothing rings yet
    RINGING = "ringing"
    UP = "up"


@dataclass(frozen=True, slots=True)
class Channel:
    """One channel as the switch shows it. ``endpoint`` is the phone id of a PJSIP channel, else empty."""

    id: str
    name: str
    linked_id: str
    state: ChannelState
    endpoint: str = ""
    caller_number: str = ""
    caller_name: str = ""
    connected_number: str = ""
    connected_name: str = ""
    dialed: str = ""
    context: str = ""
    application: str = ""
    application_data: str = ""
    bridge_id: str = ""
    created_at: Millis = 0


# ---- facts: what the switch tells -------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class ChannelSeen:
    """A channel appeared or something on it changed; the whole new picture of it."""

    channel: Channel


@dataclass(frozen=True, slots=True)
class ChannelHeld:
    """The party at a channel pressed hold (``held``) or resume."""

    channel_id: str
    held: bool


@dataclass(frozen=True, slots=True)
class ChannelGone:
    """A channel ended; ``cause`` is the Q.850 cause."""

    channel_id: str
    linked_id: str
    cause: int


@dataclass(frozen=True, slots=True)
class HangupAsked:
    """The far side of a channel hung up; :class:`ChannelGone` follows. A channel that we end tells none."""

    channel_id: str


@dataclass(frozen=True, slots=True)
class DialHeard:
    """The far end is at work on a channel that we dial; ``sound``: it sends some already (SIP 183, Q.931 PROGRESS)."""

    channel_id: str
    sound: bool


@dataclass(frozen=True, slots=True)
class DialBegan:
    """The switch began to ring ``channel_id`` for ``caller_id`` (empty: nobody's channel, an originate)."""

    channel_id: str
    caller_id: str


@dataclass(frozen=True, slots=True)
class RecordingBegan:
    """MixMonitor runs on a channel."""

    channel_id: str
    linked_id: str


@dataclass(frozen=True, slots=True)
class RecordingEnded:
    """MixMonitor on a channel has stopped; its file is complete."""

    channel_id: str


IAX2 = "IAX2/"
"""Before the name of a trunk that is reached over IAX2: a moment ago it may have been an account of SIP."""


@dataclass(frozen=True, slots=True)
class PhoneReachable:
    """A phone registered, or its registration ended."""

    phone_id: str
    reachable: bool
    address: str = ""
    user_agent: str = ""


@dataclass(frozen=True, slots=True)
class AuthenticationFailed:
    """A SIP request with a wrong password or for an unknown account."""

    account: str
    address: str


@dataclass(frozen=True, slots=True)
class Connected:
    """The stream is (again) connected. ``started_at`` tells one run of the switch from the next."""

    started_at: Millis
    channels: tuple[Channel, ...]
    phones: tuple[PhoneReachable, ...]


@dataclass(frozen=True, slots=True)
class Disconnected:
    """The stream broke; what is known may be out of date until :class:`Connected`."""

    reason: str


SwitchFact = (
    ChannelSeen
    | ChannelHeld
    | ChannelGone
    | HangupAsked
    | DialHeard
    | DialBegan
    | RecordingBegan
    | RecordingEnded
    | PhoneReachable
    | AuthenticationFailed
    | Connected
    | Disconnected
)


@dataclass(frozen=True, slots=True)
class PastCall:
    """An emergency call as the journal tells it, which goes on while nobody here listens.

    ``answered_at`` is when the caller first was in a bridge with somebody, ``answered_by`` that one's phone id;
    ``ended_at`` None: it had not ended where the journal ends.
    """

    call_id: str
    number: str
    digits: str
    started_at: Millis
    answered_at: Millis | None = None
    answered_by: str = ""
    ended_at: Millis | None = None
    cause: int = 0


class Journal(Protocol):
    """The record of emergency calls that the switch itself keeps. ``cursor`` is how far it was read, empty: nothing."""

    def read(self, cursor: str) -> tuple[list[PastCall], str]:
        """Return the calls after ``cursor`` and the new cursor. Blocks on the disk."""

    def rotate(self, cursor: str) -> bool:
        """Put a long journal away that has been read to its end."""


# ---- control: what calls under dispatch tell --------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Entered:
    """A channel came under dispatch (ARI StasisStart). ``args`` are the words of the dialplan or of the originate."""

    channel: Channel
    args: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Left:
    """A channel left dispatch (ARI StasisEnd); it may live on in the dialplan."""

    channel_id: str


@dataclass(frozen=True, slots=True)
class LegEnded:
    """A channel of ours was destroyed; ``cause`` is the Q.850 cause. Comes also for one that never answered."""

    channel_id: str
    cause: int


@dataclass(frozen=True, slots=True)
class LegRinging:
    """A leg that we placed is ringing."""

    channel_id: str


@dataclass(frozen=True, slots=True)
class KeyPressed:
    """A key came from a channel under dispatch."""

    channel_id: str
    digit: str


@dataclass(frozen=True, slots=True)
class Spoke:
    """Somebody whose talking is watched begins to talk, or has been silent for a second. It may be missed."""

    channel_id: str
    on: bool


@dataclass(frozen=True, slots=True)
class TransferAsked:
    """A phone asked by REFER to transfer: to ``number``, or (attended) into the call of ``other_channel_id``."""

    channel_id: str
    number: str
    other_channel_id: str = ""


@dataclass(frozen=True, slots=True)
class ControlUp:
    """Control is (again) connected; the channels and bridges that are under dispatch now."""

    channels: tuple[tuple[Channel, tuple[str, ...]], ...]
    bridges: Mapping[str, tuple[str, ...]]


@dataclass(frozen=True, slots=True)
class ControlDown:
    """Control broke; acts wait for it or fail by their deadline."""

    reason: str


ControlFact = (
    Entered
    | Left
    | LegEnded
    | LegRinging
    | KeyPressed
    | Spoke
    | TransferAsked
    | ControlUp
    | ControlDown
)


class ActFailed(Exception):
    """The switch refused an act, or nothing came of it. ``status`` is that of ARI (HTTP), 0 without one."""

    def __init__(self, what: str, status: int = 0) -> None:
        super().__init__(what)
        self.status = status


@dataclass(frozen=True, slots=True)
class Leg:
    """A leg to place: ``channel_id`` is ours; ``phone_id`` a SIP account; ``args`` come back in :class:`Entered`.

    With ``number`` the account is a trunk and the number is dialled through it (``PJSIP/<number>@<phone_id>``); without
    an account the trunks choose it.
    """

    channel_id: str
    phone_id: str
    args: tuple[str, ...]
    number: str = ""
    caller_number: str = ""
    caller_name: str = ""
    originator: str = ""
    auto_answer: bool = False
    timeout_seconds: int = 30
    variables: Mapping[str, str] = field(default_factory=dict)
    dial: str = ""
    """What the switch dials, when it is no SIP account (``DAHDI/g1/13800000000``)."""


class CallActs(Protocol):
    """Acts on channels and bridges under dispatch (ARI). Each may be repeated; each raises :class:`ActFailed`."""

    async def place(self, leg: Leg) -> None:
        """Ring a phone; :class:`Entered` follows when it answers, :class:`LegEnded` when it does not."""

    async def answer(self, channel_id: str) -> None: ...

    async def ring(self, channel_id: str, on: bool = True) -> None:
        """Start or stop the ringing tone towards a channel."""

    async def hangup(self, channel_id: str, cause: int = 16) -> None:
        """End a channel with a Q.850 cause; a channel that is gone already is no error."""

    async def open_bridge(self, bridge_id: str) -> None: ...

    async def close_bridge(self, bridge_id: str) -> None: ...

    async def join(self, bridge_id: str, *channel_ids: str) -> None: ...

    async def leave(self, bridge_id: str, *channel_ids: str) -> None: ...

    async def music(self, channel_id: str, on: bool) -> None:
        """Start or stop music on hold towards a channel that is in no bridge."""

    async def bridge_music(self, bridge_id: str, on: bool) -> None: ...

    async def play(self, channel_id: str, playback_id: str, media: str) -> None: ...

    async def send_keys(self, channel_id: str, digits: str) -> None: ...

    async def release(self, channel_id: str, context: str, exten: str) -> None:
        """Send a channel back into the dialplan."""

    async def set_variables(self, channel_id: str, variables: Mapping[str, str]) -> None:
        """Set variables of a channel, for the dialplan that it goes back to."""

    async def transfer_result(self, channel_id: str, succeeded: bool) -> None:
        """Tell a phone that asked for a transfer how it went (RFC 3515 NOTIFY)."""

    async def mute(self, channel_id: str, on: bool) -> None:
        """Let nobody hear what comes from a channel, wherever it is; its keys still arrive."""

    async def watch_talking(self, channel_id: str) -> None:
        """Tell from now on when somebody talks on a channel (:class:`Spoke`)."""

    async def join_aside(self, bridge_id: str, *channel_ids: str) -> None:
        """Bring channels into a bridge, out of the one they are in; no key of theirs and no change of
        the connected number reaches the others."""

    async def snoop(self, channel_id: str, snoop_id: str, args: tuple[str, ...]) -> None:
        """Make a channel that hears all at ``channel_id`` and is heard by it alone; :class:`Entered` follows."""

    async def play_to_bridge(self, bridge_id: str, playback_id: str, media: str) -> None:
        """Play ``media`` to all in a bridge; a tone goes on until :meth:`stop_playback`."""

    async def stop_playback(self, playback_id: str) -> None:
        """End a playback; one that is over is no error."""


class PlainActs(Protocol):
    """Acts on any channel, by AMI. Each raises :class:`ActFailed`."""

    async def redirect(self, channel_names: Sequence[str], context: str, exten: str) -> None:
        """Send one channel, or both legs of a call at once, to a place in the dialplan."""

    async def hangup(self, channel_name: str, cause: int = 16) -> None: ...

    async def clear(self, channel_names: Sequence[str], cause: int) -> None:
        """End channels that talk to each other all at once, so that each tells ``cause`` (Q.850) to its phone."""

    async def clear_dialled(self, caller: str, called: str, cause: int) -> None:
        """End a call that the dialplan connected: both phones are told ``cause``, whichever ends first."""

    async def record(self, channel_name: str, channel_id: str) -> None:
        """Record a channel from now on into the spool, under its id."""

    async def stop_recording(self, channel_name: str) -> None:
        """End the recording of a channel; its file is complete then."""

    async def snapshot(self) -> Connected:
        """Return what is up now, as the switch tells it."""
