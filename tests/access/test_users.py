"""Users: added, changed, removed, by hand and from a file."""

from __future__ import annotations

import pytest

from softswitch.access import users_csv
from softswitch.access.model import Actor, Role
from softswitch.access.users import UserChange
from softswitch.errors import Refusal
from tests.access.conftest import BOSS, PASSWORD, Kit

OPERATOR = Actor("op", "Op", Role.OPERATOR)


async def test_a_user_is_added_shown_changed_and_removed(kit: Kit) -> None:
    shown = await kit.users.add(BOSS, "li.wei", " 李伟 ", "dispatcher", PASSWORD, "en")
    assert shown == {
        "login": "li.wei",
        "name": "李伟",
        "role": "dispatcher",
        "language": "en",
        "disabled": False,
        "created_at": kit.clock.at,
        "locked_until": None,
    }
    changed = await kit.users.change(BOSS, "li.wei", UserChange(name="李 伟", role="operator"))
    assert changed == {**shown, "name": "李 伟", "role": "operator"}
    assert await kit.users.all() == [changed]
    await kit.users.remove(BOSS, "li.wei")
    assert await kit.users.all() == []
    assert await kit.acts() == ["user.added", "user.changed", "user.removed"]


@pytest.mark.parametrize(
    ("login", "name", "role", "language", "code"),
    [
        ("li", "", "dispatcher", "zh", "login_taken"),
        ("system", "", "dispatcher", "zh", "login_taken"),
        ("Li", "", "dispatcher", "zh", "bad_login"),
        ("a\r\nb", "", "dispatcher", "zh", "bad_login"),
        ("x", "", "dispatcher", "zh", "bad_login"),
        ("wang", "a\nb", "dispatcher", "zh", "control_characters"),
        ("wang", "a\0b", "dispatcher", "zh", "control_characters"),
        ("wang", "x" * 81, "dispatcher", "zh", "too_long"),
        ("wang", "", "king", "zh", "bad_role"),
        ("wang", "", "dispatcher", "tlh", "bad_language"),
    ],
)
async def test_what_cannot_be_a_user(
    kit: Kit, login: str, name: str, role: str, language: str, code: str
) -> None:
    await kit.add("li")
    with pytest.raises(Refusal) as refused:
        await kit.users.add(BOSS, login, name, role, PASSWORD, language)
    assert refused.value.code == code
    assert len(await kit.users.all()) == 1


async def test_nobody_gives_or_takes_more_than_they_have(kit: Kit) -> None:
    await kit.add("boss2", Role.SUPERVISOR)
    await kit.add("op2", Role.OPERATOR)
    acts = (
        kit.users.add(OPERATOR, "new", "", "supervisor", PASSWORD),
        kit.users.change(OPERATOR, "op2", UserChange(role="supervisor")),
        kit.users.change(OPERATOR, "boss2", UserChange(password="taken over 1")),
        kit.users.remove(OPERATOR, "boss2"),
    )
    for act in acts:
        with pytest.raises(Refusal, match=r"may do more than yours"):
            await act
    assert {user["login"]: user["role"] for user in await kit.users.all()} == {
        "boss2": "supervisor",
        "op2": "operator",
    }


async def test_one_supervisor_always_remains(kit: Kit) -> None:
    one = await kit.add("one", Role.SUPERVISOR)
    with pytest.raises(Refusal, match=r"own rights"):
        await kit.users.change(one, "one", UserChange(role="auditor"))
    with pytest.raises(Refusal, match=r"remove yourself"):
        await kit.users.remove(one, "one")
    for change in (UserChange(role="operator"), UserChange(disabled=True)):
        with pytest.raises(Refusal, match=r"last supervisor"):
            await kit.users.change(BOSS, "one", change)
    with pytest.raises(Refusal, match=r"last supervisor"):
        await kit.users.remove(BOSS, "one")
    await kit.add("two", Role.SUPERVISOR)
    await kit.users.remove(one, "two")
    assert [user["login"] for user in await kit.users.all()] == ["one"]


async def test_a_user_that_does_not_exist(kit: Kit) -> None:
    for act in (
        kit.users.one("no"),
        kit.users.change(BOSS, "no", UserChange(name="x")),
        kit.users.remove(BOSS, "no"),
        kit.users.unlock(BOSS, "no"),
    ):
        with pytest.raises(Refusal, match=r"There is no user 'no'"):
            await act


async def test_the_first_login_is_made_once_and_works(kit: Kit) -> None:
    first = await kit.users.first()
    assert first is not None
    login, password = first
    _, user = await kit.access.login(login, password, "127.0.0.1")
    assert user.role is Role.SUPERVISOR
    assert await kit.users.first() is None
    assert (await kit.audit.page())[0]["actor"] == "system"


async def test_a_file_adds_changes_and_refuses_row_by_row(kit: Kit) -> None:
    await kit.add("li")
    await kit.add("wang")
    file = (
        "login,name,role,language,disabled,password\r\n"
        "li,李,,,,\r\n"
        "wang,,,,,\r\n"
        '"new","=1+1",operator,en,1,a good password\r\n'
        "bare,Bare,dispatcher,,,\r\n"
        "BAD,x,dispatcher,,,a good password\r\n"
        "li,again,,,,\r\n"
        "weak,x,dispatcher,,,short\r\n"
    )
    report = (await kit.csv.import_(BOSS, file.encode("gb18030"))).as_json()
    assert [(row["line"], row["status"], row["key"]) for row in report["rows"]] == [
        (2, "changed", "li"),
        (3, "unchanged", "wang"),
        (4, "added", "new"),
        (5, "refused", "bare"),
        (6, "refused", "BAD"),
        (7, "refused", "li"),
        (8, "refused", "weak"),
    ]
    assert (report["added"], report["changed"], report["unchanged"], report["refused"]) == (
        1,
        1,
        1,
        4,
    )
    assert "needs a password" in report["rows"][3]["message"]
    users = {user["login"]: user for user in await kit.users.all()}
    assert sorted(users) == ["li", "new", "wang"]
    assert users["li"]["name"] == "李"
    assert users["new"]["disabled"] is True
    assert (await kit.acts())[-1] == "users.imported"


async def test_a_dry_run_reports_the_same_and_changes_nothing(kit: Kit) -> None:
    await kit.add("li")
    before = (await kit.users.all(), await kit.acts())
    file = b"login,name,password\nli,Li,\nnew,New,a good password\n"
    dry = await kit.csv.import_(BOSS, file, dry_run=True)
    assert (await kit.users.all(), await kit.acts()) == before
    wet = await kit.csv.import_(BOSS, file)
    assert dry == wet


async def test_a_long_file_is_written_in_pieces_and_a_double_is_found_across_them(
    kit: Kit, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(users_csv, "_CHUNK", 3)
    lines = [f"user{number},a good password" for number in range(8)]
    file = "\n".join(["login,password", *lines, "user0,another password"]).encode()
    for dry_run in (True, False):
        report = await kit.csv.import_(BOSS, file, dry_run=dry_run)
        assert [row.status for row in report.rows] == ["added"] * 8 + ["refused"]
    assert len(await kit.users.all()) == 8
    assert (await kit.audit.page())[-1]["details"]["added"] == 8


async def test_a_file_of_too_many_users_is_refused(
    kit: Kit, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(users_csv, "MOST_USERS", 2)
    with pytest.raises(Refusal, match=r"more than 2 rows"):
        await kit.csv.import_(BOSS, b"login\na1\na2\na3\n")


async def test_what_was_exported_can_be_imported_and_changes_nothing(kit: Kit) -> None:
    await kit.users.add(BOSS, "li", "=cmd()", "dispatcher", PASSWORD)
    await kit.users.add(BOSS, "wang", "'王", "auditor", PASSWORD)
    file = await kit.csv.export(BOSS)
    assert b"'=cmd()" in file
    assert PASSWORD.encode() not in file
    report = await kit.csv.import_(BOSS, file)
    assert {row.status for row in report.rows} == {"unchanged"}


async def test_an_operator_imports_no_supervisor(kit: Kit) -> None:
    file = b"login,role,password\nevil,supervisor,a good password\nok,operator,a good password\n"
    report = await kit.csv.import_(OPERATOR, file)
    assert [row.status for row in report.rows] == ["refused", "added"]
