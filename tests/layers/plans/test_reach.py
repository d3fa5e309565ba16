"""Whom plans reach, as a property: over random plans the run reaches what the dry run lists; how plans are read."""

from __future__ import annotations

import asyncio
import tempfile
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from softswitch.errors import Refusal
from softswitch.layers.plans.model import Kind, Level, Plan, Step, Target, expand, in_order
from softswitch.layers.plans.reach import MOST, Contact, World, reach
from softswitch.layers.plans.reading import plan_of
from softswitch.layers.plans.service import Wanted
from softswitch.layers.plans.tree import of_json, of_yaml
from softswitch.layers.plans.writing import plain, to_yaml
from softswitch.store.database import Database
from softswitch.testing.system import until
from tests.layers.plans.kit import PLAN, Rig, plan

GROUPS = ("消防", "空", "没有")
targets = st.builds(
    Target,
    st.lists(st.sampled_from(GROUPS), max_size=3, unique=True).map(tuple),
    st.lists(st.sampled_from(("chief", "empty", "none")), max_size=2, unique=True).map(tuple),
    st.lists(st.sampled_from(("liming", "gone", "nobody")), max_size=2, unique=True).map(tuple),
    st.lists(
        st.sampled_from(("2001", "120", "13801", "+8613800000000")), min_size=1, max_size=3
    ).map(lambda listed: tuple(dict.fromkeys(listed))),
)


@st.composite
def plans(draw: st.DrawFn) -> Plan:
    steps: list[Step] = []
    for n in range(draw(st.integers(1, 5))):
        kind = draw(st.sampled_from([kind for kind in Kind if kind is not Kind.PLAN]))
        after = draw(st.lists(st.sampled_from([s.id for s in steps]), unique=True)) if steps else []
        to = Target() if kind is Kind.PUBLISH else draw(targets)
        text = draw(st.sampled_from(("集合", "Report: now", "yes", "0755", "行一\n行二")))
        deadline = 60_000 if kind in (Kind.TASK, Kind.NOTIFY) and draw(st.booleans()) else None
        steps.append(Step(f"s{n}", kind, to=to, text=text, after=tuple(after), deadline=deadline))
    return Plan("p", "预案", levels=(Level("l", steps=tuple(draw(st.permutations(steps)))),))


@given(plans())
def test_a_plan_reads_back_equal_from_yaml_and_json(made: Plan) -> None:
    assert plan_of(of_yaml(to_yaml(made))) == made
    assert plan_of(of_json(plain(made))) == made


@settings(max_examples=25, deadline=None)
@given(plans())
def test_the_run_reaches_exactly_what_the_dry_run_listed(made: Plan) -> None:
    asyncio.run(_dry_and_real(made))


async def _dry_and_real(made: Plan) -> None:
    with tempfile.TemporaryDirectory() as folder:
        async with Database.at(Path(folder) / "plans.db") as db:
            rig = Rig(Path(folder), db)
            await rig.service.put("boss", made, 0)
            *_, dry = await rig.service.dry_run(Wanted("p"))
            run = await rig.service.start("boss", Wanted("p"))
            steps = run.steps.values()
            await until(lambda: all(one.ended_at is not None for one in steps), what="all ended")
            await rig.service.runner.stop()
    listed = {step.step: (step.reached, step.missed) for step in dry}
    assert listed == {name: (one.reached, one.missed) for name, one in run.steps.items()}
    rung = {step.step: tuple(o.number for o in step.reached) for step in dry
            if step.kind not in (Kind.SMS, Kind.PUBLISH) and step.reached}  # fmt: skip
    assert {name: rig.phone.did[run.steps[name].ref][1] for name in rung} == rung
    assert len(rig.phone.did) == len(rung)
    sent = {step.step: tuple(o.number for o in step.reached) for step in dry
            if step.kind is Kind.SMS and step.reached}  # fmt: skip
    assert {n: rig.messenger.sent[run.steps[n].ref].numbers for n in sent} == sent
    assert len(rig.messenger.sent) == len(sent)
    for numbers in rung.values():
        assert len(set(numbers)) == len(numbers)
        assert not {"120", "13805"} & set(numbers)  # an emergency number; one who has left


def test_what_is_too_many_for_a_step_is_told_and_not_cut_short() -> None:
    crowd = tuple(Contact("", (f"2{n:05}",)) for n in range(MOST[Kind.RING] + 1))
    step = Step("s", Kind.RING, to=Target(groups=("all",)))
    found = reach(step, World({"all": crowd}))
    assert (found.reached, found.available) == ((), False)
    assert found.missed[-1].why.value == "too_many"


def test_plans_in_plans_keep_their_order() -> None:
    made = plan()
    top = made.level("l1")
    assert top is not None
    steps = expand(made, top, {made.key: made}).steps
    names = [step.id for step in in_order(steps)]
    assert names == ["ring", "rest/ring", "rest/tell", "rest/job", "rest/web"]


@pytest.mark.parametrize(
    ("change", "line", "says"),
    [
        (("do: ring,", "do: rang,"), 10, "'rang' is nothing that a step does"),
        (("grades: [3]", "grades: [9]"), 8, "1 to 4"),
        (("after: [job]", "after: [web]"), 10, "wait for each other: web → web"),
        (("after: [ring]", "after: [sing]"), 10, "waits for sing"),
        (("id: tell,", "id: ring,"), 10, "step ring is there twice"),
        (("text: 到岗,", ""), 11, "has no text"),
        (("numbers: [\"138 0000\"]", "numbers: [\"1;2\"]"), 11, "is not a telephone number"),
        (("name: 三级", "nome: 三级"), 7, "'nome' is not known"),
        (("approvals: 2", "approvals: many"), 15, "whole number, 0 to 5"),
        (("to: {groups: [消防]}}\n      - {id: tell", "to: {}}\n      - {id: tell"), 10, "names nobody"),
        (("levels:", "levels: [&a b, *a]\nx:"), 5, "anchors and aliases"),
        (("key: flood", "key: [flood"), None, "it is no YAML"),
    ],
)  # fmt: skip
def test_a_mistake_is_told_with_its_line(
    change: tuple[str, str], line: int | None, says: str
) -> None:
    assert change[0] in PLAN
    with pytest.raises(Refusal) as refused:
        plan(PLAN.replace(*change, 1))
    assert refused.value.code == "bad_plan"
    assert says in refused.value.message
    if line is not None:
        assert refused.value.message.startswith(f"Line {line}:")


@pytest.mark.parametrize(
    "text", ["", "- 1", "[" * 5_000, "a: !!python/object:os.system x", "\0", "x" * 300_000]
)
def test_hostile_texts_are_refused(text: str) -> None:
    with pytest.raises(Refusal) as refused:
        plan_of(of_yaml(text))
    assert refused.value.code in {"bad_plan", "too_large"}
