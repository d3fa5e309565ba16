"""The process is killed while it writes: what was answered is there, what is there is whole."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
from pathlib import Path

from softswitch.access.audit_head import HeadFile
from softswitch.access.verify import verify
from softswitch.events import to_json
from softswitch.store.database import Database
from softswitch.store.event_log import EventLog, Stored

WRITER = """
import asyncio, sys
from pathlib import Path
from softswitch.access import audit
from softswitch.access.audit_head import HeadFile
from softswitch.events import CallEnded
from softswitch.store import event_log
from softswitch.events import to_json
from softswitch.store.database import Database

def both(conn, name):
    audit.append(conn, "writer", "test.written", name, {"n": name})
    event_log.append(conn, CallEnded(name, 1, 16))

async def main(path, run):
    async with Database.at(path / "softswitch.db") as db:
        db.listen_in_writer(audit.TOPIC, HeadFile(path / "audit.head").write)
        async def write(lane):
            number = 0
            while True:
                name = f"{run}-{lane}-{number}"
                await db.write(both, name)
                print(name, flush=True)
                number += 1
        await asyncio.gather(*(write(lane) for lane in range(8)))

asyncio.run(main(Path(sys.argv[1]), sys.argv[2]))
"""


def run_and_kill(folder: Path, run: int, after: int) -> list[str]:
    """Start the writer, kill it after it has answered ``after`` writes; return all that were answered."""
    command = [sys.executable, "-c", WRITER, str(folder), str(run)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        answered = [process.stdout.readline().strip() for _ in range(after)]
        os.kill(process.pid, signal.SIGKILL)
        rest = process.stdout.read().splitlines(keepends=True)
    return [*answered, *(line.strip() for line in rest if line.endswith("\n"))]


async def stored(folder: Path) -> list[str]:
    names: list[str] = []

    async def take(batch: object) -> None:
        assert isinstance(batch, tuple)
        names.extend(to_json(item.event)["call_id"] for item in batch if isinstance(item, Stored))

    async with Database.at(folder / "softswitch.db") as db:
        result = await db.read(verify, HeadFile(folder / "audit.head").read())
        assert result.ok, result.problem
        log = EventLog(db)
        log.subscribe(f"reader {os.urandom(4).hex()}", ["call.ended"], take)
        await log.start()
        await log.drained()
        await log.close()
        assert result.rows == len(names)  # the fact and the audit row: both or none
    return names


def test_every_answered_write_survives_a_kill_and_the_chain_verifies(tmp_path: Path) -> None:
    answered: list[str] = []
    for run, after in enumerate((1, 20, 77, 150, 33)):
        answered += run_and_kill(tmp_path, run, after)
        found = asyncio.run(stored(tmp_path))
        assert set(answered) <= set(found)
        assert len(found) == len(set(found))
