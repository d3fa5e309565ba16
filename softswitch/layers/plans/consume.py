"""From the facts of incidents to plans: one that matches is told, and starts by itself where it says so.

The kinds are named, not imported: layers do not know one another. Telling a fact twice starts nothing twice, because
the run's id is made of plan and incident.
"""

from __future__ import annotations

import logging
from collections.abc import Sequence

from softswitch.errors import Refusal
from softswitch.layers.plans import run_store, store
from softswitch.layers.plans.acts import LOGIN
from softswitch.layers.plans.model import Plan, automatic_run, level_for, matches
from softswitch.layers.plans.service import PlanService, Wanted
from softswitch.store.event_log import Stored

log = logging.getLogger(__name__)

KINDS = ("incident.drafted", "incident.changed", "incident.moved")


class Watcher:
    """Looks at every incident that changed with the eyes of all plans that have a trigger."""

    def __init__(self, plans: PlanService) -> None:
        self._plans = plans
        self._told: dict[tuple[str, str], None] = {}

    async def consume(self, facts: Sequence[Stored]) -> None:
        """Look at the incidents of some facts; each once, as it is now."""
        incidents = self._plans.parts.incidents
        if incidents is None:
            return
        wanted = dict.fromkeys(str(getattr(stored.event, "incident_id", "")) for stored in facts)
        present = await self._plans.db.read(store.current)
        watching = [
            plan for plan, row in present.values() if plan.trigger is not None and row["enabled"]
        ]
        if not watching:
            return
        for incident_id in wanted:
            incident = await incidents.incident(incident_id)
            if incident is None:
                continue
            for plan in watching:
                level = level_for(plan, incident)
                if level is not None and matches(plan.trigger, incident):
                    await self._matched(plan, level.id, incident_id)

    async def _matched(self, plan: Plan, level: str, incident_id: str) -> None:
        auto = plan.trigger is not None and plan.trigger.auto
        run_id = automatic_run(plan.key, incident_id)
        if auto and await self._plans.db.read(run_store.one, run_id) is not None:
            return
        if (plan.key, incident_id) not in self._told:
            self._told[(plan.key, incident_id)] = None
            while len(self._told) > 1_000:
                del self._told[next(iter(self._told))]
            at = self._plans.clock()
            await self._plans.db.write(store.tell_match, plan.key, incident_id, level, auto, at)
        if auto:
            try:
                await self._plans.start(LOGIN, Wanted(plan.key, level, incident_id), run_id)
            except Refusal as refusal:
                if refusal.kind.value >= 500:
                    raise
                log.warning("plan %s does not start by itself: %s", plan.key, refusal)
