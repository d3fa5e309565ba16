"""Signing in and out, sessions, tokens."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from argon2 import PasswordHasher
from argon2.exceptions import VerifyMismatchError
from sqlalchemy import Connection

from softswitch.access import keys, store
from softswitch.access.model import Actor, Role
from softswitch.access.passwords import Passwords, nobody
from softswitch.access.service import Access
from softswitch.access.users import UserChange
from softswitch.errors import Refusal, unavailable
from softswitch.events import UserLockedOut, UserSignedIn, UserSignedOut
from softswitch.store.event_log import EventLog, Stored
from tests.access.conftest import BOSS, CHEAP, PASSWORD, HandClock, Kit

HERE = "192.0.2.1"


async def signed_in(kit: Kit, login: str = "li") -> str:
    secret, _ = await kit.access.login(login, PASSWORD, HERE)
    return secret


async def test_a_session_knows_its_user(kit: Kit) -> None:
    await kit.add("li")
    secret = await signed_in(kit)
    actor = await kit.access.by_session(secret, HERE)
    assert actor == Actor("li", "li", Role.DISPATCHER, "zh", "session", HERE, keys.digest(secret))
    assert await kit.access.by_session(secret + "x", HERE) is None


async def test_the_database_holds_no_secret(kit: Kit) -> None:
    await kit.add("li")
    secret = await signed_in(kit)
    token = (await kit.tokens.add(BOSS_LI, "t"))["secret"]

    def everything(conn: Connection) -> str:
        tables = (store.users, store.sessions, store.tokens)
        return repr([conn.execute(table.select()).all() for table in tables])

    text = await kit.db.read(everything)
    assert keys.digest(secret) in text
    assert not [hidden for hidden in (secret, token, PASSWORD) if hidden in text]
    assert "$argon2id$" in text


BOSS_LI = Actor("li", "li", Role.DISPATCHER)


@pytest.mark.parametrize(("login", "password"), [("li", "wrong password"), ("nobody", PASSWORD)])
async def test_a_wrong_login_gets_one_answer(kit: Kit, login: str, password: str) -> None:
    await kit.add("li")
    with pytest.raises(Refusal) as refused:
        await kit.access.login(login, password, HERE)
    assert refused.value.as_json()["error"] == {
        "code": "wrong_login",
        "message": "Login or password is wrong.",
        "next_step": "Try again; a supervisor can set a new password.",
        "message_zh": "用户名或密码错误。",
        "next_step_zh": "请重试；值班长可以重设密码。",
    }


async def test_an_unknown_user_costs_as_much_work_as_a_known_one(kit: Kit) -> None:
    checked: list[str] = []

    class Counting(PasswordHasher):
        def verify(self, *both: Any) -> Any:
            checked.append(both[0])
            return super().verify(*both)

    await kit.add("li")
    counting = Counting(time_cost=1, memory_cost=8, parallelism=1)
    access = Access(kit.db, clock=kit.clock, passwords=Passwords(counting))
    for login in ("li", "nobody"):
        with pytest.raises(Refusal):
            await access.login(login, "wrong password", HERE)
    known, unknown = (text.rpartition("$")[0].rpartition("$")[0] for text in checked)
    assert known == unknown  # the same parameters, so the same time


def test_the_hash_of_nobody_is_a_proper_one_that_no_password_has() -> None:
    cheap = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1)
    for _ in range(20):
        with pytest.raises(VerifyMismatchError):
            cheap.verify(nobody(cheap), PASSWORD)
    assert len(nobody(cheap)) == len(cheap.hash(PASSWORD))
    assert not cheap.check_needs_rehash(nobody(cheap))


async def test_what_was_typed_as_an_unknown_login_is_not_written_down(kit: Kit) -> None:
    with pytest.raises(Refusal):
        await kit.access.login("my secret password", "x", HERE)
    rows = await kit.audit.page()
    assert [(row["actor"], row["act"]) for row in rows] == [("unknown", "login.failed")]
    assert "my secret" not in repr(rows)


async def test_after_five_failures_the_right_password_must_wait_too(kit: Kit) -> None:
    await kit.add("li")
    for _ in range(5):
        with pytest.raises(Refusal, match=r"password is wrong"):
            await kit.access.login("li", "wrong password", HERE)
    for seconds, wait in ((0, 30), (29, 1)):
        kit.clock.forward(seconds=seconds)
        with pytest.raises(Refusal, match=f"Wait {wait} s") as refused:
            await signed_in(kit)
        assert (refused.value.code, refused.value.kind) == ("locked_out", 429)
    kit.clock.forward(seconds=1)
    assert await signed_in(kit)
    assert "login.locked" in await kit.acts()


async def test_a_hundred_tries_at_once_are_a_hundred_tries(kit: Kit) -> None:
    await kit.add("li")
    tries = [kit.access.login("li", "wrong password", HERE) for _ in range(40)]
    answers = await asyncio.gather(*tries, return_exceptions=True)
    codes = [answer.code for answer in answers if isinstance(answer, Refusal)]
    assert sorted(set(codes)) == ["locked_out", "wrong_login"]
    assert codes.count("wrong_login") == 5


async def test_an_address_that_tries_many_logins_is_locked_and_others_are_not(kit: Kit) -> None:
    await kit.add("li")
    for number in range(25):
        with pytest.raises(Refusal):
            await kit.access.login(f"user{number}", "wrong password", "198.51.100.7")
    with pytest.raises(Refusal, match=r"too many wrong"):
        await kit.access.login("li", PASSWORD, "198.51.100.7")
    assert await signed_in(kit)


async def test_a_supervisor_can_unlock(kit: Kit) -> None:
    await kit.add("li")
    for _ in range(5):
        with pytest.raises(Refusal):
            await kit.access.login("li", "wrong password", HERE)
    assert (await kit.users.one("li"))["locked_until"] is not None
    assert (await kit.users.unlock(BOSS, "li"))["locked_until"] is None
    assert await signed_in(kit)


async def test_a_session_ends_when_it_is_idle(kit: Kit) -> None:
    await kit.add("li")
    secret = await signed_in(kit)
    for _ in range(4):
        kit.clock.forward(minutes=239)
        assert await kit.access.by_session(secret, HERE) is not None
    kit.clock.forward(minutes=241)
    assert await kit.access.by_session(secret, HERE) is None


async def test_a_session_ends_after_a_day_in_any_case(kit: Kit) -> None:
    await kit.add("li")
    secret = await signed_in(kit)
    for _ in range(12):
        kit.clock.forward(hours=2)
        assert await kit.access.by_session(secret, HERE) is not None
    kit.clock.forward(seconds=1)
    assert await kit.access.by_session(secret, HERE) is None
    assert await kit.access.end_old_sessions() == 1


async def test_a_wall_stays_signed_in_while_it_is_used_and_is_put_out_at_once(kit: Kit) -> None:
    await kit.add("wall1", Role.WALL)
    secret = await signed_in(kit, "wall1")
    for _ in range(13):
        kit.clock.forward(hours=29 * 24)
        assert await kit.access.by_session(secret, HERE) is not None
        assert await kit.access.end_old_sessions() == 0
    await kit.users.change(BOSS, "wall1", UserChange(disabled=True))
    assert await kit.access.by_session(secret, HERE) is None
    assert (await kit.acts())[-1] == "user.changed"


@pytest.mark.parametrize("days", [31, 400.1])
async def test_a_wall_that_nobody_uses_is_forgotten_and_every_one_once_a_year(
    kit: Kit, days: float
) -> None:
    await kit.add("wall1", Role.WALL)
    secret = await signed_in(kit, "wall1")
    while days > 31:
        kit.clock.forward(hours=29 * 24)
        days -= 29
        assert await kit.access.by_session(secret, HERE) is not None
    kit.clock.forward(hours=days * 24)
    assert await kit.access.by_session(secret, HERE) is None
    assert await kit.access.end_old_sessions() == 1


async def test_signing_out_ends_one_session_and_not_the_other(kit: Kit) -> None:
    await kit.add("li")
    first, second = await signed_in(kit), await signed_in(kit)
    actor = await kit.access.by_session(first, HERE)
    assert actor is not None
    await kit.access.logout(actor)
    assert await kit.access.by_session(first, HERE) is None
    assert await kit.access.by_session(second, HERE) is not None


async def test_signing_in_again_ends_the_session_that_the_browser_had(kit: Kit) -> None:
    await kit.add("li")
    first = await signed_in(kit)
    second, _ = await kit.access.login("li", PASSWORD, HERE, replaces=first)
    kit.clock.forward(seconds=6)  # past what is remembered
    assert await kit.access.by_session(first, HERE) is None
    assert await kit.access.by_session(second, HERE) is not None


async def test_a_new_password_ends_the_sessions_everywhere_else(kit: Kit) -> None:
    await kit.add("li")
    here, there = await signed_in(kit), await signed_in(kit)
    actor = await kit.access.by_session(here, HERE)
    assert actor is not None
    assert await kit.access.by_session(there, HERE) is not None
    await kit.access.change_password(actor, PASSWORD, "another horse 8")
    assert await kit.access.by_session(here, HERE) is not None
    assert await kit.access.by_session(there, HERE) is None
    with pytest.raises(Refusal):
        await signed_in(kit)
    assert await kit.access.login("li", "another horse 8", HERE)


async def test_the_present_password_cannot_be_guessed_by_changing_it(kit: Kit) -> None:
    actor = await kit.add("li")
    for _ in range(5):
        with pytest.raises(Refusal, match=r"present password is wrong"):
            await kit.access.change_password(actor, "wrong password", "another horse 8")
    with pytest.raises(Refusal, match=r"too many wrong"):
        await kit.access.change_password(actor, PASSWORD, "another horse 8")


@pytest.mark.parametrize(
    "weak", ["short", "dispatcher1", "1rehctapsid", "aaaaaaaaaaaaaaa", "x" * 201, "a\0bcdefghijkl"]
)
async def test_weak_passwords_are_refused(kit: Kit, weak: str) -> None:
    actor = await kit.add("dispatcher1")
    with pytest.raises(Refusal) as refused:
        await kit.access.change_password(actor, PASSWORD, weak)
    assert (refused.value.code, refused.value.field) == ("weak_password", "new")


async def test_a_password_is_the_same_however_a_keyboard_composes_it(kit: Kit) -> None:
    await kit.users.add(BOSS, "li", "", "dispatcher", "cafe\N{COMBINING ACUTE ACCENT} zum Adler")
    assert await kit.access.login("li", "caf\N{LATIN SMALL LETTER E WITH ACUTE} zum Adler", HERE)


async def test_an_outdated_hash_is_renewed_at_login(kit: Kit) -> None:
    await kit.add("li")
    before = await kit.db.read(store.password, "li")
    stronger = PasswordHasher(time_cost=2, memory_cost=16, parallelism=1)
    access = Access(kit.db, clock=kit.clock, passwords=Passwords(stronger))
    await access.login("li", PASSWORD, HERE)
    after = await kit.db.read(store.password, "li")
    assert before != after
    assert after is not None
    assert not stronger.check_needs_rehash(after)
    assert await access.login("li", PASSWORD, HERE)
    assert await kit.db.read(store.password, "li") == after


async def test_a_disabled_user_is_out_at_once(kit: Kit) -> None:
    await kit.add("li")
    secret, token = await signed_in(kit), (await kit.tokens.add(BOSS_LI, "t"))["secret"]
    assert await kit.access.by_session(secret, HERE) is not None
    assert await kit.access.by_token(token, HERE) is not None
    await kit.users.change(BOSS, "li", UserChange(disabled=True))
    assert await kit.access.by_session(secret, HERE) is None
    assert await kit.access.by_token(token, HERE) is None
    with pytest.raises(Refusal, match=r"password is wrong"):
        await signed_in(kit)


@pytest.mark.parametrize(
    "change", [UserChange(disabled=True), UserChange(password="another horse 8"), None]
)
async def test_what_changes_while_the_password_is_checked_counts(
    kit: Kit, change: UserChange | None
) -> None:
    await kit.add("li")
    checking, go_on = asyncio.Event(), asyncio.Event()

    class Slow(Passwords):
        async def check(self, stored: str | None, password: str) -> bool:
            checking.set()
            await go_on.wait()
            return await super().check(stored, password)

    access = Access(kit.db, clock=kit.clock, passwords=Slow(CHEAP))
    login = asyncio.ensure_future(access.login("li", PASSWORD, HERE))
    await checking.wait()
    if change is None:
        await kit.users.remove(BOSS, "li")
    else:
        await kit.users.change(BOSS, "li", change)
    go_on.set()
    with pytest.raises(Refusal, match=r"password is wrong"):
        await login


async def test_a_token_has_the_role_that_its_owner_has_now(kit: Kit) -> None:
    await kit.add("li", Role.SUPERVISOR)
    await kit.add("other", Role.SUPERVISOR)
    token = (await kit.tokens.add(BOSS_LI, "t"))["secret"]
    actor = await kit.access.by_token(token, HERE)
    assert actor is not None
    assert (actor.role, actor.via) == (Role.SUPERVISOR, "token")
    await kit.users.change(BOSS, "li", UserChange(role="auditor"))
    actor = await kit.access.by_token(token, HERE)
    assert actor is not None
    assert actor.role is Role.AUDITOR


async def test_a_token_runs_out_and_can_be_revoked(kit: Kit) -> None:
    await kit.add("li")
    short = await kit.tokens.add(BOSS_LI, "short", days=1)
    long = await kit.tokens.add(BOSS_LI, "long")
    kit.clock.forward(hours=24)
    assert await kit.access.by_token(short["secret"], HERE) is None
    assert await kit.access.by_token(long["secret"], HERE) is not None
    assert [token["label"] for token in await kit.tokens.all(BOSS_LI)] == ["short", "long"]
    with pytest.raises(Refusal, match=r"no token"):
        await kit.tokens.remove(BOSS, long["id"])  # not the owner
    await kit.tokens.remove(BOSS_LI, long["id"])
    assert await kit.access.by_token(long["secret"], HERE) is None


async def test_a_store_that_does_not_answer_ends_no_session(
    kit: Kit, monkeypatch: pytest.MonkeyPatch
) -> None:
    await kit.add("li")
    secret = await signed_in(kit)
    assert await kit.access.by_session(secret, HERE) is not None

    async def broken(*_args: object) -> None:
        raise unavailable("store_unavailable", "The database is locked.", "Wait.")

    monkeypatch.setattr(kit.db, "read", broken)
    kit.clock.forward(minutes=10)
    assert await kit.access.by_session(secret, HERE) is not None
    with pytest.raises(Refusal, match=r"locked"):
        await kit.access.by_session("never seen", HERE)


async def test_signing_in_and_out_are_facts(kit: Kit) -> None:
    facts: list[object] = []

    async def take(batch: tuple[Stored, ...]) -> None:
        facts.extend(item.event for item in batch)

    log = EventLog(kit.db)
    log.subscribe("test", [UserSignedIn, UserSignedOut, UserLockedOut], take)  # type: ignore[arg-type]
    await kit.add("li")
    actor = await kit.access.by_session(await signed_in(kit), HERE)
    assert actor is not None
    await kit.access.logout(actor)
    await log.start()
    await log.drained()
    await log.close()
    assert facts == [UserSignedIn("li", kit.clock.at, HERE), UserSignedOut("li", kit.clock.at)]


async def test_language(kit: Kit) -> None:
    actor = await kit.add("li")
    await kit.access.set_language(actor, "en")
    assert (await kit.users.one("li"))["language"] == "en"
    with pytest.raises(Refusal, match=r"zh, en"):
        await kit.access.set_language(actor, "tlh")


def test_the_default_hash_is_argon2id() -> None:
    assert PasswordHasher().hash("x").startswith("$argon2id$v=19$")
    assert CHEAP.hash("x").startswith("$argon2id$")
    assert HandClock()() > 0
