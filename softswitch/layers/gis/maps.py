"""Maps that the customer imports: from a file through a process that reads it, in small writes, to the table."""

from __future__ import annotations

import asyncio
import secrets
import sys
from asyncio.subprocess import PIPE, Process
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import orjson

from softswitch import numbers
from softswitch.clock import Clock, now
from softswitch.errors import Kind, Refusal, invalid, not_found
from softswitch.layers.gis import map_store
from softswitch.layers.gis.model import Coordinates, map_id
from softswitch.store.database import Database

SECONDS = 600.0
MOST_FAULTS = 1_000
MOST_SHOWN = 5_000
_BATCH_BYTES = 500_000
_BATCH_ROWS = 100
_LONGEST_LINE = 64_000_000
_SIGNS = ((b"PK\x03\x04", "shapefile"), (b"SQLite format 3\x00", "geopackage"))
Json = dict[str, Any]


class MapService:
    """Imported maps. A file is in the data folder only while it is read."""

    def __init__(self, db: Database, folder: Path, *, clock: Clock = now) -> None:
        self._db = db
        self._folder = folder
        self._clock = clock
        self._one = asyncio.Lock()

    async def all(self) -> list[Json]:
        """Return every map."""
        return await self._db.read(map_store.all_maps)

    async def features(self, which: str, box: map_store.Box) -> bytes:
        """Return the features in a box as a GeoJSON FeatureCollection (RFC 7946), ready to be sent.

        More than fit are cut off and ``truncated`` is true. Refuses ``map_not_found``.
        """
        rows = await self._db.read(map_store.in_box, which, box, MOST_SHOWN + 1)
        if not rows and not await self._db.read(map_store.exists, which):
            raise _no_map(which)
        return await asyncio.to_thread(_collection, rows)

    async def remove(self, login: str, which: str) -> None:
        """Remove a map. Refuses ``map_not_found``."""
        load = await self._db.write(map_store.drop_map, which, self._clock(), login)
        if load is None:
            raise _no_map(which)
        await self._forget(load)

    async def tidy(self) -> None:
        """Remove what interrupted imports have left."""
        async with self._one:
            for load in await self._db.read(map_store.orphans):
                await self._forget(load)

    async def load(
        self, login: str, name: str, note: str, coordinates: Coordinates, body: AsyncIterator[bytes]
    ) -> Json:
        """Import a file under a name; a map of that name is replaced when all of the new one is stored.

        Returns the map's id, how many features it has, and what was wrong with each that was left out.
        """
        name = numbers.plain_text(name, "name", 100)
        if not name:
            raise invalid("no_name", "The map has no name.", "Give one.", field="name")
        note = numbers.plain_text(note, "note")
        async with self._one:  # files are large, and two at once would be no quicker
            await asyncio.to_thread(self._folder.mkdir, parents=True, exist_ok=True)
            path = self._folder / f"{secrets.token_hex(8)}.part"
            try:
                form = await _keep(path, body)
                return await self._read(login, name, note, coordinates, path, form)
            finally:
                await asyncio.to_thread(path.unlink, missing_ok=True)

    async def _read(
        self, login: str, name: str, note: str, coordinates: Coordinates, path: Path, form: str
    ) -> Json:
        load = secrets.token_hex(16)
        child = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "softswitch.layers.gis.reader",
            str(path), form, coordinates.value,
            stdout=PIPE, stderr=asyncio.subprocess.DEVNULL, limit=_LONGEST_LINE,
        )  # fmt: skip
        try:
            async with asyncio.timeout(SECONDS):
                count, faults, left_out = await self._store(child, load)
        except BaseException as error:
            await self._forget(load)
            if isinstance(error, TimeoutError):
                raise _not_read(f"it took more than {SECONDS:g} s") from error
            raise
        finally:
            await _end(child)
        which, at = map_id(name), self._clock()
        old = await self._db.write(map_store.put_map, which, name, note, load, at, login)
        if old is not None:
            await self._forget(old)
        return {
            "id": which, "name": name, "features": count, "left_out": left_out, "faults": faults,
        }  # fmt: skip

    async def _store(self, child: Process, load: str) -> tuple[int, list[Json], int]:
        """Store what the process tells; it must come to its end by itself."""
        assert child.stdout is not None
        count, size, left_out = 0, 0, 0
        rows: list[Json] = []
        faults: list[Json] = []
        while line := await _line(child.stdout):
            value = orjson.loads(line)
            if "error" in value:
                error = value["error"]
                raise Refusal(
                    Kind.INVALID, error["code"], error["message"], error["next_step"], field="file"
                )
            if "end" in value:
                await self._add(load, count - len(rows), rows)
                return count, faults, left_out
            if "fault" in value:
                left_out += 1
                if len(faults) < MOST_FAULTS:
                    faults.append({"feature": value.pop("fault"), **value})
                continue
            rows.append(value)
            count, size = count + 1, size + len(line)
            if len(rows) >= _BATCH_ROWS or size >= _BATCH_BYTES:
                await self._add(load, count - len(rows), rows)
                rows, size = [], 0
        raise _not_read("it needs too much memory or time, or is broken")

    async def _add(self, load: str, first: int, rows: list[Json]) -> None:
        if rows:
            await self._db.write(map_store.add_features, load, first, rows)

    async def _forget(self, load: str) -> None:
        while await self._db.write(map_store.forget, load):
            pass


async def _line(stream: asyncio.StreamReader) -> bytes:
    try:
        return await stream.readline()
    except ValueError as error:
        raise _not_read("one feature is too large") from error


async def _keep(path: Path, body: AsyncIterator[bytes]) -> str:
    """Write what comes to a file and return its format, told by how it begins."""
    size, begins = 0, b""
    with await asyncio.to_thread(path.open, "wb") as file:
        async for piece in body:
            if len(begins) < 64:
                begins += piece[:64]
            size += len(piece)
            await asyncio.to_thread(file.write, piece)
    if size == 0:
        raise _not_read("it is empty")
    for sign, form in _SIGNS:
        if begins.startswith(sign):
            return form
    if begins.lstrip(b"\xef\xbb\xbf \r\n\t").startswith(b"{"):
        return "geojson"
    raise _not_read("it is neither GeoJSON nor GeoPackage nor a Shapefile in a zip file")


async def _end(child: Process) -> None:
    if child.returncode is None:
        child.kill()
    if child.stdout is not None:
        await child.stdout.read()
    await child.wait()


def _collection(rows: list[Json]) -> bytes:
    """Geometry and properties are stored as JSON and only put together."""
    parts = [
        f'{{"type":"Feature","id":{row["position"]},"geometry":{row["geometry"]},'
        f'"properties":{{"name":{orjson.dumps(row["name"]).decode()},"fields":{row["properties"]}}}}}'
        for row in rows[:MOST_SHOWN]
    ]
    truncated = "true" if len(rows) > MOST_SHOWN else "false"
    features = ",".join(parts)
    whole = f'{{"type":"FeatureCollection","truncated":{truncated},"features":[{features}]}}'
    return whole.encode()


def _no_map(which: str) -> Refusal:
    return not_found("map", which, "Look with `softswitch map list`.")


def _not_read(why: str) -> Refusal:
    return invalid(
        "bad_map_file",
        f"The file is not imported: {why}.",
        "Give GeoJSON, GeoPackage, or a zip file with a Shapefile.",
        field="file",
    )
