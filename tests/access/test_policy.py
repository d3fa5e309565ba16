"""The policy table: written out by hand here, so that a change of it is seen twice."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from softswitch.access.model import Actor, Right, Role
from softswitch.access.policy import POLICY, covers, rights_of

NEVER = {
    Role.DISPATCHER: {
        "user.read", "user.edit", "audit.read", "audit.verify", "directory.edit",
        "emergency.edit", "intake.edit", "recording.export", "recording.hold",
        "intercept.monitor", "intercept.whisper", "intercept.waive_tone", "intercept.confirm",
        "intercept.read", "intercept.configure", "group.edit", "sms.approve", "sms.configure",
        "trunk.operate", "trunk.edit",
        "duty.edit", "plan.edit", "plan.approve", "map.edit", "incident.review", "incident.configure",
    },
    Role.SUPERVISOR: set(),
    Role.OPERATOR: {
        "desk.seat", "speed_dial.own", "call.dial", "call.answer", "call.hangup", "call.hold",
        "call.park", "call.transfer", "call.pickup", "call.takeover", "call.dtmf",
        "call.prioritise", "night.switch", "task.work", "incident.read", "incident.edit", "recording.listen",
        "recording.export", "recording.hold", "audit.read", "audit.verify",
        "intercept.use", "intercept.monitor", "intercept.whisper", "intercept.insert",
        "intercept.release", "intercept.waive_tone", "intercept.confirm", "intercept.read",
        "conference.run", "notify.send", "sms.send", "sms.approve", "sms.import",
        "duty.sign", "plan.edit", "plan.start", "plan.approve", "map.locate",
        "incident.order", "incident.review", "incident.configure",
    },
    Role.AUDITOR: {
        "desk.seat", "speed_dial.own", "call.dial", "call.answer", "call.hangup", "call.hold",
        "call.park", "call.transfer", "call.pickup", "call.takeover", "call.dtmf",
        "call.prioritise", "night.switch", "task.work", "incident.edit", "recording.hold", "registry.edit",
        "directory.edit", "emergency.edit", "intake.edit", "user.edit",
        "intercept.use", "intercept.monitor", "intercept.whisper", "intercept.insert",
        "intercept.release", "intercept.waive_tone", "intercept.confirm", "intercept.configure",
        "conference.run", "group.edit", "notify.send", "sms.send", "sms.approve", "sms.import",
        "sms.configure", "trunk.operate", "trunk.edit",
        "duty.edit", "duty.sign", "plan.edit", "plan.start", "plan.approve",
        "map.edit", "map.locate", "position.report", "resource.edit",
        "incident.order", "incident.review", "incident.configure",
    },
    Role.WALL: {right.value for right in Right} - {
        "account.own", "status.read", "board.read", "task.read", "intake.read", "incident.read",
        "map.read", "trunk.read", "sms.read",
    },
}  # fmt: skip


@pytest.mark.parametrize("role", Role)
@pytest.mark.parametrize("right", Right)
def test_each_role_has_the_rights_it_should(role: Role, right: Right) -> None:
    assert Actor("x", "x", role).may(right) == (right.value not in NEVER[role])


def test_a_role_that_is_not_in_the_table_may_do_nothing() -> None:
    assert rights_of("janitor") == frozenset()  # type: ignore[arg-type]


def test_the_table_names_every_role_and_only_known_rights() -> None:
    assert set(POLICY) == set(Role)
    assert set().union(*POLICY.values()) == set(Right)


def test_nobody_gives_more_than_they_have() -> None:
    assert all(covers(Role.SUPERVISOR, role) for role in Role)
    assert not covers(Role.OPERATOR, Role.SUPERVISOR)
    assert not covers(Role.OPERATOR, Role.DISPATCHER)
    assert not covers(Role.AUDITOR, Role.SUPERVISOR)


def test_the_reference_page_shows_the_table() -> None:
    page = Path(__file__).parents[2] / "docs" / "reference" / "access.md"
    rows = re.findall(r"^\| `([a-z_.]+)` \|(.*)\|$", page.read_text(), re.MULTILINE)
    shown = {
        (right, role)
        for right, cells in rows
        for role, cell in zip(Role, cells.split("|"), strict=True)
        if cell.strip() == "yes"
    }
    assert [right for right, _ in rows] == list(Right)
    assert shown == {(right, role) for role in Role for right in rights_of(role)}
