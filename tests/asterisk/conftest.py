"""One real Asterisk for all tests of this folder."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator

import pytest

from softswitch.asterisk.node import AsteriskNode
from softswitch.testing.node import LiveSwitch, directory, live, session_node


@pytest.fixture(scope="session")
def node(tmp_path_factory: pytest.TempPathFactory) -> Iterator[AsteriskNode]:
    with session_node(tmp_path_factory.mktemp("node"), directory()) as running:
        yield running


@pytest.fixture
async def switch(node: AsteriskNode) -> AsyncIterator[LiveSwitch]:
    async with live(node) as connected:
        yield connected
