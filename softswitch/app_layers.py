"""The thin layers of a running system: built, connected and started here, each only when it is set.

A layer is a leaf: it follows the facts of calls and gives commands.  What one asks of another goes through a
Protocol of the one that asks, and is answered here.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from softswitch.app_demo import fill_map
from softswitch.app_messages import MapMessages, OrderMessages, PlanMessages
from softswitch.app_plans import PlanDuty, PlanIncidents, PlanPlaces, PlanTelephony
from softswitch.asterisk.copies import SipCopies
from softswitch.calls.intake_service import IntakeService
from softswitch.conferences.build import Conferences
from softswitch.conferences.notice_model import Rules
from softswitch.directory.lookup import candidates, canonical
from softswitch.errors import Refusal
from softswitch.features.nights import NightService
from softswitch.layers.duty.build import Duty
from softswitch.layers.duty.model import Use
from softswitch.layers.duty.service import DutyService
from softswitch.layers.gis.build import Asks, Gis, Ground
from softswitch.layers.incidents.build import Incidents
from softswitch.layers.plans.build import Plans
from softswitch.layers.plans.lookup import Parts
from softswitch.layers.resources.service import NoMap, ResourceService
from softswitch.setup.cache import cache_folder
from softswitch.setup.font import find_font
from softswitch.setup.progress import SetupError

if TYPE_CHECKING:
    from softswitch.app import System

log = logging.getLogger(__name__)


class Layers:
    """The layers that run; None is one that was left out."""

    def __init__(self) -> None:
        self.incidents: Incidents | None = None
        self.gis: Gis | None = None
        self.copies: SipCopies | None = None
        self.resources: ResourceService | None = None
        self.duty: Duty | None = None
        self.plans: Plans | None = None

    async def open(self, system: System) -> None:
        """Build and start what ``settings.layers`` names, in its order."""
        wanted = system.settings.layers
        if "incidents" in wanted:
            self.incidents = await _incidents(system)
        if "gis" in wanted:
            self.copies = SipCopies(
                system.settings.sip_copies_address(), system.node.secrets.copies
            )
            self.copies.start()
            system.at_end(self.copies.close)
            self.gis = await _gis(system, self.copies)
        if self.gis is not None and self.incidents is not None:
            await connect_map(self.gis, self.incidents)
        if "resources" in wanted:
            self.resources = await _resources(system, self.gis)
        if "duty" in wanted:
            self.duty = await _duty(system)
        if "plans" in wanted:
            self.plans = await _plans(system, self)
        if system.settings.demo:
            await fill_map(self.gis, self.resources)

    def run(self, system: System) -> None:
        """Begin what runs beside: deadlines."""
        if self.incidents is not None:
            system.run(self.incidents.run(), "incidents")
        if self.duty is not None:
            system.run(self.duty.service.run(), "duty")
        if self.plans is not None:
            system.run(self.plans.run(), "plans")


async def _incidents(system: System) -> Incidents:
    center = system.center
    layer = Incidents(
        system.db,
        system.live,
        class_name=system.class_name,
        look_up=system.look_up,
        calls_changed=center.screens.calls_changed,
        telephone=OrderTelephone(system.conferences),
        messages=OrderMessages(system.sms),
        font=report_font,
    )
    center.screens.incident_of = layer.service.incident_of
    system.sms.replies.answered = layer.orders.answered
    await layer.start(system.events)
    return layer


async def _gis(system: System, copies: SipCopies) -> Gis:
    def area_code() -> str:
        return system.directory.snapshot().intake.area_code

    async def address_of(number: str) -> str:
        known = await system.look_up(number)
        return known[1] if known else ""

    async def carried(call_id: str) -> str:
        """Ask the switch for a caller's place, unless the call told that it has none, or he is gone."""
        call = system.center.engine.calls.get(call_id)
        none = not call.tells_place if call else call_id not in system.center.board.legs
        return "" if none else await system.control.carried_location(call_id)

    async def enclosed(call_id: str) -> Mapping[str, bytes]:
        sip_call = await system.control.sip_call_id(call_id)
        return await copies.of(sip_call) if sip_call else {}

    settings = system.settings
    layer = Gis(
        system.db,
        system.live,
        system.folder.path / "maps",
        Asks(
            forms=lambda number: candidates(number, area_code()),
            canonical=lambda number: canonical(number, area_code()),
            address_of=address_of,
            carried=carried,
            enclosed=enclosed,
            incident_of=system.center.screens.incident_of,
            is_up=system.center.is_up,
        ),
        location_servers=settings.location_servers,
        ground=Ground(settings.map_url, settings.map_labels, settings.map_coordinates),
    )
    layer.service.messenger = MapMessages(system.sms)
    await layer.start(system.events)
    system.at_end(layer.stop)
    system.house.add("tracks", layer.units.tidy)
    system.house.add("maps", layer.maps.tidy)
    return layer


async def _resources(system: System, gis: Gis | None) -> ResourceService:
    layer = ResourceService(system.db, gis.service if gis is not None else NoMap())
    await layer.start()
    return layer


async def _duty(system: System) -> Duty:
    layer = Duty(system.db, system.live, lambda number: system.book.emergency(number) is not None)
    await layer.start(system.events)
    connect_duty(layer.service, system.center.intake, system.nights)
    return layer


async def connect_map(gis: Gis, incidents: Incidents) -> None:
    """Put the incidents that are worked on back on the map after a restart; facts tell what comes."""
    for row in await incidents.placed():
        place = row["longitude"], row["latitude"]
        gis.service.show("incident", row["id"], *place, status=row["status"])


def connect_duty(duty: DutyService, intake: IntakeService, nights: NightService) -> None:
    """Let who is on duty answer for the duty number and for night service; a gap leaves both as they are set."""
    intake.on_duty = lambda: duty.numbers(Use.INTAKE)
    nights.on_duty = lambda: duty.numbers(Use.NIGHT)
    duty.changed = intake.plan


async def _plans(system: System, layers: Layers) -> Plans:
    parts = Parts(
        PlanTelephony(system.conferences),
        PlanDuty(layers.duty.service) if layers.duty is not None else None,
        PlanMessages(system.sms),
        places=PlanPlaces(layers.gis) if layers.gis is not None else None,
        incidents=PlanIncidents(layers.incidents) if layers.incidents is not None else None,
    )
    layer = Plans(system.db, system.live, parts)
    await layer.start(system.events)
    return layer


def report_font() -> Path | None:
    """Return the font of printed reports, or None where there is none."""
    try:
        return find_font(cache_folder())
    except SetupError:
        return None


class OrderTelephone:
    """Orders by telephone: a notification with one person in its ledger, under the id of the order."""

    def __init__(self, conferences: Conferences) -> None:
        self._conferences = conferences

    async def tell(
        self, login: str, order_id: str, text: str, number: str, name: str, deputy: str
    ) -> None:
        """Begin the notification; one that was begun is not begun again."""
        person = {"number": number, "name": name, "deputy": deputy}
        try:
            await self._conferences.notices.send(login, text, [person], Rules(), notice_id=order_id)
        except Refusal as refusal:
            if refusal.code != "notice_exists":
                raise
