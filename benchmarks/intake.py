"""(a) Emergency calls a second through intake to an answering desk, against two references.

* the smallest possible Stasis application: rings a desk, answers, one bridge, nothing else (no queue, no
  recording, no record of anything);
* plain ``Dial()`` to a phone.

SIPp calls through a line account with authentication in all three, and answers for every desk and phone.  A rate
is clean when every call of a run gets through, within half a second on average; the highest clean rate of the
list counts.

    python -m benchmarks.intake [--seconds 10] [--rates 10,20,30,40,50,60,80,100]
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import itertools
import json
from collections.abc import AsyncIterator, Sequence
from typing import Any

from websockets.asyncio.client import connect

from benchmarks.load import Load, Outcome, loaded
from benchmarks.report import table
from softswitch.app_switch import node_settings
from softswitch.asterisk.secrets import USER

TALK_MS = 300
BARE, BARE_RECORDED = "8880", "8881"


class SmallestApp:
    """Rings the next desk for each caller and joins the two. REST over the WebSocket, as ours does."""

    def __init__(self, socket: Any, desks: Sequence[str]) -> None:
        self._socket = socket
        self._desks = itertools.cycle(desks)
        self._numbers = itertools.count(1)
        self._partner: dict[str, str] = {}

    async def run(self) -> None:
        """Follow the events until the connection ends."""
        async for text in self._socket:
            event = json.loads(text)
            if event["type"] == "StasisStart":
                await self._entered(event["channel"]["id"], event["args"])
            elif event["type"] in {"StasisEnd", "ChannelDestroyed"}:
                await self._left(event["channel"]["id"])

    async def _entered(self, channel: str, words: list[str]) -> None:
        if words and words[0] == "desk":
            caller, bridge = words[1], f"bare-{words[1]}"
            await self._ask("POST", f"channels/{caller}/answer")
            await self._ask("POST", f"bridges/{bridge}", type="mixing")
            await self._ask("POST", f"bridges/{bridge}/addChannel", channel=f"{caller},{channel}")
            return
        desk = f"desk-{channel}"
        self._partner |= {channel: desk, desk: channel}
        await self._ask(
            "POST", f"channels/{desk}", endpoint=f"PJSIP/{next(self._desks)}", app="bare",
            appArgs=f"desk,{channel}", originator=channel,
        )  # fmt: skip

    async def _left(self, channel: str) -> None:
        partner = self._partner.pop(channel, None)
        if partner is not None and self._partner.pop(partner, None) is not None:
            await self._ask("DELETE", f"channels/{partner}")
            caller = partner if channel.startswith("desk-") else channel
            await self._ask("DELETE", f"bridges/bare-{caller}")

    async def _ask(self, method: str, uri: str, **query: str) -> None:
        key = str(next(self._numbers))
        message = {
            "type": "RESTRequest", "transaction_id": key, "request_id": key, "method": method,
            "uri": uri, "query_strings": [{"name": n, "value": v} for n, v in query.items()],
        }  # fmt: skip
        await self._socket.send(json.dumps(message))


@contextlib.asynccontextmanager
async def smallest_app(load: Load) -> AsyncIterator[None]:
    """Run the reference application on the same Asterisk, reached by two numbers from the line."""
    where = node_settings(load.server.settings)
    spool = where.spool
    for line in (
        f"{BARE},1,Stasis,bare",
        f"{BARE_RECORDED},1,MixMonitor,{spool}/${{UNIQUEID}}.wav",
        f"{BARE_RECORDED},2,Stasis,bare",
    ):
        exten, priority, app, *words = line.split(",", 3)
        said = await load.server.command(
            f"dialplan add extension {exten},{priority},{app},{','.join(words)} into from-trunks"
        )
        if "added" not in said:
            raise RuntimeError(said)
    secrets = json.loads((where.folder / "secrets.json").read_text())
    uri = f"ws://127.0.0.1:{where.http_port}/ari/events?app=bare&api_key={USER}:{secrets['ari']}"
    async with connect(uri, max_size=None, compression=None) as socket:
        running = asyncio.create_task(SmallestApp(socket, load.desks).run())
        yield
        running.cancel()


async def highest(
    load: Load, targets: Sequence[str], rates: Sequence[float], seconds: int
) -> tuple[float, Outcome]:
    """Return the highest clean rate, with what it came to; stop at the first that is not clean."""
    best = (0.0, Outcome(0, 0, 0, 0.0, 0.0))
    for rate in rates:
        outcome = await load.calls(targets, rate, int(rate * seconds), TALK_MS)
        print(f"  {targets[0]} at {rate:g}/s: {outcome}", flush=True)
        if not outcome.clean:
            break
        best = (rate, outcome)
        await quiet(load)
    return best


async def quiet(load: Load) -> None:
    """Wait until no channel is left from a run."""
    async with asyncio.timeout(60):
        while await load.server.channels():  # noqa: ASYNC110 - asked of Asterisk
            await asyncio.sleep(0.2)


async def main() -> None:
    """Run all of it in one system and print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=int, default=10)
    parser.add_argument("--rates", default="10,20,30,40,50,60,70,80,100,120,150")
    given = parser.parse_args()
    rates = [float(rate) for rate in given.rates.split(",")]
    async with loaded() as load, smallest_app(load):
        found = {}
        for name, targets in (
            ("ours: 120 → queue → desk, recorded, on the board", ["120"]),
            ("smallest Stasis application, records nothing", [BARE]),
            ("smallest Stasis application with MixMonitor", [BARE_RECORDED]),
            ("plain Dial()", load.phones),
        ):
            print(name, flush=True)
            found[name] = await highest(load, targets, rates, given.seconds)
            await quiet(load)
    ours = next(iter(found.values()))[0]
    table(
        f"(a) Calls a second, all clean for {given.seconds} s (promise: 0.9 of the smallest application)",
        ["path", "calls/s", "INVITE to 200, mean ms", "ours / this"],
        [
            [name, rate, o.setup_ms, ours / rate if rate else 0.0]
            for name, (rate, o) in found.items()
        ],
    )


if __name__ == "__main__":
    asyncio.run(main())
