"""Builds mass SMS as the server has it: campaigns, lists, replies, alerts. Links are in the gateway's own process."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import Any

from smsgateway.campaigns.mailing import Mailing
from smsgateway.campaigns.ports import Lines, Screen, Tasks, Telephone
from smsgateway.campaigns.service import Campaigns
from smsgateway.campaigns.voice import VoiceReach
from smsgateway.campaigns.watch import Watch
from smsgateway.cap.alerts import Alerts
from smsgateway.cap.folder import Folder
from smsgateway.direct import Direct
from smsgateway.keeper import GatewayKeeper
from smsgateway.links import store as links
from smsgateway.queue.database import queue_database
from smsgateway.recipients.audience import Chooser, Groups
from smsgateway.recipients.lists import Lists
from smsgateway.replies.service import Replies
from softswitch.clock import Clock, now
from softswitch.errors import Refusal
from softswitch.store.database import Database

log = logging.getLogger(__name__)

REGISTRY = "居民"
"""The list of citizens that alerts of other systems choose from."""

SECONDS = 1.0
_FOLDER_LOGIN = "cap"
_ALARM = "sms_alert"

Spawn = Callable[[Coroutine[Any, Any, Any]], Any]


class MassSms:
    """The capability: ``campaigns`` acts, ``lists`` has who can be sent to, ``replies`` what they answered."""

    def __init__(
        self,
        db: Database,
        queue_url: str,
        folder: Path,
        screen: Screen,
        groups: Groups,
        telephone: Telephone,
        tasks: Tasks,
        lines: Lines,
        spawn: Spawn,
        clock: Clock = now,
    ) -> None:
        self.db = db
        self.queue = queue_database(queue_url)
        self.lines = lines
        self.clock = clock
        self.lists = Lists(self.queue, folder / "spool", self._show_list(screen), clock)
        self.chooser = Chooser(self.queue, self.lists, groups)
        self.campaigns = Campaigns(db, self.queue, self.chooser, spawn, clock)
        self.voice = VoiceReach(self.campaigns, self.queue, telephone)
        self.watch = Watch(self.campaigns, self.queue, self.voice, screen, clock)
        self.replies = Replies(db, self.queue, tasks, clock)
        self.direct = Direct(self.queue, lambda: self.campaigns.rules, clock)
        self.mailing = Mailing(self.campaigns, self.lists)
        self.alerts = Alerts(db, self.campaigns, clock)
        self.folder = Folder(folder / "cap", self._take_alert)
        self._keeper = GatewayKeeper(queue_url, folder.parent)
        self._runs = False
        self._screen = screen
        self._heard_so_far = 0
        self.replies.heard = self._heard

    async def start(self) -> None:
        """Open the gateway's database and read what is not over."""
        await self.queue.open()
        await self.lists.load()
        await self.campaigns.load()
        await self.links_changed()

    async def close(self) -> None:
        """End the gateway and close its database."""
        await self._keeper.stop()
        await self.queue.close()

    async def links_changed(self) -> None:
        """Start the gateway with the first link: without one it has nothing to do, and takes 40 MB."""
        present = await self.queue.read(links.every)
        if present and not self._runs:
            self._runs = True
            self._keeper.start()

    def state(self) -> dict[str, object]:
        """Return what the status of the system shows."""
        return self._keeper.state() if self._runs else {"ok": True, "starts": 0}

    async def run(self) -> None:
        """Look after campaigns, replies and alerts until cancelled."""
        async with asyncio.TaskGroup() as group:
            group.create_task(self.watch.run())
            group.create_task(self._read())

    async def _read(self) -> None:
        while True:
            for look in (self.replies.look, self.folder.look):
                try:
                    await look()
                except (Refusal, OSError) as error:
                    log.error("what came in for mass SMS waits: %s", error)
                except Exception:
                    log.exception("Reading what came in for mass SMS failed.")
            await asyncio.sleep(SECONDS)

    async def _take_alert(self, data: bytes) -> object:
        """A file has nobody before it: what cannot be taken is told to everybody at a console."""
        try:
            taken = await self.alerts.take(_FOLDER_LOGIN, data, REGISTRY)
        except Refusal as refusal:
            alarm = {
                "id": _ALARM, **refusal.as_json()["error"], "since": self.clock(),
            }  # fmt: skip
            self._screen.put("alarm", _ALARM, alarm)
            raise
        self._screen.drop("alarm", _ALARM)
        return taken

    def _heard(self, count: int) -> None:
        """The screens that show replies read them again when this number changes."""
        self._heard_so_far += count
        self._screen.put("sms_replies", "all", {"heard": self._heard_so_far})

    def _show_list(self, screen: Screen) -> Callable[[str, dict[str, Any] | None], None]:
        def show(list_id: str, row: dict[str, Any] | None) -> None:
            if row is None:
                screen.drop("sms_list", list_id)
            else:
                screen.put("sms_list", list_id, row)

        return show
