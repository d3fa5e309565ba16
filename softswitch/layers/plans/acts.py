"""What each kind of step does, through the ports. Repeating an act does nothing: its id is made of run and step."""

from __future__ import annotations

from softswitch.errors import Refusal, unavailable
from softswitch.layers.plans.lookup import Parts
from softswitch.layers.plans.model import Kind, act_id
from softswitch.layers.plans.progress import Run, StepRun, Task
from softswitch.layers.plans.reach import Reached

BY_TELEPHONE = frozenset({Kind.RING, Kind.CONFERENCE, Kind.NOTIFY, Kind.TASK})
LOGIN = "plan"
"""Who acts when a plan started by itself."""


async def act(parts: Parts, run: Run, one: StepRun) -> str:
    """Do what a step says; return the id of what it made. Raises :class:`Refusal`."""
    step, made = one.step, act_id(run.id, one.step.id)
    if step.kind in BY_TELEPHONE and not parts.telephony.up:
        raise unavailable("switch_unavailable", "The switch cannot be told to ring.", "Wait.")
    if step.kind in (Kind.RING, Kind.CONFERENCE):
        name, stays = step.name or run.name, step.kind is Kind.CONFERENCE
        return await parts.telephony.ring(who(run), made, name, one.reached, stays=stays)
    if step.kind in (Kind.NOTIFY, Kind.TASK):
        return await tell(parts, run, one, made, step.text, one.reached)
    if step.kind is Kind.SMS and parts.messenger is not None:
        numbers = [each.number for each in one.reached]
        return await parts.messenger.send(
            who(run), made, step.name or run.name, step.text, numbers,
            language=step.language, incident_id=run.incident_id, agreed=run.approvals,
        )  # fmt: skip
    return ""


async def tell(
    parts: Parts, run: Run, one: StepRun, made: str, text: str, people: tuple[Reached, ...]
) -> str:
    """Tell people by telephone as a step says."""
    step = one.step
    return await parts.telephony.notify(
        who(run), made, text, people, language=step.language, confirm=step.confirm,
        tries=step.tries, pause=step.pause,
    )  # fmt: skip


async def tell_deputy(parts: Parts, run: Run, task: Task) -> None:
    """Tell the deputy that a task was not done in time; without one nobody is rung, and the console shows it."""
    one = run.steps.get(task.step_id)
    if one is None or not task.deputy:
        return
    text = f"{task.name} 未按时完成任务，请您接替：{task.text}"
    if one.step.language == "en":
        text = f"{task.name} has not done this in time, please take over: {task.text}"
    made = act_id(run.id, task.step_id, f"task {task.id}")
    await tell(parts, run, one, made, text, (Reached(task.deputy),))


async def tell_deputies(parts: Parts, run: Run, one: StepRun) -> int:
    """Tell the deputies of those whom a notification has not reached by its deadline; return how many."""
    told = {each.number for each in await parts.telephony.told(one.ref) if each.reached}
    late = tuple(
        Reached(each.deputy, via=each.number)
        for each in one.reached
        if each.deputy and not {each.number, each.then, each.deputy} & told
    )
    if late:
        await tell(parts, run, one, act_id(run.id, one.step.id, "deadline"), one.step.text, late)
    return len(late)


async def stop(parts: Parts, run: Run) -> None:
    """Ring nobody else and send nothing more; who talks in a room goes on talking."""
    for one in run.steps.values():
        if one.step.kind is Kind.SMS and parts.messenger is not None:
            await parts.messenger.stop(who(run), act_id(run.id, one.step.id))
        if one.step.kind in (Kind.NOTIFY, Kind.TASK):
            for what in ("", "deadline"):
                await parts.telephony.stop(who(run), act_id(run.id, one.step.id, what))
    for task in run.tasks.values():
        await parts.telephony.stop(who(run), act_id(run.id, task.step_id, f"task {task.id}"))


def who(run: Run) -> str:
    """Return in whose name a run acts."""
    return run.login or LOGIN


def is_passing(refusal: Refusal) -> bool:
    """Tell whether an act may succeed when it is tried again."""
    return refusal.kind.value >= 500 or refusal.kind.value == 429
