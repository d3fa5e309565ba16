"""Who may do what to whom, as one pure function of values.

Levels follow ECMA-202 and ECMA-203 (call intrusion: the capability level of the requester must be higher than
the protection level of every party), ECMA-264 (call priority interruption: the same for clearing a call) and
ITU-T I.255.3 (five precedence levels; a call yields only to a higher one).
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import IntEnum, StrEnum


class Act(StrEnum):
    """What can be done to a call of others."""

    MONITOR = "monitor"  # hear without being heard
    WHISPER = "whisper"  # hear all, be heard by one party only
    INSERT = "insert"  # everyone hears everyone
    TAKEOVER = "takeover"  # take the place of the desk
    RELEASE = "release"  # clear the call


LISTENING = frozenset({Act.MONITOR, Act.WHISPER, Act.INSERT, Act.TAKEOVER})
"""The acts that bring the requester into the call; he may switch between them."""


class Precedence(IntEnum):
    """The precedence level of a call (ITU-T I.255.3 clause 3); 0 is the highest."""

    FLASH_OVERRIDE = 0
    FLASH = 1
    IMMEDIATE = 2
    PRIORITY = 3
    ROUTINE = 4

    @property
    def word(self) -> str:
        """The name as it stands in views and tables."""
        return self.name.lower().replace("_", "-")


class Phase(StrEnum):
    """What the call does, as far as intercept must know."""

    TALKING = "talking"
    HELD = "held"
    RINGING = "ringing"
    WAITING = "waiting"
    PARKED = "parked"
    GONE = "gone"


HIGHEST_LEVEL = 3
"""Capability and protection levels run from 0 (none) to 3 (ECMA-202 clause 6)."""


@dataclass(frozen=True, slots=True)
class Levels:
    """What somebody may do, and what he is safe from.

    ``intrusion`` and ``protection`` are for monitor, whisper, insert and takeover; ``interruption`` and
    ``interruption_protection`` for release.  ``precedence`` is the highest that he may claim for a call.
    """

    intrusion: int = 0
    protection: int = 0
    interruption: int = 0
    interruption_protection: int = 0
    precedence: Precedence = Precedence.ROUTINE


@dataclass(frozen=True, slots=True)
class Party:
    """One who talks in the call. ``citizen``: he came from outside or called an emergency number."""

    channel_id: str
    number: str = ""
    protection: int = 0
    interruption_protection: int = 0
    citizen: bool = False


@dataclass(frozen=True, slots=True)
class Rules:
    """What the command centre has decided for itself."""

    two_person: frozenset[Act] = frozenset({Act.MONITOR, Act.WHISPER, Act.INSERT, Act.RELEASE})
    """Acts on a citizen's call that a second supervisor must confirm."""
    reason_required: bool = True


@dataclass(frozen=True, slots=True)
class Request:
    """Somebody wants to do something to a call."""

    act: Act
    rights: frozenset[str]
    """The words of softswitch.access.rights that the requester has."""
    levels: Levels
    parties: tuple[Party, ...]
    phase: Phase = Phase.TALKING
    call_precedence: Precedence = Precedence.ROUTINE
    conference: bool = False
    """The call is a conference: nobody has it whose place could be taken."""
    in_call: bool = False
    """The requester's own desk is a party of this call."""
    reason: str = ""
    target: str | None = None
    """The party to whisper to, or to be connected with after a release (a channel id)."""
    waive_tone: bool = False
    confirmed: bool = False
    """A second person has confirmed."""


@dataclass(frozen=True, slots=True)
class Allowed:
    """It may be done: now, or when a second person has confirmed it."""

    warning_tone: bool = False
    second_person: bool = False


@dataclass(frozen=True, slots=True)
class Refused:
    """It may not be done; why, in both languages, and what to do instead."""

    code: str
    zh: str
    en: str
    next_zh: str = ""
    next_en: str = ""
    values: tuple[str, ...] = field(default=())


Decision = Allowed | Refused
WAIVE_RIGHT = "intercept.waive_tone"


def right_for(act: Act) -> str:
    """Return the right that an act takes. Takeover is the ordinary one of every dispatcher."""
    return "call.takeover" if act is Act.TAKEOVER else f"intercept.{act.value}"


def decide(request: Request, rules: Rules) -> Decision:
    """Decide on a request. The first reason against it is the answer."""
    return (
        _known(request, rules)
        or _in_a_fit_state(request)
        or _fitting_target(request)
        or _above_protection(request)
        or _above_precedence(request)
        or Allowed(
            warning_tone=request.act is Act.INSERT and not request.waive_tone,
            second_person=_needs_second(request, rules),
        )
    )


def _known(request: Request, rules: Rules) -> Refused | None:
    if request.phase is Phase.GONE:
        return GONE
    if right_for(request.act) not in request.rights:
        return NO_RIGHT
    if request.waive_tone and WAIVE_RIGHT not in request.rights:
        return TONE_NOT_WAIVED
    if rules.reason_required and not request.reason.strip():
        return NO_REASON
    return None


def _in_a_fit_state(request: Request) -> Refused | None:
    if request.in_call and request.act is not Act.RELEASE:
        return OWN_CALL
    if request.conference and request.act is Act.TAKEOVER:
        return NOBODY_TO_REPLACE
    if request.phase in (Phase.RINGING, Phase.WAITING):
        return STILL_RINGING
    if request.phase is Phase.PARKED:
        return PARKED
    if request.phase is Phase.HELD and request.act in (Act.WHISPER, Act.INSERT):
        return ON_HOLD
    if len(request.parties) < 2:
        return STILL_RINGING
    return None


def _fitting_target(request: Request) -> Refused | None:
    if request.act is Act.WHISPER and request.target is None:
        return NO_TARGET
    if request.target is not None and all(
        party.channel_id != request.target for party in request.parties
    ):
        return TARGET_NOT_IN_CALL
    return None


def _above_protection(request: Request) -> Refused | None:
    for party in request.parties:
        if request.act is Act.RELEASE:
            safe = request.levels.interruption <= party.interruption_protection
        else:
            safe = request.levels.intrusion <= party.protection
        if safe:
            return PROTECTED
    return None


def _above_precedence(request: Request) -> Refused | None:
    """A call is cleared only by somebody who may claim a higher precedence than it has."""
    if request.act is Act.RELEASE and request.levels.precedence >= request.call_precedence:
        return PRECEDENCE_BLOCKED
    return None


def _needs_second(request: Request, rules: Rules) -> bool:
    if request.confirmed or request.act not in rules.two_person:
        return False
    return any(party.citizen for party in request.parties)


def preempts(new: Precedence, present: Precedence) -> bool:
    """Tell whether a call takes a line from another: only from a lower one (ITU-T I.255.3 clause 3.2)."""
    return new < present


# ---- the refusals -----------------------------------------------------------------------------------------

GONE = Refused(
    "call_gone", "通话已结束。", "The call has ended.", "请查看历史记录。", "Look at the history."
)
NO_RIGHT = Refused(
    "no_right",
    "您的角色没有此权限。",
    "Your role does not include this.",
    "请联系班长。",
    "Ask a supervisor.",
)
TONE_NOT_WAIVED = Refused(
    "tone_not_waived",
    "您无权免除提示音。",
    "You may not waive the warning tone.",
    "请带提示音强插。",
    "Insert with the tone.",
)
NO_REASON = Refused(
    "reason_required", "必须填写原因。", "A reason is needed.", "请填写原因。", "Give a reason."
)
OWN_CALL = Refused(
    "own_call",
    "您已在此通话中。",
    "You are in this call yourself.",
    "",
    "Talk, or leave the call first.",
)
STILL_RINGING = Refused(
    "still_ringing",
    "通话尚未接通。",
    "The call is not connected yet.",
    "振铃中的来电请代接。",
    "Pick it up, or wait until it is answered.",
)
PARKED = Refused(
    "call_parked", "通话处于驻留状态。", "The call is parked.", "请取回。", "Retrieve it instead."
)
ON_HOLD = Refused(
    "call_held",
    "通话处于保持状态。",
    "The call is on hold.",
    "请稍候，或接管。",
    "Wait until it is resumed, or take it over.",
)
NO_TARGET = Refused(
    "target_required",
    "请选择耳语对象。",
    "Whispering needs one party to whisper to.",
    "请选择一方。",
    "Name a leg of the call.",
)
TARGET_NOT_IN_CALL = Refused(
    "target_not_in_call",
    "所选对象不在此通话中。",
    "The chosen party is not in this call.",
    "请重新选择。",
    "Choose one of the legs of the call.",
)
PROTECTED = Refused(
    "protected",
    "对方的保护级别不低于您的权限级别。",
    "A party is protected: its protection level is not below your capability level.",
    "请联系级别更高的人员。",
    "Ask somebody with a higher level.",
)
PRECEDENCE_BLOCKED = Refused(
    "precedence_blocked",
    "此通话的优先级不低于您的级别。",
    "The precedence of this call is not below yours.",
    "请联系级别更高的人员。",
    "Ask somebody who may claim a higher precedence.",
)
NOBODY_TO_REPLACE = Refused(
    "is_conference",
    "会议没有可接管的一方。",
    "A conference is nobody's to take over.",
    "请强插，或加入会议。",
    "Insert, or come into the room.",
)
REFUSALS = (
    GONE, NO_RIGHT, TONE_NOT_WAIVED, NO_REASON, OWN_CALL, STILL_RINGING, PARKED, ON_HOLD,
    NO_TARGET, TARGET_NOT_IN_CALL, PROTECTED, PRECEDENCE_BLOCKED, NOBODY_TO_REPLACE,
)  # fmt: skip
