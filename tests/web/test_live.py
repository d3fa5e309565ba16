"""The live socket, over a real server: snapshot, changes, laggards, strangers."""

from __future__ import annotations

import asyncio
import json
from typing import Any

import pytest
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, InvalidStatus

from softswitch.testing.patience import PATIENCE
from softswitch.web import live_routes
from softswitch.web.live import Client, Live
from tests.web.conftest import Site, running


def follow(site: Site, **options: Any) -> connect:
    headers = options.pop("headers", site.page())
    return connect(
        site.socket, additional_headers=headers, compression=None, max_size=None, **options
    )


async def message(socket: ClientConnection) -> dict[str, Any]:
    parsed: dict[str, Any] = json.loads(await socket.recv())
    return parsed


class Replica:
    """What a console keeps: maps that are replaced by what comes."""

    def __init__(self) -> None:
        self.entities: dict[str, dict[str, Any]] = {}
        self.seq = -1
        self.snapshots = 0

    def take(self, received: dict[str, Any]) -> None:
        if received["type"] == "snapshot":
            self.entities = {kind: dict(values) for kind, values in received["entities"].items()}
            self.snapshots += 1
        elif received["type"] == "changes":
            assert received["seq"] == self.seq + 1
            for change in received["changes"]:
                values = self.entities.setdefault(change["entity"], {})
                if change["value"] is None:
                    values.pop(change["id"], None)
                else:
                    values[change["id"]] = change["value"]
        else:
            return
        self.seq = received["seq"]

    async def until(self, socket: ClientConnection, seq: int) -> None:
        while self.seq < seq:
            self.take(await message(socket))

    async def until_last(self, socket: ClientConnection) -> None:
        while "last" not in self.entities.get("call", {}):
            self.take(await message(socket))


async def test_a_snapshot_then_changes_of_one_turn_as_one_message() -> None:
    async with running() as site:
        site.live.put("call", "1", {"id": "1", "state": "ringing"})
        async with follow(site) as socket:
            first = await message(socket)
            assert first == {
                "type": "snapshot",
                "seq": 1,
                "entities": {"call": {"1": {"id": "1", "state": "ringing"}}},
            }
            site.live.put("call", "2", {"id": "2"})
            site.live.put("call", "1", {"id": "1", "state": "held"})
            site.live.put("call", "1", {"id": "1", "state": "talking"})
            site.live.drop("call", "2")
            assert await message(socket) == {
                "type": "changes",
                "seq": 2,
                "changes": [
                    {"entity": "call", "id": "2", "value": None},
                    {"entity": "call", "id": "1", "value": {"id": "1", "state": "talking"}},
                ],
            }


async def test_two_hundred_consoles_all_see_the_same() -> None:
    async with running() as site:
        sockets = await asyncio.gather(*(follow(site) for _ in range(200)))
        replicas = [Replica() for _ in sockets]
        pairs = list(zip(replicas, sockets, strict=True))
        await asyncio.gather(*(replica.until(socket, 0) for replica, socket in pairs))
        assert site.live.following() == 200
        for turn in range(1, 51):
            site.live.put("call", str(turn % 7), {"id": str(turn % 7), "turn": turn})
            if turn % 5 == 0:
                site.live.drop("call", str((turn + 1) % 7))
            if turn % 10 == 0:  # one console sees it before the next changes come
                await replicas[0].until(sockets[0], replicas[0].seq + 1)
        site.live.put("call", "last", {"id": "last"})
        await asyncio.gather(*(replica.until_last(socket) for replica, socket in pairs))
        assert replicas[0].seq >= 5
        wanted = site.live.entities()
        assert len(wanted["call"]) > 2
        assert all(replica.entities == wanted for replica in replicas)
        assert {replica.snapshots for replica in replicas} == {1}
        await asyncio.gather(*(socket.close() for socket in sockets))
        await until(lambda: site.live.following() == 0)


async def until(true: Any) -> None:
    async with asyncio.timeout(PATIENCE):
        while not true():  # noqa: ASYNC110 - the state has no event to wait for
            await asyncio.sleep(0)


async def test_a_console_that_lags_gets_a_fresh_snapshot_and_is_counted() -> None:
    async with running() as site, follow(site, max_queue=1) as slow, follow(site) as quick:
        replica, other = Replica(), Replica()
        await other.until(quick, 0)
        # Nobody reads at the slow one: first the network's buffers fill, then its queue.
        for turn in range(400):
            site.live.put("call", "1", {"id": "1", "turn": turn, "filler": "x" * 50_000})
            await other.until(quick, turn + 1)
        assert site.live.statistics.lagged >= 1
        site.live.put("call", "1", {"id": "1", "turn": "last"})
        site.live.put("call", "2", {"id": "2"})
        while replica.entities != site.live.entities():
            received = await message(slow)
            if received["type"] == "snapshot":
                replica.seq = received["seq"] - 1
            replica.take(received)
        assert replica.snapshots >= 2


async def test_a_console_that_takes_nothing_is_closed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(live_routes, "SEND_SECONDS", 0.05)
    async with running() as site:
        async with follow(site, max_queue=1, close_timeout=0.1):
            await until(lambda: site.live.following() == 1)
            turn = 0
            while site.live.following():
                turn += 1
                site.live.put("call", "1", {"id": "1", "turn": turn, "filler": "x" * 500_000})
                await asyncio.sleep(0)
        assert site.live.statistics.closed_dead == 1


@pytest.mark.parametrize(
    "sent", ["", "{", "[]", '"x"', "null", '{"type":"dial"}', "\0", "x" * 10_000, b"\xff\x00"]
)
async def test_what_a_console_should_not_send_is_answered_and_harmless(sent: str | bytes) -> None:
    async with running() as site, follow(site) as socket:
        await message(socket)
        await socket.send(sent)
        answer = await message(socket)
        assert (answer["type"], answer["error"]["code"]) == ("error", "bad_message")
        site.live.put("call", "1", {"id": "1"})
        assert (await message(socket))["type"] == "changes"
        assert site.live.statistics.malformed == 1


async def test_a_message_without_end_closes_the_socket_and_no_other() -> None:
    async with running() as site, follow(site) as bad, follow(site) as good:
        await message(bad)
        await message(good)
        await bad.send("x" * 1_000_000)
        with pytest.raises(ConnectionClosed):
            await message(bad)
        site.live.put("call", "1", {"id": "1"})
        assert (await message(good))["type"] == "changes"


async def test_a_console_may_ask_for_a_snapshot() -> None:
    async with running() as site, follow(site) as socket:
        await message(socket)
        await socket.send('{"type":"pong"}')
        await socket.send('{"type":"refresh"}')
        assert (await message(socket))["type"] == "snapshot"
        assert site.live.statistics.malformed == 0


async def test_pings_come_when_nothing_else_does() -> None:
    async with running(ping_seconds=0.01) as site, follow(site) as socket:
        await message(socket)
        assert await message(socket) == {"type": "ping"}


@pytest.mark.parametrize(
    ("headers", "code", "error"),
    [
        ({}, 4401, "not_signed_in"),
        ({"cookie": "softswitch_session=nobody"}, 4401, "not_signed_in"),
        ({"authorization": "Bearer nobody"}, 4401, "bad_token"),
        ({"cookie": "softswitch_session=dispatcher"}, 4403, "cross_site"),
        (
            {"cookie": "softswitch_session=dispatcher", "origin": "http://evil.example"},
            4403,
            "cross_site",
        ),
    ],
)
async def test_strangers_get_a_reason_and_nothing_else(
    headers: dict[str, str], code: int, error: str
) -> None:
    async with running() as site:
        site.live.put("call", "1", {"number": "13800000000"})
        async with follow(site, headers=headers) as socket:
            answer = await message(socket)
            assert (answer["type"], answer["error"]["code"]) == ("error", error)
            with pytest.raises(ConnectionClosed) as closed:
                await message(socket)
        assert closed.value.rcvd is not None
        assert closed.value.rcvd.code == code
        assert site.live.following() == 0


async def test_a_wrong_host_is_not_let_in() -> None:
    async with running() as site:
        with pytest.raises(InvalidStatus):
            async with connect(
                site.socket.replace("127.0.0.1", "evil.example"),
                host="127.0.0.1",
                port=site.server.port,
                additional_headers=site.page(),
            ):
                pass


async def test_a_token_needs_no_origin() -> None:
    async with (
        running() as site,
        follow(site, headers={"authorization": "Bearer auditor"}) as socket,
    ):
        assert (await message(socket))["type"] == "snapshot"


async def test_who_is_signed_out_is_closed_at_once() -> None:
    async with (
        running() as site,
        follow(site) as out,
        follow(site, headers=site.page("auditor")) as stays,
    ):
        await message(out)
        await message(stays)
        site.people.gone.add("dispatcher")
        site.live.recheck("dispatcher")
        assert (await message(out))["error"]["code"] == "not_signed_in"
        with pytest.raises(ConnectionClosed):
            await message(out)
        site.live.put("call", "1", {"id": "1"})
        assert (await message(stays))["type"] == "changes"


async def test_a_session_that_runs_out_is_noticed_at_a_ping() -> None:
    async with running(ping_seconds=0.01) as site, follow(site) as socket:
        await message(socket)
        site.people.gone.add("dispatcher")
        while (received := await message(socket))["type"] == "ping":
            continue
        assert received["error"]["code"] == "not_signed_in"
        await until(lambda: site.live.following() == 0)


async def test_the_board_is_the_same_as_the_snapshot() -> None:
    async with running() as site, site.client(**site.page("operator")) as client:
        site.live.put("extension", "1001", {"number": "1001"})
        board = (await client.get("/api/board")).json()
    assert board["entities"] == {"extension": {"1001": {"number": "1001"}}}


class TestHub:
    """The hub alone, turn by turn."""

    async def test_what_did_not_change_is_not_sent(self) -> None:
        live = Live()
        live.put("call", "1", {"a": 1})
        await asyncio.sleep(0)
        live.put("call", "1", {"a": 1})
        live.drop("call", "2")
        await asyncio.sleep(0)
        assert live.statistics.messages == 1

    async def test_a_snapshot_is_encoded_once_and_never_old(self) -> None:
        live = Live()
        live.put("call", "1", {"a": 1})
        before = live.snapshot()
        assert live.snapshot() is before
        assert json.loads(before) == {
            "type": "snapshot",
            "seq": 0,
            "entities": {"call": {"1": {"a": 1}}},
        }
        await asyncio.sleep(0)
        assert json.loads(live.snapshot())["seq"] == 1
        live.drop("call", "1")
        assert json.loads(live.snapshot())["entities"] == {"call": {}}

    async def test_replace_removes_what_is_not_named(self) -> None:
        live = Live()
        live.replace("call", {"1": {"a": 1}, "2": {"a": 2}})
        live.replace("call", {"2": {"a": 2}, "3": {"a": 3}})
        assert live.entities() == {"call": {"2": {"a": 2}, "3": {"a": 3}}}

    async def test_a_storm_of_changes_becomes_few_messages(self) -> None:
        live = Live()
        clients = [Client() for _ in range(200)]
        for client in clients:
            live.follow(client)
            live.next_message(client)
        for turn in range(1, 101):
            live.put("call", "1", {"turn": turn})
            await asyncio.sleep(0)
        replica = Replica()
        replica.seq = 0
        while replica.entities.get("call") != {"1": {"turn": 100}}:
            await clients[0].ready()
            received = live.next_message(clients[0])
            assert received is not None
            replica.take(json.loads(received))
        assert live.statistics.messages < 50

    async def test_the_queue_of_a_client_is_bounded(self) -> None:
        client = Client(size=2)
        client.lagging = False
        assert [client.offer("x") for _ in range(4)] == [True, True, False, True]
        assert client.lagging
        assert client.take() is None


def _shown(message: str | None) -> dict[str, Any]:
    assert message is not None
    parsed = json.loads(message)
    if parsed["type"] == "snapshot":
        return dict(parsed["entities"].get("intercept", {}))
    return {change["id"]: change["value"] for change in parsed["changes"]}


async def test_everybody_sees_his_own_of_a_private_kind_and_only_that() -> None:
    live = Live(private=frozenset({"intercept"}))
    chief = Client("chief", sees=frozenset({"intercept"}))
    who, other = Client("li"), Client("wang")
    for client in (chief, who, other):
        live.follow(client)
        assert _shown(live.next_message(client)) == {}
    mine, theirs = {"login": "li"}, {"login": "zhang"}
    live.put("intercept", "1", mine)
    live.put("intercept", "2", theirs)
    await asyncio.gather(*(client.ready() for client in (chief, who, other)))
    assert _shown(live.next_message(chief)) == {"1": mine, "2": theirs}
    assert _shown(live.next_message(who)) == {"1": mine}
    assert _shown(live.next_message(other)) == {}
    for client, seen in ((chief, {"1": mine, "2": theirs}), (who, {"1": mine}), (other, {})):
        client.resync()
        assert _shown(live.next_message(client)) == seen
    live.drop("intercept", "1")
    live.drop("intercept", "2")
    await asyncio.gather(*(client.ready() for client in (who, other)))
    assert _shown(live.next_message(who)) == {"1": None}
    assert _shown(live.next_message(other)) == {}
