"""A steady tone over a 2M line, both ways: as loud as it was sent, and there all the time.

It is sent and written down inside the guest, so nothing of the way there is in it. What is left of a busy machine is
that the guest's spans lose single milliseconds: an emulated processor comes late to some of its 1000 ticks a second.
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
SENT = 7_219 / math.sqrt(2)
"""The effective value of a tone that Asterisk plays."""
LONGEST_GAP = 100
"""Milliseconds."""
EDGE = RATE // 4
"""The first moments of a call belong to its set-up."""
LISTENS, SAYS = "9106", "9107"


async def test_a_tone_crosses_both_lines_both_ways(site: Site) -> None:
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
    }
    await node.act("Originate", fields, SLOW)  # told when it is answered


def samples(data: bytes) -> array[int]:
    with wave.open(io.BytesIO(data)) as file:
        assert (file.getframerate(), file.getsampwidth(), file.getnchannels()) == (RATE, 2, 1)
        found = array("h", file.readframes(file.getnframes()))
    assert len(found) > 0.9 * HEARD_SECONDS * RATE
    return found[EDGE : -EDGE - len(found) % FRAME]


def is_steady(heard: array[int]) -> None:
    """The level is that of the tone, within 1 dB, and it is never away for as long as a listener would call a gap."""
    tone = [math.cos(2 * math.pi * TONE * n / RATE) for n in range(FRAME)]
    other = [math.sin(2 * math.pi * TONE * n / RATE) for n in range(FRAME)]
    loud = [level(heard[at : at + FRAME], tone, other) for at in range(0, len(heard), FRAME)]
    usual = sorted(loud)[len(loud) // 2]
    assert abs(20 * math.log10(usual / SENT)) < 1
    away = "".join("." if each > usual / 2 else "x" for each in loud)
    assert max(len(run) for run in away.split(".")) < LONGEST_GAP // 20, away


def level(frame: array[int], tone: list[float], other: list[float]) -> float:
    """Return the effective value of the tone alone in 20 ms (Goertzel's sum): noise and other sounds do not count."""
    real = sum(x * c for x, c in zip(frame, tone, strict=False))
    imaginary = sum(x * s for x, s in zip(frame, other, strict=False))
    return math.sqrt(2 * (real * real + imaginary * imaginary)) / FRAME
