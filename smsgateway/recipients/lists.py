"""Lists of recipients: a file comes in as a stream, is read in small steps, and is either whole or not there at all."""

from __future__ import annotations

import asyncio
import contextlib
import shutil
import tempfile
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from pathlib import Path
from typing import Any, BinaryIO

from smsgateway.recipients import store
from smsgateway.recipients.mobile import find_mobile
from smsgateway.recipients.rows import Batch, Person, batches
from softswitch import numbers
from softswitch.clock import Clock, now
from softswitch.errors import Kind, Refusal, conflict, invalid, not_found
from softswitch.store.database import Database

MOST_BYTES = 2_000_000_000
_SPARE = 200_000_000
_SHOWN_BAD = 100
# Some 15 ms of parsing and 15 ms of writing: nobody waits long behind one step.
_STEP = 2_000

Row = dict[str, Any]


class Lists:
    """Files of recipients by name. ``show`` is told a list's row while it fills, None when it is gone."""

    def __init__(
        self,
        db: Database,
        spool: Path,
        show: Callable[[str, Row | None], None] = lambda _id, _row: None,
        clock: Clock = now,
    ) -> None:
        self._db = db
        self._spool = spool
        self._show = show
        self._clock = clock
        self._coming_in = 0

    async def load(self) -> None:
        """Clear away what a server that died left behind."""
        await asyncio.to_thread(shutil.rmtree, self._spool, True)
        await self._db.write(store.abandon_imports)
        while await self._db.write(store.clear_some):
            pass

    async def all(self) -> list[Row]:
        """Return every list."""
        return await self._db.read(store.all_lists)

    async def one(self, key: str) -> Row:
        """Return a list by id or name, or refuse (``sms_list_not_found``)."""
        row = await self._db.read(store.list_named, key)
        if row is None:
            raise not_found("sms list", numbers.quoted(key), "Look at the lists of recipients.")
        return row

    async def remove(self, key: str) -> Row:
        """Remove a list; campaigns that were made from it keep their people."""
        row = await self.one(key)
        await self._db.write(store.mark_removed, row["id"])
        await self._clear()
        return row

    async def import_csv(self, login: str, name: str, source: AsyncIterator[bytes]) -> Row:
        """Read a CSV file into the list ``name``, in place of one of that name; return the report.

        Refuses a file that cannot be read as a whole; then nothing is changed.  Raises ``import_busy``, ``too_large``,
        ``disk_full``, and what :func:`smsgateway.recipients.rows.batches` raises.
        """
        name = numbers.plain_text(name, "name", 64)
        if not name:
            raise invalid("no_name", "The list has no name.", "Give one.", field="name")
        if self._coming_in:
            raise conflict("import_busy", "Another file is coming in.", "Wait until it is done.")
        self._coming_in += 1
        try:
            with self._file() as file:
                await self._receive(source, file)
                return await self._fill(login, name, file)
        finally:
            self._coming_in -= 1

    async def keep(self, login: str, name: str, chosen: Sequence[str]) -> None:
        """Make the list ``name`` of numbers that another part of the system chose; what is no mobile is left out."""
        list_id = await self._db.write(store.begin, name, login, self._clock())
        for first in range(0, len(chosen), _STEP):
            found = [find_mobile(number) for number in chosen[first : first + _STEP]]
            people = [Person(number) for number in found if number is not None]
            await self._db.write(store.add, list_id, people, [])
        await self._db.write(store.finish, list_id)

    @contextlib.contextmanager
    def _file(self) -> Iterator[BinaryIO]:
        self._spool.mkdir(parents=True, exist_ok=True, mode=0o700)
        # No name: it cannot stay behind. No buffer: what does not fit is known at once, not when it is closed.
        with tempfile.TemporaryFile(dir=self._spool, buffering=0) as file:
            yield file

    async def _receive(self, source: AsyncIterator[bytes], file: BinaryIO) -> None:
        size = 0
        async for chunk in source:
            size += len(chunk)
            if size > MOST_BYTES:
                raise Refusal(
                    Kind.TOO_LARGE, "too_large", f"The file has more than {MOST_BYTES} bytes.",
                    "Divide it.",
                )  # fmt: skip
            await asyncio.to_thread(self._put, file, chunk, size)
        file.seek(0)

    def _put(self, file: BinaryIO, chunk: bytes, size: int) -> None:
        # Looked at now and then: the disk is for calls and recordings first.
        if size < 1_000_000 or size % 50_000_000 < len(chunk):
            free = shutil.disk_usage(self._spool).free
            if free < _SPARE:
                raise _disk_full(f"The disk has {free // 1_000_000} MB left.")
        try:
            written = file.write(chunk)
        except OSError as error:
            raise _disk_full(f"The file cannot be kept: {error.strerror}.") from error
        if written < len(chunk):
            raise _disk_full("The file does not fit on the disk.")

    async def _fill(self, login: str, name: str, file: BinaryIO) -> Row:
        list_id = await self._db.write(store.begin, name, login, self._clock())
        report: Row = {"id": list_id, "name": name, "people": 0, "repeated": 0, "bad": 0}
        first_bad: list[Row] = []
        try:
            steps, columns = batches(file, _STEP), False
            while (batch := await asyncio.to_thread(_next, steps)) is not None:
                if batch.columns and not columns:
                    columns = True
                    await self._db.write(store.set_columns, list_id, batch.columns)
                added, repeated = await self._db.write(store.add, list_id, batch.people, batch.bad)
                report["people"] += added
                report["repeated"] += repeated
                report["bad"] += len(batch.bad)
                first_bad += [
                    {"line": row.line, "why": row.why, "cell": row.cell}
                    for row in batch.bad[: _SHOWN_BAD - len(first_bad)]
                ]
                self._show(str(list_id), {**report, "state": store.IMPORTING})
            await self._db.write(store.finish, list_id)
        except BaseException:
            await asyncio.shield(self._db.write(store.mark_removed, list_id))
            raise
        finally:
            self._show(str(list_id), None)
            await self._clear()
        return {**report, "bad_rows": first_bad}

    async def _clear(self) -> None:
        while await self._db.write(store.clear_some):
            pass


def _disk_full(message: str) -> Refusal:
    return Refusal(
        Kind.UNAVAILABLE, "disk_full", message, "Make room, then send the file again."
    )  # fmt: skip


def _next(steps: Iterator[Batch]) -> Batch | None:
    return next(steps, None)
