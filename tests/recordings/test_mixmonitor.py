"""The files that the real Asterisk writes, closed and cut off."""

from __future__ import annotations

import asyncio
import os
import signal
import wave
from collections.abc import AsyncIterator, Iterator
from typing import Any

import numpy as np
import pytest

from softswitch.asterisk.node import AsteriskNode
from softswitch.asterisk.plain import AmiSwitch
from softswitch.asterisk.process import ended, running_pid
from softswitch.ports import Connected, RecordingBegan
from softswitch.recordings import store
from softswitch.recordings.model import Recording, RecordingId, State
from softswitch.recordings.service import RecordingService
from softswitch.store.database import Database
from softswitch.testing.node import directory, session_node
from softswitch.testing.patience import PATIENCE
from softswitch.testing.phone import Phone
from softswitch.testing.system import until

pytestmark = pytest.mark.asterisk
RATE = 8_000


@pytest.fixture(scope="module")
def node(tmp_path_factory: pytest.TempPathFactory) -> Iterator[AsteriskNode]:
    with session_node(tmp_path_factory.mktemp("node"), directory()) as running:
        yield running


@pytest.fixture
async def real(db: Database, node: AsteriskNode) -> AsyncIterator[Follower]:
    service = RecordingService(
        db,
        node.settings.data / "recordings",
        extension_of=lambda phone: phone.removeprefix("p") if phone.startswith("p") else None,
        floor_bytes=0,
    )
    await service.start()
    follower = Follower(service, AmiSwitch(node.settings, node.secrets), db)
    await until(lambda: follower.connected, what="AMI is connected")
    yield follower
    await follower.stop()
    await service.stop()


class Follower:
    """Gives the service every fact of the real switch, as the application does."""

    def __init__(self, service: RecordingService, switch: AmiSwitch, db: Database) -> None:
        self.service = service
        self.switch = switch
        self.began: list[str] = []
        self.connected = False
        self._db = db
        self._task = asyncio.create_task(self._follow())

    async def _follow(self) -> None:
        async for fact in self.switch.facts():
            await self.service.handle(fact)
            self.connected = self.connected or isinstance(fact, Connected)
            if isinstance(fact, RecordingBegan):
                self.began.append(fact.channel_id)

    async def stop(self) -> None:
        self._task.cancel()
        await asyncio.gather(self._task, return_exceptions=True)

    async def rows(self, state: State) -> list[Recording]:
        return [row for row in await self._db.read(store.everything) if row.state is state]

    async def kept(self) -> Recording:
        """Wait until the first recording that began is put away."""
        async with asyncio.timeout(PATIENCE):
            while not (rows := [r for r in await self.rows(State.KEPT) if r.id == self.began[0]]):  # noqa: ASYNC110 - the state is in the database
                await asyncio.sleep(0.02)
        return rows[0]


def phone(node: AsteriskNode, number: str, tone: int) -> Any:
    server = (node.settings.bind, node.settings.sip_port)
    return Phone.register(server, f"p{number}", f"secret{number}", tone=tone)


def strength(samples: np.ndarray, hertz: int) -> float:
    """Return how much of a tone there is, 0 to 1 of the whole energy."""
    spectrum = np.abs(np.fft.rfft(samples)) ** 2
    at = round(hertz * len(samples) / RATE)
    return float(spectrum[at - 2 : at + 3].sum() / max(spectrum.sum(), 1))


async def test_a_call_of_a_desk_is_recorded_from_the_first_ring_with_both_voices(
    real: Follower, node: AsteriskNode
) -> None:
    async with phone(node, "1001", 450) as desk, phone(node, "1003", 650) as other:
        call = await desk.dial("1003")
        incoming = await other.incoming()
        await until(lambda: real.began, what="recorded while it rings")
        assert call.times.answered is None
        await incoming.answer()
        await call.hears(650)
        await incoming.hears(450)
        await asyncio.gather(call.hears_not(850, frames=100), incoming.hears_not(850, frames=100))
        await call.hangup()
        await incoming.ended()
    row = await real.kept()
    assert (row.id, row.extension, row.number) == (real.began[0], "1001", "1003")
    assert not row.repaired
    with wave.open(str(real.service.folder.at(row.path))) as file:
        assert file.getparams()[:3] == (1, 2, RATE)
        samples = np.frombuffer(file.readframes(1 << 24), "<i2")
    assert row.duration_ms == len(samples) * 1000 // RATE >= 1_900
    last_second = samples[-RATE:]
    assert strength(last_second, 450) > 0.2
    assert strength(last_second, 650) > 0.2


async def test_a_call_that_is_given_up_while_ringing_is_kept(
    real: Follower, node: AsteriskNode
) -> None:
    async with phone(node, "1001", 450) as desk, phone(node, "1003", 650) as other:
        call = await desk.dial("1003")
        await other.incoming()
        await call.hangup()
    row = await real.kept()
    assert row.size == 44 + row.duration_ms * 16


async def test_an_asterisk_that_is_killed_leaves_a_file_that_plays(
    real: Follower, node: AsteriskNode
) -> None:
    async with phone(node, "1001", 450) as desk, phone(node, "1003", 650) as other:
        call = await desk.dial("1003")
        incoming = await other.incoming()
        await incoming.answer()
        await until(lambda: real.began, what="recorded")
        file = real.service.folder.spool_file(RecordingId(real.began[0]))
        # Asterisk writes 32 KB at a time: two seconds.
        await until(lambda: file.exists() and file.stat().st_size > 30_000, what="on disk")
        await call.hears(650)
        pid = running_pid(node.settings)
        assert pid is not None
        os.kill(pid, signal.SIGKILL)
        await ended(pid)
        running = [row.id for row in await real.rows(State.RUNNING)]
        assert real.began[0] in running
        opened = await real.service.library.open(RecordingId(real.began[0]))
        assert opened.whole == file.stat().st_size
    await node.start()
    await node.detach()
    row = await real.kept()
    assert row.repaired
    with wave.open(str(real.service.folder.at(row.path))) as sound:
        assert sound.getnframes() * 1000 // RATE == row.duration_ms >= 1_900
