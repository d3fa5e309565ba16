"""Changes are stored, on record, and told, in this order; refusals leave nothing."""

from __future__ import annotations

from pathlib import Path

import pytest

from softswitch import numbers
from softswitch.access.model import Actor
from softswitch.directory.model import (
    DirectorySnapshot,
    EmergencyNumber,
    ExtensionEntry,
    ExtensionKind,
    Phone,
    PhoneKind,
    SpeedDial,
    Transport,
)
from softswitch.directory.service import DirectoryService
from softswitch.errors import Refusal
from softswitch.store.database import Database
from tests.directory.conftest import acts

N1001 = numbers.extension("1001")


def _desk(number: str = "1001") -> ExtensionEntry:
    return ExtensionEntry(numbers.extension(number), f"Desk {number}", ExtensionKind.DESK)


def _phone(phone_id: str = "1001-sip", number: str = "1001") -> Phone:
    return Phone(numbers.phone_id(phone_id), numbers.extension(number))


async def test_a_fresh_database_knows_the_four_services(directory: DirectoryService) -> None:
    served = [(each.digits, each.name_zh) for each in directory.snapshot().emergency_numbers]
    assert served == [("110", "公安"), ("119", "消防"), ("120", "急救"), ("122", "交通")]


async def test_first_rows_come_once(directory: DirectoryService, supervisor: Actor) -> None:
    await directory.remove_emergency(supervisor, "122")
    again = await directory.start()
    assert again.emergency("122") is None


async def test_a_change_survives_a_restart(tmp_path: Path, supervisor: Actor) -> None:
    path = tmp_path / "again.db"
    async with Database.at(path) as db:
        service = DirectoryService(db)
        await service.start()
        await service.add_extension(supervisor, _desk())
        await service.add_phone(supervisor, _phone())
        await service.put_speed_dials(
            supervisor, "1001", [SpeedDial(1, "Duty", numbers.phone_number("13800000000"))]
        )
        before = service.snapshot()
    async with Database.at(path) as db:
        service = DirectoryService(db)
        assert await service.start() == before
        assert (await service.speed_dials("1001"))[0].label == "Duty"
    assert before.phones[0].secret


async def test_listeners_get_each_new_state_before_the_answer(
    directory: DirectoryService, supervisor: Actor
) -> None:
    seen: list[DirectorySnapshot] = []

    async def listener(snapshot: DirectorySnapshot) -> None:
        seen.append(snapshot)

    directory.listen(listener)
    await directory.add_extension(supervisor, _desk())
    await directory.add_phone(supervisor, _phone())
    await directory.change_extension(supervisor, "1001", {"name": "Desk 1001"})  # nothing differs
    assert [len(each.phones) for each in seen] == [0, 1]
    assert seen[-1] == directory.snapshot()


async def test_a_listener_that_fails_does_not_refuse_the_change(
    directory: DirectoryService, supervisor: Actor, caplog: pytest.LogCaptureFixture
) -> None:
    async def broken(_snapshot: DirectorySnapshot) -> None:
        raise OSError("the switch is away")

    directory.listen(broken)
    await directory.add_extension(supervisor, _desk())
    assert directory.snapshot().extension("1001")
    assert "could not be applied" in caplog.text


async def test_desks_ring_in_the_order_they_came(
    directory: DirectoryService, supervisor: Actor
) -> None:
    for number in ("1003", "1001", "1002"):
        await directory.add_extension(supervisor, _desk(number))
    assert [e.number for e in directory.snapshot().desks()] == ["1003", "1001", "1002"]
    await directory.change_extension(supervisor, "1001", {"position": 9})
    await directory.change_extension(supervisor, "1003", {"enabled": False})
    assert [e.number for e in directory.snapshot().desks()] == ["1002", "1001"]


async def test_a_desk_is_on_record_and_loses_its_place_when_it_becomes_a_phone(
    directory: DirectoryService, supervisor: Actor
) -> None:
    entry = await directory.add_extension(supervisor, _desk())
    assert entry.record
    assert entry.position == 1
    with pytest.raises(Refusal, match="always on record"):
        await directory.change_extension(supervisor, "1001", {"record": False})
    entry = await directory.change_extension(
        supervisor, "1001", {"kind": ExtensionKind.PHONE, "record": False}
    )
    assert (entry.record, entry.position) == (False, None)


async def test_removing_an_extension_takes_its_phones_and_buttons(
    directory: DirectoryService, supervisor: Actor, db: Database
) -> None:
    await directory.add_extension(supervisor, _desk())
    await directory.add_phone(supervisor, _phone())
    button = SpeedDial(1, "x", numbers.phone_number("120"))
    await directory.put_speed_dials(supervisor, "1001", [button])
    assert await directory.remove_extension(supervisor, "1001") == ["1001-sip"]
    assert directory.snapshot().phones == ()
    await directory.add_extension(supervisor, _desk())
    assert await directory.speed_dials("1001") == []
    assert ("boss", "extension.removed", "1001") in await acts(db)


async def test_everything_is_on_record_and_no_secret_is(
    directory: DirectoryService, supervisor: Actor, db: Database, tmp_path: Path
) -> None:
    await directory.add_extension(supervisor, _desk())
    first = await directory.add_phone(supervisor, _phone())
    second = await directory.rotate_secret(supervisor, "1001-sip")
    shown = await directory.show_secret(supervisor, "1001-sip")
    await directory.change_intake(None, {"offer_seconds": 20})
    assert first.secret != second.secret == shown.secret
    assert await acts(db) == [
        ("boss", "extension.added", "1001"),
        ("boss", "phone.added", "1001-sip"),
        ("boss", "phone.secret_rotated", "1001-sip"),
        ("boss", "phone.secret_shown", "1001-sip"),
        ("system", "intake.changed", "intake"),
    ]

    def details(conn: object) -> str:
        rows = conn.exec_driver_sql("SELECT details FROM audit UNION SELECT body FROM event_log")  # type: ignore[attr-defined]
        return "".join(str(row[0]) for row in rows)

    text = await db.read(details)
    assert first.secret not in text
    assert second.secret not in text


@pytest.mark.parametrize(
    ("phone", "code"),
    [
        (Phone(numbers.phone_id("web"), N1001, PhoneKind.BROWSER), "transport_does_not_fit"),
        (Phone(numbers.phone_id("sip"), N1001, transport=Transport.WS), "transport_does_not_fit"),
        (Phone(numbers.phone_id("sip"), None), "phone_without_extension"),
        (Phone(numbers.phone_id("gw"), N1001, PhoneKind.GATEWAY), "gateway_with_extension"),
        (Phone(numbers.phone_id("global"), N1001), "reserved_phone_id"),
        (Phone(numbers.phone_id("1001-sip"), N1001), "phone_taken"),
        (Phone(numbers.phone_id("sip"), numbers.extension("1999")), "extension_missing"),
    ],
)
async def test_phones_that_are_refused(
    directory: DirectoryService, supervisor: Actor, phone: Phone, code: str
) -> None:
    await directory.add_extension(supervisor, _desk())
    await directory.add_phone(supervisor, _phone())
    before = directory.snapshot()
    with pytest.raises(Refusal) as refused:
        await directory.add_phone(supervisor, phone)
    assert refused.value.code == code
    assert refused.value.next_step
    assert await directory.start() == before


async def test_emergency_digits_and_extensions_keep_out_of_each_others_way(
    directory: DirectoryService, supervisor: Actor
) -> None:
    await directory.add_extension(supervisor, _desk("999"))
    with pytest.raises(Refusal, match="extension 999"):
        await directory.add_emergency(
            supervisor, EmergencyNumber(numbers.emergency_digits("999"), "测试", "Test")
        )
    await directory.remove_extension(supervisor, "999")
    await directory.add_emergency(
        supervisor, EmergencyNumber(numbers.emergency_digits("999"), "测试", "Test")
    )
    with pytest.raises(Refusal, match="Emergency number 999"):
        await directory.add_extension(supervisor, _desk("999"))


async def test_the_duty_number_cannot_lead_back_into_the_queue(
    directory: DirectoryService, supervisor: Actor
) -> None:
    with pytest.raises(Refusal) as refused:
        await directory.change_intake(supervisor, {"duty_number": "120"})
    assert refused.value.code == "duty_number_loops"


@pytest.mark.parametrize("positions", [[0], [49], [1, 1]])
async def test_buttons_that_are_refused(
    directory: DirectoryService, supervisor: Actor, positions: list[int]
) -> None:
    await directory.add_extension(supervisor, _desk())
    number = numbers.phone_number("2001")
    with pytest.raises(Refusal):
        await directory.put_speed_dials(
            supervisor, "1001", [SpeedDial(position, "x", number) for position in positions]
        )
