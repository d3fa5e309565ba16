"""One manner of answering: errors, headers, hosts, sizes, pages."""

from __future__ import annotations

import logging
from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import pytest
from fastapi import APIRouter, Depends
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from softswitch.access.model import Actor, Right
from softswitch.web.frame import create_app
from softswitch.web.guard import Guard
from softswitch.web.headers import Hosts
from softswitch.web.outer import Outer
from tests.web.conftest import People, Site, running

BEARER = {"authorization": "Bearer dispatcher"}


@pytest.fixture
async def site() -> AsyncIterator[Site]:
    async with running() as one:
        yield one


def error(answer: httpx.Response) -> dict[str, str]:
    body = answer.json()
    assert set(body) == {"error"}
    words = {"code", "message", "next_step", "message_zh", "next_step_zh"}
    assert words <= set(body["error"]) <= {*words, "field"}
    assert answer.headers["content-type"] == "application/json"
    return dict(body["error"])


@pytest.mark.parametrize(
    ("method", "path", "content", "status", "code"),
    [
        ("GET", "/api/nothing", b"", 404, "not_found"),
        ("PUT", "/api/nothing", b"{}", 404, "not_found"),
        ("GET", "/api", b"", 404, "not_found"),
        ("PUT", "/api/things", b"{}", 405, "method_not_allowed"),
        ("POST", "/api/things/1", b"{", 422, "bad_json"),
        ("POST", "/api/things/1", b"\xff\xfe", 422, "bad_json"),
        ("POST", "/api/things/1", b"[]", 422, "bad_request"),
        ("POST", "/api/things/1", b"", 422, "bad_request"),
        ("POST", "/api/things/1", b'{"digits": 5}', 422, "bad_request"),
        ("GET", "/api/things?limit=x", b"", 422, "bad_request"),
        ("GET", "/missing.js", b"", 503, ""),
    ],
)
async def test_every_error_has_the_one_shape(
    site: Site, method: str, path: str, content: bytes, status: int, code: str
) -> None:
    headers = {**BEARER, "content-type": "application/json"}
    async with site.client() as client:
        answer = await client.request(method, path, content=content, headers=headers)
    assert answer.status_code == status
    if code:
        assert error(answer)["code"] == code


async def test_a_wrong_field_is_named(site: Site) -> None:
    async with site.client() as client:
        answer = await client.post(
            "/api/things/1", json={"digits": "1", "count": "x"}, headers=BEARER
        )
    assert error(answer)["field"] == "count"


async def test_a_mistake_of_ours_has_an_id_that_is_in_the_log(
    site: Site, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.ERROR):
        async with site.client() as client:
            answer = await client.get("/api/broken", headers=BEARER)
    assert answer.status_code == 500
    message = error(answer)["message"]
    number = message.partition("(id ")[2].partition(")")[0]
    assert len(number) == 8
    assert number in caplog.text
    assert "xyzzy" in caplog.text
    assert "xyzzy" not in answer.text


@pytest.mark.parametrize("chunked", [False, True])
async def test_a_body_that_is_too_large_is_refused(site: Site, chunked: bool) -> None:
    body = b'{"digits": "' + b"1" * 1_000_000 + b'"}'

    async def pieces() -> AsyncIterator[bytes]:
        for start in range(0, len(body), 65_536):
            yield body[start : start + 65_536]

    headers = {**BEARER, "content-type": "application/json"}
    async with site.client() as client:
        content = pieces() if chunked else body
        answer = await client.post("/api/things/1", content=content, headers=headers)
        assert answer.status_code == 413
        assert error(answer)["code"] == "too_large"


async def test_an_import_may_be_larger(site: Site) -> None:
    async with site.client() as client:
        answer = await client.post("/api/things/import", content=b"x" * 2_000_000, headers=BEARER)
    assert answer.status_code == 200


@pytest.mark.parametrize(("path", "status"), [("/large/import", 200), ("/other/import", 413)])
async def test_a_path_that_reads_a_stream_may_take_more_than_others(path: str, status: int) -> None:
    taken = 0

    async def reads(request: Request) -> Response:
        nonlocal taken
        async for chunk in request.stream():
            taken += len(chunk)
        return Response()

    async def pieces() -> AsyncIterator[bytes]:
        for _ in range(12):
            yield b"x" * 1_000_000

    app = Starlette(
        routes=[Route(path, reads, methods=["POST"])],
        middleware=[
            Middleware(Outer, hosts=Hosts(()), limits={"/large/import": 12_000_000}),
        ],
    )
    transport = httpx.ASGITransport(app, raise_app_exceptions=False)
    async with httpx.AsyncClient(transport=transport, base_url="http://localhost") as client:
        answer = await client.post(path, content=pieces())
    assert answer.status_code == status
    assert (taken == 12_000_000) == (status == 200)


@pytest.mark.parametrize(
    ("host", "allowed"),
    [
        ("127.0.0.1", True),
        ("[::1]:8080", True),
        ("localhost:9", True),
        ("dispatch.example", True),
        ("DISPATCH.example:80", True),
        ("evil.example", False),
        ("dispatch.example.evil.example", False),
        ("127.0.0.1@evil.example", False),
        ("", False),
    ],
)
async def test_only_our_own_names_are_answered(site: Site, host: str, allowed: bool) -> None:
    async with site.client(host=host) as client:
        answer = await client.get("/api/things", headers=BEARER)
    assert answer.status_code == (200 if allowed else 422)
    if not allowed:
        assert error(answer)["code"] == "wrong_host"


@pytest.mark.parametrize("path", ["/", "/api/things", "/api/nothing"])
async def test_security_headers_are_on_every_answer(site: Site, path: str) -> None:
    async with site.client() as client:
        headers = (await client.get(path, headers=BEARER)).headers
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["x-frame-options"] == "DENY"
    assert headers["cache-control"] == "no-store"
    assert "server" not in headers
    policy = headers["content-security-policy"]
    assert "script-src 'self';" in policy
    assert "connect-src 'self' ws://127.0.0.1:* wss://127.0.0.1:*;" in policy


class TestCrossSite:
    """What a page of another site can make a browser send changes nothing."""

    JSON = b'{"digits": "120"}'

    async def post(self, site: Site, **headers: str) -> int:
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        cookie = {"cookie": "softswitch_session=dispatcher"}
        async with site.client() as client:
            answer = await client.post(
                "/api/things/1", content=self.JSON, headers={**cookie, **named}
            )
        if answer.status_code == 403:
            assert error(answer)["code"] == "cross_site"
        return answer.status_code

    async def test_our_own_page_may(self, site: Site) -> None:
        assert await self.post(site, content_type="application/json", origin=site.url) == 200

    async def test_other_origins_may_not(self, site: Site) -> None:
        for origin in (
            "http://evil.example",
            "null",
            "",
            f"{site.url}.evil.example",
            "http://127.0.0.1",
            "file://",
            "http://[",
            f"ftp://{site.host}",
        ):
            assert await self.post(site, content_type="application/json", origin=origin) == 403

    async def test_without_an_origin_it_may_not(self, site: Site) -> None:
        assert await self.post(site, content_type="application/json") == 403

    @pytest.mark.parametrize(
        "kind", ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data", ""]
    )
    async def test_a_plain_form_may_not(self, site: Site, kind: str) -> None:
        assert await self.post(site, content_type=kind, origin=site.url) == 403

    async def test_our_header_stands_for_the_content_type(self, site: Site) -> None:
        async with site.client(**site.page()) as client:
            answer = await client.post("/api/things/import", headers={"x-softswitch": "1"})
        assert answer.status_code == 200

    async def test_a_token_needs_none_of_it(self, site: Site) -> None:
        async with site.client() as client:
            answer = await client.post("/api/things/1", json={"digits": "1"}, headers=BEARER)
        assert answer.json()["via"] == "token"

    async def test_reading_needs_none_of_it(self, site: Site) -> None:
        async with site.client(cookie="softswitch_session=dispatcher") as client:
            assert (await client.get("/api/things")).status_code == 200


@pytest.mark.parametrize(
    ("headers", "status", "code"),
    [
        ({}, 401, "not_signed_in"),
        ({"cookie": "softswitch_session=nobody"}, 401, "not_signed_in"),
        ({"authorization": "Bearer nobody"}, 401, "bad_token"),
        # A bad token is not made good by a good cookie.
        (
            {"authorization": "Bearer x", "cookie": "softswitch_session=dispatcher"},
            401,
            "bad_token",
        ),
        ({"authorization": "Basic ZGlzcGF0Y2hlcjo="}, 401, "not_signed_in"),
        ({"authorization": "Bearer auditor"}, 403, "not_allowed"),
        ({"cookie": "softswitch_session=operator"}, 403, "not_allowed"),
    ],
)
async def test_who_may_not_come_in(
    site: Site, headers: dict[str, str], status: int, code: str
) -> None:
    async with site.client() as client:
        answer = await client.get("/api/things", headers=headers)
    assert (answer.status_code, error(answer)["code"]) == (status, code)


@pytest.fixture
def dist(tmp_path: Path) -> Path:
    (tmp_path / "secret.txt").write_text("outside")
    folder = tmp_path / "dist"
    (folder / "assets").mkdir(parents=True)
    (folder / "index.html").write_text("<title>console</title>")
    (folder / "assets" / "index-BxY4_z-1.js").write_text("code")
    (folder / "favicon.svg").write_text("<svg/>")
    (folder / "link.txt").symlink_to(tmp_path / "secret.txt")
    return folder


async def test_the_console_is_served_with_the_right_caching(dist: Path) -> None:
    async with running(console=dist) as site, site.client() as client:
        for path in ("/", "/board", "/incidents/5"):
            answer = await client.get(path)
            assert "console" in answer.text
            assert answer.headers["cache-control"] == "no-cache"
        script = await client.get("/assets/index-BxY4_z-1.js")
        assert script.headers["cache-control"] == "public, max-age=31536000, immutable"
        assert "javascript" in script.headers["content-type"]
        assert (await client.get("/favicon.svg")).headers["cache-control"] == "no-cache"
        assert (await client.get("/assets/old-00000000.js")).status_code == 404
        assert (await client.get("/api/board/x")).status_code == 404


@pytest.mark.parametrize(
    "path", ["/../secret.txt", "/%2e%2e/secret.txt", "/..%2fsecret.txt", "/link.txt", "/a%00.txt"]
)
async def test_nothing_outside_the_console_is_served(dist: Path, path: str) -> None:
    async with running(console=dist) as site, site.client() as client:
        request = client.build_request("GET", site.url)
        request.url = request.url.copy_with(raw_path=path.encode())
        answer = await client.send(request)
    assert "outside" not in answer.text
    assert answer.status_code == 404


async def test_a_console_that_is_not_built_says_how_to_build_it(tmp_path: Path) -> None:
    async with running(console=tmp_path / "dist") as site, site.client() as client:
        answer = await client.get("/")
    assert "scripts/run" in answer.text
    assert "尚未构建" in answer.text


async def test_openapi_tells_of_the_error_shape(site: Site) -> None:
    async with site.client() as client:
        api = (await client.get("/openapi.json")).json()
    responses = api["paths"]["/api/things/{id}"]["post"]["responses"]
    shape = {"$ref": "#/components/schemas/ErrorBody"}
    for status in ("422", "default"):
        assert responses[status]["content"]["application/json"]["schema"] == shape
    assert api["paths"]["/api/things/{id}"]["post"]["operationId"] == "post_things_id"
    assert "HTTPValidationError" not in api["components"]["schemas"]


def test_an_application_with_an_open_route_is_not_built() -> None:
    router = APIRouter()

    @router.get("/api/open")
    async def open_() -> None: ...

    with pytest.raises(ValueError, match=r"GET /api/open must ask for one right; it asks: none"):
        create_app([router])


def test_a_route_with_two_rights_is_not_built() -> None:
    guard, router = Guard(People()), APIRouter()

    @router.get("/api/two")
    async def two(
        one: Actor = Depends(guard(Right.CALL_DIAL)),  # noqa: B008
        other: Actor = Depends(guard(Right.CALL_HOLD)),  # noqa: B008
    ) -> None: ...

    with pytest.raises(ValueError, match=r"it asks: call.dial, call.hold"):
        create_app([router])
