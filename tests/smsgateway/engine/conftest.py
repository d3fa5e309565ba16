"""Fixtures of the gateway's tests."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from smsgateway.testing.control import CentreProcess
from tests.smsgateway.engine.kit import Queue, a_queue


@pytest.fixture
async def queue(tmp_path: Path) -> AsyncIterator[Queue]:
    async with a_queue(tmp_path) as made:
        yield made


@pytest.fixture
async def centre() -> AsyncIterator[CentreProcess]:
    async with CentreProcess() as running:
        yield running
