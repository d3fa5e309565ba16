"""What a start loads: calls can be controlled again only when all of it is there."""

from __future__ import annotations

import asyncio
import sys

LATE = ("reportlab", "PIL", "pyproj", "pyogrio", "httpx", "rich", "pygments", "cryptography")
"""Libraries that take a tenth of a second or more each, and that no call waits for."""

LOADED = f"""
import sys
import softswitch.run
print(*(name for name in {LATE!r} if name in sys.modules))
"""


async def test_a_start_loads_no_library_that_only_paper_maps_or_location_servers_need() -> None:
    child = await asyncio.create_subprocess_exec(
        sys.executable, "-c", LOADED, stdout=asyncio.subprocess.PIPE
    )
    told, _ = await child.communicate()
    assert child.returncode == 0
    assert told.decode().split() == []
