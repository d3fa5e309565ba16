from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.layers.gis.kit import Bench, bench


@pytest.fixture
async def layer(tmp_path: Path) -> AsyncIterator[Bench]:
    async with bench(tmp_path) as one:
        yield one
