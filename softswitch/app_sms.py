"""Mass SMS in a running system: what it asks of calls, conferences and the directory, and its routes."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING

from fastapi import APIRouter

from smsgateway.build import MassSms
from smsgateway.link_routes import link_routes
from smsgateway.people_routes import list_routes, reply_routes, template_routes
from smsgateway.recipients.lists import MOST_BYTES
from smsgateway.report_routes import report_routes
from smsgateway.routes import act_routes, draft_routes
from softswitch.calls.center import CallCenter
from softswitch.calls.describe import leg_party, nature
from softswitch.calls.model import CallState
from softswitch.conferences.build import Conferences
from softswitch.conferences.notice_model import Rules
from softswitch.directory.lookup import canonical
from softswitch.web.guard import Guard

if TYPE_CHECKING:
    from softswitch.app import System

LIMITS: Mapping[str, int] = {"/api/sms/lists/import": MOST_BYTES}
"""Bytes of a body on paths that read it as a stream."""

VOICE = Rules(tries=3, pause=120_000, confirm=True)
"""How those are called who have no receipt."""


async def open_sms(system: System) -> MassSms:
    """Start mass SMS, connected with the telephone side; layers get their messages from it."""
    sms = _build(system)
    await sms.start()
    system.at_end(sms.close)
    system.house.add("lists of campaigns", sms.mailing.tidy)
    return sms


def _build(system: System) -> MassSms:
    conferences, center = system.conferences, system.center

    async def members(keys: Sequence[str]) -> Sequence[Mapping[str, str]]:
        groups = [await conferences.groups.one(key) for key in keys]
        return [member for group in groups for member in group["members"]]

    return MassSms(
        system.db,
        system.settings.sms_database_url(),
        system.folder.path / "sms",
        system.live,
        members,
        Telephone(conferences),
        Tasks(center),
        Lines(center, lambda: system.directory.snapshot().intake.area_code),
        center.spawn,
    )


def routes(sms: MassSms, guard: Guard) -> list[APIRouter]:
    """Return every route of mass SMS."""
    return [
        draft_routes(sms, guard),
        act_routes(sms, guard),
        report_routes(sms, guard),
        list_routes(sms, guard),
        template_routes(sms, guard),
        reply_routes(sms, guard),
        link_routes(sms, guard),
    ]


class Telephone:
    """Notification with its ledger, as campaigns use it."""

    def __init__(self, conferences: Conferences) -> None:
        self._notices = conferences.notices

    async def notify(
        self, login: str, text: str, language: str, people: Sequence[Mapping[str, str]]
    ) -> str:
        """Begin to call people until they press a key."""
        rows = [dict(person) for person in people]
        notice = await self._notices.send(login, text, rows, VOICE, language=language)
        return notice.id

    def is_running(self, notice_id: str) -> bool:
        """Tell whether somebody is still to be called."""
        return notice_id in self._notices.notices


class Tasks:
    """Call-back tasks of the call desk."""

    def __init__(self, center: CallCenter) -> None:
        self._center = center

    async def call_back(self, key: str, number: str) -> str:
        """Have a citizen called back who asked for help."""
        return await self._center.tasks.asked(key, number, "sms")


class Lines:
    """Who talks on a line of our own switch."""

    def __init__(self, center: CallCenter, area_code: Callable[[], str]) -> None:
        self._center = center
        self._area_code = area_code

    def talking(self) -> Mapping[str, str]:
        """Return number → call of all who talk, however the line wrote the number; intercept takes it from there."""
        center, area = self._center, self._area_code()
        found: dict[str, str] = {}
        for call in center.board.calls.values():
            if call.state() is CallState.RINGING:
                continue
            under = center.engine.calls.get(call.id)
            what = nature(call, under, center.book)
            shown = {leg_party(leg, under, center.book)[0] for leg in call.legs.values()}
            for number in filter(None, shown | {what.caller_number, what.called_number}):
                found.setdefault(canonical(number, area), call.id)
        return found
