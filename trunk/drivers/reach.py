"""Connections to the Asterisk of each node: made when they are needed, and anew after a cut."""

from __future__ import annotations

import asyncio

from softswitch.asterisk.ami import AmiConnection
from softswitch.asterisk.ami import connect as connect_ami
from trunk.drivers.dahdi import DahdiDriver
from trunk.model import Node, Plan
from trunk.ports import Driver

CONNECT_SECONDS = 3.0
LISTS = frozenset(
    {
        b"FullyBooted", b"DAHDIShowChannels", b"DAHDIShowChannelsComplete", b"PRIShowSpans",
        b"PRIShowSpansComplete",
    }
)  # fmt: skip
"""What a driver asks for; a node's other events wait for nobody."""


class NodeLink:
    """The one connection to a node that its driver uses."""

    def __init__(self, node: Node) -> None:
        self._node = node
        self._lock = asyncio.Lock()
        self._connection: AmiConnection | None = None

    async def reach(self) -> AmiConnection:
        """Return a connection that is up; raise ``softswitch.ports.ActFailed`` when the node cannot be reached."""
        async with self._lock:
            if self._connection is None or self._connection.closed_because:
                await self.close()
                node = self._node
                self._connection = await connect_ami(
                    node.host, node.ami_port, node.ami_user, node.ami_secret,
                    wanted=LISTS, seconds=CONNECT_SECONDS,
                )  # fmt: skip
            return self._connection

    async def close(self) -> None:
        """Give the connection up."""
        connection, self._connection = self._connection, None
        if connection is not None:
            await connection.close()


class NodeDrivers:
    """The drivers of a plan and their connections; a new plan lets go of those of the one before."""

    def __init__(self) -> None:
        self._links: list[NodeLink] = []
        self._closing: set[asyncio.Task[None]] = set()

    def make(self, plan: Plan) -> dict[str, Driver]:
        """Return the driver of each trunk that is on a node with an AMI account."""
        self._let_go()
        found: dict[str, Driver] = {}
        for node in plan.nodes:
            if not node.ami_user:
                continue
            link = NodeLink(node)
            driver = DahdiDriver(plan, node.name, link.reach)
            self._links.append(link)
            found |= dict.fromkeys(driver.trunks, driver)
        return found

    def _let_go(self) -> None:
        links, self._links = self._links, []
        for link in links:
            task = asyncio.create_task(link.close())
            self._closing.add(task)
            task.add_done_callback(self._closing.discard)

    async def close(self) -> None:
        """Give every connection up."""
        self._let_go()
        await asyncio.gather(*self._closing)
