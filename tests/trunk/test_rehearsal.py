"""The laboratory of `softswitch lab` where none runs, and where its files or its folder are not as they should be."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from softswitch.errors import Refusal
from softswitch.setup.cache import cache_folder
from softswitch.setup.lab.build import Lab, find_lab
from trunk.lab.machine import PID
from trunk.lab.ports import Ports
from trunk.lab.rehearsal import STATE, Rehearsal

PORTS = Ports(1, 2, 3, 4, 5, 6, 7).as_dict()


@pytest.fixture
def lab() -> Lab:
    return find_lab(cache_folder())


async def test_who_asks_for_one_that_does_not_run_is_told_how_to_start_it(
    lab: Lab, tmp_path: Path
) -> None:
    rehearsal = Rehearsal(lab, tmp_path)
    assert rehearsal.orders() is None
    with pytest.raises(Refusal, match="softswitch lab start") as caught:
        async with rehearsal.attached():
            pass
    assert caught.value.code == "lab_not_running"
    assert rehearsal.stop() is False


def test_the_number_of_a_dead_guest_may_be_another_process_by_now(lab: Lab, tmp_path: Path) -> None:
    """This test's own: were it ended, nothing would come after."""
    told = {"ports": PORTS, "secret": "x", "core_sip": 5060, "link": "iax2", "core_iax": 4569}
    (tmp_path / STATE).write_text(json.dumps(told))
    (tmp_path / PID).write_text(str(os.getpid()))
    rehearsal = Rehearsal(lab, tmp_path)
    assert rehearsal.orders() is None
    assert rehearsal.stop() is False
    assert not (tmp_path / STATE).exists()


@pytest.mark.parametrize("text", ["{", "[]", '{"ports": {}}', '{"ports": {"x": 1}, "secret": ""}'])
def test_a_damaged_file_is_refused(lab: Lab, tmp_path: Path, text: str) -> None:
    (tmp_path / STATE).write_text(text)
    with pytest.raises(Refusal) as caught:
        Rehearsal(lab, tmp_path).orders()
    assert caught.value.code == "lab_damaged"


async def test_a_folder_whose_name_no_socket_can_have_is_refused(lab: Lab, tmp_path: Path) -> None:
    long = tmp_path / ("x" * 100)
    with pytest.raises(Refusal) as caught:
        await Rehearsal(lab, long).start(5060)
    assert caught.value.code == "path_too_long"
    assert not long.exists()
