"""A group call of 100 phones until all of them hear the chair, against the same by bare ARI originate.

Ours: HTTP request, audit row and the members on the disk, paced ringing, per-member state, the bridge.  Bare: the same
number of originates sent one behind the other on a connection that is open already, each channel added to a bridge at
its StasisStart, on the same Asterisk in one run, in turns.  The phones answer at once; each listens for the tone of the
chair, who is in the bridge of both before the clock starts.

    python -m benchmarks.group_call [--phones 100] [--rounds 3]
"""

from __future__ import annotations

import argparse
import asyncio
import tempfile
from contextlib import AsyncExitStack
from pathlib import Path

import httpx

from benchmarks.report import median, table
from softswitch.access.model import Actor, Role
from softswitch.app import System
from softswitch.asterisk.rest import AriConnection, Request, connect, path
from softswitch.asterisk.secrets import USER
from softswitch.directory.model import ExtensionEntry, ExtensionKind
from softswitch.directory.model import Phone as Account
from softswitch.numbers import Extension, PhoneId
from softswitch.setting_values import PortRange
from softswitch.testing.phone import Call, Phone
from softswitch.testing.system import LOCAL, running_system, secret, sip_phone, until

BOSS = Actor("boss", "boss", Role.SUPERVISOR)
CHAIR, TONE = "1001", 450
APPLICATION = "bench"


async def add_phones(system: System, count: int) -> list[str]:
    """Add extensions 3001, 3002, ... with a phone each, in one change of the switch."""
    numbers = [str(3001 + index) for index in range(count)]
    for number in numbers:
        entry = ExtensionEntry(Extension(number), f"Phone {number}", ExtensionKind.PHONE)
        await system.directory.add_extension(None, entry)
        account = Account(PhoneId(number), Extension(number), secret=secret(number))
        await system.directory.add_phone(None, account)
    return numbers


class Bench:
    """One system, its phones, and the two ways."""

    def __init__(
        self, system: System, http: httpx.AsyncClient, bare: AriConnection, phones: list[Phone]
    ) -> None:
        self.system = system
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
        books = self.system.conferences.books.rooms[room["id"]]
        await until(lambda: books.present, what="the chair is in")
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
        center = self.system.center
        await until(lambda: not center.board.legs, seconds=20, what="no channel is left")
        await until(lambda: not any(p.calls for p in (*self.phones, chair)), seconds=20)

    async def _ask(self, method: str, uri: str, query: dict[str, str]) -> None:
        answer = await self.bare.ask(Request(method, uri, query))
        assert answer.ok, (uri, answer)


async def measure(system: System, count: int, rounds: int) -> None:
    """Run both ways in turns and print the table."""
    numbers = await add_phones(system, count)
    token = await system.tokens.add(BOSS, "bench")
    headers = {"Authorization": f"Bearer {token['secret']}"}
    settings = system.node.settings
    bare = await connect(
        settings.local_address, settings.http_port, USER, system.node.secrets.ari, APPLICATION
    )
    server = (LOCAL, system.settings.sip.port)
    async with AsyncExitStack() as stack:
        http = await stack.enter_async_context(
            httpx.AsyncClient(base_url=system.url, headers=headers, timeout=60, trust_env=False)
        )
        chair = await stack.enter_async_context(
            sip_phone(system, CHAIR, tone=TONE, auto_answer=True)
        )
        phones = [
            await stack.enter_async_context(
                Phone.register(server, number, secret(number), auto_answer=True)
            )
            for number in numbers
        ]
        registered = system.center.board.is_registered
        await until(lambda: all(registered([number]) for number in numbers), seconds=30)
        bench = Bench(system, http, bare, phones)
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
    with tempfile.TemporaryDirectory(prefix="bench-") as folder:
        ports = PortRange(12_000, 13_999)
        async with running_system(Path(folder), rtp=ports) as system:
            await system.users.add(BOSS, "boss", "boss", "supervisor", "Bench-Password-2026")
            await measure(system, given.phones, given.rounds)


if __name__ == "__main__":
    asyncio.run(main())
