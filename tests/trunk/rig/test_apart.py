"""The laboratory of `softswitch lab`: it outlives its starter, is found again, and ends when it is told to.

By its name this comes first, when the laboratory of the other tests does not run yet: there is no room for two.
"""

from __future__ import annotations

import stat
from pathlib import Path

import pytest

from softswitch.errors import Refusal
from softswitch.setup.cache import cache_folder
from softswitch.setup.lab.build import find_lab
from softswitch.testing.system import until
from tests.trunk.rig.kit import MARKS
from trunk.lab.laboratory import Switch
from trunk.lab.machine import is_running
from trunk.lab.rehearsal import STATE, Rehearsal
from trunk.model import Link

pytestmark = MARKS


async def test_it_outlives_its_starter_and_is_found_again(tmp_path: Path) -> None:
    lab = find_lab(cache_folder())
    rehearsal = Rehearsal(lab, tmp_path)
    started = await rehearsal.start(5060, 4570)
    try:
        assert (started.orders.link, started.orders.core_iax) == (Link.IAX2, 4570)
        await started.close()
        with pytest.raises(Refusal) as caught:
            await Rehearsal(lab, tmp_path).start(5060)
        assert caught.value.code == "lab_running"
        assert stat.S_IMODE((tmp_path / STATE).stat().st_mode) == 0o600
        async with Rehearsal(lab, tmp_path).attached() as found:
            assert found.orders == started.orders
            assert await found.is_alive(Switch.EXCHANGE)
            await found.kill(Switch.EXCHANGE)
            assert not await found.is_alive(Switch.EXCHANGE)
        async with Rehearsal(lab, tmp_path).attached() as again:
            assert await again.is_alive(Switch.NODE)
    finally:
        assert rehearsal.stop() is True
    await until(lambda: not is_running(tmp_path), what="the guest has ended")
    assert rehearsal.orders() is None
