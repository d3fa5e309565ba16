"""Health, status and metrics."""

from __future__ import annotations

from collections.abc import AsyncIterator

import httpx
import pytest

from softswitch.web.frame import create_app
from softswitch.web.guard import Guard
from softswitch.web.health import Health, routes
from tests.web.conftest import People


def broken() -> dict[str, bool]:
    raise OSError("no such disk")


@pytest.fixture
def health() -> Health:
    return Health(clock=lambda: 1_800_000_000_000)


@pytest.fixture
async def client(health: Health) -> AsyncIterator[httpx.AsyncClient]:
    app = create_app([routes(health, Guard(People()))])
    transport = httpx.ASGITransport(app)
    async with httpx.AsyncClient(transport=transport, base_url="http://localhost") as one:
        yield one


async def test_all_is_well_while_every_part_says_so(
    health: Health, client: httpx.AsyncClient
) -> None:
    health.add("ari", lambda: {"ok": True})
    assert (await client.get("/api/health")).json() == {"status": "ok", "failing": []}


async def test_anybody_may_know_what_fails_and_no_more(
    health: Health, client: httpx.AsyncClient
) -> None:
    health.add("ari", lambda: {"ok": False, "secret": "where it is"})
    health.add("disk", broken)
    health.add("ami", lambda: {"ok": True})
    assert (await client.get("/api/health")).json() == {
        "status": "degraded",
        "failing": ["ari", "disk"],
    }
    assert (await client.get("/api/status")).status_code == 401


async def test_who_is_signed_in_sees_the_parts(health: Health, client: httpx.AsyncClient) -> None:
    health.add("disk", broken)
    health.add("ari", lambda: {"ok": True, "channels": 3})
    status = (await client.get("/api/status", headers={"authorization": "Bearer auditor"})).json()
    assert status["parts"] == {
        "disk": {"ok": False, "error": "OSError: no such disk"},
        "ari": {"ok": True, "channels": 3},
    }
    assert status["started_at"] == 1_800_000_000_000


async def test_metrics_are_text_that_prometheus_reads(
    health: Health, client: httpx.AsyncClient
) -> None:
    health.metric("calls", "Calls that are up.", lambda: 3)
    health.metric("waiting", "By class.", lambda: {'class="120"': 2, 'class="110"': 0})
    health.metric("writes_total", "Writes.", lambda: 12_345_678, kind="counter")
    health.add("ari", lambda: {"ok": True})
    answer = await client.get("/metrics")
    assert answer.headers["content-type"].startswith("text/plain; version=0.0.4")
    assert answer.text.splitlines() == [
        "# HELP softswitch_calls Calls that are up.",
        "# TYPE softswitch_calls gauge",
        "softswitch_calls 3",
        "# HELP softswitch_waiting By class.",
        "# TYPE softswitch_waiting gauge",
        'softswitch_waiting{class="110"} 0',
        'softswitch_waiting{class="120"} 2',
        "# HELP softswitch_writes_total Writes.",
        "# TYPE softswitch_writes_total counter",
        "softswitch_writes_total 12345678",
        "# HELP softswitch_up Whether a part works.",
        "# TYPE softswitch_up gauge",
        'softswitch_up{part="ari"} 1',
    ]


async def test_a_metric_that_fails_hides_no_other(
    health: Health, client: httpx.AsyncClient
) -> None:
    health.metric("bad", "Fails.", lambda: float(broken()["ok"]))
    health.metric("calls", "Calls.", lambda: 3)
    text = (await client.get("/metrics")).text
    assert "softswitch_calls 3" in text
    assert "\nsoftswitch_bad" not in text


def test_a_name_that_prometheus_does_not_take_is_a_mistake(health: Health) -> None:
    with pytest.raises(ValueError, match=r"no name for a metric"):
        health.metric("a-b", "", lambda: 1)
