"""Whatever is sent, the answer is a clear one, and nothing that a configuration file obeys is stored."""

from __future__ import annotations

import asyncio
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import httpx
from hypothesis import given, settings
from hypothesis import strategies as st

from softswitch.directory.registry import RegistryService
from softswitch.directory.routes import routes
from softswitch.directory.service import DirectoryService
from softswitch.directory.switch import for_switch
from softswitch.store.database import Database
from softswitch.web.frame import create_app
from softswitch.web.guard import Guard
from tests.directory.conftest import RoleTokens

NASTY = st.sampled_from(
    ["", "1001", "120", "701", "a\r\nb", "x\0", "${SHELL(id)}", "a&b,c;d", "[x]", "a\u202eb", "a\u2028b", "\u200b",
     "\ud800", "9" * 60, "../users", "%00", "一" * 300, " ", "-1", "*8", "+86120"]
)  # fmt: skip
VALUES = st.one_of(
    NASTY, st.none(), st.booleans(), st.integers(), st.floats(), st.lists(NASTY, max_size=3)
)
FIELDS = (
    "number", "name", "kind", "record", "skills", "position", "enabled", "id", "extension", "transport",
    "digits", "name_zh", "name_en", "rank", "skill", "address", "note", "offer_seconds", "strategy",
    "duty_number", "callback_auto", "area_code", "speed_dials", "desk", "label",
)  # fmt: skip
BODIES = st.one_of(st.dictionaries(st.sampled_from(FIELDS), VALUES, max_size=5), VALUES)
PLACES = st.sampled_from(
    [
        ("POST", "/api/extensions"), ("PATCH", "/api/extensions/{}"), ("DELETE", "/api/extensions/{}"),
        ("GET", "/api/extensions/{}"), ("POST", "/api/extensions/1001/phones"), ("POST", "/api/phones"),
        ("PATCH", "/api/phones/{}"), ("DELETE", "/api/phones/{}"), ("POST", "/api/phones/{}/secret"),
        ("POST", "/api/emergency-numbers"), ("PATCH", "/api/emergency-numbers/{}"),
        ("DELETE", "/api/emergency-numbers/{}"), ("POST", "/api/registry"), ("PATCH", "/api/registry/{}"),
        ("DELETE", "/api/registry/{}"), ("GET", "/api/registry?query={}"), ("PUT", "/api/intake"),
        ("GET", "/api/registry/lookup?number={}"), ("PUT", "/api/speed-dials?desk=1001"),
        ("GET", "/api/speed-dials?desk={}"), ("POST", "/api/extensions/import"),
        ("POST", "/api/registry/import?dry_run={}"),
    ]
)  # fmt: skip


@settings(max_examples=25, deadline=None)
@given(st.lists(st.tuples(PLACES, NASTY, BODIES), max_size=30))
def test_no_request_breaks_anything(requests: list[tuple[tuple[str, str], str, Any]]) -> None:
    asyncio.run(_send_all(requests))


async def _send_all(requests: list[tuple[tuple[str, str], str, Any]]) -> None:
    with TemporaryDirectory() as folder:
        async with Database.at(Path(folder) / "softswitch.db") as db:
            service = DirectoryService(db)
            await service.start()
            router = routes(service, RegistryService(db), Guard(RoleTokens()), lambda _actor: None)
            transport = httpx.ASGITransport(create_app([router]))
            headers = {"Authorization": "Bearer supervisor"}
            async with httpx.AsyncClient(
                transport=transport, base_url="http://localhost", headers=headers
            ) as http:
                await http.post("/api/extensions", json={"number": "1001", "kind": "desk"})
                for place, text, body in requests:
                    await _send(http, place, text, body)
            _check(service)


async def _send(http: httpx.AsyncClient, place: tuple[str, str], text: str, body: Any) -> None:
    method, path = place
    content = _json(body)
    target = path.format(_quoted(text))
    answer = await http.request(method, target, content=content)
    assert answer.status_code < 500, answer.text
    if answer.status_code >= 400:
        error = answer.json()["error"]
        assert error["code"] != "internal_error"
        assert error["message"]


def _quoted(text: str) -> str:
    from urllib.parse import quote

    return quote(text.encode("utf-8", "surrogatepass"), safe="")


def _json(body: Any) -> bytes:
    import json

    return json.dumps(body).encode()


def _check(service: DirectoryService) -> None:
    """What was accepted can be rendered, and holds no line break, no NUL."""
    snapshot = service.snapshot()
    for_switch(snapshot)
    for entry in snapshot.extensions:
        assert entry.name.isprintable()
        assert entry.number.isdecimal()
    for each in snapshot.emergency_numbers:
        assert (each.name_zh + each.name_en).isprintable()
    assert all(phone.id.isascii() for phone in snapshot.phones)
