from __future__ import annotations

import hashlib
import io
import json
import sqlite3
import wave
import zipfile
from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import pytest
from fastapi import FastAPI

from softswitch.access import audit
from softswitch.access.model import Actor, Role
from softswitch.recordings import wav
from softswitch.recordings.routes import routes
from softswitch.store.database import Database
from softswitch.web import errors
from softswitch.web.guard import Guard
from tests.recordings.kit import SECOND, Switch, tone

NAME = "1700000000.1"
ROLE_OF = {f"{role.value}-token": role for role in Role}


class Tokens:
    """Each role has a token with its name."""

    async def by_session(self, secret: str, address: str) -> Actor | None:
        return None

    async def by_token(self, secret: str, address: str) -> Actor | None:
        role = ROLE_OF.get(secret)
        return (
            None
            if role is None
            else Actor(role.value, role.value, role, via="token", address=address)
        )


async def desk_of(who: Actor) -> str | None:
    return "1001" if who.role is Role.DISPATCHER else None


def signed_in(role: Role) -> dict[str, str]:
    return {"Authorization": f"Bearer {role.value}-token"}


@pytest.fixture
async def http(switch: Switch) -> AsyncIterator[httpx.AsyncClient]:
    app = FastAPI()
    errors.install(app)
    app.include_router(routes(switch.service.library, Guard(Tokens()), desk_of))
    async with httpx.AsyncClient(
        transport=httpx.ASGITransport(app),
        base_url="http://test",
        headers=signed_in(Role.SUPERVISOR),
    ) as client:
        await switch.connect()
        yield client


@pytest.fixture
async def data(http: httpx.AsyncClient, switch: Switch) -> bytes:
    """Return the samples of the one recording that is kept."""
    return await switch.record(NAME, 1.0, call="call-1", phone="desk-1001", number="119")


async def acts(db: Database) -> list[tuple[str, str]]:
    lines = await db.read(audit.page)
    return [(line["actor"], line["act"]) for line in lines if line["target"] == NAME]


async def test_the_whole_recording_is_a_wav_file(http: httpx.AsyncClient, data: bytes) -> None:
    answer = await http.get(f"/api/recordings/{NAME}/audio")
    assert (answer.status_code, answer.headers["content-type"]) == (200, "audio/wav")
    assert answer.headers["etag"] == f'"{hashlib.sha256(answer.content).hexdigest()}"'
    assert answer.content == wav.header(wav.Audio(len(data))) + data


@pytest.mark.parametrize(
    ("field", "start", "stop"),
    [("bytes=0-99", 0, 100), ("bytes=40-50", 40, 51), ("bytes=16000-", 16_000, 16_044)],
)
async def test_a_part_is_that_part(
    http: httpx.AsyncClient, data: bytes, field: str, start: int, stop: int
) -> None:
    whole = wav.header(wav.Audio(len(data))) + data
    answer = await http.get(f"/api/recordings/{NAME}/audio", headers={"Range": field})
    assert answer.status_code == 206
    assert answer.content == whole[start:stop]
    assert answer.headers["content-range"] == f"bytes {start}-{stop - 1}/{len(whole)}"


async def test_a_part_behind_the_end_names_the_length(http: httpx.AsyncClient, data: bytes) -> None:
    answer = await http.get(f"/api/recordings/{NAME}/audio", headers={"Range": "bytes=99999-"})
    assert answer.status_code == 416
    assert answer.headers["content-range"] == f"bytes */{44 + len(data)}"
    assert answer.json()["error"]["code"] == "bad_range"


async def test_a_changed_tag_means_the_whole(http: httpx.AsyncClient, data: bytes) -> None:
    fields = {"Range": "bytes=0-9", "If-Range": '"another"'}
    answer = await http.get(f"/api/recordings/{NAME}/audio", headers=fields)
    assert (answer.status_code, len(answer.content)) == (200, 44 + len(data))


async def test_a_running_recording_plays_as_far_as_it_is(
    http: httpx.AsyncClient, switch: Switch
) -> None:
    await switch.begin(NAME, phone="desk-1001", number="119")
    first = switch.write(NAME, tone(2.0), closed=False)
    await switch.service.settled()
    (shown,) = (await http.get("/api/recordings/recent?desk=1001")).json()["recordings"]
    assert (shown["id"], shown["state"]) == (NAME, "running")
    answer = await http.get(f"/api/recordings/{NAME}/audio")
    with wave.open(io.BytesIO(answer.content)) as file:
        assert file.readframes(1 << 20) == first
    part = await http.get(f"/api/recordings/{NAME}/audio", headers={"Range": "bytes=40-47"})
    assert part.content == answer.content[40:48]
    second = switch.write(NAME, tone(3.0), closed=False)
    again = await http.get(f"/api/recordings/{NAME}/audio")
    assert again.content[44:] == second
    picture = await http.get(f"/api/recordings/{NAME}/waveform?points=10")
    assert len(picture.json()["peaks"]) == 10


async def test_who_listened_is_in_the_audit_once_for_each_listening(
    http: httpx.AsyncClient, data: bytes, switch: Switch, db: Database
) -> None:
    for start in (0, 100, 5_000):
        field = {"Range": f"bytes={start}-"}
        await http.get(f"/api/recordings/{NAME}/audio", headers=field)
    assert await acts(db) == [("supervisor", "recording.listened")]
    await http.get(f"/api/recordings/{NAME}/audio", headers=signed_in(Role.AUDITOR))
    await http.get(f"/api/recordings/{NAME}/audio?download=true")
    switch.clock.at += 11 * 60 * SECOND
    await http.get(f"/api/recordings/{NAME}/audio")
    heard = [("supervisor", "recording.listened")]
    others = [("auditor", "recording.listened"), ("supervisor", "recording.downloaded")]
    assert await acts(db) == heard + others + heard


async def test_nobody_listens_while_the_audit_cannot_be_written(
    http: httpx.AsyncClient, data: bytes, tmp_path: Path
) -> None:
    other = sqlite3.connect(tmp_path / "softswitch.db", isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    answer = await http.get(f"/api/recordings/{NAME}/audio")
    export = await http.get(f"/api/recordings/{NAME}/export")
    other.execute("ROLLBACK")
    other.close()
    assert [answer.status_code, export.status_code] == [503, 503]
    assert answer.json()["error"]["code"] == "store_unavailable"


async def test_lists_by_call_desk_and_time(http: httpx.AsyncClient, switch: Switch) -> None:
    began = switch.clock.at
    await switch.record("1.1", call="call-1", phone="desk-1001")
    await switch.record("1.2", call="call-1", number="119")
    await switch.record("2.1", call="call-2", phone="desk-1002")

    async def ids(query: str) -> list[str]:
        answer = await http.get(f"/api/recordings?{query}")
        return [row["id"] for row in answer.json()["recordings"]]

    assert await ids("") == ["2.1", "1.2", "1.1"]
    assert await ids("limit=1") == ["2.1"]
    assert await ids("call_id=call-1") == ["1.2", "1.1"]
    assert await ids("extension=1002") == ["2.1"]
    assert await ids(f"from={began + SECOND}") == ["2.1", "1.2"]
    assert await ids(f"to={began + SECOND}") == ["1.1"]


async def test_the_last_thirty_minutes_of_the_own_desk(
    http: httpx.AsyncClient, switch: Switch
) -> None:
    await switch.record("old", phone="desk-1001")
    switch.clock.at += 31 * 60 * SECOND
    await switch.record("mine", phone="desk-1001")
    await switch.record("other", phone="desk-1002")
    own = await http.get("/api/recordings/recent", headers=signed_in(Role.DISPATCHER))
    assert own.json()["desk"] == "1001"
    assert [row["id"] for row in own.json()["recordings"]] == ["mine"]
    none = await http.get("/api/recordings/recent")
    assert (none.status_code, none.json()["error"]["code"]) == (409, "no_desk")


async def test_the_waveform_is_computed_once(
    http: httpx.AsyncClient, data: bytes, switch: Switch
) -> None:
    first = (await http.get(f"/api/recordings/{NAME}/waveform?points=50")).json()
    assert len(first["peaks"]) == 50
    assert min(high for _, high in first["peaks"]) >= 30
    (file,) = switch.service.folder.archive.rglob("*.wav")
    file.unlink()
    assert (await http.get(f"/api/recordings/{NAME}/waveform?points=50")).json() == first
    bad = await http.get(f"/api/recordings/{NAME}/waveform?points=5000")
    assert (bad.status_code, bad.json()["error"]["field"]) == (422, "points")


async def test_export_is_complete_and_checks(
    http: httpx.AsyncClient, data: bytes, db: Database
) -> None:
    answer = await http.get(f"/api/recordings/{NAME}/export")
    assert answer.headers["content-type"] == "application/zip"
    with zipfile.ZipFile(io.BytesIO(answer.content)) as archive:
        assert archive.testzip() is None
        parts = {name: archive.read(name) for name in archive.namelist()}
    sums = dict(line.split("  ")[::-1] for line in parts.pop("SHA256SUMS").decode().splitlines())
    assert sums == {name: hashlib.sha256(body).hexdigest() for name, body in parts.items()}
    assert parts[f"{NAME}.wav"][44:] == data
    about = json.loads(parts[f"{NAME}.json"])
    assert (about["call_id"], about["checksum_ok"]) == ("call-1", True)
    assert about["exported_by"] == "supervisor"
    assert await acts(db) == [("supervisor", "recording.exported")]


async def test_a_changed_byte_is_found(
    http: httpx.AsyncClient, data: bytes, switch: Switch
) -> None:
    assert (await http.post(f"/api/recordings/{NAME}/verify")).json()["ok"] is True
    (file,) = switch.service.folder.archive.rglob("*.wav")
    content = bytearray(file.read_bytes())
    content[1_000] ^= 1
    file.write_bytes(content)
    assert (await http.post(f"/api/recordings/{NAME}/verify")).json()["ok"] is False
    answer = await http.get(f"/api/recordings/{NAME}/export")
    with zipfile.ZipFile(io.BytesIO(answer.content)) as archive:
        assert json.loads(archive.read(f"{NAME}.json"))["checksum_ok"] is False


async def test_a_legal_hold_needs_a_reason(
    http: httpx.AsyncClient, data: bytes, db: Database
) -> None:
    bare = await http.put(f"/api/recordings/{NAME}/hold", json={"hold": True, "reason": " "})
    assert (bare.status_code, bare.json()["error"]["code"]) == (422, "reason_needed")
    body = {"hold": True, "reason": "court order 17"}
    held = (await http.put(f"/api/recordings/{NAME}/hold", json=body)).json()
    assert (held["hold"], held["hold_reason"]) == (True, "court order 17")
    body = {"hold": False, "reason": "lifted"}
    free = (await http.put(f"/api/recordings/{NAME}/hold", json=body)).json()
    assert (free["hold"], free["hold_reason"]) == (False, None)
    assert [act for _, act in await acts(db)] == ["recording.held", "recording.released"]


@pytest.mark.parametrize("name", ["..%2f..%2fetc%2fpasswd", "a%00b", "-x", "x" * 161])
async def test_ids_with_tricks_are_refused(http: httpx.AsyncClient, name: str) -> None:
    answer = await http.get(f"/api/recordings/{name}/audio")
    assert answer.status_code in {404, 422}
    assert answer.json()["error"]["code"] in {"bad_recording_id", "not_found"}


async def test_what_is_not_there_is_said(http: httpx.AsyncClient, switch: Switch) -> None:
    answer = await http.get("/api/recordings/1.1/audio")
    assert (answer.status_code, answer.json()["error"]["code"]) == (404, "recording_not_found")
    await switch.record("1.1")
    (file,) = switch.service.folder.archive.rglob("*.wav")
    file.unlink()
    await switch.service.check(full=True)
    answer = await http.get("/api/recordings/1.1/audio")
    assert (answer.status_code, answer.json()["error"]["code"]) == (410, "recording_missing")


async def test_a_running_recording_cannot_be_exported(
    http: httpx.AsyncClient, switch: Switch
) -> None:
    await switch.begin(NAME)
    switch.write(NAME, tone(0.1), closed=False)
    await switch.service.settled()
    for request in (http.get(f"/api/recordings/{NAME}/export"),):
        answer = await request
        assert (answer.status_code, answer.json()["error"]["code"]) == (409, "recording_running")


@pytest.mark.parametrize("role", Role)
async def test_each_role_may_do_what_the_policy_says(
    http: httpx.AsyncClient, data: bytes, role: Role
) -> None:
    who = Actor("x", "x", role)
    for method, path, right in (
        ("GET", "", "recording.listen"),
        ("GET", f"/{NAME}/audio", "recording.listen"),
        ("GET", f"/{NAME}/waveform", "recording.listen"),
        ("GET", f"/{NAME}/export", "recording.export"),
        ("POST", f"/{NAME}/verify", "recording.export"),
        ("PUT", f"/{NAME}/hold", "recording.hold"),
    ):
        answer = await http.request(
            method,
            f"/api/recordings{path}",
            headers=signed_in(role),
            json={"hold": False, "reason": "x"} if method == "PUT" else None,
        )
        assert answer.status_code == (200 if who.may(right) else 403), (path, answer.text)  # type: ignore[arg-type]


async def test_without_signing_in_nothing_is_heard(http: httpx.AsyncClient, data: bytes) -> None:
    answer = await http.get(f"/api/recordings/{NAME}/audio", headers={"Authorization": ""})
    assert answer.status_code == 401
