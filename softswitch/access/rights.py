"""The words of the policy table: every right and every role."""

from __future__ import annotations

from enum import StrEnum


class Right(StrEnum):
    """One thing that a person may be allowed to do; each route of the API asks for exactly one."""

    ACCOUNT_OWN = "account.own"
    TOKEN_OWN = "token.own"  # noqa: S105 - the name of a right
    SPEED_DIAL_OWN = "speed_dial.own"

    BOARD_READ = "board.read"
    DESK_SEAT = "desk.seat"
    CALL_READ = "call.read"
    CALL_DIAL = "call.dial"
    CALL_ANSWER = "call.answer"
    CALL_HANGUP = "call.hangup"
    CALL_HOLD = "call.hold"
    CALL_PARK = "call.park"
    CALL_TRANSFER = "call.transfer"
    CALL_PICKUP = "call.pickup"
    CALL_TAKEOVER = "call.takeover"
    CALL_DTMF = "call.dtmf"
    CALL_PRIORITISE = "call.prioritise"

    INTERCEPT_USE = "intercept.use"
    INTERCEPT_MONITOR = "intercept.monitor"
    INTERCEPT_WHISPER = "intercept.whisper"
    INTERCEPT_INSERT = "intercept.insert"
    INTERCEPT_RELEASE = "intercept.release"
    INTERCEPT_WAIVE_TONE = "intercept.waive_tone"
    INTERCEPT_CONFIRM = "intercept.confirm"
    INTERCEPT_READ = "intercept.read"
    INTERCEPT_CONFIGURE = "intercept.configure"

    CONFERENCE_READ = "conference.read"
    CONFERENCE_RUN = "conference.run"
    GROUP_EDIT = "group.edit"
    NOTIFY_SEND = "notify.send"

    SMS_READ = "sms.read"
    SMS_SEND = "sms.send"
    SMS_APPROVE = "sms.approve"
    SMS_IMPORT = "sms.import"
    SMS_CONFIGURE = "sms.configure"

    TASK_READ = "task.read"
    TASK_WORK = "task.work"
    INCIDENT_READ = "incident.read"
    INCIDENT_EDIT = "incident.edit"
    INCIDENT_ORDER = "incident.order"
    INCIDENT_REVIEW = "incident.review"
    INCIDENT_CONFIGURE = "incident.configure"

    RECORDING_LISTEN = "recording.listen"
    RECORDING_EXPORT = "recording.export"
    RECORDING_HOLD = "recording.hold"

    REGISTRY_READ = "registry.read"
    REGISTRY_EDIT = "registry.edit"
    DIRECTORY_READ = "directory.read"
    DIRECTORY_EDIT = "directory.edit"
    EMERGENCY_EDIT = "emergency.edit"
    INTAKE_READ = "intake.read"
    INTAKE_EDIT = "intake.edit"
    NIGHT_SWITCH = "night.switch"

    TRUNK_READ = "trunk.read"
    TRUNK_OPERATE = "trunk.operate"
    TRUNK_EDIT = "trunk.edit"
    DUTY_READ = "duty.read"
    DUTY_EDIT = "duty.edit"
    DUTY_SIGN = "duty.sign"
    PLAN_READ = "plan.read"
    PLAN_EDIT = "plan.edit"
    PLAN_START = "plan.start"
    PLAN_APPROVE = "plan.approve"

    MAP_READ = "map.read"
    MAP_EDIT = "map.edit"
    MAP_LOCATE = "map.locate"
    POSITION_REPORT = "position.report"
    RESOURCE_READ = "resource.read"
    RESOURCE_EDIT = "resource.edit"

    USER_READ = "user.read"
    USER_EDIT = "user.edit"
    AUDIT_READ = "audit.read"
    AUDIT_VERIFY = "audit.verify"
    STATUS_READ = "status.read"


class Role(StrEnum):
    """The four kinds of people at the system, and the display on the wall, at which nobody sits."""

    DISPATCHER = "dispatcher"
    SUPERVISOR = "supervisor"
    OPERATOR = "operator"
    AUDITOR = "auditor"
    WALL = "wall"
