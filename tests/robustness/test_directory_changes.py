"""Changes of the directory while calls are up: calls go on, phones follow, and help is never shadowed."""

from __future__ import annotations

import asyncio
import random
from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest
import pytest_asyncio

from softswitch.app import System
from softswitch.directory.model import DirectorySnapshot
from softswitch.testing.phone import Phone, RegistrationFailed
from softswitch.testing.system import LOCAL, secret, shows, sip_phone, until
from tests.robustness.calls import call_up, help_comes

pytestmark = [pytest.mark.asterisk, pytest.mark.asyncio(loop_scope="session")]

EMERGENCY = ("110", "119", "120", "122")
SEED = 20261122


@pytest_asyncio.fixture(autouse=True, loop_scope="session")
async def directory_as_before(system: System) -> AsyncIterator[None]:
    before = system.directory.snapshot()
    yield
    await restore(system, before)


async def restore(system: System, before: DirectorySnapshot) -> None:
    directory = system.directory
    for extension in set(directory.snapshot().extensions) - set(before.extensions):
        await directory.remove_extension(None, extension.number)
    for phone in set(directory.snapshot().phones) - set(before.phones):
        await directory.remove_phone(None, phone.id)
    for number in set(directory.snapshot().emergency_numbers) - set(before.emergency_numbers):
        await directory.remove_emergency(None, number.digits)
    for extension in set(before.extensions) - set(directory.snapshot().extensions):
        await directory.add_extension(None, extension)
    for phone in set(before.phones) - set(directory.snapshot().phones):
        await directory.add_phone(None, phone)
    assert directory.snapshot() == before


async def posted(client: httpx.AsyncClient, path: str, **body: Any) -> dict[str, Any]:
    answer = await client.post(path, json=body)
    assert answer.is_success, answer.text
    return dict(answer.json())


async def test_a_new_phone_registers_and_is_called_at_once(
    system: System, chief: httpx.AsyncClient
) -> None:
    async with call_up(system):
        await posted(chief, "/api/extensions", number="2950", name="New")
        made = await posted(chief, "/api/phones", id="new-phone", extension="2950")
        server = (LOCAL, system.settings.sip.port)
        async with (
            Phone.register(server, "new-phone", made["secret"], tone=850) as phone,
            sip_phone(system, "2003", tone=1050) as other,
        ):
            call = await other.dial("2950")
            incoming = await phone.incoming()
            await incoming.answer()
            await call.hears(850)
            await incoming.hears(1050)
            await chief.patch("/api/extensions/2950", json={"name": "Renamed", "kind": "desk"})
            await call.hears(850)
            await shows(system, "extension", "2950", name="Renamed")
            await call.hangup()


async def test_the_extension_of_a_phone_in_a_call_is_removed(
    system: System, chief: httpx.AsyncClient
) -> None:
    """The call goes on until somebody hangs up; the number is gone from the screens and can be dialled no more."""
    async with call_up(system) as call_id:
        (await chief.delete("/api/extensions/2002")).raise_for_status()
        await until(lambda: "2002" not in system.live.entities()["extension"])
        assert call_id in system.center.board.calls
        async with sip_phone(system, "2003") as other:
            ended = await (await other.dial("2002")).ended()
            assert ended.cause in (1, 3), ended
        await help_comes(system)
        await restore(system, _with_2002(system))
    await system.center.log.written()


def _with_2002(system: System) -> DirectorySnapshot:
    from dataclasses import replace

    from softswitch.directory.model import ExtensionEntry, ExtensionKind
    from softswitch.directory.model import Phone as Account
    from softswitch.numbers import Extension, PhoneId

    now = system.directory.snapshot()
    entry = ExtensionEntry(Extension("2002"), "Phone 2002", ExtensionKind.PHONE)
    account = Account(PhoneId("2002"), Extension("2002"), secret=secret("2002"))
    return replace(
        now,
        extensions=tuple(sorted((*now.extensions, entry), key=lambda one: one.number)),
        phones=tuple(sorted((*now.phones, account), key=lambda one: one.id)),
    )


async def test_a_rotated_secret_shuts_the_old_one_out_and_calls_go_on(
    system: System, chief: httpx.AsyncClient
) -> None:
    server = (LOCAL, system.settings.sip.port)
    await posted(chief, "/api/extensions", number="2951", name="Rotated")
    old = (await posted(chief, "/api/phones", id="rotated", extension="2951"))["secret"]
    async with (
        call_up(system),
        Phone.register(server, "rotated", old, tone=850) as phone,
        sip_phone(system, "2003", tone=1050) as other,
    ):
        call = await phone.dial("2003")
        incoming = await other.incoming()
        await incoming.answer()
        await call.hears(1050)
        new = (await posted(chief, "/api/phones/rotated/secret"))["secret"]
        assert new != old
        await incoming.hears(850)
        await call.hangup()
        assert phone.registration is not None
        with pytest.raises(RegistrationFailed):
            await phone.registration.register()
        phone.password = new
        await phone.registration.register()
        again = await phone.dial("2003")
        await (await other.incoming()).answer()
        await again.hears(1050)
        await again.hangup()


async def test_a_new_emergency_number_is_taken_at_once_and_leaves_again(
    system: System, chief: httpx.AsyncClient
) -> None:
    async with call_up(system):
        for digits in ("999", "12345"):
            body = {"digits": digits, "name_zh": "新", "name_en": "New", "rank": 0}
            await posted(chief, "/api/emergency-numbers", **body)
            await help_comes(system, digits)
        for digits in ("999", "12345"):
            (await chief.delete(f"/api/emergency-numbers/{digits}")).raise_for_status()
        async with sip_phone(system, "2003") as phone:
            ended = await (await phone.dial("999")).ended()
            assert ended.cause == 1, ended
        await help_comes(system)


async def test_many_changes_at_once_end_in_what_is_stored(
    system: System, chief: httpx.AsyncClient
) -> None:
    async with call_up(system):
        made = await asyncio.gather(
            *(
                posted(chief, "/api/extensions", number=str(2960 + n), name=f"N{n}")
                for n in range(10)
            ),
            *(chief.patch("/api/extensions/2003", json={"name": f"Name {n}"}) for n in range(5)),
        )
        assert len(made) == 15
        plan = (system.node.settings.etc / "extensions.conf").read_text()
        shown = system.live.entities()["extension"]
        for number in range(2960, 2970):
            assert f"exten => {number},1," in plan
            assert str(number) in shown
        await chief.patch("/api/extensions/2003", json={"name": "Phone 2003"})


def random_change(rng: random.Random) -> tuple[str, str, dict[str, Any]]:
    """One change of the numbering plan, most of them close to emergency digits."""
    near = rng.choice(EMERGENCY)
    digits = rng.choice(
        [near, near[:2], near[:1], near + str(rng.randrange(10)), near[:2] + str(rng.randrange(10)),
         str(rng.randrange(10, 10 ** rng.randrange(2, 8))), "9" + near, "0" + near]
    )  # fmt: skip
    changes: list[tuple[str, str, dict[str, Any]]] = [
            ("POST", "/api/extensions", {"number": digits, "name": "Random"}),
            ("POST", "/api/extensions", {"number": digits, "name": "Random", "kind": "desk"}),
            ("POST", "/api/emergency-numbers",
             {"digits": digits, "name_zh": "新", "name_en": "New", "rank": rng.randrange(5)}),
            ("POST", "/api/phones", {"id": digits, "extension": "2003"}),
            ("POST", "/api/phones", {"id": f"g{digits}", "kind": "gateway"}),
            ("PUT", "/api/intake", {"duty_number": digits}),
            ("DELETE", f"/api/extensions/{digits}", {}),
            ("PATCH", f"/api/emergency-numbers/{digits}", {"rank": rng.randrange(5)}),
    ]  # fmt: skip
    return rng.choice(changes)


async def lands_in_intake(system: System, citizen: Phone, digits: str) -> None:
    call = await citizen.dial(digits)
    queue = system.center.intake.queue
    call_id = await until(lambda: next(iter(queue), ""), what=f"{digits} waits in intake")
    assert queue[call_id].digits == digits
    await call.hangup()
    await until(lambda: not queue)


async def test_no_accepted_change_keeps_an_emergency_call_from_intake(
    system: System, chief: httpx.AsyncClient
) -> None:
    rng = random.Random(SEED)
    accepted = 0
    async with sip_phone(system, "2001") as citizen:
        for _ in range(12):
            for _ in range(4):
                method, path, body = random_change(rng)
                content = body if method in ("POST", "PUT", "PATCH") else None
                answer = await chief.request(method, path, json=content)
                assert answer.status_code < 500, answer.text
                accepted += answer.is_success
            for digits in EMERGENCY:
                await lands_in_intake(system, citizen, digits)
    assert accepted > 10
    await system.directory.change_intake(None, {"duty_number": None})
