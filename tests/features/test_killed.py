"""kill -9 of the Python side: who camps on is still called, in order; the night goes on."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from tests.survival.rig import own_server, until

pytestmark = pytest.mark.asterisk


async def test_camp_on_and_night_survive(tmp_path: Path) -> None:
    async with own_server(tmp_path) as server:
        await server.start()
        async with (
            server.phone("2001", 650) as target,
            server.phone("2003", 1250) as far,
            server.phone("1001", 450) as first,
            server.phone("1002", 850) as second,
        ):
            talking = await far.dial("2001")
            own = await target.incoming()
            await own.answer()
            await talking.hears(650)
            for desk in ("1001", "1002"):
                body = {"target": "2001", "desk": desk}

                async def camped(body: dict[str, str] = body) -> bool:
                    return (await server.request("POST", "/api/camps", body)).status_code == 201

                await until(camped, "he waits: the board shows the call")
            await server.request("PUT", "/api/night", {"targets": ["1001"]})
            await server.request("PUT", "/api/night/mode", {"mode": "on"})
            await server.kill()
            await own.hangup()
            await talking.ended()
            await server.start()
            assert (await server.get("/api/night"))["on"]
            back = await first.incoming()
            assert not second.arrived
            await back.answer()
            there = await target.incoming()
            await there.answer()
            await asyncio.gather(back.hears(650), there.hears(450))

            async def one_left() -> bool:
                camps = (await server.get("/api/camps"))["camps"]
                return [camp["caller"] for camp in camps] == ["1002"]

            await until(one_left, "the first is done, the second waits")
            await server.kill()  # while they talk: the call goes on and is not made again
            await server.start()
            await asyncio.gather(back.hears(650), there.hears(450))
            await back.hangup()
            back = await second.incoming()
            assert not first.arrived
            await back.answer()
            there = await target.incoming()
            await there.answer()
            await asyncio.gather(back.hears(650), there.hears(850))
            await back.hangup()
            await there.ended()
