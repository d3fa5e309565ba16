"""From a plan to what people read and the API shows: plain values, and YAML that reads back equal. Pure."""

from __future__ import annotations

from typing import Any

import yaml

from softswitch.layers.plans.model import MINUTE, Level, Plan, Step, Target

Json = dict[str, Any]
_STEP_DEFAULTS = Step("", kind=None)  # type: ignore[arg-type]  # only its defaults are looked at


def plain(plan: Plan) -> Json:
    """Return a plan as plain values; what has its usual value is left out."""
    found: Json = {"key": plan.key, "name": plan.name}
    if plan.note:
        found["note"] = plan.note
    if plan.trigger is not None:
        trigger = plan.trigger
        found["trigger"] = _given(
            types=list(trigger.types), grades=list(trigger.grades), areas=list(trigger.areas),
            auto=trigger.auto,
        )  # fmt: skip
    found["levels"] = [_level(level) for level in plan.levels]
    return found


def _level(level: Level) -> Json:
    named = _given(name=level.name, approvals=level.approvals, grades=list(level.grades))
    return {"id": level.id, **named, "steps": [step_plain(step) for step in level.steps]}


def step_plain(step: Step) -> Json:
    """Return a step as plain values."""
    usual = _STEP_DEFAULTS
    found: Json = {"id": step.id, "do": step.kind.value}
    found |= _given(name=step.name, to=_target(step.to), text=step.text)
    if step.language != usual.language:
        found["language"] = step.language
    if step.confirm != usual.confirm:
        found["confirm"] = step.confirm
    if step.tries != usual.tries:
        found["tries"] = step.tries
    if step.pause != usual.pause:
        found["pause_seconds"] = step.pause // 1000
    if step.deadline is not None:
        found["deadline_minutes"] = step.deadline // MINUTE
    return found | _given(after=list(step.after), plan=step.plan, level=step.level)


def _target(to: Target) -> Json:
    return _given(
        groups=list(to.groups), duty=list(to.duty), people=list(to.people),
        numbers=list(to.numbers), area=to.area,
    )  # fmt: skip


def _given(**fields: Any) -> Json:
    return {name: value for name, value in fields.items() if value}


class _Dumper(yaml.SafeDumper):  # type: ignore[misc]  # the library carries no types
    """Writes lists indented, and every text that could be read as something else in quotes."""

    def increase_indent(self, flow: bool = False, indentless: bool = False) -> None:
        super().increase_indent(flow, False)


def to_yaml(plan: Plan) -> str:
    """Return a plan as YAML."""
    text: str = yaml.dump(
        plain(plan), Dumper=_Dumper, allow_unicode=True, sort_keys=False, width=100
    )
    return text
