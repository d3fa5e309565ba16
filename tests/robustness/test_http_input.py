"""Every route with bad input: the answer is the one error shape, never a failure, and calls go on."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterable, Iterator
from contextlib import asynccontextmanager
from itertools import islice
from typing import Any

import httpx
import pytest
import pytest_asyncio

from softswitch.access.model import Actor, Role
from softswitch.app import System
from softswitch.testing.patience import PATIENCE
from softswitch.testing.system import running_system
from tests.robustness.attempts import (
    Attempt,
    attempts_on,
    operations,
)
from tests.robustness.calls import call_up, help_comes
from tests.robustness.conftest import PASSWORD

pytestmark = [pytest.mark.asterisk, pytest.mark.asyncio(loop_scope="session")]

VICTIMS: tuple[tuple[str, dict[str, str]], ...] = (
    ("users", {"login": "victim", "role": "auditor", "password": PASSWORD}),
    ("extensions", {"number": "2900", "name": "Victim"}),
    ("phones", {"id": "victim", "extension": "2900"}),
    ("emergency-numbers", {"digits": "128", "name_zh": "乙", "name_en": "B"}),
    ("registry", {"number": "2900", "name": "Victim"}),
)
JSON = {"Content-Type": "application/json"}
AT_ONCE = 8
ELSEWHERE = {"POST /api/login", "PUT /api/me/password", "PATCH /api/users/{login}"}
"""Wrong passwords are slow on purpose and lock out: these routes have tests of their own."""

# What a right request says; a test changes one thing in it. These things exist and may be spoiled.
RIGHT_PLACES = {
    "login": "victim", "number": "2900", "phone_id": "victim", "digits": "128", "id": "0" * 16,
    "call_id": "1700000000.1", "task_id": "0" * 16, "incident_id": "0" * 16, "name": "1700000000.1",
}  # fmt: skip
RIGHT_BODIES: dict[str, dict[str, Any]] = {
    "POST /api/login": {"login": "victim", "password": "wrong but long"},
    "PUT /api/me/password": {"old": "wrong", "new": "another long phrase 5"},
    "PUT /api/me/language": {"language": "en"},
    "POST /api/tokens": {"label": "token", "days": 1},
    "POST /api/users": {"login": "other", "role": "auditor", "password": "short"},
    "POST /api/extensions": {"number": "2901", "name": "Phone"},
    "POST /api/phones": {"id": "other", "extension": "2900"},
    "POST /api/extensions/{number}/phones": {"id": "other"},
    "POST /api/emergency-numbers": {"digits": "129", "name_zh": "甲", "name_en": "A"},
    "POST /api/registry": {"number": "02088880000", "name": "Name"},
    "POST /api/calls": {"to": "2900", "desk": "1001"},
}


async def send(client: httpx.AsyncClient, attempt: Attempt, **more: Any) -> httpx.Response:
    return await client.request(
        attempt.operation.method, attempt.address, content=attempt.content, headers=JSON, **more
    )


def complaint(attempt: Attempt, answer: httpx.Response) -> str | None:
    """Return what is wrong with an answer; None when it is as promised."""
    what = f"{attempt.operation}, {attempt.what}: {answer.status_code} {answer.text[:160]}"
    if answer.status_code >= 500:
        return what
    if answer.status_code < 400:
        return f"{what} (accepted)" if attempt.refused else None
    try:
        error = answer.json()["error"]
        sound = all(
            error[key] and isinstance(error[key], str) for key in ("code", "message", "next_step")
        )
    except (ValueError, KeyError, TypeError):
        sound = False
    return None if sound and len(answer.content) < 2_000 else f"{what} (no error shape)"


async def complaints(client: httpx.AsyncClient, attempts: Iterable[Attempt]) -> list[str]:
    """Send everything, a few at a time, and return what was answered wrongly."""
    found = []
    for some in batched(attempts, AT_ONCE):
        answers = await asyncio.gather(*(send(client, attempt) for attempt in some))
        found += [complaint(*pair) for pair in zip(some, answers, strict=True)]
    return [text for text in found if text]


def batched(attempts: Iterable[Attempt], size: int) -> Iterator[tuple[Attempt, ...]]:
    rest = iter(attempts)
    while some := tuple(islice(rest, size)):
        yield some


@pytest_asyncio.fixture(loop_scope="session")
async def spoiled(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[System]:
    """A system of its own: whatever is accepted stays in it."""
    async with running_system(tmp_path_factory.mktemp("spoiled")) as system:
        yield system
    assert not system.center.board.legs, "no channel is left"


@asynccontextmanager
async def signed_in(system: System) -> AsyncIterator[httpx.AsyncClient]:
    """A client with every right there is; what it may spoil is there."""
    chief = Actor("chief", "Chief", Role.SUPERVISOR, via="token")
    await system.users.add(chief, "chief", "Chief", "supervisor", PASSWORD)
    token = (await system.tokens.add(chief, "test"))["secret"]
    headers = {"Authorization": f"Bearer {token}"}
    async with httpx.AsyncClient(base_url=system.url, headers=headers, timeout=PATIENCE) as client:
        for path, body in VICTIMS:
            (await client.post(f"/api/{path}", json=body)).raise_for_status()
        yield client


@pytest.mark.timeout(900)  # it grows with the routes
async def test_no_input_makes_the_server_fail(spoiled: System) -> None:
    async with signed_in(spoiled) as client:
        every = operations((await client.get("/openapi.json")).json())
        wanted = [one for one in every if str(one) not in ELSEWHERE]
        async with call_up(spoiled):
            found = await complaints(client, attempts_on(wanted, RIGHT_PLACES, RIGHT_BODIES))
        assert not found, "\n".join(found)
        assert (await client.get("/api/health")).json()["status"] == "ok"
    assert spoiled.node.starts == 1
    await help_comes(spoiled)
