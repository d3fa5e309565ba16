"""Orders to units: told, received, overdue, and told again by who died in between."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from softswitch.conferences.events import NoticePerson
from softswitch.errors import Refusal, invalid, unavailable
from softswitch.layers.incidents.order_model import OrderState
from tests.layers.incidents.kit import LI, MINUTE, Bench
from tests.layers.incidents.kit import bench as made

FIRE = {"unit": "自流井消防站", "number": "2001", "text": "光大街12号火警，请出动", "via": "phone"}


async def give(bench: Bench, incident: str, **more: Any) -> dict[str, Any]:
    return await bench.layer.orders.give(LI, incident, {**FIRE, **more})


async def ledger(bench: Bench, order: str, state: str, why: str = "") -> None:
    await bench.tell(NoticePerson(order, bench.now, "p1", "2001", state, 1, why))


async def state(bench: Bench, order: str) -> str:
    return str((await bench.layer.orders.get(order))["state"])


async def test_an_order_by_telephone_and_its_receipt_by_key(bench: Bench) -> None:
    incident = await bench.call("c1")
    order = await give(bench, incident)
    assert bench.telephone.told == [(order["id"], "2001", FIRE["text"])]
    assert order["state"] == "sent"
    await ledger(bench, order["id"], "ringing")
    assert await state(bench, order["id"]) == "sent"
    await ledger(bench, order["id"], "confirmed")
    found = await bench.layer.orders.get(order["id"])
    assert (found["state"], found["received_by"]) == ("received", "自流井消防站 2001")
    assert found["received_at"] == bench.now
    await bench.layer.orders.step(LI, order["id"], OrderState.DONE)
    assert (await bench.kinds(incident)).count("incident.order") == 4
    [listed] = await bench.layer.orders.of_incident(incident)
    assert listed["state"] == "done"


async def test_nobody_reached_and_the_late_receipt(bench: Bench) -> None:
    incident = await bench.call("c1")
    order = (await give(bench, incident))["id"]
    await ledger(bench, order, "failed", "no_answer")
    assert (await bench.layer.orders.get(order))["why"] == "no_answer"
    await bench.layer.orders.step(LI, order, OrderState.RECEIVED, "队长，电台")
    assert (await bench.layer.orders.get(order))["received_by"] == "队长，电台"
    await ledger(bench, order, "failed", "too late")
    assert await state(bench, order) == "received"


async def test_an_order_with_one_id_is_given_once(bench: Bench) -> None:
    incident = await bench.call("c1")
    await give(bench, incident, id="0a")
    await give(bench, incident, id="0a")
    assert len(await bench.layer.orders.of_incident(incident)) == 1
    assert len(bench.telephone.told) == 1


async def test_by_console_it_is_sent_at_once(bench: Bench) -> None:
    incident = await bench.call("c1")
    order = await give(bench, incident, via="console", number="")
    assert (order["state"], bench.telephone.told) == ("sent", [])


async def test_by_sms_the_answer_is_the_receipt(bench: Bench) -> None:
    incident = await bench.call("c1")
    order = await give(bench, incident, via="sms", number="+86 138 0000 0000")
    assert bench.messages.sent == [(order["id"], "13800000000", FIRE["text"])]
    at = bench.now + 5_000
    assert not await bench.layer.orders.answered("13700000000", "1", at)
    assert await bench.layer.orders.answered("13800000000", "收到", at)
    found = await bench.layer.orders.get(order["id"])
    assert (found["state"], found["received_at"], found["why"]) == ("received", at, "收到")
    assert not await bench.layer.orders.answered("13800000000", "1", at + 1)


async def test_one_answer_is_the_receipt_of_one_order_however_often_it_is_told(
    bench: Bench,
) -> None:
    incident = await bench.call("c1")
    older = await give(bench, incident, via="sms", number="13800000000")
    bench.now += 1_000
    newer = await give(bench, incident, via="sms", number="13800000000")
    at = bench.now + 5_000
    assert await bench.layer.orders.answered("13800000000", "收到", at)
    assert not await bench.layer.orders.answered("13800000000", "收到", at)
    assert [await state(bench, each["id"]) for each in (older, newer)] == ["sent", "received"]
    assert await bench.layer.orders.answered("13800000000", "都收到", at + 1)
    assert await state(bench, older["id"]) == "received"


async def test_an_order_whose_message_is_lost_has_failed(bench: Bench) -> None:
    incident = await bench.call("c1")
    order = await give(bench, incident, via="sms", number="13800000000", minutes=3, deputy="2002")
    await bench.layer.once()
    assert await state(bench, order["id"]) == "sent"
    bench.messages.gone = {order["id"]: "smpp:11"}
    await bench.layer.once()
    found = await bench.layer.orders.get(order["id"])
    assert (found["state"], found["why"]) == ("failed", "smpp:11")
    bench.now += 3 * MINUTE
    await bench.layer.once()
    assert [told[1] for told in bench.telephone.told] == ["2002"]  # the deputy, by telephone


async def test_who_died_before_telling_tells_at_the_next_start(tmp_path: Path) -> None:
    path = tmp_path / "softswitch.db"
    async with made(path) as before:
        incident = await before.call("c1")
        before.telephone.refusal = unavailable("store_unavailable", "The disk is full.", "Wait.")
        order = (await give(before, incident))["id"]
        assert await state(before, order) == "sending"
    async with made(path) as after:
        await after.layer.orders.resume()
        assert [told[0] for told in after.telephone.told] == [order]
        assert await state(after, order) == "sent"
        await after.layer.orders.resume()
        assert len(after.telephone.told) == 1


async def test_what_cannot_be_called_failed_and_says_why(bench: Bench) -> None:
    incident = await bench.call("c1")
    bench.telephone.refusal = invalid("nobody", "Nobody is to be told.", "Name numbers.")
    order = await give(bench, incident)
    assert (order["state"], order["why"]) == ("failed", "Nobody is to be told.")


async def test_an_overdue_order_is_told_once_and_goes_to_the_deputy(bench: Bench) -> None:
    incident = await bench.call("c1")
    order = await give(bench, incident, minutes=3, deputy="2002")
    assert order["deadline_at"] == bench.now + 3 * MINUTE
    bench.now += 3 * MINUTE - 1
    await bench.layer.once()
    assert len(bench.telephone.told) == 1
    bench.now += 1
    await bench.layer.once()
    await bench.layer.once()
    assert [told[1] for told in bench.telephone.told] == ["2001", "2002"]
    assert (await bench.kinds(incident)).count("incident.order_overdue") == 1
    first, second = await bench.layer.orders.of_incident(incident)
    assert (first["overdue"], second["deputy_for"]) == (True, order["id"])


async def test_a_receipt_in_time_is_not_overdue(bench: Bench) -> None:
    incident = await bench.call("c1")
    order = await give(bench, incident, minutes=1)
    await ledger(bench, order["id"], "confirmed")
    bench.now += 10 * MINUTE
    await bench.layer.once()
    assert "incident.order_overdue" not in await bench.kinds(incident)


@pytest.mark.parametrize(
    ("more", "code"),
    [
        ({"text": " "}, "no_text"),
        ({"unit": ""}, "no_text"),
        ({"number": ""}, "no_number_of_unit"),
        ({"number": "abc"}, "bad_number"),
        ({"minutes": -1}, "bad_deadline"),
        ({"minutes": 10**9}, "bad_deadline"),
        ({"text": "x" * 501}, "too_long"),
    ],
)
async def test_what_is_no_order(bench: Bench, more: dict[str, Any], code: str) -> None:
    incident = await bench.call("c1")
    with pytest.raises(Refusal) as caught:
        await give(bench, incident, **more)
    assert caught.value.code == code
    assert await bench.layer.orders.of_incident(incident) == []


async def test_a_way_that_is_not_there_is_refused_at_once(bench: Bench) -> None:
    incident = await bench.call("c1")
    with pytest.raises(Refusal) as caught:
        await give(bench, incident, via="sms")  # 2001 gets no short messages
    assert caught.value.code == "bad_mobile"
    bench.messages.linked = False
    for number in ("13800000000", "2001"):
        with pytest.raises(Refusal) as caught:
            await give(bench, incident, via="sms", number=number)
        assert caught.value.code == ("no_sms" if number != "2001" else "bad_mobile")
    bench.layer.orders.messages = None
    with pytest.raises(Refusal) as caught:
        await give(bench, incident, via="sms")
    assert caught.value.code == "no_sms"
    assert await bench.layer.orders.of_incident(incident) == []


async def test_an_order_ends_once(bench: Bench) -> None:
    incident = await bench.call("c1")
    order = (await give(bench, incident))["id"]
    await bench.layer.orders.step(LI, order, OrderState.CANCELLED)
    with pytest.raises(Refusal) as caught:
        await bench.layer.orders.step(LI, order, OrderState.RECEIVED)
    assert caught.value.code == "bad_order_state"
