"""Each check of the doctor, well and ill; an ill one always says how to mend it."""

from __future__ import annotations

import json
import os
import resource
import socket
from pathlib import Path

import pytest

from softswitch.setup import doctor
from softswitch.setup.data_lock import data_lock_holder
from softswitch.setup.doctor import Check, Port, State, run_checks
from softswitch.store.folder import DataFolder

DAY_2026_11_22 = 1_795_305_600.0


def assert_ill(check: Check, *words: str) -> None:
    assert check.state is not State.OK
    assert check.mend
    for word in words:
        assert word in f"{check.what} {check.mend}"


def test_python() -> None:
    assert doctor.check_python((3, 13, 1)).state is State.OK
    assert_ill(doctor.check_python((3, 10, 4)), "3.10.4", "3.11")


def test_missing_asterisk_names_the_place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("softswitch.setup.asterisk._find_system", lambda _root: None)
    (check,) = doctor.check_asterisk(tmp_path, [])
    assert_ill(check, str(tmp_path), "scripts/run")


def test_missing_module_is_named() -> None:
    version, modules = doctor.check_asterisk(doctor_cache(), ["res_ari", "res_no_such"])
    assert version.state is State.OK
    assert_ill(modules, "res_no_such.so")
    assert "res_ari.so" not in modules.what


def test_missing_espeak(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("softswitch.setup.espeak._find_system", lambda: None)
    assert_ill(doctor.check_espeak(tmp_path), "espeak-ng")


def test_console(tmp_path: Path) -> None:
    assert_ill(doctor.check_console(tmp_path), "scripts/run")
    page = tmp_path / "console" / "dist" / "index.html"
    page.parent.mkdir(parents=True)
    page.touch()
    assert doctor.check_console(tmp_path).state is State.WARN


def test_data_folder(tmp_path: Path) -> None:
    assert doctor.check_data_folder(tmp_path, None).state is State.OK
    assert doctor.check_data_folder(tmp_path / "a" / "b", None).state is State.OK
    assert "4711" in doctor.check_data_folder(tmp_path, "4711").what
    (tmp_path / "file").touch()
    assert_ill(doctor.check_data_folder(tmp_path / "file", None), "file", "--data")


def test_data_folder_that_cannot_be_written() -> None:
    # True for root as well: nobody makes files there.
    assert_ill(doctor.check_data_folder(Path("/proc/softswitch"), None), "/proc", "--data")


@pytest.mark.parametrize(
    ("free", "state"), [(50_000_000_000, State.OK), (5_000_000_000, State.WARN), (5, State.FAIL)]
)
def test_disk(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, free: int, state: State) -> None:
    class Usage:
        pass

    Usage.free = free  # type: ignore[attr-defined]
    monkeypatch.setattr("shutil.disk_usage", lambda _place: Usage)
    check = doctor.check_disk(tmp_path / "not" / "there")
    assert check.state is state
    assert str(tmp_path) in check.what
    assert bool(check.mend) == (state is not State.OK)


@pytest.mark.parametrize(
    ("hard", "state"),
    [(resource.RLIM_INFINITY, State.OK), (1600, State.OK), (1599, State.WARN), (600, State.FAIL)],
)
def test_open_files(hard: int, state: State) -> None:
    check = doctor.check_open_files((256, hard), calls=100)
    assert check.state is state
    if state is not State.OK:
        assert_ill(check, "ulimit -n 1600")


@pytest.mark.parametrize("udp", [True, False])
def test_ports(udp: bool) -> None:
    kind = socket.SOCK_DGRAM if udp else socket.SOCK_STREAM
    with socket.socket(socket.AF_INET, kind) as taken:
        taken.bind(("127.0.0.1", 0))
        if not udp:
            taken.listen()
        port = Port("sip_port", taken.getsockname()[1], "127.0.0.1", udp)
        assert_ill(doctor.check_port(port), "sip_port", str(port.number))
    assert doctor.check_port(port).state is State.OK


def test_no_port() -> None:
    assert_ill(doctor.check_port(Port("http", 70000)), "70000", "65535")
    assert_ill(doctor.check_port(Port("http", 8080, "no-such-host.invalid")), "http")


def test_clock() -> None:
    assert doctor.check_clock(DAY_2026_11_22).what.startswith("2026-11-22")
    assert_ill(doctor.check_clock(0.0), "1970")


def test_the_whole_examination(tmp_path: Path) -> None:
    found = run_checks(
        root=tmp_path,
        cache=doctor_cache(),
        data=tmp_path / "data",
        ports=[Port("http", 0)],
        modules=["res_ari"],
        now=lambda: DAY_2026_11_22,
    )
    names = [check.name for check in found]
    assert len(names) == len(set(names))
    assert {"asterisk", "asterisk modules", "espeak-ng", "console", "port http"} < set(names)
    for check in found:
        assert (check.state is State.OK) == (not check.mend)
    assert json.loads(json.dumps([check.as_dict() for check in found]))[0]["state"] == "ok"


def test_the_ports_of_a_running_server_are_no_fault(tmp_path: Path) -> None:
    with DataFolder(tmp_path):
        found = run_checks(root=tmp_path, cache=tmp_path, data=tmp_path, ports=[Port("http", 1)])
    assert not [check for check in found if check.name.startswith("port")]
    assert "in use" in next(check for check in found if check.name == "data folder").what


def test_the_holder_of_a_data_folder_is_told(tmp_path: Path) -> None:
    assert data_lock_holder(tmp_path) is None
    with DataFolder(tmp_path):
        assert data_lock_holder(tmp_path) == str(os.getpid())
    assert data_lock_holder(tmp_path) is None


def doctor_cache() -> Path:
    from softswitch.setup.cache import cache_folder

    return cache_folder()
