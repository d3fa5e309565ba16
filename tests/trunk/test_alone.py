"""Phones reach the outside when Python is away: the dialplan goes through the routes as they are written."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import pytest

from softswitch.asterisk.model import Directory
from softswitch.asterisk.node import AsteriskNode
from softswitch.testing.carrier import HOST, running_carrier
from softswitch.testing.node import directory, session_node
from tests.asterisk.dialplan_kit import phone
from tests.trunk.kit import TWO_TRUNKS
from trunk.config import read
from trunk.switch import caller_class, outside

pytestmark = pytest.mark.asterisk

CLASS = """
[[class]]
name = "field"
members = ["1003"]
deny = ["03."]
"""


def world(port: int) -> Directory:
    plan = read(
        TWO_TRUNKS.format(
            host=HOST, port=port, first='caller = "0813220XXXX"', second="", more=CLASS
        )
    )
    lines = tuple(
        replace(line, caller_class=caller_class(plan, line.number)) for line in directory().lines
    )
    return directory(outside=outside(plan), lines=lines)


@pytest.fixture(scope="module")
def node(tmp_path_factory: pytest.TempPathFactory) -> Iterator[AsteriskNode]:
    with session_node(tmp_path_factory.mktemp("alone"), directory()) as node:
        yield node


async def test_the_dialplan_alone_overflows_and_keeps_classes(
    node: AsteriskNode, tmp_path_factory: pytest.TempPathFactory
) -> None:
    us = (node.settings.bind, node.settings.sip_port)
    async with running_carrier(tmp_path_factory.mktemp("carrier"), us) as carrier:
        await node.apply(world(carrier.sip_port))
        async with phone(node, "1003") as caller:
            call = await caller.dial("010340")  # the first trunk clears it with 34
            await call.answered()
            await call.hears(450)
            (there,) = await carrier.channels()
            assert "!210340!" in there
            await call.hangup()
            call = await caller.dial("0200000")
            await call.answered()
            assert "!08132201003!" in "".join(await carrier.channels())
            await call.hangup()
            assert (await (await caller.dial("010170")).ended()).cause == 17
            assert (await (await caller.dial("0300000")).ended()).cause == 21
