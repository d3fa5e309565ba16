"""The only place that builds and connects things: one running system from its settings."""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import Awaitable, Callable
from contextlib import AsyncExitStack
from pathlib import Path
from types import TracebackType
from typing import Any, Self, cast

from intercept.build import Intercept
from intercept.door.build import guarded
from intercept.door.door import Door
from smsgateway.build import MassSms
from softswitch import app_sms, app_web
from softswitch.access.audit_head import HeadFile
from softswitch.access.audit_service import Audit
from softswitch.access.service import Access
from softswitch.access.sip_lockout import SipLockout
from softswitch.access.tokens import Tokens
from softswitch.access.users import Users
from softswitch.app_layers import Layers
from softswitch.app_switch import SwitchPlan, node_settings
from softswitch.asterisk.ari import AriControl
from softswitch.asterisk.journal import JournalOfCalls, JournalReader
from softswitch.asterisk.node import AsteriskNode
from softswitch.asterisk.plain import AmiSwitch
from softswitch.calls.center import CallCenter
from softswitch.calls.drift import DriftCheck
from softswitch.calls.pump import Pump
from softswitch.conferences.build import Conferences
from softswitch.conferences.voice import EspeakVoice
from softswitch.directory.book import Book
from softswitch.directory.model import DirectorySnapshot
from softswitch.directory.registry import RegistryService
from softswitch.directory.service import DirectoryService
from softswitch.features.build import Features
from softswitch.features.nights import NightService
from softswitch.ports import AuthenticationFailed, CallActs, SwitchFact
from softswitch.recordings.model import Retention
from softswitch.recordings.service import RecordingService
from softswitch.settings import Settings
from softswitch.setup.asterisk import find_asterisk
from softswitch.setup.cache import cache_folder
from softswitch.setup.espeak import EspeakInstall, find_espeak
from softswitch.setup.progress import SetupError
from softswitch.store.database import Database
from softswitch.store.event_log import EventLog
from softswitch.store.folder import DataFolder
from softswitch.store.housekeeping import Housekeeping
from softswitch.web import live_routes
from softswitch.web.health import Health
from softswitch.web.live import Live
from softswitch.web.server import WebServer, listen
from trunk import machine
from trunk.acts import TrunkActs
from trunk.build import HeardControl, HeardSwitch, Trunks
from trunk.drivers.reach import NodeDrivers
from trunk.service import stored_plan

log = logging.getLogger(__name__)

Progress = Callable[[str], None]


def find_speech() -> EspeakInstall | None:
    """Return the speech program, or None where there is none: announcements are tones then."""
    try:
        return find_espeak(cache_folder())
    except SetupError:
        return None


class System:
    """Everything of one instance: ``async with System(settings) as system``.

    Leaving it detaches: the switch and its calls go on. ``end_switch`` before leaving ends them too.
    """

    def __init__(self, settings: Settings, *, progress: Progress = lambda line: None) -> None:
        self.settings = settings
        self.progress = progress
        self.first_login: tuple[str, str] | None = None
        self._stack = AsyncExitStack()
        self._end_switch = False
        self.door: Door | None = None

    async def __aenter__(self) -> Self:
        try:
            await self._build()
        except BaseException:
            # A switch that this start began goes with it; one that was adopted has calls and stays.
            self._end_switch = self._began_switch()
            await self._stack.aclose()
            raise
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self._stack.aclose()

    def end_switch(self) -> None:
        """End the switch, with its calls, when the system is left."""
        self._end_switch = True

    def _began_switch(self) -> bool:
        node: AsteriskNode | None = getattr(self, "node", None)
        return node is not None and node.starts > 0

    # ---- building, from the ground up

    async def _build(self) -> None:
        self.folder = self._stack.enter_context(DataFolder(self.settings.data))
        self._check_addresses()
        await self._open_store()
        await self._open_access()
        self.live = Live(private=frozenset(live_routes.PRIVATE))
        await self._open_directory()
        self.health = Health()
        self.plan = SwitchPlan(self, await stored_plan(self.db))
        await self._open_switch()
        await self._open_calls()
        await self._open_intercept()
        await self._open_trunks()
        await self._open_conferences()
        await self._open_features()
        await self._open_recordings()
        await self._open_sms()
        await self._open_layers()
        await self._go_live()
        self._open_door()
        await self._open_web()

    def _check_addresses(self) -> None:
        """Refuse an address that cannot be had before the switch is started, and not after."""
        for address in (self.settings.http, self.settings.https):
            if address is not None:
                listen(address.host, address.port).close()
        if self.settings.precedence_door is not None:
            door = Door(self.settings.precedence_door, self.settings.sip)
            door.start()
            door.close()

    async def _open_store(self) -> None:
        self.progress("Opening the database")
        self.db = Database(self.settings.database_url())
        await self.db.open()
        self._stack.push_async_callback(self.db.close)
        self.audit = Audit(self.db, HeadFile(self.folder.audit_head))
        self.house = Housekeeping(self.db)
        self.events = EventLog(self.db)

    async def _open_access(self) -> None:
        settings = self.settings
        self.access = Access(
            self.db,
            idle_minutes=settings.session_idle_minutes,
            hours=settings.session_hours,
            wall_days=settings.wall_days,
        )
        self.users = Users(self.db, self.access)
        self.tokens = Tokens(self.db, self.access)
        self.first_login = await self.users.first()

    async def _open_directory(self) -> None:
        self.directory = DirectoryService(self.db)
        await self.directory.start()
        self.registry = RegistryService(
            self.db, area_code=lambda: self.directory.snapshot().intake.area_code
        )
        self.book = Book(self.directory, self.registry)
        self.nights = NightService(self.db, self.book, self.live)
        await self.nights.load()
        if self.settings.demo:
            await app_web.fill_demo(self)

    async def _open_switch(self) -> None:
        install = find_asterisk(cache_folder())
        where = node_settings(self.settings)
        self.node = AsteriskNode(where, install, self.plan.now(), progress=self.progress)
        await self.node.start()
        self._stack.push_async_callback(self._leave_switch)
        self.switch = AmiSwitch(where, self.node.secrets)
        self.control = AriControl(where, self.node.secrets)
        self.directory.listen(self._directory_changed)

    async def _leave_switch(self) -> None:
        if self._end_switch:
            self.progress("Ending Asterisk")
            await self.node.stop()
        else:
            await self.node.detach()

    async def _open_calls(self) -> None:
        journal = JournalOfCalls(JournalReader(self.node.settings.journal))
        self.trunk_acts = TrunkActs(self.control)
        self.center = CallCenter(
            self.db,
            cast(CallActs, self.trunk_acts),
            self.switch,
            self.book,
            self.live,
            journal=journal,
        )
        await self.center.start()
        self._stack.push_async_callback(self.center.stop)

    async def _open_trunks(self) -> None:
        self.trunks = Trunks(self.center, self.trunk_acts, self.switch, self.db, self.live)
        service = self.trunks.service
        service.books.gateways = self.book.gateways
        service.apply_to_switch = self.plan.apply
        service.machine_faults = machine.faults
        drivers = NodeDrivers()
        self.trunks.drivers_of = drivers.make
        self._stack.push_async_callback(drivers.close)
        service.clear_call = self.intercept.service.clear_call
        self.book.trunks = lambda: [t.name for t in service.books.written.trunks]
        await self.trunks.start()

    async def _open_intercept(self) -> None:
        sounds = self.folder.path / "announcements"
        self.intercept = Intercept(
            self.center, self.db, self.live, self.users.roles, sounds, find_speech()
        )
        await self.intercept.start()

    async def _open_conferences(self) -> None:
        self.voice = voice = EspeakVoice(self.folder.path / "announcements", find_speech())
        sounds = self.folder.path / "notices"
        self.conferences = Conferences(self.center, self.db, self.live, voice, sounds)
        await self.conferences.start()

    async def _open_features(self) -> None:
        self.features = Features(self.center, self.db, self.live, self.nights, self.voice)
        self.nights.changed = self._night_changed
        await self.features.start()

    async def _night_changed(self) -> None:
        await self.plan.apply()
        self.center.intake.plan()

    async def _open_recordings(self) -> None:
        days = self.settings.recording_days
        self.recordings = RecordingService(
            self.db,
            self.folder.path / "recordings",
            extension_of=self.book.extension_of,
            show_alarm=self._show_alarm,
            retention=Retention(days),
        )
        self.recordings.follow(self.events)
        await self.recordings.start()
        self._stack.push_async_callback(self.recordings.stop)

    def _show_alarm(self, name: str, value: dict[str, object] | None) -> None:
        if value is None:
            self.live.drop("alarm", name)
        else:
            self.live.put("alarm", name, value)

    async def _open_layers(self) -> None:
        self.layers = Layers()
        await self.layers.open(self)

    def at_end(self, work: Callable[[], Awaitable[object]]) -> None:
        """Do something when the system is left."""
        self._stack.push_async_callback(work)

    def class_name(self, digits: str) -> tuple[str, str]:
        """Return the Chinese and the English name of an emergency service."""
        service = self.book.emergency(digits)
        return (service.name_zh, service.name_en) if service else (digits, digits)

    async def look_up(self, number: str) -> tuple[str, str] | None:
        """Return the name and address that a number is known by."""
        known = await self.book.who(number)
        return (known.name, known.address) if known else None

    async def _open_sms(self) -> None:
        self.sms: MassSms = await app_sms.open_sms(self)

    async def _go_live(self) -> None:
        self.sip_lockout = SipLockout(self.db, self.plan.block, spare=self.plan.is_spared)
        self.run(self.sip_lockout.run(), "sip lock-out")
        self.house.add("sessions", self.access.end_old_sessions)
        self.house.add("journal", self.center.put_journal_away)
        self.run(self.house.run(), "housekeeping")
        self.run(self.conferences.schedules.run(), "scheduled rooms")
        self.run(self.features.camps.run(), "camp-on")
        self.run(self.nights.run(), "night service")
        self.run(self.sms.run(), "mass SMS")
        self.run(self.trunks.watch.run(), "trunks")
        self.layers.run(self)
        await self.events.start()
        self._stack.push_async_callback(self.events.close)
        service = self.trunks.service
        switch, control = HeardSwitch(self.switch, service), HeardControl(self.control, service)
        self.pump = Pump(self.center, switch, control, self._also)
        self.pump.start()
        drift = DriftCheck(self.center, self.switch)
        self.center.engine.doubt = drift.doubted.set
        self.run(drift.run(), "drift check")
        self._stack.push_async_callback(self.pump.stop)
        await self.pump.ready.wait()

    def _open_door(self) -> None:
        where = self.settings.precedence_door
        if where is not None:
            door = guarded(Door(where, self.settings.sip), lambda: self.plan.blocked, self._failed)
            door.start()
            self._stack.callback(door.close)
            self.door = door

    def _failed(self, fact: AuthenticationFailed) -> None:
        self.center.spawn(self.sip_lockout.saw(fact))

    def run(self, work: Any, name: str) -> None:
        """Do something beside until the system is left."""
        task = asyncio.create_task(work, name=name)

        async def end() -> None:
            task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await task

        self._stack.push_async_callback(end)

    async def _also(self, fact: SwitchFact) -> None:
        """Who else hears the facts of the switch."""
        await self.recordings.handle(fact)
        if isinstance(fact, AuthenticationFailed):
            self._failed(fact)

    async def _open_web(self) -> None:
        settings = self.settings
        app = app_web.build(self)
        server = WebServer(app, settings.http.host, settings.http.port)
        await server.start()
        self.http_port = server.port
        self._stack.push_async_callback(server.stop)
        if settings.https is not None:
            secure = WebServer(
                app,
                settings.https.host,
                settings.https.port,
                certificate=settings.certificate,
                private_key=settings.private_key,
            )
            await secure.start()
            self._stack.push_async_callback(secure.stop)
        await app_web.write_cli_file(self)

    # ---- what changes while running

    async def _directory_changed(self, _snapshot: DirectorySnapshot) -> None:
        self.trunks.service.directory_changed()
        await self.plan.apply()
        self.center.screens.directory_changed()

    @property
    def url(self) -> str:
        """Where the console opens."""
        return f"http://{self.settings.http.host}:{self.http_port}"


def console_folder(settings: Settings) -> Path:
    """Return the folder of the built console."""
    return settings.console or Path(__file__).resolve().parent.parent / "console" / "dist"
