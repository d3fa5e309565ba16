"""The command as a process: quick help, starting and ending a server, pipes."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from softswitch.cli.process import server_process
from softswitch.cli.session import Session
from softswitch.errors import Refusal
from softswitch.testing.node import free_ports

ROOT = Path(__file__).resolve().parents[2]
ENVIRONMENT = {**os.environ, "LANG": "en_US.UTF-8", "PYTHONPATH": str(ROOT)}
"""The sources under test, whatever folder the command is typed in."""

PROGRAM = [sys.executable, "-c", "from softswitch.cli.main import main; main()"]


def _softswitch(*words: str, **more: str) -> subprocess.CompletedProcess[str]:
    environment = {**ENVIRONMENT, **more}
    return subprocess.run(
        [*PROGRAM, *words], check=False, capture_output=True, text=True, timeout=60, env=environment
    )


def test_help_loads_nothing_heavy() -> None:
    """Time depends on the machine; what is loaded does not. Here it takes 0.15 s."""
    code = (
        "import sys\nfrom softswitch.cli.main import run\nrun(['--help'])\n"
        "heavy = {'httpx', 'fastapi', 'sqlalchemy', 'rich', 'websockets', 'pydantic', 'numpy',"
        " 'shapely', 'lxml'}\n"
        "print('loaded:', sorted(heavy & set(sys.modules)))\n"
    )
    out = subprocess.run(
        [sys.executable, "-c", code],
        env=ENVIRONMENT,
        check=False,
        capture_output=True,
        text=True,
        timeout=30,
    )
    assert out.stdout.splitlines()[-1] == "loaded: []"


def test_a_reader_that_goes_away_is_no_reason_to_complain(tmp_path: Path) -> None:
    process = subprocess.Popen(
        [*PROGRAM, "--help"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        cwd=tmp_path,
        env=ENVIRONMENT,
    )
    assert process.stdout is not None
    process.stdout.close()
    _, err = process.communicate(timeout=30)
    assert err == b""
    assert process.returncode == 1  # not all of the answer was taken


def _own_ports() -> list[str]:
    names = ("http", "sip", "sips", "switch-http", "switch-https", "ami")
    pairs = zip(names, free_ports(len(names)), strict=True)
    return [word for name, port in pairs for word in (f"--{name}", f"127.0.0.1:{port}")]


@pytest.mark.asterisk
@pytest.mark.parametrize("keep_calls", [False, True])
def test_up_and_down(tmp_path: Path, keep_calls: bool) -> None:
    data = tmp_path / "data"
    settings = ["--data", str(data), *_own_ports()]
    with subprocess.Popen(
        [*PROGRAM, "up", "--demo", *settings], cwd=tmp_path, env=ENVIRONMENT
    ) as server:
        try:
            _until_it_runs(data, server)
            assert "all parts" not in _softswitch("status", "--data", str(data)).stderr
            assert json.loads(_softswitch("status", "--json", "--data", str(data)).stdout)[
                "version"
            ]
            second = _softswitch("up", *settings)
            assert second.returncode == 1
            assert second.stderr.splitlines()[-1].startswith("softswitch: A server (process ")
            more = ["--keep-calls"] if keep_calls else []
            ended = _softswitch("down", *more, "--data", str(data))
            assert ended.returncode == 0, ended.stderr
            assert ended.stdout == f"The server on {data} has ended.\n"
            assert server.wait(30) == 0
        finally:
            server.send_signal(signal.SIGINT)
    again = _softswitch("down", "--keep-calls", "--data", str(data))
    assert again.stdout == f"No server runs on {data}.\n"
    assert _softswitch("status", "--data", str(data)).returncode == 3
    if keep_calls:  # the switch went on; a next run takes it over, and leaves it to its calls again
        with subprocess.Popen([*PROGRAM, "up", *settings], cwd=tmp_path, env=ENVIRONMENT) as server:
            _until_it_runs(data, server)
            assert _softswitch("down", "--keep-calls", "--data", str(data)).returncode == 0
            server.wait(30)
        last = _softswitch("down", "--data", str(data))
        assert last.stdout == f"The switch left on {data} has ended.\n"
    left = subprocess.run(["pgrep", "-f", str(data)], check=False, capture_output=True, text=True)
    assert left.stdout == ""


def _until_it_runs(data: Path, server: subprocess.Popen[bytes]) -> None:
    """The file of an earlier run may be there: what counts is that the board answers."""
    deadline = time.monotonic() + 60
    while not _answers(data):
        assert server.poll() is None
        assert time.monotonic() < deadline
        time.sleep(0.02)


def _answers(data: Path) -> bool:
    session = Session(data=data)
    try:
        session.api.get("/api/board")
    except Refusal:
        return False
    return True


def test_nobody_holds_a_folder_without_a_server(tmp_path: Path) -> None:
    assert server_process(tmp_path) is None
    (tmp_path / "lock").write_text("1\n")
    assert server_process(tmp_path) is None


def test_up_without_asterisk_says_how_to_get_it(tmp_path: Path) -> None:
    """No prefix in the cache, and no asterisk of the system in an empty PATH."""
    nowhere = {"SOFTSWITCH_CACHE": str(tmp_path / "cache"), "PATH": str(tmp_path)}
    result = _softswitch("up", "--data", str(tmp_path / "data"), *_own_ports(), **nowhere)
    assert result.returncode == 1
    assert result.stderr.startswith("softswitch: No Asterisk")
    assert result.stderr.count("\n") == 1


def test_doctor_tells_what_to_mend(tmp_path: Path) -> None:
    healthy = _softswitch("doctor", "--json", "--data", str(tmp_path), "--calls", "1")
    checks = {check["name"]: check for check in json.loads(healthy.stdout)["checks"]}
    assert checks["python"]["state"] == "ok"
    file = tmp_path / "file"
    file.touch()
    sick = _softswitch("doctor", "--data", str(file))
    assert sick.returncode == 1
    assert "Something must be mended." in sick.stderr
    assert "name another folder with --data" in sick.stdout
