"""A steady tone over a 2M line, both ways: as loud as it was sent, and without any gap.

It is sent and written down inside the guest, where time is even however busy this machine is.
"""

from __future__ import annotations

import asyncio
import io
import math
import wave
from array import array

from tests.trunk.rig.kit import MARKS, SLOW, Site, until_async
from trunk.lab.files import HEARD_SECONDS
from trunk.lab.laboratory import Switch
from trunk.lab.wiring import EXCHANGE, NODE, Cable
from trunk.switch import group

pytestmark = MARKS
RATE = 8_000
TONE = 437
"""Hz. The exchange's 9107 and the tone `steady` of the laboratory have it."""
FRAME = RATE // 50
EDGE = RATE // 4
"""The first moments of a call belong to its set-up."""
LISTENS, SAYS = "9106", "9107"


async def test_a_tone_crosses_both_lines_both_ways_without_a_gap(site: Site) -> None:
    for cable in Cable:
        await talk(site, cable, SAYS, "Record", f"{heard(cable)},0,{HEARD_SECONDS},qx")
        await talk(site, cable, LISTENS, "Read", f"KEY,steady,1,i,1,{HEARD_SECONDS + 5}")

    async def over() -> bool:
        said = [await site.lab.cli(switch, "core show channels count") for switch in Switch]
        return all("0 active channels" in text for text in said)

    await until_async(over, what="both have written down what they heard", seconds=SLOW)
    files = await asyncio.gather(
        *(site.lab.agent.read(heard(cable)) for cable in Cable),
        *(
            site.lab.agent.read(f"/run/exchange/spool/heard-{EXCHANGE[cable].span}.wav")
            for cable in Cable
        ),
    )
    for data in files:
        is_steady(samples(data))


def heard(cable: Cable) -> str:
    """Where the node writes down what it hears on a line."""
    return f"/run/node/spool/heard-{NODE[cable].span}.wav"


async def talk(site: Site, cable: Cable, number: str, application: str, data: str) -> None:
    """Let the node call a number of the exchange, and do something when that answers."""
    node = await site.lab.manager(Switch.NODE)
    fields = {
        "Channel": f"{group(site.plan, site.trunk(cable))}/{number}",
        "Application": application,
        "Data": data,
        "Timeout": str(int(SLOW * 1000)),
        "Async": "true",
    }
    await node.act("Originate", fields, SLOW)


def samples(data: bytes) -> array[int]:
    with wave.open(io.BytesIO(data)) as file:
        assert (file.getframerate(), file.getsampwidth(), file.getnchannels()) == (RATE, 2, 1)
        found = array("h", file.readframes(file.getnframes()))
    assert len(found) > 0.9 * HEARD_SECONDS * RATE
    return found[EDGE:-EDGE]


def is_steady(heard: array[int]) -> None:
    """Every 20 ms is as loud as the others, and every sample follows from the two before it.

    A sine obeys x(n) = 2 cos(w) x(n-1) - x(n-2). A-law (G.711) adds a few hundredths of the peak; one octet that is lost,
    repeated or silent adds a third of it and more.
    """
    loud = [
        math.sqrt(sum(x * x for x in heard[at : at + FRAME]) / FRAME)
        for at in range(0, len(heard) - FRAME, FRAME)
    ]
    peak = max(loud) * math.sqrt(2)
    assert min(loud) > 0.9 * max(loud) > 300
    step = 2 * math.cos(2 * math.pi * TONE / RATE)
    strange = [
        at
        for at in range(2, len(heard))
        if abs(heard[at] - step * heard[at - 1] + heard[at - 2]) > 0.2 * peak
    ]
    assert strange == []
