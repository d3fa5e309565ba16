"""Bodies are read strictly before any route sees them."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from softswitch.web.json_body import is_json
from tests.web.conftest import Site, running

BEARER = {"authorization": "Bearer dispatcher"}


@pytest.fixture
async def site() -> AsyncIterator[Site]:
    async with running() as one:
        yield one


@pytest.mark.parametrize(
    "body",
    [
        b'{"digits": NaN}',
        b'{"digits": Infinity}',
        b'{"digits": "\\ud800"}',
        b'{"digits": "\xed\xa0\x80"}',
        b'{"digits": "1",}',
        b"{'digits': '1'}",
        b'\xef\xbb\xbf{"digits": "1"}',
        b'{"digits": ' + b"[" * 5_000 + b"]" * 5_000 + b"}",
        b'{"digits": "1"} {"digits": "2"}',
        b'{"digits": "a\nb"}',
    ],
)
async def test_what_is_no_json_is_refused(site: Site, body: bytes) -> None:
    headers = {**BEARER, "content-type": "application/json; charset=utf-8"}
    async with site.client() as client:
        answer = await client.post("/api/things/1", content=body, headers=headers)
    assert (answer.status_code, answer.json()["error"]["code"]) == (422, "bad_json")


async def test_json_in_pieces_arrives_whole(site: Site) -> None:
    async def pieces() -> AsyncIterator[bytes]:
        for piece in (b'{"dig', b'its": "\xe4\xb8', b'\xad"}'):
            yield piece

    headers = {**BEARER, "content-type": "application/json"}
    async with site.client() as client:
        answer = await client.post("/api/things/1", content=pieces(), headers=headers)
    assert answer.json()["digits"] == "中"


@pytest.mark.parametrize(
    ("content_type", "json"),
    [
        ("application/json", True),
        ("APPLICATION/JSON; charset=utf-8", True),
        ("application/problem+json", True),
        ("text/csv", False),
        ("text/json", False),
        ("", False),
        ("application/json-seq", False),
    ],
)
def test_which_bodies_are_read_as_json(content_type: str, json: bool) -> None:
    assert is_json(content_type) is json
