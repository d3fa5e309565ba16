"""Links in the store: added, changed, paused, removed, and what is wrong is refused."""

from __future__ import annotations

import dataclasses
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from smsgateway.links import store
from smsgateway.links.model import LinkConfig, Protocol, Route, check
from smsgateway.queue.database import queue_database
from smsgateway.queue.routes import prefixes
from softswitch.errors import Refusal
from softswitch.store.database import Database

MOBILE = LinkConfig(
    "mobile", "127.0.0.1", 2775, "smppclient", "password", routes=(Route("86138", 50), Route("86"))
)


@pytest.fixture
async def db(tmp_path: Path) -> AsyncIterator[Database]:
    async with queue_database(f"sqlite:///{tmp_path / 'sms.db'}") as db:
        yield db


async def test_a_link_comes_back_as_it_was_stored(db: Database) -> None:
    link = await db.write(store.add, MOBILE, 1)
    assert await db.read(store.every) == [link]
    assert link.config == MOBILE
    assert (await db.read(prefixes)).known == {"86138", "86"}


async def test_a_link_is_changed_paused_and_removed(db: Database) -> None:
    link = await db.write(store.add, MOBILE, 1)
    cmpp = dataclasses.replace(
        MOBILE, name="cm", protocol=Protocol.CMPP, system_id="901234", routes=(Route(""),)
    )
    assert (await db.write(store.change, "mobile", cmpp, 2)).id == link.id
    assert (await db.write(store.pause, "cm", True, 3)).config.paused
    assert (await db.read(prefixes)).known == {""}
    await db.write(store.remove, "cm")
    assert await db.read(store.every) == []
    assert (await db.read(prefixes)).known == set()


async def test_names_are_unique_and_unknown_ones_are_told(db: Database) -> None:
    await db.write(store.add, MOBILE, 1)
    with pytest.raises(Refusal, match="mobile already"):
        await db.write(store.add, MOBILE, 1)
    with pytest.raises(Refusal, match="no sms link telecom"):
        await db.write(store.remove, "telecom")


def test_the_password_stands_in_no_message() -> None:
    assert "password'" not in repr(MOBILE)


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("name", "Mobile 1"),
        ("host", "a b"),
        ("port", 0),
        ("window", 0),
        ("window", 1_001),
        ("rate", -1.0),
        ("system_id", "x" * 16),
        ("password", "123456789"),
        ("password", "密码"),
        ("service", "toolong"),
        ("sender", "sender;drop"),
        ("routes", (Route("86"), Route("86"))),
        ("routes", (Route("+86"),)),
    ],
)
def test_a_wrong_field_is_named(field: str, value: Any) -> None:
    with pytest.raises(Refusal) as refused:
        check(dataclasses.replace(MOBILE, **{field: value}))
    assert (refused.value.code, refused.value.field) == ("bad_link", field)
