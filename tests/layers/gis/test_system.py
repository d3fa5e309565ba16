"""The map on the running system: a place in an INVITE, and everything over HTTP."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from softswitch.app import System
from softswitch.clock import now
from softswitch.testing.patience import PATIENCE
from softswitch.testing.phone.message import Request
from softswitch.testing.phone.outgoing import OutgoingCall
from softswitch.testing.system import no_channel_left, running_system, sip_phone, until, until_told
from tests.layers.gis.test_fetch import ok, server
from tests.layers.gis.test_pidf import HEAD, METRES, TAIL

pytestmark = pytest.mark.asterisk

SHAPE = (
    '<gs:Circle srsName="urn:ogc:def:crs:EPSG::4326"><gml:pos>29.35 104.77</gml:pos>'
    f"<gs:radius {METRES}>85</gs:radius></gs:Circle>"
)
PLACE = {"lon": 104.77, "lat": 29.35}
SQUARE = [[104.7, 29.3], [104.9, 29.3], [104.9, 29.5], [104.7, 29.5], [104.7, 29.3]]


@pytest.fixture
async def web(tmp_path: Path) -> AsyncIterator[tuple[System, httpx.AsyncClient, list[bytes]]]:
    document = (HEAD + SHAPE + TAIL).encode()
    async with (
        server(ok(document)) as (host, asked),
        running_system(tmp_path, location_servers=(host,)) as system,
    ):
        secret = json.loads((system.folder.path / "cli.json").read_text())["token"]
        headers = {"Authorization": f"Bearer {secret}"}
        async with httpx.AsyncClient(
            base_url=system.url, headers=headers, timeout=PATIENCE
        ) as client:
            client.headers["x-lis"] = host
            yield system, client, asked


def carry(monkeypatch: pytest.MonkeyPatch) -> None:
    """INVITEs get the place as a second part of their body (RFC 6442 section 3.1, RFC 5621)."""
    send = OutgoingCall._send

    def with_place(self: OutgoingCall, invite: Request) -> None:
        if b"presence" not in invite.body:
            parts = (
                b"--cut\r\nContent-Type: application/sdp\r\n\r\n" + invite.body,
                b"\r\n--cut\r\nContent-Type: application/pidf+xml\r\nContent-ID: <here@example.net>\r\n\r\n",
                (HEAD + SHAPE + TAIL).encode(),
                b"\r\n--cut--\r\n",
            )
            invite.body = b"".join(parts)
            invite.headers.set("Content-Type", "multipart/mixed;boundary=cut")
        send(self, invite)

    monkeypatch.setattr(OutgoingCall, "_send", with_place)


async def test_the_place_in_an_invite(
    web: tuple[System, httpx.AsyncClient, list[bytes]], monkeypatch: pytest.MonkeyPatch
) -> None:
    system, client, asked = web
    places = system.live.entities().setdefault("location", {})
    where = f"<http://{client.headers['x-lis']}/a>"
    async with sip_phone(system, "line") as line, sip_phone(system, "1001"):
        call = await line.dial("120", headers={"Geolocation": where, "Geolocation-Routing": "yes"})
        found = await until(lambda: next(iter(places.values()), None), what="the reference is read")
        assert (found["source"], found["lon"], found["uncertainty"]) == ("reference", 104.77, 85)
        assert asked
        path = f"/api/map/callers/{found['call_id']}"
        assert (await client.get(path)).json()["source"] == "reference"
        assert (await client.put(path, json={**PLACE, "lat": 29.36})).json()["source"] == "hand"
        inside = {"centre": PLACE, "radius": 2_000, "kinds": ["caller", "incident"]}
        counts = (await client.post("/api/map/inside", json=inside)).json()["counts"]
        assert counts["caller"] == 1
        await call.hangup()
        await until(lambda: not places, what="the caller is off the map")
        carry(monkeypatch)
        again = {"Geolocation": "<cid:here@example.net>", "Geolocation-Routing": "yes"}
        call = await line.dial("120", headers=again)
        found = await until(lambda: next(iter(places.values()), None), what="the body is read")
        assert (found["source"], found["lat"], found["uncertainty"]) == ("value", 29.35, 85)
        incident = await until(lambda: _placed(system), what="the incident has the place")
        assert (incident["latitude"], incident["uncertainty"]) == (29.35, 85)
        await call.hangup()
        await until(lambda: not system.center.board.legs, what="the call ended")
    await no_channel_left(system.node)


def _placed(system: System) -> dict[str, Any] | None:
    """The incident of the call that is up, as soon as it has a place."""
    shown = system.live.entities().get("incident", {}).values()
    up = set(system.center.board.calls)
    mine = (one for one in shown if up & set(one["call_ids"]))
    return next((one for one in mine if one["latitude"] is not None), None)


async def test_everything_over_http(web: tuple[System, httpx.AsyncClient, list[bytes]]) -> None:
    system, client, _ = web
    truck = {"code": "119-01", "kind": "unit", "numbers": ["2001"], **PLACE}
    assert (await client.post("/api/resources", json=truck)).status_code == 201
    fix = {"unit": "119-01", "at": now(), "lon": 104.78, "lat": 29.36, "accuracy": 5}
    report = await client.post("/api/map/positions", json={"positions": [fix, {**fix, "lat": 99}]})
    assert (report.json()["taken"], len(report.json()["refused"])) == (1, 1)
    place = {"latitude": PLACE["lat"], "longitude": PLACE["lon"]}
    made = await client.post("/api/incidents", json={"title": "群众到站报警", **place})
    assert made.status_code == 201, made.text
    await until(
        lambda: system.live.entities().get("incident", {}).get(made.json()["id"]),
        what="it is shown",
    )
    around = {"centre": PLACE, "radius": 2_000, "kinds": ["incident"]}

    async def on_the_map() -> bool:
        found = (await client.post("/api/map/inside", json=around)).json()
        return bool(found["counts"].get("incident") == 1)

    await until_told(on_the_map, what="an incident made by hand is on the map")
    body = {**PLACE, "statuses": ["free"], "rested": True, "oldest_seconds": 60}
    (unit,) = (await client.post("/api/map/nearest", json=body)).json()["nearest"]
    assert (unit["id"], unit["numbers"], unit["lon"]) == ("119-01", ["2001"], 104.78)
    area = {"area": {"type": "Polygon", "coordinates": [SQUARE]}}
    found = (await client.post("/api/map/inside", json=area)).json()
    assert (found["total"], found["numbers"]) == (2, ["2001"])  # and the incident, without number
    crossing = [SQUARE[0], SQUARE[2], SQUARE[1], SQUARE[3], SQUARE[0]]
    broken = {"area": {"type": "Polygon", "coordinates": [crossing]}}
    refused = await client.post("/api/map/inside", json=broken)
    assert refused.json()["error"]["code"] == "broken_geometry"
    text = await client.post("/api/map/messages", json={**area, "text": "撤离"})
    assert (text.status_code, text.json()["error"]["code"]) == (503, "no_messages")
    track = (await client.get("/api/map/units/119-01/track")).json()["track"]
    assert len(track) == 1
    in_view = await client.get("/api/map/things?west=104&east=105&south=29&north=30&kinds=unit")
    assert in_view.json()["counts"] == {"unit": 1}
    rows = b"number,lon,lat\n13800000001,104.8,29.4\n"
    told = await client.post("/api/map/points/import", content=rows)
    assert told.json()["added"] == 1
    numbers = await client.post("/api/map/inside", json={**area, "kinds": ["number"]})
    assert numbers.json()["numbers"] == ["13800000001"]
    shape = json.dumps({"type": "Feature", "properties": {}, "geometry": area["area"]}).encode()
    loaded = await client.post("/api/map/maps/upload?name=x", content=shape)
    assert loaded.json()["features"] == 1
    shown = await client.get(f"/api/map/maps/{loaded.json()['id']}/features")
    assert len(shown.json()["features"]) == 1
    assert b" 413 " in await _announced(client, 1_000_000_000)


async def _announced(client: httpx.AsyncClient, size: int) -> bytes:
    """The first line of the answer to a file that is only announced."""
    reader, writer = await asyncio.open_connection(client.base_url.host, client.base_url.port)
    lines = (
        "POST /api/map/maps/upload?name=x HTTP/1.1",
        f"Host: {client.base_url.host}",
        f"Authorization: {client.headers['authorization']}",
        f"Content-Length: {size}",
        "\r\n",
    )
    writer.write("\r\n".join(lines).encode())
    line = await reader.readline()
    writer.close()
    await writer.wait_closed()
    return line
