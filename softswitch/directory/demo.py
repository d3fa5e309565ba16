"""What ``--demo`` puts into an empty directory: a small centre in Zigong, invented from end to end.

The mobile numbers are those from which ``softswitch simulate`` calls.  Extensions and phones come last and in one
transaction: when they are there, the rest is, and a demonstration that people have changed stays changed.
"""

from __future__ import annotations

from collections.abc import Iterable

from sqlalchemy import Connection

from softswitch import numbers
from softswitch.access.model import SYSTEM_LOGIN, Actor, Role
from softswitch.access.passwords import generate
from softswitch.access.users import Users
from softswitch.directory import changes, changes_intake
from softswitch.directory.ledger import Hand
from softswitch.directory.model import (
    DirectorySnapshot,
    ExtensionEntry,
    ExtensionKind,
    Phone,
    PhoneKind,
    RegistryEntry,
    SpeedDial,
    Transport,
)
from softswitch.directory.registry import RegistryService
from softswitch.directory.service import DirectoryService
from softswitch.directory.store import load
from softswitch.numbers import PhoneNumber

GATEWAY = "citizens"
"""The account behind which ``softswitch simulate`` places the calls of citizens."""

AREA_CODE = "0813"

DESKS = {"1001": "一号席 Desk 1", "1002": "二号席 Desk 2", "1003": "三号席 Desk 3"}
FIELD_PHONES = {
    "2001": "自流井消防站 Fire Station",
    "2002": "急救一组 Ambulance 1",
    "2003": "巡警一组 Patrol 1",
    "2004": "交警一组 Traffic 1",
    "2005": "值班领导 Duty Officer",
    "2006": "化工厂值班室 Chemical Plant",
}
CITIZENS = (
    ("13800138001", "张伟", "自流井区人民路15号3单元502", "父亲有高血压"),
    ("13800138002", "李娜", "自流井区解放大街120号老王饭店楼上", ""),
    ("13800138003", "王强", "大安区马冲口街77号", "货车司机"),
    ("13800138004", "刘洋", "贡井区长土镇河街9号", ""),
    ("13800138005", "陈静", "大安区建设新村8号楼2单元", "楼上有行动不便的老人"),
    ("13800138006", "赵敏", "自流井区和平小区6栋101", ""),
    ("08131000001", "釜溪河畔小学", "自流井区滨江路33号", "学生约900人"),
    ("08131000002", "盐都养老院", "大安区凤凰路5号", "行动不便者多"),
    ("08131000003", "东兴寺加油站", "自流井区东兴寺街1号", ""),
)
USERS = (
    ("dispatcher1", "调度员一 Dispatcher 1", Role.DISPATCHER),
    ("dispatcher2", "调度员二 Dispatcher 2", Role.DISPATCHER),
    ("supervisor", "班长 Supervisor", Role.SUPERVISOR),
    ("operator", "运维 Operator", Role.OPERATOR),
    ("auditor", "审计 Auditor", Role.AUDITOR),
)
SPEED_DIALS = ("2001", "2002", "2003", "2004", "2005")
_INSTALLER = Actor(SYSTEM_LOGIN, SYSTEM_LOGIN, Role.SUPERVISOR)


async def fill(
    directory: DirectoryService, registry: RegistryService, users: Users
) -> dict[str, str]:
    """Fill an empty directory; do nothing to one with extensions. Return new logins with their passwords."""
    if directory.snapshot().extensions:
        return {}
    made = await _add_users(users)
    await directory.change_intake(None, {"area_code": AREA_CODE})
    await _add_citizens(registry)
    await directory.change(None, _add_phones)
    return made


async def _add_users(users: Users) -> dict[str, str]:
    present = {user["login"] for user in await users.all()}
    made = {}
    for login, name, role in USERS:
        if login not in present:
            made[login] = generate()
            await users.add(_INSTALLER, login, name, role.value, made[login])
    return made


async def _add_citizens(registry: RegistryService) -> None:
    for number, name, address, note in CITIZENS:
        if await registry.look_up(number) is None:
            await registry.add(None, RegistryEntry(PhoneNumber(number), name, address, note))


def _add_phones(conn: Connection, _before: DirectorySnapshot, hand: Hand) -> None:
    for entry in _extensions():
        changes.add_extension(conn, load(conn), hand, entry)
    for phone in _phones():
        changes.add_phone(conn, load(conn), hand, phone)
    buttons = [
        SpeedDial(place, FIELD_PHONES[number], PhoneNumber(number))
        for place, number in enumerate(SPEED_DIALS, 1)
    ]
    for desk in DESKS:
        changes_intake.put_speed_dials(conn, load(conn), hand, desk, buttons)


def _extensions() -> Iterable[ExtensionEntry]:
    for number, name in DESKS.items():
        yield ExtensionEntry(numbers.extension(number), name, ExtensionKind.DESK)
    for number, name in FIELD_PHONES.items():
        yield ExtensionEntry(numbers.extension(number), name)


def _phones() -> Iterable[Phone]:
    for number in (*DESKS, *FIELD_PHONES):
        yield Phone(numbers.phone_id(f"{number}-sip"), numbers.extension(number))
    for number in DESKS:
        browser = numbers.phone_id(f"{number}-web")
        yield Phone(browser, numbers.extension(number), PhoneKind.BROWSER, Transport.WS)
    yield Phone(numbers.phone_id(GATEWAY), None, PhoneKind.GATEWAY)
