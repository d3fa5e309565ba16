"""What tests of campaigns share: the gateway's database, lists that are filled, a clock that is an input."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import smsgateway.recipients.store  # noqa: F401 - declares its tables before the database is opened
from smsgateway.queue.database import queue_database
from smsgateway.recipients.audience import Chooser
from smsgateway.recipients.lists import Lists
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
