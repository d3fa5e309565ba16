"""Whatever the directory accepts, the switch can be configured from, and calls can look up."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from softswitch import numbers
from softswitch.access.model import Actor
from softswitch.csvio import Row
from softswitch.directory import csv_extensions
from softswitch.directory.book import Book
from softswitch.directory.changes import new_secret
from softswitch.directory.model import (
    FIRST_EMERGENCY_NUMBERS,
    DirectorySnapshot,
    ExtensionEntry,
    ExtensionKind,
    IntakeSettings,
    Phone,
    PhoneKind,
    RegistryEntry,
    Transport,
)
from softswitch.directory.registry import RegistryService
from softswitch.directory.service import DirectoryService
from softswitch.directory.switch import for_switch
from softswitch.numbers import PhoneId

_rows = st.lists(
    st.fixed_dictionaries(
        {
            "number": st.text("01278", min_size=2, max_size=5),
            "kind": st.sampled_from(["desk", "phone"]),
            "enabled": st.sampled_from(["", "0"]),
        }
    ),
    max_size=30,
)


@given(_rows)
def test_every_directory_that_is_accepted_can_be_rendered(rows: list[dict[str, str]]) -> None:
    before = DirectorySnapshot(emergency_numbers=FIRST_EMERGENCY_NUMBERS)
    plan = csv_extensions.plan((Row(line, row) for line, row in enumerate(rows, 2)), before)
    phones = tuple(
        Phone(PhoneId(f"{entry.number}-sip"), entry.number, secret=new_secret())
        for entry in plan.extensions
    )
    after = DirectorySnapshot(tuple(plan.extensions), phones, FIRST_EMERGENCY_NUMBERS)
    rendered = for_switch(after)
    assert len(rendered.lines) == len(plan.extensions)
    assert set(rendered.desks) == {entry.number for entry in after.desks()}


def _entry(number: str, **fields: object) -> ExtensionEntry:
    return ExtensionEntry(numbers.extension(number), f"N{number}", **fields)  # type: ignore[arg-type]


def _phone(phone_id: str, number: str | None, **fields: object) -> Phone:
    extension = None if number is None else numbers.extension(number)
    return Phone(numbers.phone_id(phone_id), extension, secret="s3cret-s3cret", **fields)  # type: ignore[arg-type]


SNAPSHOT = DirectorySnapshot(
    (
        _entry("1001", kind=ExtensionKind.DESK, record=True, position=2, skills=("fire",)),
        _entry("1002", kind=ExtensionKind.DESK, record=True, position=1),
        _entry("1003", kind=ExtensionKind.DESK, record=True, position=3, enabled=False),
        _entry("2001"),
    ),
    (
        _phone("1001-web", "1001", kind=PhoneKind.BROWSER, transport=Transport.WS),
        _phone("1002-sip", "1002", transport=Transport.TLS),
        _phone("1003-sip", "1003"),
        _phone("2001-sip", "2001", enabled=False),
        _phone("citizens", None, kind=PhoneKind.GATEWAY),
        _phone("off", None, kind=PhoneKind.GATEWAY, enabled=False),
    ),
    FIRST_EMERGENCY_NUMBERS,
    IntakeSettings(duty_number=numbers.phone_number("13800000000"), offer_seconds=9),
)


def test_what_the_switch_gets() -> None:
    rendered = for_switch(SNAPSHOT)
    assert rendered.desks == ("1002", "1001")
    assert {line.number: [p.id for p in line.phones] for line in rendered.lines} == {
        "1001": ["1001-web"],
        "1002": ["1002-sip"],
        "1003": [],
        "2001": [],
    }
    assert [gateway.id for gateway in rendered.gateways] == ["citizens"]
    assert rendered.outgoing == "citizens"
    assert rendered.duty_number == "13800000000"
    assert rendered.line("1002").phones[0].transport == "tls"


async def test_the_book_shows_the_directory_of_now(
    directory: DirectoryService, registry: RegistryService, supervisor: Actor
) -> None:
    book = Book(directory, registry)
    assert book.extensions() == []
    for entry in SNAPSHOT.extensions:
        await directory.add_extension(supervisor, entry)
    for phone in SNAPSHOT.phones:
        await directory.add_phone(supervisor, phone)
    await directory.change_intake(supervisor, {"offer_seconds": 9, "duty_number": "13800000000"})
    number = numbers.phone_number("13900000000")
    await registry.add(supervisor, RegistryEntry(number, "李明", "光大街"))

    assert book.extensions() == ["1001", "1002", "1003", "2001"]
    assert book.desks() == ["1002", "1001"]
    assert book.lines() == ["citizens"]
    assert book.phones_of("1001") == [("1001-web", "browser")]
    assert book.phones_of("1003") == book.phones_of("2001") == book.phones_of("9") == []
    assert book.extension_of("1001-web") == "1001"
    assert book.extension_of("citizens") is None
    assert book.is_desk("1001")
    assert not book.is_desk("2001")
    assert book.name_of("1001") == "N1001"
    assert book.name_of("9") == ""
    assert book.skills_of("1001") == {"fire"}
    medical = book.emergency("120")
    assert medical is not None
    assert medical.name_zh == "急救"
    assert book.emergency("121") is None
    assert (book.rules().offer_seconds, book.rules().duty_number) == (9, "13800000000")
    known = await book.who("+8613900000000")
    assert known is not None
    assert (known.name, known.address) == ("李明", "光大街")
    assert (await book.who("1001")) is not None
    assert await book.who("4711") is None
