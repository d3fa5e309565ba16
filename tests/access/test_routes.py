"""Access over HTTP: cookies, strangers' pages, users, tokens, audit."""

from __future__ import annotations

from collections.abc import AsyncIterator
from http.cookies import SimpleCookie

import httpx
import pytest

from softswitch.access import admin_routes, routes
from softswitch.access.model import Role
from softswitch.web.frame import create_app
from softswitch.web.guard import SESSION_COOKIE, Guard
from tests.access.conftest import PASSWORD, Kit

SITE = "http://localhost"


@pytest.fixture
async def client(kit: Kit) -> AsyncIterator[httpx.AsyncClient]:
    guard = Guard(kit.access)
    app = create_app(
        [
            routes.routes(kit.access, kit.tokens, guard, {"li": "1001"}.get),
            admin_routes.routes(kit.users, kit.csv, kit.audit, guard),
        ]
    )
    await kit.add("li")
    await kit.add("boss", Role.SUPERVISOR)
    transport = httpx.ASGITransport(app, client=("192.0.2.1", 5000))
    headers = {"origin": SITE}
    async with httpx.AsyncClient(transport=transport, base_url=SITE, headers=headers) as one:
        yield one


async def sign_in(client: httpx.AsyncClient, login: str = "li") -> httpx.Response:
    answer = await client.post("/api/login", json={"login": login, "password": PASSWORD})
    assert answer.status_code == 200
    return answer


def cookie(answer: httpx.Response) -> SimpleCookie:
    return SimpleCookie(answer.headers["set-cookie"])


async def test_signing_in_tells_who_one_is(client: httpx.AsyncClient) -> None:
    told = (await sign_in(client)).json()
    assert told == (await client.get("/api/me")).json()
    assert (told["login"], told["role"], told["desk"]) == ("li", "dispatcher", "1001")
    assert "call.answer" in told["rights"]
    assert "user.edit" not in told["rights"]


async def test_the_cookie_is_for_our_pages_only(client: httpx.AsyncClient) -> None:
    morsel = cookie(await sign_in(client))[SESSION_COOKIE]
    assert (morsel["httponly"], morsel["samesite"], morsel["path"]) == (True, "strict", "/")
    assert morsel["secure"] == ""  # plain HTTP on the machine itself
    assert morsel["domain"] == ""
    assert len(morsel.value) >= 43  # 256 bits


async def test_over_tls_the_cookie_stays_on_tls(client: httpx.AsyncClient) -> None:
    answer = await client.post(
        "https://localhost/api/login",
        json={"login": "li", "password": PASSWORD},
        headers={"origin": "https://localhost"},
    )
    assert cookie(answer)[SESSION_COOKIE]["secure"] is True


async def test_a_session_that_was_planted_is_not_taken_over(client: httpx.AsyncClient) -> None:
    """Session fixation: what the browser brought before signing in is worth nothing after it."""
    client.cookies.set(SESSION_COOKIE, "planted", domain="localhost.local")
    secret = cookie(await sign_in(client))[SESSION_COOKIE].value
    assert secret != "planted"
    for value, status in (("planted", 401), (secret, 200)):
        client.cookies.clear()
        answer = await client.get("/api/me", headers={"cookie": f"{SESSION_COOKIE}={value}"})
        assert answer.status_code == status


async def test_signing_in_again_ends_the_session_before(client: httpx.AsyncClient) -> None:
    first = cookie(await sign_in(client))[SESSION_COOKIE].value
    second = cookie(await sign_in(client))[SESSION_COOKIE].value
    client.cookies.clear()
    for value, status in ((first, 401), (second, 200)):
        answer = await client.get("/api/me", headers={"cookie": f"{SESSION_COOKIE}={value}"})
        assert answer.status_code == status


async def test_signing_out_ends_the_session_and_takes_the_cookie(client: httpx.AsyncClient) -> None:
    secret = cookie(await sign_in(client))[SESSION_COOKIE].value
    answer = await client.post("/api/logout", json={})
    assert answer.status_code == 204
    assert cookie(answer)[SESSION_COOKIE].value == ""
    back = await client.get("/api/me", headers={"cookie": f"{SESSION_COOKIE}={secret}"})
    assert back.status_code == 401


async def test_another_sites_page_cannot_sign_a_browser_in(client: httpx.AsyncClient) -> None:
    body = {"login": "li", "password": PASSWORD}
    foreign = await client.post("/api/login", json=body, headers={"origin": "http://evil.example"})
    assert (foreign.status_code, foreign.json()["error"]["code"]) == (403, "cross_site")
    assert "set-cookie" not in foreign.headers
    form = await client.post("/api/login", data=body)
    assert form.status_code == 422
    assert "set-cookie" not in form.headers


async def test_a_lock_says_how_long_it_lasts(client: httpx.AsyncClient) -> None:
    for _ in range(5):
        wrong = await client.post("/api/login", json={"login": "li", "password": "wrong password"})
        assert wrong.status_code == 401
    locked = await client.post("/api/login", json={"login": "li", "password": PASSWORD})
    assert (locked.status_code, locked.headers["retry-after"]) == (429, "30")


@pytest.mark.parametrize(
    "body",
    [{}, {"login": "li"}, {"login": 5, "password": 5}, {"login": "x" * 65, "password": "y"}, []],
)
async def test_what_is_no_login_is_told(client: httpx.AsyncClient, body: object) -> None:
    answer = await client.post("/api/login", json=body)
    assert (answer.status_code, answer.json()["error"]["code"]) == (422, "bad_request")


@pytest.mark.parametrize("login", ["li'--", "li\x00", "\ud83d", "li%00", "../li", "${li}", "李"])
async def test_strange_logins_are_only_wrong(client: httpx.AsyncClient, login: str) -> None:
    text = login.encode("utf-8", "surrogatepass").decode("utf-8", "replace")
    answer = await client.post("/api/login", json={"login": text, "password": "x"})
    assert answer.json()["error"]["code"] == "wrong_login"


async def test_own_password_and_language(client: httpx.AsyncClient) -> None:
    await sign_in(client)
    new = {"old": PASSWORD, "new": "another horse 8"}
    assert (await client.put("/api/me/password", json=new)).status_code == 204
    assert (await client.put("/api/me/language", json={"language": "en"})).status_code == 204
    assert (await client.get("/api/me")).json()["language"] == "en"
    weak = await client.put("/api/me/password", json={"old": "another horse 8", "new": "li"})
    assert weak.json()["error"]["field"] == "new"


async def test_tokens(client: httpx.AsyncClient) -> None:
    await sign_in(client)
    made = (await client.post("/api/tokens", json={"label": "cron", "days": 7})).json()
    assert made["expires_at"] - made["created_at"] == 7 * 86_400_000
    (listed,) = (await client.get("/api/tokens")).json()["tokens"]
    assert listed == {name: value for name, value in made.items() if name != "secret"}
    client.cookies.clear()
    bearer = {"authorization": f"Bearer {made['secret']}"}
    assert (await client.get("/api/me", headers=bearer)).json()["login"] == "li"
    for wrong in ({"label": ""}, {"label": "x", "days": 0}, {"label": "x", "days": 10**6}):
        assert (await client.post("/api/tokens", json=wrong, headers=bearer)).status_code == 422
    gone = await client.delete(f"/api/tokens/{made['id']}", headers=bearer)
    assert gone.status_code == 204
    assert (await client.get("/api/me", headers=bearer)).status_code == 401


async def test_a_user_has_fifty_tokens_at_most(client: httpx.AsyncClient) -> None:
    await sign_in(client)
    answers = [
        (await client.post("/api/tokens", json={"label": f"t{number}"})).status_code
        for number in range(51)
    ]
    assert answers == [201] * 50 + [409]


async def test_users(client: httpx.AsyncClient) -> None:
    await sign_in(client, "boss")
    new = {"login": "wang", "name": "王", "role": "operator", "password": "a good password"}
    assert (await client.post("/api/users", json=new)).status_code == 201
    typo = await client.post("/api/users", json={**new, "rolle": "x"})
    assert typo.json()["error"]["field"] == "rolle"
    changed = await client.patch("/api/users/wang", json={"disabled": True})
    assert (changed.json()["disabled"], changed.json()["role"]) == (True, "operator")
    assert "password" not in changed.text
    listed = (await client.get("/api/users")).json()["users"]
    assert [user["login"] for user in listed] == ["boss", "li", "wang"]
    assert (await client.get("/api/users/wang")).json() == changed.json()
    assert (await client.post("/api/users/wang/unlock", json={})).status_code == 200
    removed = await client.delete("/api/users/wang", headers={"x-softswitch": "1"})
    assert removed.status_code == 204
    assert (await client.get("/api/users/wang")).json()["error"]["code"] == "user_not_found"


async def test_users_as_a_file(client: httpx.AsyncClient) -> None:
    await sign_in(client, "boss")
    file = await client.get("/api/users/export.csv")
    assert file.headers["content-type"] == "text/csv; charset=utf-8"
    assert file.headers["content-disposition"] == 'attachment; filename="users.csv"'
    headers = {"x-softswitch": "1", "content-type": "text/csv"}
    report = await client.post("/api/users/import?dry_run=1", content=file.content, headers=headers)
    assert report.json()["unchanged"] == 2
    bad = await client.post("/api/users/import", content=b"\xff\xff", headers=headers)
    assert bad.json()["error"]["code"] == "bad_encoding"
    empty = await client.post("/api/users/import", content=b"", headers=headers)
    assert "column login is missing" in empty.json()["error"]["message"]


async def test_the_audit_log_and_its_verification(client: httpx.AsyncClient) -> None:
    await sign_in(client, "boss")
    rows = (await client.get("/api/audit?act=login.succeeded")).json()["audit"]
    assert [(row["actor"], row["details"]) for row in rows] == [("boss", {"address": "192.0.2.1"})]
    result = (await client.post("/api/audit/verify", json={})).json()
    assert (result["ok"], result["broken_at"]) == (True, None)
    last = (await client.get(f"/api/audit?after={result['rows']}")).json()["audit"]
    newest = (await client.get(f"/api/audit?before={2**60}&limit=1")).json()["audit"]
    assert newest == last[-1:]
    assert [row["act"] for row in last] == ["audit.verified"]
    placed = (await client.get("/api/audit?offset=1&limit=1")).json()
    assert (placed["audit"][0]["seq"], placed["count"]) == (result["rows"], result["rows"] + 1)
    for wrong in ("offset=-1", "limit=0", "limit=9999", "after=-1", "after=x", "act=%00"):
        assert (await client.get(f"/api/audit?{wrong}")).status_code == 422
