from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.survival.rig import Server, own_server


@pytest.fixture
async def server(tmp_path: Path) -> AsyncIterator[Server]:
    async with own_server(tmp_path / "data") as own:
        await own.start()
        yield own
