"""A group call of 100 phones until all of them hear the chair, against the same by bare ARI originate.

Ours: HTTP request, audit row and the members on the disk, paced ringing, per-member state, the bridge.  Bare: the same
number of originates sent one behind the other on a connection that is open already, each channel added to a bridge at
its StasisStart, on the same Asterisk in one run, in turns.  The phones answer at once; each listens for the tone of the
chair, who is in the bridge of both before the clock starts.  The server is a process of its own, as always; the phones
and the bare originates share another.

    python -m benchmarks.group_call [--phones 100] [--rounds 3]
"""

from __future__ import annotations

import argparse
import asyncio
from contextlib import AsyncExitStack
from typing import Any

import httpx

from benchmarks.load import loaded
from benchmarks.report import median, table
from softswitch.app_switch import node_settings
from softswitch.asterisk.rest import AriConnection, Request, connect, path
from softswitch.asterisk.secrets import USER, node_secrets
from softswitch.directory.model import ExtensionKind
from softswitch.directory.service import DirectoryService
from softswitch.store.database import Database
from softswitch.testing.people import add_boss, add_line
from softswitch.testing.phone import Call, Phone
from tests.survival.rig import Server, until

CHAIR, TONE = "1001", 450
APPLICATION = "bench"


class People:
    """The chair, the phones that he calls, and a supervisor with a token."""

    def __init__(self, count: int) -> None:
        self.numbers = [str(7001 + index) for index in range(count)]
        self.token = ""

    async def add(self, db: Database) -> None:
        """Put them into a database that no server has open."""
        directory = DirectoryService(db)
        await directory.start()
        await add_line(directory, CHAIR, ExtensionKind.DESK)
        for number in self.numbers:
            await add_line(directory, number, ExtensionKind.PHONE)
        self.token = await add_boss(db)


class Bench:
    """One system, its phones, and the two ways."""

    def __init__(
        self, server: Server, http: httpx.AsyncClient, bare: AriConnection, phones: list[Phone]
    ) -> None:
        self.server = server
        self.http = http
        self.bare = bare
        self.phones = phones
        self.rounds = 0

    async def ours(self, chair: Phone) -> float:
        """Invite all into a room in which the chair is; return ms until all hear him."""
        body = {"entry_tone": False, "most": 120, "kind": "fixed"}
        room = (await self.http.post("/api/rooms", json=body)).json()
        await self.http.post(f"/api/rooms/{room['id']}/join", json={"desk": CHAIR})
        await (await chair.incoming()).confirmed()
        invited = [phone.user for phone in self.phones]

        async def present() -> bool:
            shown = (await self.http.get(f"/api/rooms/{room['id']}")).json()
            return any(member["state"] == "in" for member in shown["member_list"])

        await until(present, "the chair is in")
        began = asyncio.get_running_loop().time()
        hearing = asyncio.create_task(self.all_hear())
        answer = await self.http.post(f"/api/rooms/{room['id']}/invite", json={"numbers": invited})
        assert answer.status_code == 200, answer.text
        heard = await hearing
        await self.http.delete(f"/api/rooms/{room['id']}")
        await self.quiet(chair)
        return (heard - began) * 1000

    async def originate(self, chair: Phone) -> float:
        """Originate to all and add each to the chair's bridge; return ms until all hear him."""
        self.rounds += 1
        bridge = f"bare-{self.rounds}"
        await self._ask("POST", path("bridges", bridge), {"type": "mixing,video_sfu"})
        await self._call(CHAIR, f"{bridge}-chair")
        await self._bring_in(bridge, 1)
        await (await chair.incoming()).confirmed()
        began = asyncio.get_running_loop().time()
        hearing = asyncio.create_task(self.all_hear())
        calls = [self._call(p.user, f"{bridge}-{i}") for i, p in enumerate(self.phones)]
        await asyncio.gather(self._bring_in(bridge, len(calls)), *calls)
        heard = await hearing
        legs = [f"{bridge}-chair", *(f"{bridge}-{i}" for i in range(len(calls)))]
        await asyncio.gather(*(self._ask("DELETE", path("channels", leg), {}) for leg in legs))
        await self._ask("DELETE", path("bridges", bridge), {})
        await self.quiet(chair)
        return (heard - began) * 1000

    async def _call(self, number: str, channel: str) -> None:
        query = {"endpoint": f"PJSIP/{number}", "app": APPLICATION, "timeout": "30"}
        await self._ask("POST", path("channels", channel), query)

    async def _bring_in(self, bridge: str, count: int) -> None:
        """Add each channel to the bridge as it comes, without waiting for the one before."""
        adding: list[asyncio.Task[None]] = []
        uri = path("bridges", bridge, "addChannel")
        async for event in self.bare.events():
            if event["type"] == "StasisStart" and event["channel"]["id"].startswith(bridge):
                query = {"channel": event["channel"]["id"]}
                adding.append(asyncio.create_task(self._ask("POST", uri, query)))
                if len(adding) == count:
                    break
        await asyncio.gather(*adding)

    async def all_hear(self) -> float:
        """Return when the last phone heard the chair."""

        async def one(phone: Phone) -> float:
            call: Call = await phone.incoming(timeout=30)
            return await call.hears(TONE, timeout=30)

        return max(await asyncio.gather(*(one(phone) for phone in self.phones)))

    async def quiet(self, chair: Phone) -> None:
        """Wait until nothing is left of the last round."""

        async def idle() -> bool:
            left = await self.server.channels()
            return not left and not any(phone.calls for phone in (*self.phones, chair))

        await until(idle, "no channel is left", 20, every=0.2)

    async def _ask(self, method: str, uri: str, query: dict[str, str]) -> None:
        answer = await self.bare.ask(Request(method, uri, query))
        assert answer.ok, (uri, answer)


async def measure(server: Server, people: People, rounds: int) -> None:
    """Run both ways in turns and print the table."""
    count = len(people.numbers)
    headers = {"Authorization": f"Bearer {people.token}"}
    node = node_settings(server.settings)
    secrets = await asyncio.to_thread(node_secrets, node.folder)
    bare = await connect(node.local_address, node.http_port, USER, secrets.ari, APPLICATION)
    async with AsyncExitStack() as stack:
        http = await stack.enter_async_context(
            httpx.AsyncClient(base_url=server.url, headers=headers, timeout=60, trust_env=False)
        )
        chair = await stack.enter_async_context(server.phone(CHAIR, TONE, auto_answer=True))
        phones = [
            await stack.enter_async_context(server.phone(number, 0, auto_answer=True))
            for number in people.numbers
        ]

        async def registered() -> bool:
            shown: dict[str, Any] = await server.board("extension")
            return all(shown[number]["state"] == "idle" for number in people.numbers)

        await until(registered, "all are registered", 30, every=0.2)
        bench = Bench(server, http, bare, phones)
        await bench.ours(chair), await bench.originate(chair)  # everything has run once
        ours, originated = [], []
        for _ in range(rounds):
            ours.append(await bench.ours(chair))
            originated.append(await bench.originate(chair))
    await bare.close()
    ratio = median(ours) / median(originated)
    table(
        f"Group call of {count} phones: request until all hear, ms (promise: within 1.2 times of bare)",
        ["way", "rounds", "median", "best", "worst", "ratio"],
        [
            ["ours", rounds, median(ours), min(ours), max(ours), ratio],
            [
                "bare ARI originate",
                rounds,
                median(originated),
                min(originated),
                max(originated),
                1.0,
            ],
        ],
    )


async def main() -> None:
    """Start a system of its own and measure."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--phones", type=int, default=100)
    parser.add_argument("--rounds", type=int, default=3)
    given = parser.parse_args()
    people = People(given.phones)
    async with loaded(desks=2, phones=2, prepare=people.add) as load:
        await measure(load.server, people, given.rounds)


if __name__ == "__main__":
    asyncio.run(main())
