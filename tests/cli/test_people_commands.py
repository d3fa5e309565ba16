"""Users, tokens, audit and the own desk from the command line."""

from __future__ import annotations

import io
import shutil
import sqlite3
from pathlib import Path

import pytest

from tests.cli.conftest import Server, Softswitch


def test_a_user_from_birth_to_removal(cli: Softswitch, server: Server) -> None:
    made = cli("user", "add", "liming", "--name", "李明", "--json").json
    assert made["role"] == "dispatcher"
    assert server.do(_sign_in(server, "liming", made["password"]))
    assert "李明" in cli("user", "list").out
    assert cli("user", "set", "liming", "--role", "auditor", "--language", "en").code == 0
    assert cli("user", "show", "liming", "--json").json["role"] == "auditor"
    assert cli("user", "unlock", "liming").out == "Unlocked liming.\n"
    again = cli("user", "passwd", "liming")
    password = again.out.split("Password: ")[1].strip()
    assert "write it down" in again.err
    assert server.do(_sign_in(server, "liming", password))
    assert cli("user", "set", "liming", "--disabled").code == 0
    assert cli("user", "remove", "liming").out == "Removed liming.\n"
    assert cli("user", "show", "liming").code == 1


async def _sign_in(server: Server, login: str, password: str) -> bool:
    secret, user = await server.system.access.login(login, password, "127.0.0.1")
    return bool(secret) and user.login == login


def test_a_password_is_read_from_standard_input(
    cli: Softswitch, server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sys.stdin", io.StringIO("correct horse battery\n"))
    made = cli("user", "add", "anna", "--role", "auditor", "--password-stdin")
    assert made.out == "Added anna.\n"
    assert server.do(_sign_in(server, "anna", "correct horse battery"))
    monkeypatch.setattr("sys.stdin", io.StringIO("short\n"))
    assert cli("user", "passwd", "anna", "--password-stdin").code == 1
    assert cli("user", "remove", "anna").code == 0


def test_a_token_works_elsewhere_until_it_is_taken_back(
    cli: Softswitch, server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = cli("token", "add", "backup", "--days", "3", "--json").json
    monkeypatch.setenv("SOFTSWITCH_URL", server.system.url)
    assert cli("status").code in {0, 1}  # health needs no token
    assert cli("extension", "list").code == 1
    monkeypatch.setenv("SOFTSWITCH_TOKEN", made["secret"])
    assert cli("extension", "list").code == 0
    assert "backup" in cli("token", "list").out
    assert made["secret"] not in cli("token", "list", "--json").out
    assert cli("token", "remove", made["id"]).code == 0
    assert cli("extension", "list").code == 1


def test_the_token_of_this_machine_goes_to_no_other_server(
    server: Server, typed: Softswitch, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SOFTSWITCH_DATA", str(server.data))
    refused = typed("extension", "list", "--url", server.system.url)
    assert (refused.code, "signed in" in refused.err) == (1, True)
    assert typed("extension", "list").code == 0


def test_audit_tells_who_did_what(cli: Softswitch) -> None:
    cli("registry", "add", "13700000001", "--name", "x")
    cli("registry", "remove", "13700000001")
    rows = cli("audit", "list", "--actor", "local", "--act", "registry.removed", "--json").json
    assert rows["audit"][-1]["target"] == "13700000001"
    page = cli("audit", "list", "--limit", "2")
    assert page.err.startswith("More: --after ")
    after = page.err.split()[-1]
    assert cli("audit", "list", "--after", after, "--limit", "1", "--json").json["audit"]


def test_audit_is_verified_by_the_server_and_from_the_file(
    cli: Softswitch, server: Server, tmp_path: Path
) -> None:
    assert cli("audit", "verify").out.startswith("The audit log is whole: ")
    assert cli("audit", "verify", "--data", str(server.data), "--json").json["ok"]
    copy = tmp_path / "copy"
    copy.mkdir()
    for name in ("softswitch.db", "softswitch.db-wal", "audit.head"):
        if (server.data / name).exists():
            shutil.copy(server.data / name, copy)
    with sqlite3.connect(copy / "softswitch.db") as db:
        db.execute("DROP TRIGGER audit_no_UPDATE")
        db.execute("UPDATE audit SET actor = 'nobody' WHERE seq = 3")
    broken = cli("audit", "verify", "--data", str(copy))
    assert broken.code == 1
    assert broken.out.startswith("The audit log is broken at row 3")
    assert cli("audit", "verify", "--data", str(copy), "--json").json["broken_at"] == 3


@pytest.mark.parametrize("content", [b"", b"no database at all" * 100])
def test_a_file_without_an_audit_log(typed: Softswitch, tmp_path: Path, content: bytes) -> None:
    (tmp_path / "softswitch.db").write_bytes(content)
    result = typed("audit", "verify", "--data", str(tmp_path))
    assert result.code == 1
    assert result.err.startswith("softswitch: ")


def test_the_own_desk(cli: Softswitch) -> None:
    assert cli("desk", "seat", "1002").out == "You sit at desk 1002: ready.\n"
    assert cli("desk", "pause").out == "You sit at desk 1002: paused.\n"
    assert cli("desk", "ready", "--json").json["duty"] == "ready"
    assert cli("desk", "show", "--json").json["desk"] == "1002"
    assert "1002" in cli("desk", "show").out
    assert cli("desk", "leave").out == "You left your desk.\n"
    assert cli("desk", "ready").code == 1
