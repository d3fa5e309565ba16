"""Every role against every route of the whole application: nothing is open, nothing is closed by mistake."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from pathlib import Path
from unittest.mock import MagicMock

import httpx
import pytest
from fastapi import FastAPI

from softswitch import app_web
from softswitch.access.model import Role
from softswitch.access.policy import rights_of
from softswitch.settings import Settings
from softswitch.web.health import Health
from softswitch.web.inventory import PUBLIC_ROUTES, ApiRoute, api_routes
from softswitch.web.live import Live
from tests.web.conftest import People


def whole_application(console: Path) -> FastAPI:
    """Return the application as it runs, over services that do nothing: the guards are real."""
    system = MagicMock()
    people = People()
    system.access.by_session, system.access.by_token = people.by_session, people.by_token
    system.health = Health()
    system.live = Live()
    system.settings = Settings(console=console)
    kinds = system.layers.incidents.kinds  # they are in memory: what is exported is not awaited
    kinds.export_types.return_value = kinds.export_grades.return_value = b""
    return app_web.build(system)


APP = whole_application(Path("/nonexistent"))
ROUTES = api_routes(APP)
GUARDED = [route for route in ROUTES if not route.is_public]


def name(route: ApiRoute) -> str:
    return f"{route.method} {route.path}"


@pytest.fixture
async def client() -> AsyncIterator[httpx.AsyncClient]:
    # The services are empty: a request that gets past its guard may well fail behind it.
    transport = httpx.ASGITransport(APP, raise_app_exceptions=False)
    async with httpx.AsyncClient(transport=transport, base_url="http://localhost") as one:
        yield one


async def ask(client: httpx.AsyncClient, route: ApiRoute, token: str | None) -> httpx.Response:
    path = re.sub(r"\{[^}]+\}", "120", route.path)
    headers = {} if token is None else {"authorization": f"Bearer {token}"}
    body = b"" if route.method == "GET" else b"{}"
    return await client.request(
        route.method, path, content=body, headers={**headers, "content-type": "application/json"}
    )


def code(answer: httpx.Response) -> str:
    if not answer.headers.get("content-type", "").startswith("application/json"):
        return ""
    body = answer.json()
    return str(body.get("error", {}).get("code", "")) if isinstance(body, dict) else ""


def test_the_contract_is_there() -> None:
    """The routes of docs/explanation/architecture.md that no capability may lose."""
    paths = {name(route) for route in ROUTES}
    assert {
        "POST /api/login",
        "POST /api/logout",
        "GET /api/me",
        "PUT /api/me/desk",
        "PUT /api/me/password",
        "GET /api/users",
        "POST /api/users/{login}/unlock",
        "GET /api/users/export.csv",
        "POST /api/users/import",
        "POST /api/tokens",
        "GET /api/audit",
        "POST /api/audit/verify",
        "GET /api/board",
        "POST /api/calls",
        "GET /api/health",
        "GET /api/status",
    } <= paths
    assert len(paths) > 60


def test_each_route_asks_for_exactly_one_right() -> None:
    assert [name(route) for route in ROUTES if not route.is_sound] == []


def test_the_public_list_is_tiny_and_every_entry_is_real() -> None:
    assert {(route.method, route.path) for route in ROUTES if route.is_public} == PUBLIC_ROUTES
    assert len(PUBLIC_ROUTES) <= 3


def test_every_operation_has_its_own_name() -> None:
    api = APP.openapi()
    names = [each["operationId"] for path in api["paths"].values() for each in path.values()]
    assert len(names) == len(set(names))


@pytest.mark.parametrize("route", GUARDED, ids=name)
async def test_who_is_not_signed_in_is_refused(client: httpx.AsyncClient, route: ApiRoute) -> None:
    answer = await ask(client, route, None)
    assert (answer.status_code, code(answer)) == (401, "not_signed_in")


@pytest.mark.parametrize("role", Role)
@pytest.mark.parametrize("route", GUARDED, ids=name)
async def test_a_role_passes_exactly_where_the_table_lets_it(
    client: httpx.AsyncClient, route: ApiRoute, role: Role
) -> None:
    answer = await ask(client, route, role.value)
    refused = (answer.status_code, code(answer)) == (403, "not_allowed")
    assert refused == (route.rights[0] not in rights_of(role))
    assert answer.status_code != 401
