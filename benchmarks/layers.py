"""(m) Emergency calls with all layers on, against none: calls a second, and how long the set-up takes.

Two systems on one machine, one after the other and again in the other order, so that a slow minute of the machine
meets both.  Promise: no measurable difference.

    python -m benchmarks.layers [--seconds 6] [--rates 10,20,30,40,50]
"""

from __future__ import annotations

import argparse
import asyncio

from benchmarks.intake import highest, quiet
from benchmarks.load import loaded
from benchmarks.report import table
from softswitch.settings import LAYERS


async def measured(
    layers: tuple[str, ...], rates: list[float], seconds: int
) -> tuple[float, float]:
    """Return the highest clean rate and the mean milliseconds of set-up at the lowest one."""
    async with loaded(layers=layers) as load:
        _, outcome = await highest(load, ["120"], rates[:1], seconds)
        await quiet(load)
        best, _ = await highest(load, ["120"], rates, seconds)
        await quiet(load)
    return best, outcome.setup_ms


async def main() -> None:
    """Measure both in turns and print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=int, default=6)
    parser.add_argument("--rates", default="20,30,40,50,60,70")
    given = parser.parse_args()
    rates = [float(rate) for rate in given.rates.split(",")]
    found: dict[str, list[tuple[float, float]]] = {"on": [], "off": []}
    for name in ("on", "off", "off", "on"):
        print(f"layers {name}", flush=True)
        found[name].append(await measured(LAYERS if name == "on" else (), rates, given.seconds))
    best = {name: max(rate for rate, _ in runs) for name, runs in found.items()}
    mean = {name: min(setup for _, setup in runs) for name, runs in found.items()}
    ratio = best["on"] / best["off"] if best["off"] else 0.0
    table(
        "(m) Layers on against off (promise: no measurable difference)",
        ["system", "calls/s, all clean", f"mean ms to 200 at {rates[0]:g}/s", "rate / without"],
        [
            ["layers on", best["on"], mean["on"], ratio],
            ["layers off", best["off"], mean["off"], 1.0],
        ],
    )


if __name__ == "__main__":
    asyncio.run(main())
