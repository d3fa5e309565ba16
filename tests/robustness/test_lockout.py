"""Guessing passwords: who guesses is locked out on the real switch and on HTTP, and nobody else is."""

from __future__ import annotations

from collections.abc import Iterator

import httpx
import pytest

from softswitch.access.model import Role
from softswitch.access.sip_lockout import EVERY_ACCOUNT, Blocked
from softswitch.app import System
from softswitch.clock import Millis, now
from softswitch.events import UserLockedOut
from softswitch.store.event_rows import read_after
from softswitch.testing.phone import NotReached, Phone, RegistrationFailed
from softswitch.testing.system import LOCAL, secret, sip_phone, until, until_told
from tests.robustness.calls import call_up, help_comes
from tests.robustness.conftest import PASSWORD

pytestmark = [pytest.mark.asterisk, pytest.mark.asyncio(loop_scope="session")]

GUESSER, OTHER = "127.0.0.3", "127.0.0.2"
LONG_ENOUGH = 61_000
MANY = 500


class Hands:
    """A clock that stands where it is put."""

    def __init__(self) -> None:
        self.ahead: Millis = 0

    def __call__(self) -> Millis:
        return now() + self.ahead


@pytest.fixture
def hands(robust_system: System, monkeypatch: pytest.MonkeyPatch) -> Iterator[Hands]:
    clock = Hands()
    monkeypatch.setattr(robust_system.sip_lockout, "_clock", clock)
    monkeypatch.setattr(robust_system.access, "_clock", clock)
    yield clock
    robust_system.access.by_address.forget(LOCAL)


async def try_register(system: System, account: str, password: str, address: str) -> int:
    """Return the status of one registration: 200, 401, 403; 0 when nobody answers."""
    server = (LOCAL, system.settings.sip.port)
    try:
        async with Phone.register(server, account, password, local=(address, 0), expires=60):
            return 200
    except RegistrationFailed as error:
        return error.status
    except NotReached:
        return 0


async def guess(system: System, account: str, times: int) -> None:
    for number in range(times):
        assert await try_register(system, account, f"guess-{number}", GUESSER) == 401


async def audit_of(chief: httpx.AsyncClient, act: str) -> list[dict[str, object]]:
    answer = await chief.get("/api/audit", params={"act": act, "limit": 1_000})
    return list(answer.json()["audit"])


async def told_of_lock(system: System, key: str, entrance: str) -> bool:
    batch = await system.db.read(read_after, 0, [UserLockedOut.kind], MANY)
    told = [one.event for one in batch.facts]
    return any(
        isinstance(one, UserLockedOut) and (one.key, one.entrance) == (key, entrance)
        for one in told
    )


async def test_who_guesses_a_sip_password_is_locked_out_and_the_phone_is_not(
    system: System, chief: httpx.AsyncClient, hands: Hands
) -> None:
    pair = Blocked("2003", GUESSER)
    async with call_up(system):
        await guess(system, "2003", 5)
        await applied(system, pair)
        assert await try_register(system, "2003", secret("2003"), GUESSER) in (0, 401, 403)
        assert await try_register(system, "2003", secret("2003"), OTHER) == 200
        await until_told(lambda: told_of_lock(system, "2003", "sip"), what="it is in the event log")
        rows = await until_told(lambda: audit_of(chief, "sip.locked"), what="it is in the audit")
        assert rows[-1]["target"] == "2003"
        assert rows[-1]["details"]["address"] == GUESSER  # type: ignore[index]
    await help_comes(system)
    hands.ahead += LONG_ENOUGH
    await system.sip_lockout.expire()
    assert pair not in system.sip_lockout.blocked()
    assert GUESSER not in pjsip(system)
    assert await try_register(system, "2003", secret("2003"), GUESSER) == 200


async def applied(system: System, key: Blocked) -> None:
    """Return when a lock-out is known to the switch."""
    await until(lambda: key in system.sip_lockout.blocked(), what=f"{key} is locked out")
    node = system.node
    await until(
        lambda: GUESSER in pjsip(system) and not node._configuring.locked(), what="it is applied"
    )


def pjsip(system: System) -> str:
    return (system.node.settings.etc / "pjsip.conf").read_text()


async def test_a_locked_pair_is_freed_by_hand(
    system: System, chief: httpx.AsyncClient, tokens: dict[Role, str]
) -> None:
    await guess(system, "2003", 5)
    await applied(system, Blocked("2003", GUESSER))
    (shown,) = (await chief.get("/api/sip-lockouts")).json()["sip_lockouts"]
    assert (shown["account"], shown["address"]) == ("2003", GUESSER)
    assert shown["until"] > now()
    pair = {"account": "2003", "address": GUESSER}
    auditor = {"Authorization": f"Bearer {tokens[Role.AUDITOR]}"}
    refused = await chief.post("/api/sip-lockouts/unlock", json=pair, headers=auditor)
    assert refused.status_code == 403
    (await chief.post("/api/sip-lockouts/unlock", json=pair)).raise_for_status()
    again = await chief.post("/api/sip-lockouts/unlock", json=pair)
    assert again.json()["error"]["code"] == "sip_lockout_not_found"
    rows = await until_told(lambda: audit_of(chief, "sip.unlocked"), what="it is in the audit")
    assert rows[-1]["target"] == "2003"
    assert await try_register(system, "2003", secret("2003"), GUESSER) == 200


async def test_an_address_that_tries_many_accounts_is_locked_out_of_all(system: System) -> None:
    accounts = ("1001", "1002", "1003", "2001", "2002", "2003", "line", "none-1", "none-2")
    for account in accounts * 4:
        await try_register(system, account, "wrong", GUESSER)
        if Blocked(EVERY_ACCOUNT, GUESSER) in system.sip_lockout.blocked():
            break
    await applied(system, Blocked(EVERY_ACCOUNT, GUESSER))
    assert await try_register(system, "1001", secret("1001"), GUESSER) != 200
    assert await try_register(system, "1001", secret("1001"), OTHER) == 200
    await help_comes(system)


async def test_a_registered_phone_is_spared_what_others_do_in_its_name(system: System) -> None:
    """A forged packet bears the address of the phone: it must not cost the phone its line."""
    async with sip_phone(system, "2003", local=(GUESSER, 0)):
        await guess(system, "2003", 6)
        known = system.sip_lockout._by_pair._records
        await until(lambda: f"2003 {GUESSER}" in known, what="the failures are told")
        assert not system.sip_lockout.blocked()
        assert await try_register(system, "2003", secret("2003"), GUESSER) == 200


@pytest.mark.parametrize(
    "account", ["x%0d%0aEvent:y", "${EXTEN}", "a b", "é", "'; --", "*", "A" * 60]
)
async def test_an_account_that_is_any_text_stops_no_change_of_the_directory(
    system: System, chief: httpx.AsyncClient, account: str
) -> None:
    await system.sip_lockout.unblock("*", GUESSER)  # what was guessed before counts for the address
    await guess(system, account, 5) if "%" not in account else None
    await system.sip_lockout._block({Blocked(account, GUESSER): now() + LONG_ENOUGH}, now())
    name = f"After {len(account)}"
    (await chief.patch("/api/extensions/2003", json={"name": name})).raise_for_status()
    assert f'"{name}" <2003>' in pjsip(system)
    (await chief.patch("/api/extensions/2003", json={"name": "Phone 2003"})).raise_for_status()


async def test_a_login_is_locked_out_and_ends_with_time_or_by_a_supervisor(
    system: System, web: httpx.AsyncClient, chief: httpx.AsyncClient, hands: Hands
) -> None:
    async def sign_in(login: str, password: str) -> httpx.Response:
        return await web.post("/api/login", json={"login": login, "password": password})

    for _ in range(5):
        assert (await sign_in("auditor", "wrong")).status_code == 401
    locked = await sign_in("auditor", PASSWORD)
    assert locked.status_code == 429
    assert locked.json()["error"]["code"] == "locked_out"
    assert 0 < int(locked.headers["retry-after"]) <= 30
    assert (await sign_in("operator", PASSWORD)).status_code == 200
    shown = (await chief.get("/api/users/auditor")).json()
    assert shown["locked_until"] > now()
    await until_told(lambda: told_of_lock(system, "auditor", "http"), what="it is in the log")
    assert (await audit_of(chief, "login.locked"))[-1]["target"] == "auditor"
    (await chief.post("/api/users/auditor/unlock")).raise_for_status()
    assert (await sign_in("auditor", PASSWORD)).status_code == 200
    for _ in range(5):
        await sign_in("auditor", "wrong")
    assert (await sign_in("auditor", PASSWORD)).status_code == 429
    hands.ahead += LONG_ENOUGH
    assert (await sign_in("auditor", PASSWORD)).status_code == 200
