"""Plans in SQL: each version is kept for ever."""

from __future__ import annotations

import functools
import json
from typing import Any

from sqlalchemy import Connection, RowMapping, insert, select, update

from softswitch.access import audit
from softswitch.clock import Millis
from softswitch.errors import conflict, not_found
from softswitch.layers.plans.events import PlanMatched, PlanStored
from softswitch.layers.plans.model import Plan, circle, place, plan_arrows
from softswitch.layers.plans.reading import plan_of
from softswitch.layers.plans.tables import plans, versions
from softswitch.layers.plans.tree import of_json
from softswitch.layers.plans.writing import plain
from softswitch.store.event_log import append

Row = dict[str, Any]


def put(
    conn: Connection, login: str, plan: Plan, base: int, at: Millis, *, remark: str = "", run_id: str = ""
) -> int:  # fmt: skip
    """Write a new version upon ``base`` (0: a new plan); return its number.

    Refused when somebody wrote one meanwhile (``plan_changed``), or when plans would begin each other in a
    circle (``plan_circle``).
    """
    present = conn.execute(select(plans.c.version).where(plans.c.key == plan.key)).scalar() or 0
    if present != base:
        raise conflict(
            "plan_changed", f"Plan {plan.key} is at version {present}.",
            "Read it again, then repeat your change.",
        )  # fmt: skip
    _check_circle(conn, plan)
    version = base + 1
    body = json.dumps(plain(plan), ensure_ascii=False)
    conn.execute(
        insert(versions).values(
            key=plan.key,
            version=version,
            body=body,
            login=login,
            at=at,
            remark=remark,
            run_id=run_id,
        )
    )
    values = {"version": version, "name": plan.name, "enabled": True, "updated_at": at}
    if not conn.execute(update(plans).where(plans.c.key == plan.key).values(**values)).rowcount:
        conn.execute(insert(plans).values(key=plan.key, **values))
    audit.append(
        conn, login, "plan.stored", plan.key, {"version": version, "remark": remark[:200]}, at=at
    )
    append(conn, PlanStored(plan.key, at, version, login, run_id), at=at)
    return version


def _check_circle(conn: Connection, plan: Plan) -> None:
    others = {each.key: each for each, _ in current(conn).values()} | {plan.key: plan}
    arrows = plan_arrows(others.values())
    for level in plan.levels:
        round_ = circle(arrows, place(plan.key, level.id))
        if round_:
            raise conflict(
                "plan_circle", f"The plans begin each other: {' → '.join(round_)}.",
                "Take one of these steps out.",
            )  # fmt: skip


def current(conn: Connection) -> dict[str, tuple[Plan, Row]]:
    """Return every plan in its present version, with its row."""
    query = (
        select(plans, versions.c.body, versions.c.login)
        .join(versions, (versions.c.key == plans.c.key) & (versions.c.version == plans.c.version))
        .order_by(plans.c.key)
    )
    found = {}
    for row in conn.execute(query).mappings():
        values = {
            name: row[name] for name in ("key", "version", "name", "enabled", "updated_at", "login")
        }
        found[row["key"]] = (_plan(row), values)
    return found


def one(conn: Connection, key: str, version: int | None = None) -> tuple[Plan, Row]:
    """Return a plan in a version, else in the present one, or refuse."""
    query = select(versions, plans.c.enabled, plans.c.version.label("present")).join(
        plans, plans.c.key == versions.c.key
    )
    wanted = plans.c.version if version is None else version
    query = query.where(versions.c.key == key, versions.c.version == wanted)
    row = conn.execute(query).mappings().first()
    if row is None:
        which = key if version is None else f"{key} {version}"
        raise not_found("plan", which, "Look with `softswitch plan list`.")
    names = ("key", "version", "login", "at", "remark", "run_id", "enabled", "present")
    return _plan(row), {name: row[name] for name in names}


def history(conn: Connection, key: str) -> list[Row]:
    """Return the versions of a plan, the newest first."""
    columns = (
        versions.c.version,
        versions.c.login,
        versions.c.at,
        versions.c.remark,
        versions.c.run_id,
    )
    query = select(*columns).where(versions.c.key == key).order_by(versions.c.version.desc())
    return [dict(row) for row in conn.execute(query).mappings()]


def enable(conn: Connection, login: str, key: str, on: bool, at: Millis) -> bool:
    """Let a plan be started, or no longer; tell whether there is such a plan."""
    audit.append(conn, login, "plan.enabled" if on else "plan.disabled", key, {}, at=at)
    return conn.execute(update(plans).where(plans.c.key == key).values(enabled=on)).rowcount > 0


def tell_match(
    conn: Connection, plan: str, incident: str, level: str, auto: bool, at: Millis
) -> None:
    """Write that an incident is of the kind that a plan is for."""
    append(conn, PlanMatched(plan, at, incident, level, auto), at=at)


def _plan(row: RowMapping) -> Plan:
    return _read(row["body"])


@functools.lru_cache(maxsize=512)
def _read(body: str) -> Plan:
    """Every incident is looked at with the eyes of all plans: each version is taken apart once."""
    return plan_of(of_json(json.loads(body)))
