"""A whole system in the process of a test: real switch, real database, ports and folder of its own."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, TypeVar

from softswitch.app import System
from softswitch.asterisk.node import AsteriskNode
from softswitch.directory.model import (
    ExtensionEntry,
    ExtensionKind,
    Phone,
    PhoneKind,
    Transport,
)
from softswitch.numbers import Extension, PhoneId
from softswitch.setting_values import Address, PortRange
from softswitch.settings import Settings
from softswitch.testing.node import free_ports, rtp_ports
from softswitch.testing.patience import PATIENCE
from softswitch.testing.phone import Phone as SipPhone

T = TypeVar("T")
LOCAL = "127.0.0.1"
DESKS = ("1001", "1002", "1003")
PHONES = ("2001", "2002", "2003")
LINE = "line"


def own_settings(data: Path, **more: Any) -> Settings:
    """Return settings on free loopback ports."""
    http, sip, sips, switch_http, switch_https, ami, iax, copies = free_ports(8)
    given: dict[str, Any] = {
        "data": data,
        "http": Address(LOCAL, http),
        "sip": Address(LOCAL, sip),
        "sips": Address(LOCAL, sips),
        "switch_http": Address(LOCAL, switch_http),
        "switch_https": Address(LOCAL, switch_https),
        "ami": Address(LOCAL, ami),
        "iax": Address(LOCAL, iax),
        "sip_copies": Address(LOCAL, copies),
        "rtp": PortRange(*rtp_ports()),
    }
    return Settings(**{**given, **more})


async def fill(system: System) -> None:
    """Three desks, three other phones, and a line to the outside; each phone's secret is its id, twice."""
    directory = system.directory
    known = {entry.number for entry in directory.snapshot().extensions}
    for index, number in enumerate(DESKS + PHONES):
        if number in known:
            continue
        desk = number in DESKS
        kind = ExtensionKind.DESK if desk else ExtensionKind.PHONE
        entry = ExtensionEntry(
            Extension(number), f"Desk {number}" if desk else f"Phone {number}", kind,
            position=index + 1 if desk else None,
        )  # fmt: skip
        await directory.add_extension(None, entry)
        await directory.add_phone(
            None, Phone(PhoneId(number), Extension(number), secret=secret(number))
        )
    if directory.snapshot().phone(LINE) is None:
        line = Phone(PhoneId(LINE), None, PhoneKind.GATEWAY, Transport.UDP, secret(LINE))
        await directory.add_phone(None, line)


def secret(phone_id: str) -> str:
    """Return the password of a test phone."""
    return f"{phone_id}-{phone_id}-secret"


@asynccontextmanager
async def running_system(data: Path, **more: Any) -> AsyncIterator[System]:
    """Run a system with the test directory; everything, the switch too, ends with it."""
    async with System(own_settings(data, **more)) as system:
        system.end_switch()
        await fill(system)
        yield system


@asynccontextmanager
async def sip_phone(system: System, phone_id: str, **more: Any) -> AsyncIterator[SipPhone]:
    """A phone that is registered, and that the system knows to be; tones tell who hears whom."""
    server = (LOCAL, system.settings.sip.port)
    board = system.center.board
    async with SipPhone.register(server, phone_id, secret(phone_id), **more) as phone:
        await until(lambda: board.is_registered([phone_id]), what=f"{phone_id} is registered")
        yield phone
    await until(lambda: not board.is_registered([phone_id]), what=f"{phone_id} is gone")


async def until_told(
    ask: Callable[[], Awaitable[T | None]], *, seconds: float = PATIENCE, what: str = ""
) -> T:
    """Wait like `until` for a state that has to be asked for, of the database or of the API, say."""
    loop = asyncio.get_running_loop()
    deadline = loop.time() + seconds
    while True:
        seen: T | LookupError | None
        try:
            seen = value = await ask()
            if value:
                return value
        except LookupError as missing:
            seen = missing
        if loop.time() > deadline:
            raise AssertionError(f"not reached in {seconds} s: {what or ask}; last seen: {seen!r}")
        await asyncio.sleep(0.02)


async def shows(system: System, entity: str, id_: str, **fields: Any) -> dict[str, Any]:
    """Wait until the consoles are shown an entity with these values; return the whole of it."""

    def read() -> dict[str, Any] | None:
        found: dict[str, Any] = system.live.entities()[entity][id_]
        return found if all(found[name] == value for name, value in fields.items()) else None

    what = f"{entity} {id_} has {fields}; shown: {system.live.entities().get(entity, {}).get(id_)}"
    return await until(read, what=what)


async def no_channel_left(node: AsteriskNode) -> None:
    """Wait until the switch itself says so: an announcer, say, is on no board."""

    async def none() -> bool:
        return "0 active channels" in await node.command("core show channels count")

    try:
        await until_told(none, what="the switch has no channel")
    except AssertionError as left:
        raise AssertionError(await node.command("core show channels")) from left


async def no_bridge_left(node: AsteriskNode) -> None:
    """Wait until the switch has no bridge."""

    async def none() -> bool:
        return len((await node.command("bridge show all")).strip().splitlines()) == 1

    try:
        await until_told(none, what="the switch has no bridge")
    except AssertionError as left:
        raise AssertionError(await node.command("bridge show all")) from left


async def until(read: Callable[[], T | None], *, seconds: float = PATIENCE, what: str = "") -> T:
    """Wait for a state: return the first true value of ``read``; fail with what was last seen.

    What ``read`` looks up and does not find may still come.
    """
    loop = asyncio.get_running_loop()
    deadline = loop.time() + seconds
    while True:
        seen: T | LookupError | None
        try:
            seen = value = read()
            if value:
                return value
        except LookupError as missing:
            seen = missing
        if loop.time() > deadline:
            raise AssertionError(f"not reached in {seconds} s: {what or read}; last seen: {seen!r}")
        await asyncio.sleep(0.005)
