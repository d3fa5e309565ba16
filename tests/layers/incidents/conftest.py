from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.layers.incidents.kit import Bench
from tests.layers.incidents.kit import bench as made


@pytest.fixture
async def bench(tmp_path: Path) -> AsyncIterator[Bench]:
    async with made(tmp_path / "softswitch.db") as one:
        yield one
