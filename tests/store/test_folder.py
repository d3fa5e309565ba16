"""The data folder: private, one server at a time, secrets that stay."""

from __future__ import annotations

import os
import signal
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from softswitch.errors import Refusal
from softswitch.store.folder import DataFolder, write_private


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def test_the_tree_is_private(tmp_path: Path) -> None:
    with DataFolder(tmp_path / "data") as folder:
        folder.secret("ari")
        assert mode(folder.path) == 0o700
        assert mode(folder.path / "recordings") == 0o700
        assert mode(folder.path / "secrets.json") == 0o600
        assert mode(folder.path / "lock") == 0o600


def test_an_open_folder_becomes_private(tmp_path: Path) -> None:
    (tmp_path / "data").mkdir(mode=0o755)
    with DataFolder(tmp_path / "data") as folder:
        assert mode(folder.path) == 0o700


def test_secrets_differ_and_stay(tmp_path: Path) -> None:
    with DataFolder(tmp_path) as folder:
        first, second = folder.secret("ari"), folder.secret("ami")
        assert len(first) == 32
        assert first != second
    with DataFolder(tmp_path) as folder:
        assert (folder.secret("ari"), folder.secret("ami")) == (first, second)


def test_damaged_secrets_are_refused(tmp_path: Path) -> None:
    with DataFolder(tmp_path) as folder:
        (tmp_path / "secrets.json").write_text("{")
        with pytest.raises(Refusal, match=r"secrets\.json is damaged"):
            folder.secret("ari")


def test_a_second_server_is_told_who_holds_the_folder(tmp_path: Path) -> None:
    with DataFolder(tmp_path):
        with pytest.raises(Refusal, match=rf"process {os.getpid()}.*--data") as refused:
            DataFolder(tmp_path).open()
        assert refused.value.code == "already_running"
    DataFolder(tmp_path).open()


def test_the_lock_of_a_killed_server_is_free(tmp_path: Path) -> None:
    program = (
        "import sys, time; from pathlib import Path; from softswitch.store.folder import DataFolder\n"
        "DataFolder(Path(sys.argv[1])).open(); print('held', flush=True); time.sleep(60)"
    )
    command = [sys.executable, "-c", program, str(tmp_path)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "held\n"
        with pytest.raises(Refusal, match=rf"process {process.pid}"):
            DataFolder(tmp_path).open()
        os.kill(process.pid, signal.SIGKILL)
        process.wait()
    with DataFolder(tmp_path) as folder:
        assert folder.database.parent == tmp_path


def test_a_path_that_is_a_file_is_refused(tmp_path: Path) -> None:
    (tmp_path / "data").write_text("")
    with pytest.raises(Refusal, match=r"cannot be used.*--data") as refused:
        DataFolder(tmp_path / "data").open()
    assert refused.value.code == "data_folder"


def test_a_disk_without_room_is_not_ok(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with DataFolder(tmp_path) as folder:
        assert folder.disk()["free_bytes"] == folder.free()
        monkeypatch.setattr(DataFolder, "free", lambda _self: 1_000)
        assert folder.disk()["ok"] is False


def test_a_write_that_fails_leaves_the_old_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "secret"
    write_private(path, b"old")

    def full(_descriptor: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OSError, match=r"No space"):
        write_private(path, b"new")
    assert path.read_bytes() == b"old"
    assert list(tmp_path.iterdir()) == [path]
