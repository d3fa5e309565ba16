"""What operators do to trunks, by the API."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from typing import Any

import httpx
import pytest
import pytest_asyncio

from softswitch.testing.patience import PATIENCE
from softswitch.testing.system import sip_phone, until
from tests.trunk.kit import Rig
from tests.trunk.line_node import CIRCUITS, LINE, LineNode
from trunk import store
from trunk.hanging import FORGOTTEN_MILLIS
from trunk.operate import Act
from trunk.ports import CircuitState, CircuitTold

pytestmark = [pytest.mark.asterisk, pytest.mark.asyncio(loop_scope="module")]


@pytest_asyncio.fixture(loop_scope="module")
async def api(rig: Rig) -> AsyncIterator[httpx.AsyncClient]:
    import json

    told = json.loads((rig.system.folder.path / "cli.json").read_text())
    headers = {"Authorization": f"Bearer {told['token']}"}
    async with httpx.AsyncClient(base_url=told["url"], headers=headers, timeout=PATIENCE) as client:
        yield client


async def post(api: httpx.AsyncClient, path: str, body: Any, status: int = 200) -> Any:
    answer = await api.post(f"/api/trunks/{path}", json=body)
    assert answer.status_code == status, answer.text
    return answer.json()


async def test_a_blocked_trunk_drains_and_takes_no_new_call(
    rig: Rig, api: httpx.AsyncClient
) -> None:
    await rig.use()
    async with (
        sip_phone(rig.system, "2001", tone=450) as phone,
        sip_phone(rig.system, "2002") as other,
    ):
        call = await phone.dial("0200000")
        await call.answered()
        await until(lambda: rig.calls("first"))
        shown = await post(api, "first/block", {"circuits": []})
        assert (shown["state"], shown["busy"], shown["free"]) == ("blocked", 1, 0)
        assert [c["state"] for c in shown["circuits"]] == ["draining", "blocked_here"]
        second = await other.dial("0200000")
        await second.answered()
        await until(lambda: len(rig.calls("second")) == 1)
        await call.hears(450)  # the call that drains goes on
        await call.hangup()
        await second.hangup()
        await until(lambda: rig.trunk("first")["busy"] == 0)
        shown = await post(api, "first/unblock", {"circuits": []})
        assert (shown["state"], shown["free"]) == ("up", 2)


async def test_one_circuit_is_blocked_and_a_stranger_refused(
    rig: Rig, api: httpx.AsyncClient
) -> None:
    await rig.use()
    shown = await post(api, "first/block", {"circuits": ["first/2"]})
    assert (shown["capacity"], shown["blocked"]) == (1, 1)
    await post(api, "first/block", {"circuits": ["first/99"]}, 404)
    await post(api, "nobody/block", {"circuits": []}, 404)
    await post(api, "first/unblock", {"circuits": ["first/2"]})


async def test_a_reset_clears_the_calls(rig: Rig, api: httpx.AsyncClient) -> None:
    await rig.use()
    async with sip_phone(rig.system, "2001", tone=450) as phone:
        call = await phone.dial("0200000")
        await call.answered()
        await until(lambda: rig.calls("first"))
        await post(api, "first/reset", {"circuits": []})
        await call.ended()


async def test_a_test_call_tells_what_became_of_it(rig: Rig, api: httpx.AsyncClient) -> None:
    await rig.use()
    good = await post(api, "first/test", {"number": "200000"})
    assert good["through"]
    assert good["answered"] is not None
    bad = await post(api, "first/test", {"number": "10170"})
    assert (bad["cause"], bad["through"]) == (17, True)
    dead = await post(api, "first/test", {"number": "10380"})
    assert not dead["through"]
    await post(api, "first/loop", {"on": True}, 409)


async def test_the_way_of_a_call_is_told_without_placing_it(
    rig: Rig, api: httpx.AsyncClient
) -> None:
    await rig.use(second='caller = "08132200000"')
    answer = (
        await api.get("/api/trunks/way", params={"number": "0200000", "caller": "2001"})
    ).json()
    assert [(a["trunk"], a["number"], a["caller"]) for a in answer["attempts"]] == [
        ("first", "200000", "2001"), ("second", "2200000", "08132200000"),
    ]  # fmt: skip
    none = (await api.get("/api/trunks/way", params={"number": "1234567"})).json()
    assert none["error"]["code"] == "no_route"


async def test_counters_records_and_metrics_agree(rig: Rig, api: httpx.AsyncClient) -> None:
    await rig.use()
    before = rig.system.trunks.books.ledger.counters["first"].attempts
    known = len(await rig.records(0, "first"))
    async with sip_phone(rig.system, "2001", tone=450) as phone:
        for _ in range(2):
            call = await phone.dial("0200000")
            await call.answered()
            await until(lambda: rig.calls("first"))
            await call.hangup()
            await until(lambda: not rig.calls("first"))
    await rig.records(known + 2, "first")  # written after the calls have ended
    metrics = (await api.get("/metrics")).text
    assert f'softswitch_trunk_attempts_total{{trunk="first"}} {before + 2}' in metrics
    assert 'softswitch_trunk_up{trunk="first"} 1' in metrics
    assert 'softswitch_trunk_causes_total{trunk="first",cause="16"}' in metrics
    calls = (await api.get("/api/trunks/calls", params={"trunk": "first", "limit": 2})).json()[
        "calls"
    ]
    assert [(c["cause"], c["number"], c["user"]) for c in calls] == [(16, "200000", "2001")] * 2


async def test_a_bad_description_changes_nothing(rig: Rig, api: httpx.AsyncClient) -> None:
    await rig.use()
    text = rig.system.trunks.service.text
    for bad, code in (
        (text.replace('"[2-9]XXXX."', '"1."'), "emergency_shadowed"),
        (text.replace("calls = 2", "calls = two"), "bad_trunks"),
        (
            text.replace('name = "first"', 'name = "line"').replace('["first",', '["line",'),
            "name_taken",
        ),
    ):
        answer = await api.put("/api/trunks/description/text", json={"text": bad})
        assert answer.json()["error"]["code"] == code, answer.text
        assert rig.system.trunks.service.text == text
    assert (await api.get("/api/trunks/description/text")).json()["text"] == text


async def test_a_new_description_leaves_calls_alone(rig: Rig) -> None:
    await rig.use()
    async with sip_phone(rig.system, "2001", tone=450) as phone:
        call = await phone.dial("0200000")
        await call.answered()
        await rig.use(more='[[route]]\nname = "more"\npatterns = ["8XXXX."]\nto = ["second"]\n')
        await call.hears(450)
        await until(lambda: rig.trunk("first")["busy"] == 1)
        await call.hangup()


class StuckNode:
    """A node that says of a circuit that it is busy, whatever happens."""

    trunks = ("first",)

    def __init__(self) -> None:
        self.resets: list[list[str]] = []

    async def look(self) -> list[CircuitTold]:
        """Tell the one circuit."""
        return [CircuitTold("first/2", CircuitState.BUSY)]

    async def reset(self, circuits: Sequence[str]) -> None:
        """Remember it."""
        self.resets.append(list(circuits))


async def test_a_circuit_that_is_busy_for_nobody_is_reset(rig: Rig) -> None:
    await rig.use()
    watch, node = rig.system.trunks.watch, StuckNode()
    watch.drivers = [node]  # type: ignore[list-item]
    cleared = watch.stuck_cleared
    try:
        async with sip_phone(rig.system, "2001", tone=450) as phone:
            call = await phone.dial("0200000")
            await call.answered()
            await until(lambda: rig.calls("first"))
            await watch.look()
            assert "first/2" not in watch._held, "it may be the one that carries this call"
            await call.hangup()
        await until(lambda: not rig.calls("first"))
        await watch.look()
        assert not node.resets, "it has two minutes"
        watch._held["first/2"] -= FORGOTTEN_MILLIS + 1
        await watch.look()
        assert node.resets == [["first/2"]]
        assert watch.stuck_cleared == cleared + 1
    finally:
        watch.drivers = []
        watch.states.clear()


@pytest_asyncio.fixture(loop_scope="module")
async def node(rig: Rig) -> AsyncIterator[LineNode]:
    """A node with the trunk `exchange`, on which nothing is blocked or looped afterwards."""
    node, trunks = LineNode(), rig.system.trunks
    before, trunks.drivers_of = trunks.drivers_of, lambda plan: dict.fromkeys(node.trunks, node)
    try:
        await trunks.service.apply("test", LINE)
        yield node
        node.refuses = False
        await trunks.operate.act("test", Act.UNBLOCK, "exchange", [])
        await trunks.operate.loop("test", "exchange", False)
    finally:
        trunks.drivers_of = before
        await trunks.service.apply("test", "")


def looped(shown: Any) -> list[str]:
    """The circuits that the map shows as looped."""
    return [circuit["id"] for circuit in shown["circuits"] if circuit["looped"]]


async def test_a_circuit_is_looped_once_it_is_blocked_and_until_it_is_given_back(
    node: LineNode, api: httpx.AsyncClient
) -> None:
    first, second, _ = CIRCUITS
    on = {"on": True, "circuits": [first]}
    refused = await post(api, "exchange/loop", on, 409)
    assert refused["error"]["code"] == "circuit_in_use"
    node.states[first] = CircuitState.BUSY
    await post(api, "exchange/block", {"circuits": [first]})
    await post(api, "exchange/loop", on, 409)  # its call goes on
    assert not node.looped
    node.states[first] = CircuitState.BLOCKED_HERE
    assert looped(await post(api, "exchange/loop", on)) == [first]
    assert node.looped == {first}
    await post(api, "exchange/block", {"circuits": [second]})
    assert looped(await post(api, "exchange/unblock", {"circuits": [second]})) == [first]
    assert looped(await post(api, "exchange/unblock", {"circuits": [first]})) == []
    assert not node.looped


async def test_a_line_is_looped_while_it_carries_no_call(
    node: LineNode, api: httpx.AsyncClient
) -> None:
    node.states[CIRCUITS[1]] = CircuitState.BUSY
    refused = await post(api, "exchange/loop", {"on": True}, 409)
    assert refused["error"]["code"] == "line_in_use"
    node.states[CIRCUITS[1]] = CircuitState.IDLE
    assert (await post(api, "exchange/loop", {"on": True}))["looped"] is True
    assert node.looped == {"exchange"}
    assert (await post(api, "exchange/loop", {"on": False}))["looped"] is False
    assert not node.looped


async def test_a_loop_that_the_node_refuses_is_not_shown(
    node: LineNode, api: httpx.AsyncClient
) -> None:
    await post(api, "exchange/block", {"circuits": [CIRCUITS[0]]})
    node.refuses = True
    on = {"on": True, "circuits": [CIRCUITS[0]]}
    assert (await post(api, "exchange/loop", on, 503))["error"]["code"] == "node_refused"
    assert looped((await api.get("/api/trunks/exchange")).json()) == []


async def test_a_node_that_starts_again_blocks_and_loops_what_it_did(
    rig: Rig, node: LineNode, api: httpx.AsyncClient
) -> None:
    first, second, third = CIRCUITS
    await post(api, "exchange/block", {"circuits": [first, second]})
    await post(api, "exchange/loop", {"on": True, "circuits": [second]})
    assert await rig.system.db.read(store.looped) == {second}
    node.starts_again()
    await until(lambda: node.looped == {second})
    assert [node.states[each] for each in (first, second)] == [CircuitState.BLOCKED_HERE] * 2
    assert node.states[third] is CircuitState.IDLE


async def test_a_look_that_is_older_than_a_block_does_not_block_again(
    rig: Rig, node: LineNode, api: httpx.AsyncClient
) -> None:
    seen = node.looks
    node.answers.clear()
    try:
        await until(lambda: node.looks > seen, what="the watch has looked")
        await post(api, "exchange/block", {"circuits": [CIRCUITS[0]]})
    finally:
        node.answers.set()
    seen = node.looks
    await until(lambda: node.looks > seen + 1, what="what was seen has been thought over")
    assert node.blocks == [[CIRCUITS[0]]]
    await post(api, "exchange/unblock", {"circuits": [CIRCUITS[0]]})
    assert node.states[CIRCUITS[0]] is CircuitState.IDLE
