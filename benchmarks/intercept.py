"""Forced insert and forced release: from the request at the API to audio, or to both BYEs, against bare ARI and AMI.

Ours: HTTP request, decision, audit row on the disk, then the acts.  Bare: the same acts sent by hand on a connection
that is open already, on the same Asterisk, in turns in one run.  The insert is without its warning tone, which would
only add its own length.

    python -m benchmarks.intercept [--rounds 50]
"""

from __future__ import annotations

import argparse
import asyncio
import tempfile
from collections.abc import Awaitable, Callable
from pathlib import Path

import httpx

from benchmarks.report import median, percentile, table
from softswitch.access.model import Actor, Role
from softswitch.app import System
from softswitch.asterisk.rest import AriConnection, Request, connect, path
from softswitch.asterisk.secrets import USER
from softswitch.testing.phone import Call, Phone
from softswitch.testing.system import running_system, sip_phone, until

A, B, GUEST = "1001", "2001", "1002"
TONES = {A: 450, B: 650, GUEST: 850}
BOSS = Actor("boss", "boss", Role.SUPERVISOR)
APPLICATION = "bench"


class Bench:
    """One system, three phones, and the two ways."""

    def __init__(self, system: System, http: httpx.AsyncClient, bare: AriConnection) -> None:
        self.system = system
        self.http = http
        self.bare = bare
        self.numbers = 0

    async def call(self, a: Phone, b: Phone, *, dispatch: bool) -> tuple[Call, Call, str]:
        """A talks to B."""
        call = await a.dial(B)
        incoming = await b.incoming()
        await incoming.answer()
        await asyncio.gather(call.hears(650), incoming.hears(450))
        board = self.system.center.board
        call_id = board.legs_of([A])[0].channel.linked_id
        if dispatch:
            engine = self.system.center.engine
            async with engine.locked(call_id):
                await engine.take_in(call_id)
            await asyncio.gather(call.hears(650), incoming.hears(450))
        return call, incoming, call_id

    # ---- ours

    async def insert(self, call_id: str) -> None:
        """Ask at the API."""
        body = {"reason": "bench", "desk": GUEST, "waive_tone": True}
        answer = await self.http.post(f"/api/calls/{call_id}/insert", json=body)
        assert answer.status_code == 202, answer.text

    async def release(self, call_id: str) -> None:
        """Ask at the API."""
        answer = await self.http.post(
            f"/api/calls/{call_id}/release", json={"reason": "bench", "desk": GUEST}
        )
        assert answer.status_code == 202, answer.text

    # ---- bare

    async def bare_insert(self, call_id: str) -> None:
        """Originate the guest, and add it when it is there."""
        self.numbers += 1
        channel = f"bare-{self.numbers}"
        query = {"endpoint": f"PJSIP/{GUEST}", "app": APPLICATION, "timeout": "20"}
        await self._ask("POST", path("channels", channel), query)
        async for event in self.bare.events():
            if event["type"] == "StasisStart" and event["channel"]["id"] == channel:
                break
        bridge = self.system.center.engine.calls[call_id].bridge_id
        await self._ask("POST", path("bridges", bridge, "addChannel"), {"channel": channel})

    async def bare_release(self, call_id: str) -> None:
        """Two DELETEs, one behind the other."""
        legs = list(self.system.center.engine.calls[call_id].members)
        await asyncio.gather(
            *(self._ask("DELETE", path("channels", leg), {"reason_code": "8"}) for leg in legs)
        )

    async def bare_clear(self, call_id: str) -> None:
        """One Hangup that matches both."""
        legs = self.system.center.board.calls[call_id].legs.values()
        await self.system.switch.clear([leg.channel.name for leg in legs], 8)

    async def _ask(self, method: str, uri: str, query: dict[str, str]) -> None:
        answer = await self.bare.ask(Request(method, uri, query))
        assert answer.ok, (uri, answer)


WRONG: list[str] = []
"""Releases that did not tell cause 8 to both."""

Act = Callable[[str], Awaitable[None]]


async def insert_once(bench: Bench, phones: list[Phone], act: Act, *, dispatch: bool) -> float:
    """Return ms from the request until both hear the guest."""
    a, b, own = phones
    call, incoming, call_id = await bench.call(a, b, dispatch=dispatch)
    began = asyncio.get_running_loop().time()
    _, first, second = await asyncio.gather(act(call_id), call.hears(850), incoming.hears(850))
    for leg in (call, incoming, *own.calls):
        await leg.hangup()
    own.arrived.clear()
    await quiet(bench.system)
    return (max(first, second) - began) * 1000


async def release_once(bench: Bench, phones: list[Phone], act: Act, *, dispatch: bool) -> float:
    """Return ms from the request until both have the BYE."""
    a, b, _ = phones
    call, incoming, call_id = await bench.call(a, b, dispatch=dispatch)
    began = asyncio.get_running_loop().time()
    _, one, two = await asyncio.gather(act(call_id), call.ended(), incoming.ended())
    if (one.cause, two.cause) != (8, 8):
        WRONG.append(f"{getattr(act, '__name__', act)}: {one.cause} and {two.cause}")
    await quiet(bench.system)
    return (max(one.at, two.at) - began) * 1000


async def quiet(system: System) -> None:
    """Wait until nothing is left of the last round."""
    center = system.center
    await until(lambda: not center.board.legs and not center.engine.calls)


async def measure(system: System, rounds: int) -> None:
    """Run all ways in turns and print both tables."""
    token = await system.tokens.add(BOSS, "bench")
    headers = {"Authorization": f"Bearer {token['secret']}"}
    settings = system.node.settings
    bare = await connect(
        settings.local_address, settings.http_port, USER, system.node.secrets.ari, APPLICATION
    )
    async with (
        httpx.AsyncClient(base_url=system.url, headers=headers) as http,
        sip_phone(system, A, tone=TONES[A]) as a,
        sip_phone(system, B, tone=TONES[B]) as b,
        sip_phone(system, GUEST, tone=TONES[GUEST], auto_answer=True) as own,
    ):
        bench = Bench(system, http, bare)
        ways: list[tuple[str, str, Act, bool]] = [
            ("insert", "ours, dispatch call", bench.insert, True),
            ("insert", "ours, plain call", bench.insert, False),
            ("insert", "bare ARI, dispatch call", bench.bare_insert, True),
            ("release", "ours, dispatch call", bench.release, True),
            ("release", "bare ARI, dispatch call", bench.bare_release, True),
            ("release", "ours, plain call", bench.release, False),
            ("release", "bare AMI, plain call", bench.bare_clear, False),
        ]
        times: dict[tuple[str, str], list[float]] = {way[:2]: [] for way in ways}
        for _ in range(rounds):
            for what, name, act, dispatch in ways:
                once = insert_once if what == "insert" else release_once
                times[what, name].append(await once(bench, [a, b, own], act, dispatch=dispatch))
    await bare.close()
    show(times)


def show(times: dict[tuple[str, str], list[float]]) -> None:
    """Print the tables: each way of ours against its bare reference."""
    references = {
        ("insert", "ours, dispatch call"): "bare ARI, dispatch call",
        ("insert", "ours, plain call"): "bare ARI, dispatch call",
        ("release", "ours, dispatch call"): "bare ARI, dispatch call",
        ("release", "ours, plain call"): "bare AMI, plain call",
    }
    titles = {
        "insert": "Forced insert: request to first audio at both, ms (promise: within 10 ms of bare)",
        "release": "Forced release: request to both BYEs, ms (promise: within 5 ms of bare)",
    }
    for what, title in titles.items():
        rows = []
        for (kind, name), values in times.items():
            if kind == what:
                reference = times[kind, references.get((kind, name), name)]
                more = median(values) - median(reference)
                rows.append([name, len(values), median(values), percentile(values, 99), more])
        table(title, ["way", "rounds", "median", "p99", "median - bare"], rows)


async def main() -> None:
    """Start a system of its own and measure."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=50)
    given = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="bench-") as folder:
        async with running_system(Path(folder)) as system:
            await system.users.add(BOSS, "boss", "boss", "supervisor", "Bench-Password-2026")
            await system.intercept.config.change("bench", {"two_person": ()})
            await measure(system, given.rounds)
    print(f"Releases without cause 8 at both: {len(WRONG)} {sorted(set(WRONG))}")


if __name__ == "__main__":
    asyncio.run(main())
