"""A steady tone over a 2M line, both ways: as loud as it was sent, and there all the time.

It is sent and written down inside the guest, so nothing of the way there is in it. On a busy machine the guest's clock
makes leaps; how far they went is asked of the guest itself, and as long as they are shorter than what DAHDI has in
store, no sample is missing.
"""

from __future__ import annotations

import asyncio
import io
import math
import wave
from array import array
from itertools import pairwise
from pathlib import Path

from tests.trunk.rig.kit import MARKS, SLOW, Site, until_async
from trunk.lab.files import HEARD_SECONDS
from trunk.lab.laboratory import Switch
from trunk.lab.wiring import EXCHANGE, NODE, Cable
from trunk.switch import group

pytestmark = MARKS
RATE = 8_000
TONE = 437
"""Hz. The exchange's 9107 and the tone `steady` of the laboratory have it."""
TURN = 2 * math.pi * TONE / RATE
"""How far the tone goes on with each sample."""
SENT = 7_219
"""The amplitude of a tone that Asterisk plays."""
IN_STORE = 15
"""Milliseconds that DAHDI goes on for alone, at least: `buffers` in chan_dahdi.conf."""
REFILL = 60
"""Once it has run dry, it waits for two packets of 20 ms, of which the first may have gone out just before."""
EDGE = RATE // 4
"""The first moments of a call belong to its set-up."""
LISTENS, SAYS = "9106", "9107"
LEAP = 0.6
"""Radians beyond what A-law makes of the tone: a lost sample is 0.34, but they come and go by eight."""
TOGETHER = 40
"""Samples: what is closer is one gap."""
LATE = Path(__file__).with_name("late.pl")
WATCH = (
    "rm -f /run/enough; perl /run/late.pl /run/enough > /run/late 2>&1 & "
    "echo $! > /run/late.pid; renice -n -20 -p $!"
)
TELL = (
    "touch /run/enough; while [ -e /proc/$(cat /run/late.pid)/exe ]; do usleep 20000; done; "
    "cat /run/late"
)


async def test_a_tone_crosses_both_lines_both_ways_without_a_gap(site: Site) -> None:
    await site.lab.agent.write("/run/late.pl", LATE.read_bytes())
    await site.lab.agent.run(WATCH)
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
    late = float(await site.lab.agent.run(TELL, seconds=SLOW))
    for data in files:
        is_steady(samples(data), late)


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
    return found[EDGE:-EDGE]


def is_steady(heard: array[int], late: float) -> None:
    """The level is that of the tone within 1 dB; every sample is the next one of it, or the guest was `late` (ms)."""
    loud = sorted(amplitude(*pair) for pair in pairwise(heard))
    assert abs(20 * math.log10(loud[len(loud) // 2] / SENT)) < 1
    longest = max(gaps(heard), default=0) * 1000 / RATE
    assert longest <= (0 if late < IN_STORE else late + REFILL), f"{longest} ms; {late} ms late"


def gaps(heard: array[int]) -> list[int]:
    """Return the lengths, in samples, of what is not the tone going on: silence, or a leap within it."""
    found: list[int] = []
    before, last = None, -RATE
    for at, (old, new) in enumerate(pairwise(heard)):
        phase = math.atan2(new * math.sin(TURN), new * math.cos(TURN) - old)
        leap = 0 if before is None else abs(math.remainder(phase - before - TURN, 2 * math.pi))
        before = phase
        if leap < LEAP and amplitude(old, new) > SENT / 2:
            continue
        if at - last < TOGETHER:
            found[-1] += at - last
        else:
            found.append(1)
        last = at
    return found


def amplitude(old: int, new: int) -> float:
    """Return the amplitude of the tone that two samples in a row are of."""
    return math.sqrt(max(0, old * old + new * new - 2 * old * new * math.cos(TURN))) / math.sin(
        TURN
    )
