"""The web side of a running system: which routes there are, and what the console and the command line need."""

from __future__ import annotations

import json
import secrets
from typing import TYPE_CHECKING, Any

from fastapi import APIRouter, FastAPI

from intercept.door.build import report as report_door
from intercept.routes import routes as intercept_routes
from softswitch import app_sms
from softswitch.access import admin_routes as access_admin
from softswitch.access import lockout_routes
from softswitch.access import routes as access_routes
from softswitch.access.model import LOCAL_LOGIN, Actor, Role
from softswitch.access.users_csv import UsersCsv
from softswitch.app_layers import Layers
from softswitch.calls.desk_routes import desk_routes, task_routes
from softswitch.calls.routes import call_routes
from softswitch.conferences.group_routes import group_routes
from softswitch.conferences.notice_routes import notice_routes
from softswitch.conferences.roll_routes import roll_routes
from softswitch.conferences.routes import routes as room_routes
from softswitch.directory import routes as directory_routes
from softswitch.directory.model import PhoneKind
from softswitch.features import routes as feature_routes
from softswitch.layers.duty import routes as duty_routes
from softswitch.layers.gis import routes as gis_routes
from softswitch.layers.incidents import routes as incident_routes
from softswitch.layers.plans import routes as plan_routes
from softswitch.layers.resources import routes as resource_routes
from softswitch.recordings import routes as recording_routes
from softswitch.store.folder import write_private
from softswitch.web import health, live_routes
from softswitch.web.frame import create_app
from softswitch.web.guard import Guard
from trunk.metrics import report as report_trunks
from trunk.routes import routes as trunk_routes

if TYPE_CHECKING:
    from softswitch.app import System

LOCAL_LABEL = "command line on this machine"


def build(system: System) -> FastAPI:
    """Return the application with every route of the system."""
    from softswitch.app import console_folder

    guard = Guard(system.access)
    desks = system.center.desks

    def desk_of(actor: Actor) -> str | None:
        return desks.seat_of(actor.login)

    async def desk_of_later(actor: Actor) -> str | None:
        return desks.seat_of(actor.login)

    _report(system)
    system.access.when_ended(system.live.recheck)
    csv = UsersCsv(system.db, system.access)
    return create_app(
        [
            # Routes are searched in this order: what a caller waits for stands first.
            intercept_routes(system.intercept, guard),
            call_routes(system.center, system.db, guard),
            access_routes.routes(system.access, system.tokens, guard, desks.seat_of),
            access_admin.routes(system.users, csv, system.audit, guard),
            lockout_routes.routes(system.sip_lockout, system.db, guard),
            directory_routes.routes(system.directory, system.registry, guard, desk_of),
            desk_routes(system.center, system.db, guard, lambda desk: browser_phone(system, desk)),
            task_routes(system.center, system.db, guard),
            room_routes(system.conferences, guard, system.recordings.library.of_legs),
            group_routes(system.conferences, guard),
            roll_routes(system.conferences, guard),
            notice_routes(system.conferences, guard),
            feature_routes.routes(system.features, guard),
            *app_sms.routes(system.sms, guard),
            trunk_routes(system.trunks, guard),
            recording_routes.routes(system.recordings.library, guard, desk_of_later),
            live_routes.routes(system.live, guard),
            health.routes(system.health, guard),
            *layer_routes(system.layers, guard),
        ],
        console=console_folder(system.settings),
        hosts=system.settings.http_names,
        secure=False,
        limits=app_sms.LIMITS,
        images=(system.settings.map_url, system.settings.map_labels),
    )


def layer_routes(layers: Layers, guard: Guard) -> list[APIRouter]:
    """Return the routes of the layers that run."""
    routers = []
    if layers.incidents is not None:
        routers.append(incident_routes.routes(layers.incidents, guard))
    if layers.gis is not None:
        routers.append(gis_routes.routes(layers.gis, guard))
    if layers.resources is not None:
        routers.append(resource_routes.routes(layers.resources, guard))
    if layers.duty is not None:
        routers.append(duty_routes.routes(layers.duty, guard))
    if layers.plans is not None:
        routers.append(plan_routes.routes(layers.plans, guard))
    return routers


def _report(system: System) -> None:
    center, reporting = system.center, system.health
    reporting.add("ami", lambda: {"ok": center.switch_up})
    reporting.add("ari", lambda: {"ok": center.engine.control_up})
    reporting.add("store", system.db.state)
    reporting.add("disk", system.folder.disk)
    reporting.add("sms", system.sms.state)
    reporting.add("recordings", lambda: {"ok": True, **system.recordings.status()})
    reporting.metric("calls", "Calls that are up.", lambda: float(len(center.board.calls)))
    reporting.metric("legs", "Channels that are up.", lambda: float(len(center.board.legs)))
    reporting.metric(
        "calls_under_dispatch", "Calls in dispatch.", lambda: float(len(center.engine.calls))
    )
    reporting.metric(
        "waiting", "Emergency calls that wait.", lambda: float(len(center.intake.queue))
    )
    reporting.metric("tasks_open", "Open call-back tasks.", lambda: float(len(center.tasks.open)))
    report_trunks(system.trunks, reporting)
    if system.layers.copies is not None:
        reporting.add("sip_copies", system.layers.copies.state)
    if system.door is not None:
        report_door(system.door, reporting)
    reporting.metric("consoles", "Connected consoles.", lambda: float(system.live.following()))


def browser_phone(system: System, desk: str) -> dict[str, Any] | None:
    """Return what the console's phone needs to register for a desk (RFC 7118), None when the desk has none."""
    for phone in system.directory.snapshot().phones_of(desk):
        if phone.kind is PhoneKind.BROWSER and phone.enabled:
            where = system.settings
            plain, secure = where.switch_http_address(), where.switch_https_address()
            return {
                "extension": desk,
                "uri": f"sip:{phone.id}@softswitch",
                # The host is the one the console was loaded from: the console puts it in.
                "ws_port": plain.port,
                "wss_port": secure.port,
                "ws_path": "/ws",
                "ws_url": f"ws://{where.http.host}:{plain.port}/ws",
                "username": phone.id,
                "password": phone.secret,
                "ice": [],
            }
    return None


async def write_cli_file(system: System) -> None:
    """Give the command line on this machine a token of its own, anew at each start, in ``<data>/cli.json``."""
    actor = Actor(LOCAL_LOGIN, "命令行", Role.SUPERVISOR, via="token")
    known = {user["login"] for user in await system.users.all()}
    if LOCAL_LOGIN not in known:
        password = secrets.token_urlsafe(32)  # nobody signs in with it
        await system.users.add(actor, LOCAL_LOGIN, "命令行 (本机)", Role.SUPERVISOR.value, password)
    for old in await system.tokens.all(actor):
        if old["label"] == LOCAL_LABEL:
            await system.tokens.remove(actor, old["id"])
    token = await system.tokens.add(actor, LOCAL_LABEL)
    told = {
        "url": system.url,
        "token": token["secret"],
        # where `softswitch simulate` registers its phones, and `softswitch lab` sends its calls
        "sip": str(system.settings.sip),
        "iax": str(system.settings.iax_address()),
    }
    write_private(system.folder.path / "cli.json", json.dumps(told, indent=1).encode())


async def fill_demo(system: System) -> None:
    """Fill an empty directory with desks, phones and people to try the system with."""
    from softswitch.directory import demo

    await demo.fill(system.directory, system.registry, system.users)
