"""Forced insert and forced release: from the request at the API to audio, or to both BYEs, against bare ARI and AMI.

Ours: HTTP request, decision, audit row on the disk, then the acts; the server is a process of its own, as always.
Bare: the same acts sent by hand on a connection that is open already, on the same Asterisk, in turns in one run.  The
insert is without its warning tone, which would only add its own length.

    python -m benchmarks.intercept [--rounds 50] [--calls 0]

With ``--calls`` so many other calls are up meanwhile (SIPp).
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import json
import random
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass
from typing import Any

import httpx

from benchmarks.load import Load, loaded
from benchmarks.report import median, percentile, table
from softswitch.app_switch import node_settings
from softswitch.asterisk.plain import AmiSwitch
from softswitch.asterisk.rest import AriConnection, Request, connect, path
from softswitch.asterisk.secrets import USER, node_secrets
from softswitch.directory.model import ExtensionKind
from softswitch.directory.service import DirectoryService
from softswitch.ports import ChannelSeen, Connected
from softswitch.store.database import Database
from softswitch.testing.people import add_boss, add_line
from softswitch.testing.phone import Call, Phone
from tests.survival.rig import Server, until

A, B, GUEST = "9001", "9002", "9003"
TONES = {A: 450, B: 650, GUEST: 850}
APPLICATION = "bench"


@dataclass
class Wire:
    """The API over one connection that is open already, as the bare actions have one."""

    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter
    token: str

    async def post(self, uri: str, body: dict[str, Any]) -> None:
        """Send a request and read its answer to the end."""
        content = json.dumps(body).encode()
        fields = f"Host: 127.0.0.1\r\nAuthorization: Bearer {self.token}\r\n"
        kind = f"Content-Type: application/json\r\nContent-Length: {len(content)}\r\n\r\n"
        self.writer.write(f"POST {uri} HTTP/1.1\r\n{fields}{kind}".encode() + content)
        head = (await self.reader.readuntil(b"\r\n\r\n")).decode().lower()
        length = head.partition("content-length:")[2].split()[0]
        answer = await self.reader.readexactly(int(length))
        assert head.startswith("http/1.1 202"), answer


class Bench:
    """One server, three phones, and the two ways."""

    def __init__(
        self,
        server: Server,
        wire: Wire,
        http: httpx.AsyncClient,
        bare: AriConnection,
        ami: AmiSwitch,
        names: dict[str, str],
    ) -> None:
        self.server = server
        self.wire = wire
        self.http = http
        self.bare = bare
        self.ami = ami
        self.names = names
        self.numbers = 0
        self.legs: list[dict[str, Any]] = []

    async def call(self, a: Phone, b: Phone, *, dispatch: bool) -> tuple[Call, Call, str]:
        """A talks to B; a call under dispatch was held and resumed once."""
        call = await a.dial(B)
        incoming = await b.incoming()
        await incoming.answer()
        await asyncio.gather(call.hears(650), incoming.hears(450))
        call_id, self.legs = await until(self._shown, "the call is on the board")
        if dispatch:
            for act in ("hold", "resume"):
                answer = await self.http.post(f"/api/calls/{call_id}/{act}", json={"desk": A})
                answer.raise_for_status()
            await asyncio.gather(call.hears(650), incoming.hears(450))
        return call, incoming, call_id

    async def _shown(self) -> tuple[str, list[dict[str, Any]]] | None:
        for call_id, view in (await self._board("call")).items():
            legs = view["legs"]
            if {leg["extension"] for leg in legs} == {A, B}:
                return call_id, legs
        return None

    async def _board(self, entity: str) -> dict[str, Any]:
        answer = await self.http.get("/api/board")
        answer.raise_for_status()
        found: dict[str, Any] = answer.json()["entities"].get(entity, {})
        return found

    async def quiet(self) -> None:
        """Wait until nothing is left of the last round."""

        async def idle() -> bool:
            people = await self._board("extension")
            return all(people[number]["state"] == "idle" for number in (A, B, GUEST))

        await until(idle, "all are idle")

    # ---- ours

    async def insert(self, call_id: str) -> None:
        """Ask at the API."""
        body = {"reason": "bench", "desk": GUEST, "waive_tone": True}
        await self.wire.post(f"/api/calls/{call_id}/insert", body)

    async def release(self, call_id: str) -> None:
        """Ask at the API."""
        await self.wire.post(f"/api/calls/{call_id}/release", {"reason": "bench", "desk": GUEST})

    async def connect_me(self, call_id: str) -> None:
        """Ask at the API to be connected with who was called."""
        (kept,) = [leg["id"] for leg in self.legs if leg["extension"] == B]
        body = {"reason": "bench", "desk": GUEST, "connect": kept}
        await self.wire.post(f"/api/calls/{call_id}/release", body)

    # ---- bare

    async def bare_insert(self, call_id: str) -> None:
        """Originate the guest, and add it when it is there."""
        await self._come(self._originate())
        uri = path("bridges", f"call-{call_id}", "addChannel")
        await self._ask("POST", uri, {"channel": f"bare-{self.numbers}"})

    async def bare_move(self, _call_id: str) -> None:
        """Redirect both parties of a plain call, originate the guest meanwhile, and add all when they are there."""
        ids = [leg["id"] for leg in self.legs]
        names = [self.names[each] for each in ids]
        guest = self._originate()
        bridge = path("bridges", f"bare-{self.numbers}")
        await asyncio.gather(
            self._come(guest, *ids),
            self.ami.redirect(names, APPLICATION, "1"),
            self._ask("POST", bridge, {"type": "mixing"}),
        )
        await self._ask("POST", f"{bridge}/addChannel", {"channel": ",".join([*ids, guest])})

    def _originate(self) -> str:
        self.numbers += 1
        channel = f"bare-{self.numbers}"
        query = {"endpoint": f"PJSIP/{GUEST}", "app": APPLICATION, "timeout": "20"}
        self.asked = asyncio.create_task(self._ask("POST", path("channels", channel), query))
        return channel

    async def _come(self, *channels: str) -> None:
        """Wait until channels are in the application."""
        missing = set(channels)
        async for event in self.bare.events():
            if event["type"] == "StasisStart":
                missing.discard(event["channel"]["id"])
            if not missing:
                return

    async def bare_release(self, _call_id: str) -> None:
        """Two DELETEs, one behind the other; the server may end the second leg when it sees the first go."""
        query = {"reason_code": "8"}
        await asyncio.gather(
            *(self._ask("DELETE", path("channels", leg["id"]), query, 404) for leg in self.legs)
        )

    async def bare_clear(self, _call_id: str) -> None:
        """One Hangup that matches both."""
        await self.ami.clear([self.names[leg["id"]] for leg in self.legs], 8)

    async def _ask(self, method: str, uri: str, query: dict[str, str], fine: int = 200) -> None:
        answer = await self.bare.ask(Request(method, uri, query))
        assert answer.ok or answer.status == fine, (uri, answer)


WRONG: list[str] = []
"""Releases that did not tell cause 8 to both."""
SILENCES: dict[bool, list[float]] = {True: [], False: []}
"""Milliseconds that one party missed the other at most while the guest came and left; true: on dispatch calls."""

Act = Callable[[str], Awaitable[None]]


async def any_moment() -> None:
    """Wait for some part of a frame: what was just heard came with one, and audio goes by steps of 20 ms."""
    await asyncio.sleep(random.uniform(0, 0.02))


async def insert_once(bench: Bench, phones: list[Phone], act: Act, *, dispatch: bool) -> float:
    """Return ms from the request until both hear the guest."""
    a, b, own = phones
    call, incoming, call_id = await bench.call(a, b, dispatch=dispatch)
    await any_moment()
    began = asyncio.get_running_loop().time()
    _, first, second = await asyncio.gather(act(call_id), call.hears(850), incoming.hears(850))
    for leg in list(own.calls):
        await leg.hangup()
    await asyncio.gather(call.stops_hearing(850), incoming.stops_hearing(850))
    await asyncio.gather(call.hears(TONES[B]), incoming.hears(TONES[A]))
    if act == bench.insert:
        gaps = call.gaps(TONES[B], since=began) + incoming.gaps(TONES[A], since=began)
        SILENCES[dispatch].append(max((gap.length for gap in gaps), default=0.0) * 1000)
    for leg in (call, incoming):
        await leg.hangup()
    own.arrived.clear()
    await bench.quiet()
    return (max(first, second) - began) * 1000


async def release_once(bench: Bench, phones: list[Phone], act: Act, *, dispatch: bool) -> float:
    """Return ms from the request until both have the BYE."""
    a, b, _ = phones
    call, incoming, call_id = await bench.call(a, b, dispatch=dispatch)
    await any_moment()
    began = asyncio.get_running_loop().time()
    _, one, two = await asyncio.gather(act(call_id), call.ended(), incoming.ended())
    if (one.cause, two.cause) != (8, 8):
        WRONG.append(f"{getattr(act, '__name__', act)}: {one.cause} and {two.cause}")
    await bench.quiet()
    return (max(one.at, two.at) - began) * 1000


async def connect_once(bench: Bench, phones: list[Phone], act: Act, *, dispatch: bool) -> float:
    """Return ms from the request until the requester and the party that he keeps hear each other."""
    a, b, own = phones
    call, incoming, call_id = await bench.call(a, b, dispatch=dispatch)
    await any_moment()
    began = asyncio.get_running_loop().time()
    await act(call_id)
    guest = await own.incoming()
    one, two = await asyncio.gather(guest.hears(TONES[B]), incoming.hears(TONES[GUEST]))
    await call.ended()
    await guest.hangup()
    await incoming.ended()
    own.arrived.clear()
    await bench.quiet()
    return (max(one, two) - began) * 1000


ONCE = {"insert": insert_once, "release": release_once, "connect": connect_once}


async def measure(load: Load, token: str, rounds: int) -> dict[tuple[str, str], list[float]]:
    """Run all ways in turns and print both tables."""
    server = load.server
    node = node_settings(server.settings)
    secrets = await asyncio.to_thread(node_secrets, node.folder)
    ami = AmiSwitch(node, secrets)
    bare = await connect(node.local_address, node.http_port, USER, secrets.ari, APPLICATION)
    headers = {"Authorization": f"Bearer {token}"}
    async with (
        httpx.AsyncClient(base_url=server.url, headers=headers) as http,
        listening(ami) as names,
        server.phone(A, TONES[A]) as a,
        server.phone(B, TONES[B]) as b,
        server.phone(GUEST, TONES[GUEST], auto_answer=True) as own,
    ):
        await server.command(f"dialplan add extension 1,1,Stasis,{APPLICATION} into {APPLICATION}")
        http_port = server.settings.http.port
        wire = Wire(*await asyncio.open_connection("127.0.0.1", http_port), token)
        bench = Bench(server, wire, http, bare, ami, names)
        ways: list[tuple[str, str, Act, bool]] = [
            ("insert", "ours, dispatch call", bench.insert, True),
            ("insert", "ours, plain call", bench.insert, False),
            ("insert", "bare ARI, dispatch call", bench.bare_insert, True),
            ("insert", "bare AMI and ARI, plain call", bench.bare_move, False),
            ("release", "ours, dispatch call", bench.release, True),
            ("release", "bare ARI, dispatch call", bench.bare_release, True),
            ("release", "ours, plain call", bench.release, False),
            ("release", "bare AMI, plain call", bench.bare_clear, False),
            ("connect", "ours, dispatch call", bench.connect_me, True),
            ("connect", "ours, plain call", bench.connect_me, False),
        ]
        times: dict[tuple[str, str], list[float]] = {way[:2]: [] for way in ways}
        for _ in range(rounds):
            for what, name, act, dispatch in ways:
                times[what, name].append(
                    await ONCE[what](bench, [a, b, own], act, dispatch=dispatch)
                )
        wire.writer.close()
    await bare.close()
    return times


def show(times: dict[tuple[str, str], list[float]], calls: int) -> None:
    """Print the tables: each way of ours against its bare reference, measured while so many calls were up."""
    references = {
        ("insert", "ours, dispatch call"): "bare ARI, dispatch call",
        ("insert", "ours, plain call"): "bare AMI and ARI, plain call",
        ("release", "ours, dispatch call"): "bare ARI, dispatch call",
        ("release", "ours, plain call"): "bare AMI, plain call",
    }
    most = 20 if calls else 10
    titles = {
        "insert": f"Forced insert with {calls} other calls up: request to first audio at both, ms"
        f" (promise: within {most} ms of bare)",
        "release": "Forced release: request to both BYEs, ms (promise: within 5 ms of bare)",
        "connect": "Release and connect: request until both hear each other, ms (promise: 1000)",
    }
    for what, title in titles.items():
        rows = []
        for (kind, name), values in times.items():
            if kind == what:
                reference = times[kind, references.get((kind, name), name)]
                more = median(values) - median(reference)
                rows.append([name, len(values), median(values), percentile(values, 99), more])
        table(title, ["way", "rounds", "median", "p99", "median - bare"], rows)


@contextlib.asynccontextmanager
async def listening(ami: AmiSwitch) -> AsyncIterator[dict[str, str]]:
    """Keep a connection of AMI open; yield the names of the channels that it tells, by id."""
    up = asyncio.Event()
    names: dict[str, str] = {}

    async def read() -> None:
        async for fact in ami.facts():
            if isinstance(fact, Connected):
                up.set()
            elif isinstance(fact, ChannelSeen):
                names[fact.channel.id] = fact.channel.name

    reading = asyncio.create_task(read())
    try:
        await asyncio.wait_for(up.wait(), 10)
        yield names
    finally:
        reading.cancel()
        await asyncio.gather(reading, return_exceptions=True)


class People:
    """Who calls, who is called, who comes in, and a supervisor with a token."""

    token = ""

    async def add(self, db: Database) -> None:
        """Put them into a database that no server has open."""
        directory = DirectoryService(db)
        await directory.start()
        for number in (A, B, GUEST):
            kind = ExtensionKind.PHONE if number == B else ExtensionKind.DESK
            await add_line(directory, number, kind)
        self.token = await add_boss(db)


async def main() -> None:
    """Start a system of its own and measure."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=50)
    parser.add_argument("--calls", type=int, default=0)
    given = parser.parse_args()
    people = People()
    async with loaded(desks=2, phones=50, prepare=people.add) as load:
        if given.calls:
            await load.hold(load.phones, 20, given.calls)

            async def up() -> bool:
                return bool(len(await load.server.board("call")) >= given.calls)

            await until(up, "the calls are up", 60)
        show(await measure(load, people.token, given.rounds), given.calls)
    for dispatch, found in SILENCES.items():
        kind = "dispatch" if dispatch else "plain"
        print(f"Longest silence of the two while a guest came and left, {kind} call, ms (promise: 200):"
              f" median {median(found):.0f}, worst {max(found):.0f}")  # fmt: skip
    print(f"Releases without cause 8 at both: {len(WRONG)} {sorted(set(WRONG))}")


if __name__ == "__main__":
    asyncio.run(main())
