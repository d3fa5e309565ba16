"""What tests of campaigns share: the gateway's database, lists that are filled, a clock that is an input."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, insert, select, update

import smsgateway.recipients.store  # noqa: F401 - declares its tables before the database is opened
from smsgateway.build import MassSms
from smsgateway.campaigns.model import Campaign, Plan
from smsgateway.model import MessageState, Priority
from smsgateway.queue import repository
from smsgateway.queue.database import queue_database
from smsgateway.queue.tables import inbound, messages
from smsgateway.recipients.audience import Chooser
from smsgateway.recipients.lists import Lists
from smsgateway.recipients.mobile import international
from smsgateway.recipients.model import Audience
from softswitch.errors import not_found
from softswitch.store.database import Database

GROUPS = {"消防": [{"number": "13800138000", "name": "李"}, {"number": "2001", "name": "desk"}]}


async def groups(keys: Sequence[str]) -> Sequence[Mapping[str, str]]:
    for key in keys:
        if key not in GROUPS:
            raise not_found("group", key, "Look at the list of groups.")
    return [member for key in keys for member in GROUPS[key]]


async def stream(*chunks: bytes) -> AsyncIterator[bytes]:
    for chunk in chunks:
        yield chunk


@dataclass
class Time:
    """The clock of a test."""

    at: int = 1_800_000_000_000

    def __call__(self) -> int:
        return self.at


@dataclass
class People:
    db: Database
    lists: Lists
    chooser: Chooser
    shown: list[tuple[str, dict[str, object] | None]]

    async def fill(
        self, name: str, *rows: str, head: str = "number,name,area,longitude,latitude"
    ) -> None:
        text = "\n".join([head, *rows]).encode()
        await self.lists.import_csv("li", name, stream(text))


@asynccontextmanager
async def people(folder: Path) -> AsyncIterator[People]:
    async with queue_database(f"sqlite:///{folder}/sms.db") as db:
        shown: list[tuple[str, dict[str, object] | None]] = []
        lists = Lists(db, folder / "spool", lambda key, row: shown.append((key, row)), Time())
        await lists.load()
        yield People(db, lists, Chooser(db, lists, groups), shown)


class Telephone:
    """Notifications that were asked for; each runs until the test ends it."""

    def __init__(self) -> None:
        self.asked: list[tuple[str, str, list[str]]] = []
        self.texts: dict[str, str | None] = {}
        """Number → the text that is his own."""

        self.running: set[str] = set()
        self.refuses = False

    async def notify(
        self, login: str, text: str, language: str, people: Sequence[Mapping[str, str]]
    ) -> str:
        if self.refuses:
            raise not_found("voice", "x", "y")
        self.asked.append((login, text, [person["number"] for person in people]))
        self.texts |= {person["number"]: person.get("text") for person in people}
        self.running.add(notice := f"n{len(self.asked)}")
        return notice

    def is_running(self, notice_id: str) -> bool:
        return notice_id in self.running


class Tasks:
    """Tasks that were opened, by key."""

    def __init__(self) -> None:
        self.opened: dict[str, str] = {}

    async def call_back(self, key: str, number: str) -> str:
        self.opened[key] = number
        return f"task-{key}"


class Lines:
    """Nobody talks, but who the test says."""

    def __init__(self) -> None:
        self.calls: dict[str, str] = {}

    def talking(self) -> Mapping[str, str]:
        return self.calls


class Screen:
    """What the consoles show."""

    def __init__(self) -> None:
        self.shown: dict[tuple[str, str], Mapping[str, Any]] = {}

    def put(self, entity: str, id: str, value: Mapping[str, Any]) -> None:  # noqa: A002
        self.shown[entity, id] = value

    def drop(self, entity: str, id: str) -> None:  # noqa: A002
        self.shown.pop((entity, id), None)

    def progress(self, campaign: Campaign) -> Mapping[str, Any]:
        found: Mapping[str, Any] = self.shown["sms_campaign", campaign.id]["progress"]
        return found


@dataclass
class Kit:
    """Mass SMS without a gateway: the tests play the gateway on its tables."""

    sms: MassSms
    db: Database
    telephone: Telephone
    tasks: Tasks
    lines: Lines
    screen: Screen
    time: Time
    work: list[asyncio.Task[Any]]

    async def draft(self, **more: Any) -> Campaign:
        given = {
            "name": "暴雨", "text": "请立即转移", "audience": Audience(lists=("居民",)),
            "priority": Priority.LIFE_SAFETY, **more,
        }  # fmt: skip
        return await self.sms.campaigns.create("li", Plan(**given))

    async def send(self, **more: Any) -> Campaign:
        """A campaign that runs."""
        campaign = await self.draft(**more)
        await self.sms.campaigns.submit("li", campaign.id)
        await self.settle()
        return campaign

    async def settle(self) -> None:
        """Wait until what was begun is done."""
        while self.work:
            await self.work.pop()

    async def fill(self, *numbers: str, name: str = "居民") -> None:
        rows = "\n".join(f"{number},N{number[-1]},A{number[-1]}" for number in numbers)
        await self.sms.lists.import_csv("li", name, stream(f"number,name,area\n{rows}".encode()))

    async def became(self, campaign: Campaign, state: MessageState, *numbers: str) -> None:
        """Play the gateway: these messages came into a state."""
        batch, _ = await self.sms.queue.read(repository.batch_of, campaign.batch)
        await self.sms.queue.write(_became, batch, state, numbers, self.time.at)
        await self.sms.watch.look()

    async def answers(self, number: str, text: str, octets: bytes | None = None) -> None:
        """Play the gateway: a phone sent something."""
        data = octets if octets is not None else text.encode("utf-16-be")
        row = {
            "link_id": 1, "number": international(number), "service": "1069", "coding": 8,
            "octets": data, "headed": octets is not None, "at": self.time.at,
        }  # fmt: skip
        await self.sms.queue.write(_inbound, row)
        await self.sms.replies.look()


def _inbound(conn: Connection, row: Mapping[str, Any]) -> None:
    conn.execute(insert(inbound).values(**row))


def _became(
    conn: Connection, batch: int, state: MessageState, numbers: Sequence[str], at: int
) -> None:
    for number in numbers:
        where = (messages.c.batch_id == batch, messages.c.number == international(number))
        before = conn.execute(select(messages.c.state).where(*where)).scalar_one()
        values = {"state": int(state), "submitted_at": at}
        conn.execute(update(messages).where(*where).values(**values))
        repository.count(conn, batch, {before: -1, int(state): 1})


@asynccontextmanager
async def kit(folder: Path) -> AsyncIterator[Kit]:
    telephone, tasks, lines, screen, time = Telephone(), Tasks(), Lines(), Screen(), Time()
    work: list[asyncio.Task[Any]] = []

    def spawn(coroutine: Any) -> None:
        work.append(asyncio.create_task(coroutine))

    async with Database.at(folder / "main.db") as db:
        url = f"sqlite:///{folder}/sms.db"
        sms = MassSms(db, url, folder / "sms", screen, groups, telephone, tasks, lines, spawn, time)
        await sms.start()
        try:
            made = Kit(sms, db, telephone, tasks, lines, screen, time, work)
            yield made
            await made.settle()
        finally:
            await sms.close()
