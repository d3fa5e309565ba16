"""The one policy table. What does not stand here is denied."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from softswitch.access.rights import Right, Role

_EVERYONE = frozenset(
    {
        Right.ACCOUNT_OWN,
        Right.TOKEN_OWN,
        Right.STATUS_READ,
    }
)

_CALLS = frozenset(
    {
        Right.BOARD_READ,
        Right.DESK_SEAT,
        Right.SPEED_DIAL_OWN,
        Right.CALL_READ,
        Right.CALL_DIAL,
        Right.CALL_ANSWER,
        Right.CALL_HANGUP,
        Right.CALL_HOLD,
        Right.CALL_PARK,
        Right.CALL_TRANSFER,
        Right.CALL_PICKUP,
        Right.CALL_TAKEOVER,
        Right.CALL_DTMF,
        Right.CALL_PRIORITISE,
        Right.NIGHT_SWITCH,
        Right.TASK_READ,
        Right.TASK_WORK,
        Right.INCIDENT_READ,
        Right.INCIDENT_EDIT,
        Right.INCIDENT_ORDER,
        Right.RECORDING_LISTEN,
    }
)

# What a dispatcher does openly: all hear that he comes in, or that the call is cleared.
_OPEN_INTERCEPT = frozenset({Right.INTERCEPT_USE, Right.INTERCEPT_INSERT, Right.INTERCEPT_RELEASE})

_INTERCEPT = _OPEN_INTERCEPT | {
    Right.INTERCEPT_MONITOR,
    Right.INTERCEPT_WHISPER,
    Right.INTERCEPT_WAIVE_TONE,
    Right.INTERCEPT_CONFIRM,
    Right.INTERCEPT_READ,
    Right.INTERCEPT_CONFIGURE,
}

_CONFERENCES = frozenset({Right.CONFERENCE_READ, Right.CONFERENCE_RUN, Right.NOTIFY_SEND})

# Who writes a warning may send it to few; many take a second person (smsgateway.campaigns.model).
_SMS = frozenset({Right.SMS_READ, Right.SMS_SEND, Right.SMS_IMPORT})

_SEE_DUTY_AND_PLANS = frozenset({Right.DUTY_READ, Right.PLAN_READ})

_ON_DUTY = _SEE_DUTY_AND_PLANS | {Right.DUTY_SIGN, Right.PLAN_START}

_SEE_MAP = frozenset({Right.MAP_READ, Right.RESOURCE_READ})

_ON_MAP = frozenset({Right.MAP_LOCATE, Right.POSITION_REPORT, Right.RESOURCE_EDIT})

_LOOK_UP = (
    frozenset({Right.REGISTRY_READ, Right.DIRECTORY_READ, Right.INTAKE_READ, Right.TRUNK_READ})
    | _SEE_MAP
)

_SET_UP = frozenset(
    {
        Right.REGISTRY_EDIT,
        Right.DIRECTORY_EDIT,
        Right.EMERGENCY_EDIT,
        Right.INTAKE_EDIT,
        Right.USER_READ,
        Right.USER_EDIT,
        Right.GROUP_EDIT,
        Right.TRUNK_OPERATE,
        Right.TRUNK_EDIT,
        Right.MAP_EDIT,
    }
)

_EVIDENCE = frozenset({Right.RECORDING_EXPORT, Right.RECORDING_HOLD})

_AUDIT = frozenset({Right.AUDIT_READ, Right.AUDIT_VERIFY})

POLICY: Mapping[Role, frozenset[Right]] = MappingProxyType(
    {
        Role.DISPATCHER: _EVERYONE
        | _CALLS
        | _LOOK_UP
        | _OPEN_INTERCEPT
        | _CONFERENCES
        | _SMS
        | _ON_DUTY
        | _ON_MAP
        | {Right.REGISTRY_EDIT},
        Role.SUPERVISOR: _EVERYONE
        | _CALLS
        | _LOOK_UP
        | _SET_UP
        | _EVIDENCE
        | _AUDIT
        | _INTERCEPT
        | _CONFERENCES
        | _SMS
        | {Right.SMS_APPROVE, Right.SMS_CONFIGURE}
        | _ON_DUTY
        | _ON_MAP
        | {Right.DUTY_EDIT, Right.PLAN_EDIT, Right.PLAN_APPROVE}
        | {Right.INCIDENT_REVIEW, Right.INCIDENT_CONFIGURE},
        # Keeps the system running: sees the board and its history, hears nothing, handles no call.
        Role.OPERATOR: _EVERYONE
        | _LOOK_UP
        | _SET_UP
        | _SEE_DUTY_AND_PLANS
        | {
            Right.DUTY_EDIT,
            Right.RESOURCE_EDIT,
            Right.POSITION_REPORT,
            Right.BOARD_READ,
            Right.CALL_READ,
            Right.TASK_READ,
            Right.INTERCEPT_CONFIGURE,
            Right.CONFERENCE_READ,
            Right.SMS_READ,
            Right.SMS_CONFIGURE,
        },
        # Looks at everything that was done, changes nothing.
        Role.AUDITOR: _EVERYONE
        | _LOOK_UP
        | _AUDIT
        | _SEE_DUTY_AND_PLANS
        | {
            Right.BOARD_READ,
            Right.CALL_READ,
            Right.TASK_READ,
            Right.INCIDENT_READ,
            Right.RECORDING_LISTEN,
            Right.RECORDING_EXPORT,
            Right.USER_READ,
            Right.INTERCEPT_READ,
            Right.CONFERENCE_READ,
            Right.SMS_READ,
        },
        # Shows what the wall of the command room shows, and makes no token that would outlive its session.
        Role.WALL: frozenset(
            {
                Right.ACCOUNT_OWN,
                Right.STATUS_READ,
                Right.BOARD_READ,
                Right.TASK_READ,
                Right.INTAKE_READ,
                Right.INCIDENT_READ,
                Right.MAP_READ,
                Right.TRUNK_READ,
                Right.SMS_READ,
            }
        ),
    }
)


def rights_of(role: Role) -> frozenset[Right]:
    """Return what ``role`` may do; a role that is not in the table may do nothing."""
    return POLICY.get(role, frozenset())


def covers(giver: Role, given: Role) -> bool:
    """Return whether ``giver`` may give ``given`` away: nobody gives more than they have."""
    return rights_of(given) <= rights_of(giver)
