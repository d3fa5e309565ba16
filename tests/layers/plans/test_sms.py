"""Steps that send short messages: whom they reach, in whose name, what an abort stops."""

from __future__ import annotations

from softswitch.layers.plans.model import act_id
from softswitch.layers.plans.service import Wanted
from softswitch.testing.system import until
from tests.layers.plans.kit import Rig, Sent, plan

PLAN = """
key: warn
name: 预警
levels:
  - id: one
    approvals: 1
    steps:
      - {id: sms, do: sms, text: 立即撤离, to: {groups: [消防], numbers: ["13800138000"]}}
      - {id: wait, do: task, text: 清点, to: {groups: [消防]}, after: [sms]}
"""


async def test_a_step_sends_and_says_who_agreed_and_for_which_incident(rig: Rig) -> None:
    await rig.service.put("boss", plan(PLAN), 0)
    run = await rig.service.start("liming", Wanted("warn", "", "0af1"))
    await rig.service.approve("wang", run.id)
    await until(lambda: run.steps["sms"].state.value == "done", what="the message is sent")
    made = act_id(run.id, "sms")
    assert run.steps["sms"].ref == made
    numbers = ("2001", "2003", "13800138000")
    assert rig.messenger.sent == {made: Sent("预警", "立即撤离", numbers, "0af1", ("wang",))}
    await rig.service.abort("liming", run.id)
    assert rig.messenger.stopped == [made]


async def test_without_a_link_the_dry_run_says_so_and_the_others_go_on(rig: Rig) -> None:
    rig.messenger.linked = False
    await rig.service.put("boss", plan(PLAN), 0)
    *_, dry = await rig.service.dry_run(Wanted("warn"))
    assert [(step.available, [m.why.value for m in step.missed]) for step in dry] == [
        (False, ["no_sms"]),
        (True, []),
    ]
    run = await rig.service.start("liming", Wanted("warn"))
    await rig.service.approve("wang", run.id)
    await until(lambda: run.steps["wait"].state.value == "done", what="the task is given")
    assert (run.steps["sms"].state.value, rig.messenger.sent) == ("unavailable", {})
