"""One real Asterisk for all tests of this folder."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator

import pytest

from softswitch.asterisk.node import AsteriskNode
from softswitch.asterisk.plain import AmiSwitch
from softswitch.ports import SwitchFact
from softswitch.testing.facts import FactLog
from softswitch.testing.node import LiveSwitch, directory, live, session_node


@pytest.fixture(scope="session")
def node(tmp_path_factory: pytest.TempPathFactory) -> Iterator[AsteriskNode]:
    with session_node(tmp_path_factory.mktemp("node"), directory()) as running:
        yield running


@pytest.fixture
async def switch(node: AsteriskNode) -> AsyncIterator[LiveSwitch]:
    async with live(node) as connected:
        yield connected


@pytest.fixture
async def facts(node: AsteriskNode) -> AsyncIterator[FactLog[SwitchFact]]:
    """AMI only: no dispatch is connected."""
    plain = AmiSwitch(node.settings, node.secrets)
    log = FactLog(plain.facts())
    await log.first()
    yield log
    for channel in (await plain.snapshot()).channels:
        await plain.hangup(channel.name)
    await log.close()
    await plain.close()
