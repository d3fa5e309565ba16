"""Files that hurt: larger than memory, packed a thousandfold, and a disk that ends in the middle of one."""

from __future__ import annotations

import gzip
import io
import os
import resource
import zipfile
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from softswitch.errors import Refusal
from tests.smsgateway.kit import People, people, stream

_PAGE = os.sysconf("SC_PAGESIZE")
_WIDE = b"13800%06d,Li,East," + b"x" * 1_000 + b"\n"
_ROWS = 60_000


@pytest.fixture
async def town(tmp_path: Path) -> AsyncIterator[People]:
    async with people(tmp_path) as made:
        await made.fill("居民", "13800000001,甲")
        yield made


async def wide(rows: int) -> AsyncIterator[bytes]:
    """A file of a kilobyte a row that is on no disk before it is sent."""
    yield b"number,name,area,a remark\n"
    for first in range(0, rows, 500):
        yield b"".join(_WIDE % n for n in range(first, first + 500))


def megabytes() -> float:
    """Return the memory of this process now."""
    return int(Path("/proc/self/statm").read_text().split()[1]) * _PAGE / 1e6


async def test_a_file_of_sixty_megabytes_takes_none_of_memory(town: People) -> None:
    await town.lists.import_csv("li", "warm", wide(5_000))
    before, most = megabytes(), 0.0

    def look(_list: str, _row: object) -> None:
        nonlocal most
        most = max(most, megabytes())

    town.lists._show = look
    report = await town.lists.import_csv("li", "wide", wide(_ROWS))
    assert (report["people"], report["bad"]) == (_ROWS, 0)
    assert most - before < 30


@pytest.mark.parametrize("kind", ["zip", "gzip"])
async def test_a_bomb_is_not_unpacked(town: People, kind: str) -> None:
    zeros = bytes(50_000_000)
    file = io.BytesIO()
    if kind == "zip":
        with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as archive:
            archive.writestr("people.csv", zeros)
    else:
        file.write(gzip.compress(zeros, 1))
    packed = file.getvalue()
    assert len(packed) < 1_000_000
    with pytest.raises(Refusal) as refused:
        await town.lists.import_csv("li", "居民", stream(packed))
    assert refused.value.code == "archive"
    (row,) = await town.lists.all()
    assert row["people"] == 1  # the list before it stays


async def test_a_disk_that_ends_in_the_middle_is_told_and_nothing_is_kept(town: People) -> None:
    limit = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (8_000_000, limit[1]))
    try:
        with pytest.raises(Refusal) as refused:
            await town.lists.import_csv("li", "居民", wide(20_000))
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limit)
    assert refused.value.code == "disk_full"
    (row,) = await town.lists.all()
    assert (row["name"], row["people"]) == ("居民", 1)
    assert (await town.lists.import_csv("li", "居民", wide(500)))["people"] == 500
