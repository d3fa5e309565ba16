"""Runs of plans: what is reached is what the dry run said, no step is repeated, deadlines go to the deputy."""

from __future__ import annotations

import asyncio

import pytest

from softswitch.errors import Refusal
from softswitch.events import IncidentDrafted
from softswitch.layers.plans import run_store
from softswitch.layers.plans.consume import Watcher
from softswitch.layers.plans.model import Incident
from softswitch.layers.plans.progress import Run, RunState, StepState
from softswitch.layers.plans.service import Wanted
from softswitch.store.event_log import Stored
from softswitch.testing.system import until
from tests.layers.plans.kit import Rig, plan

MINUTE = 60_000


async def start(rig: Rig, level: str = "l3", **more: object) -> Run:
    await rig.service.put("boss", plan(), 0)
    return await rig.service.start("liming", Wanted("flood", level, **more))  # type: ignore[arg-type]


def states(run: Run) -> dict[str, str]:
    return {name: one.state.value for name, one in run.steps.items()}


async def ended(rig: Rig, run: Run) -> None:
    await until(lambda: all(s in {"done", "failed", "unavailable"} for s in states(run).values()))


async def test_the_real_run_reaches_exactly_whom_the_dry_run_lists(rig: Rig) -> None:
    await rig.service.put("boss", plan(), 0)
    _, level, version, dry = await rig.service.dry_run(Wanted("flood", "l3"))
    assert (level.id, version, rig.phone.did) == ("l3", 1, {})
    run = await rig.service.start("liming", Wanted("flood", "l3"))
    await ended(rig, run)
    assert [(step.step, step.reached, step.missed) for step in dry] == [
        (one.step.id, one.reached, one.missed) for one in run.steps.values()
    ]
    rung = {run.steps[name].ref: name for name in ("ring", "tell", "job")}
    told = {rung[ref]: numbers for ref, (_, numbers) in rig.phone.did.items()}
    assert told == {
        step.step: tuple(one.number for one in step.reached) for step in dry if step.reached
    }
    assert told["tell"] == ("13801", "1380000")
    assert [fact.text for fact in await rig.facts("plan.published")] == ["已启动三级响应"]


async def test_steps_wait_for_those_before_them(rig: Rig) -> None:
    rig.phone.gate = asyncio.Event()
    run = await start(rig)
    await until(lambda: len(rig.phone.asked) == 2, what="ring and tell are being done")
    assert states(run) == {"ring": "doing", "tell": "doing", "job": "waiting", "web": "waiting"}
    rig.phone.gate.set()
    await ended(rig, run)
    assert set(states(run).values()) == {"done"}


async def test_approvals_come_first_and_are_of_others(rig: Rig) -> None:
    run = await start(rig, "l1")
    assert run.state is RunState.WAITING
    for login, code in (("liming", "own_approval"), ("a", ""), ("a", "approved_already")):
        if code:
            with pytest.raises(Refusal) as refused:
                await rig.service.approve(login, run.id)
            assert refused.value.code == code
        else:
            await rig.service.approve(login, run.id)
        assert rig.phone.asked == []
    await rig.kill()
    await rig.service.runner.load()
    await rig.service.approve("b", run.id)
    run = rig.service.runner.runs[run.id]
    await ended(rig, run)
    assert states(run)["ring"] == "done"
    assert list(run.steps) == ["ring", "rest/ring", "rest/tell", "rest/job", "rest/web"]
    missed = {(m.what, m.why.value) for m in run.steps["ring"].missed}
    assert missed == {("王五", "left"), ("nobody", "no_person")}


@pytest.mark.parametrize("when", ["before", "after"])
@pytest.mark.parametrize("which", ["ring", "tell", "job"])
async def test_killed_around_an_act_it_is_done_once(rig: Rig, when: str, which: str) -> None:
    from softswitch.layers.plans.model import act_id

    await rig.service.put("boss", plan(), 0)
    target = act_id("abc123", which)
    died = asyncio.Event()

    def trouble(moment: str, act: str) -> None:
        if (moment, act) == (when, target) and not died.is_set():
            died.set()
            raise asyncio.CancelledError

    rig.phone.trouble = trouble
    await rig.service.start("liming", Wanted("flood", "l3"), "abc123")
    await died.wait()
    await rig.kill()
    await rig.service.runner.load()
    run = rig.service.runner.runs["abc123"]
    await ended(rig, run)
    assert set(states(run).values()) == {"done"}
    assert {kind for kind, _ in rig.phone.did.values()} == {"ring", "notify"}
    assert (
        len(rig.phone.did) == 3
    )  # ring, tell, job: each exists once, however often it was asked for
    assert rig.phone.asked.count(target) == (1 if when == "before" else 2)


async def test_a_start_with_a_key_of_the_sender_is_one_run(rig: Rig) -> None:
    await rig.service.put("boss", plan(), 0)
    first, second = await asyncio.gather(
        rig.service.start("a", Wanted("flood", "l3"), "ab"),
        rig.service.start("a", Wanted("flood", "l3"), "ab"),
    )
    await ended(rig, first)
    assert second.id == first.id
    assert len(await rig.facts("plan.started")) == 1
    assert len(rig.phone.did) == 3


async def test_while_the_switch_is_away_steps_wait_and_then_go_on(rig: Rig) -> None:
    rig.phone.up = False
    run = await start(rig)
    await until(lambda: states(run)["ring"] == "doing")
    assert rig.phone.asked == []
    rig.phone.up = True
    await ended(rig, run)
    assert set(states(run).values()) == {"done"}


async def test_a_refused_act_fails_its_step_and_the_others_go_on(rig: Rig) -> None:
    def trouble(moment: str, act: str) -> None:
        if moment == "before" and not rig.phone.asked:
            raise Refusal(kind=404, code="group_gone", message="x", next_step="y")  # type: ignore[arg-type]

    rig.phone.trouble = trouble
    run = await start(rig)
    rig.phone.trouble = lambda moment, act: None
    await ended(rig, run)
    assert "done" in states(run).values()


async def test_a_task_past_its_deadline_goes_to_the_deputy_once(rig: Rig) -> None:
    run = await start(rig)
    await ended(rig, run)
    tasks = {task.number: task for task in run.tasks.values()}
    assert {n: t.deputy for n, t in tasks.items()} == {"2001": "2002", "2003": ""}
    await rig.service.task_done("liming", run.id, tasks["2003"].id)
    rig.time[0] += 30 * MINUTE
    rig.service.runner.wake(run)
    await until(
        lambda: any(n == ("2002",) for _, n in rig.phone.did.values()), what="the deputy is told"
    )
    assert tasks["2001"].state.value == "escalated"
    count = len(rig.phone.did)
    await rig.kill()  # after the deputy was told: the escalation is repeated under its own id
    await rig.service.runner.load()
    await until(lambda: len(rig.phone.asked) > count, what="it was asked for again")
    assert len(rig.phone.did) == count
    await rig.service.task_done("liming", run.id, tasks["2001"].id)
    await until(lambda: run.id not in rig.service.runner.runs, what="the run is over")
    over = await rig.service.run(run.id)
    assert over.state is RunState.DONE
    assert {t.state.value for t in over.tasks.values()} == {"done"}
    assert rig.screen.shown == {}


async def test_at_the_deadline_of_a_notification_the_deputies_of_the_unreached_are_told(
    rig: Rig,
) -> None:
    run = await start(rig)
    await ended(rig, run)
    rig.phone.reached = {"1380000"}
    rig.time[0] += 10 * MINUTE
    rig.service.runner.wake(run)
    await until(lambda: run.steps["tell"].escalated)
    late = [numbers for _, numbers in rig.phone.did.values() if "13809" in numbers]
    assert late == [("13809",)]


async def test_abort_rings_nobody_else(rig: Rig) -> None:
    rig.phone.gate = asyncio.Event()
    run = await start(rig)
    await until(lambda: len(rig.phone.asked) == 2)
    aborting = asyncio.ensure_future(rig.service.abort("boss", run.id))
    await until(lambda: run.state is RunState.ABORTED)
    rig.phone.gate.set()
    await aborting
    assert states(run) == {"ring": "done", "tell": "done", "job": "skipped", "web": "skipped"}
    assert rig.phone.stopped == [run.steps["tell"].ref]
    stored = await rig.service.run(run.id)
    assert (stored.state, states(stored)) == (RunState.ABORTED, states(run))
    with pytest.raises(Refusal) as refused:
        await rig.service.abort("boss", run.id)
    assert refused.value.code == "run_over"


async def test_a_matching_incident_starts_its_plan_once(rig: Rig) -> None:
    await rig.service.put("boss", plan(), 0)
    rig.incidents.known = {
        "aa": Incident("aa", "11A01", 3, "自流井区"),
        "bb": Incident("bb", "12A01", 3),
        "cc": Incident("cc", "11A01", 4),
    }

    facts = [
        Stored(seq, seq, IncidentDrafted(key, seq, "call", "138"))
        for seq, key in enumerate(("aa", "bb", "cc", "aa"))
    ]
    watcher = Watcher(rig.service)
    await watcher.consume(facts)
    await watcher.consume(facts)
    started = await rig.facts("plan.started")
    assert [(fact.incident_id, fact.level) for fact in started] == [("aa", "l3")]
    run = rig.service.runner.runs[started[0].run_id]
    await ended(rig, run)
    await rig.kill()
    await Watcher(rig.service).consume(facts)
    assert len(await rig.facts("plan.started")) == 1


async def test_versions_never_overwrite_each_other(rig: Rig) -> None:
    await rig.service.put("a", plan(), 0)
    with pytest.raises(Refusal) as refused:
        await rig.service.put("b", plan(), 0)
    assert refused.value.code == "plan_changed"
    run = await rig.service.start("a", Wanted("flood"))
    assert await rig.service.put("b", plan(), 1, remark="电话太慢", run_id=run.id) == 2
    await rig.service.enable("b", "flood", False)
    with pytest.raises(Refusal) as refused:
        await rig.service.start("a", Wanted("flood"))
    assert refused.value.code == "plan_disabled"
    assert run.version == 1


async def test_plans_that_begin_each_other_are_refused(rig: Rig) -> None:
    def calls(key: str, other: str) -> str:
        return f"key: {key}\nname: x\nlevels:\n  - id: a\n    steps: [{{id: s, do: plan, plan: {other}}}]\n"

    await rig.service.put("a", plan(calls("one", "two")), 0)
    await rig.service.put("a", plan(calls("two", "three")), 0)
    for text in (calls("three", "one"), calls("four", "four")):
        with pytest.raises(Refusal) as refused:
            await rig.service.put("a", plan(text), 0)
        assert refused.value.code == "plan_circle"
    run = await rig.service.start("a", Wanted("one"))  # plan three is not there
    await ended(rig, run)
    assert [(one.state, one.why) for one in run.steps.values()] == [(StepState.FAILED, "no_plan")]
    rows = await rig.db.read(run_store.page, limit=10)
    assert rows[0]["plan"] == "one"
