"""What is wrong with a whole request: no JSON, too large, nobody's, on a path that leads elsewhere."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator

import httpx
import pytest

from softswitch.access.model import Actor, Role
from softswitch.app import System
from tests.robustness.conftest import PASSWORD
from tests.robustness.hostile import BROKEN_JSON, TEXTS

pytestmark = [pytest.mark.asterisk, pytest.mark.asyncio(loop_scope="session")]

JSON = {"Content-Type": "application/json"}


def code_of(answer: httpx.Response) -> str:
    """Return the code of a refusal, after a look at its shape."""
    error = answer.json()["error"]
    words = {"code", "message", "next_step", "message_zh", "next_step_zh"}
    assert words <= set(error) <= {*words, "field"}, error
    assert all(error[word] for word in words), error
    return str(error["code"])


@pytest.mark.parametrize("kind", BROKEN_JSON)
async def test_what_is_no_json_object_is_refused(
    system: System, chief: httpx.AsyncClient, kind: str
) -> None:
    answer = await chief.post("/api/registry", content=BROKEN_JSON[kind], headers=JSON)
    assert answer.status_code == 422
    assert code_of(answer) in ("bad_json", "bad_request")
    assert await system.registry.page() == []


@pytest.mark.parametrize(
    "content_type",
    ["", "text/plain", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x"],
)
async def test_a_body_of_another_type_is_refused(
    chief: httpx.AsyncClient, content_type: str
) -> None:
    body = b'{"number": "02011112222", "name": "A"}'
    answer = await chief.post("/api/registry", content=body, headers={"Content-Type": content_type})
    assert answer.status_code in (400, 422)
    code_of(answer)


@pytest.mark.parametrize("token", ["x", "x" * 8_000, "a\tb", "ssw_é", "'; --"])
async def test_a_strange_token_is_nobodys(web: httpx.AsyncClient, token: str) -> None:
    answer = await web.get("/api/me", headers={b"Authorization": f"Bearer {token}".encode()})
    assert answer.status_code in (400, 401, 431)
    if answer.status_code != 431:
        code_of(answer)


async def test_a_body_that_is_too_large_is_refused(chief: httpx.AsyncClient) -> None:
    async def pieces() -> AsyncIterator[bytes]:
        for _ in range(20):
            yield b" " * 100_000

    answer = await chief.post("/api/registry", content=b" " * 1_000_001, headers=JSON)
    assert (answer.status_code, code_of(answer)) == (413, "too_large")
    answer = await chief.post("/api/registry", content=pieces(), headers=JSON)
    assert (answer.status_code, code_of(answer)) == (413, "too_large")


@pytest.mark.parametrize(
    "path",
    [
        "/api/recordings/..%2f..%2fsoftswitch.db",
        "/api/recordings/..%2f..%2f..%2f..%2fetc%2fpasswd/audio",
        "/api/recordings/%00/audio",
        "/assets/..%2f..%2f..%2fpyproject.toml",
        "/..%2f..%2f..%2fetc/passwd",
        "/%2e%2e/%2e%2e/etc/passwd",
        "//etc/passwd",
        "/assets/%00",
        "/assets/" + "x" * 5_000,
        "/api//calls",
        "/api/nothing",
        "/api/calls/%0d%0aSet-Cookie:%20a=b",
    ],
)
async def test_no_path_leads_out_of_the_api(chief: httpx.AsyncClient, path: str) -> None:
    answer = await chief.get(path)
    assert b"root:" not in answer.content
    assert b"build-system" not in answer.content
    assert "set-cookie" not in answer.headers
    if path.startswith("/api"):
        assert answer.status_code in (404, 422)
        code_of(answer)
    else:
        assert answer.status_code < 500


@pytest.mark.parametrize("method", ["PUT", "TRACE", "PROPFIND", "X" * 100])
async def test_another_method_is_refused(chief: httpx.AsyncClient, method: str) -> None:
    answer = await chief.request(method, "/api/calls")
    assert answer.status_code in (400, 405)
    if answer.status_code == 405:
        assert code_of(answer) == "method_not_allowed"


@pytest.mark.parametrize(
    "line",
    [
        b"GET /api/health HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n",
        b"GET /api/health HTTP/1.1\r\n\r\n",
        b"GET /api/health HTTP/1.1\r\nHost: evil.example\r\n\r\n",
        b"POST /api/login HTTP/1.1\r\nHost: localhost\r\nContent-Length: -1\r\n\r\n",
        (
            b"POST /api/login HTTP/1.1\r\nHost: localhost\r\nContent-Length: 9\r\n"
            b"Transfer-Encoding: chunked\r\n\r\n0\r\n\r\nGET /"
        ),
        b"GET /api/health\x00 HTTP/1.1\r\nHost: localhost\r\n\r\n",
        b"GET /\r\n\r\n",
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",
        b"GET /api/health HTTP/1.1\r\nHost: localhost\r\nX: " + b"x" * 300_000 + b"\r\n\r\n",
        b"INVITE sip:120@localhost SIP/2.0\r\n\r\n",
    ],
)
async def test_what_is_no_http_harms_nobody(
    system: System, web: httpx.AsyncClient, line: bytes
) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", system.http_port)
    writer.write(line)
    writer.write_eof()
    answer = await reader.read(100_000)
    writer.close()
    assert b" 5" not in answer[:12], answer
    assert (await web.get("/api/health")).json()["status"] == "ok"


async def test_the_password_of_a_login_may_be_anything(
    system: System, web: httpx.AsyncClient
) -> None:
    for name in ("crlf", "nul", "function", "sql", "ten thousand signs", "empty"):
        body = {"login": TEXTS[name], "password": TEXTS[name]}
        answer = await web.post("/api/login", json=body)
        assert answer.status_code in (401, 422), answer.text
        assert code_of(answer) in ("wrong_login", "bad_request", "bad_login")
    body = {"login": "dispatcher", "password": PASSWORD, "role": "supervisor"}
    assert (await web.post("/api/login", json=body)).status_code == 422
    system.access.by_address.forget("127.0.0.1")


@pytest.mark.parametrize("path", ["extensions", "registry", "users"])
async def test_a_csv_file_that_is_none_changes_nothing(
    system: System, chief: httpx.AsyncClient, path: str
) -> None:
    before = system.directory.snapshot()
    users = await system.users.all()
    for content in (
        b"", b"\xff\xfe\x00", b"\x00" * 1_000, b"PK\x03\x04", b"number\n" + b'"' * 10_000,
        b"number,name,kind\n" + b"2950,${SHELL(id)},phone,1\n", b"a,b\n1,2\n",
        b"number;name\n2951;x\n", json.dumps({"number": 1}).encode(), b"x" * 200_000,
    ):  # fmt: skip
        answer = await chief.post(
            f"/api/{path}/import", content=content, headers={"Content-Type": "text/csv"}
        )
        if answer.status_code == 200:
            report = answer.json()
            assert report["added"] == report["changed"] == 0, report
        else:
            assert answer.status_code in (400, 413, 422), answer.text
            code_of(answer)
    assert system.directory.snapshot() == before
    assert await system.users.all() == users


async def test_hostile_fields_of_a_csv_file_are_refused_line_by_line(
    system: System, chief: httpx.AsyncClient
) -> None:
    lines = ["number,name,address", '02011110000,"Good",Street 1']
    bad = [text for kind, text in TEXTS.items() if kind not in ("empty", "nul", "escape")]
    lines += ['"{}",Name,Street'.format(text.replace('"', '""')) for text in bad]
    answer = await chief.post(
        "/api/registry/import",
        content="\r\n".join(lines).encode(),
        headers={"Content-Type": "text/csv"},
    )
    assert answer.status_code == 200, answer.text
    report = answer.json()
    assert (report["added"], report["refused"]) == (1, len(bad)), report
    assert all(row["message"] for row in report["rows"] if row["status"] == "refused")
    await system.registry.remove(Actor("t", "t", Role.SUPERVISOR), "02011110000")
