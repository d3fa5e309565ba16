"""The parts of the laboratory's build that need no network: its archive, its checks and what it says."""

from __future__ import annotations

import io
import shutil
import stat
import subprocess
from pathlib import Path

import pytest

from softswitch.setup.lab import build, kernel
from softswitch.setup.lab.cpio import Tree, write
from softswitch.setup.lab.qemu import find_qemu
from softswitch.setup.progress import SetupError


def read_newc(data: bytes) -> dict[str, tuple[int, bytes]]:
    """Read an archive back: mode and content by path, as the kernel would."""
    found: dict[str, tuple[int, bytes]] = {}
    at = 0
    while True:
        assert data[at : at + 6] == b"070701"
        fields = [int(data[at + 6 + 8 * i : at + 14 + 8 * i], 16) for i in range(13)]
        mode, size, name_size = fields[1], fields[6], fields[11]
        name = data[at + 110 : at + 110 + name_size - 1].decode()
        at += -(-(110 + name_size) // 4) * 4
        if name == "TRAILER!!!":
            return found
        found[name] = (mode, data[at : at + size])
        at += -(-size // 4) * 4


def test_an_archive_holds_files_links_and_all_their_folders(tmp_path: Path) -> None:
    program = tmp_path / "program"
    program.write_bytes(b"\x7fELF" + b"x" * 7)
    tree = Tree(folders={"proc"})
    tree.add("usr/sbin/program", program)
    tree.add("init", b"#!/bin/sh\n")
    tree.link("sbin", "usr/sbin")
    packed = io.BytesIO()
    write(tree, packed)
    found = read_newc(packed.getvalue())
    assert set(found) == {"proc", "usr", "usr/sbin", "usr/sbin/program", "init", "sbin"}
    assert found["usr/sbin/program"] == (stat.S_IFREG | 0o755, program.read_bytes())
    assert found["sbin"] == (stat.S_IFLNK | 0o777, b"usr/sbin")
    assert stat.S_ISDIR(found["usr"][0])


def test_a_machine_without_a_compiler_is_told_what_to_install(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(shutil, "which", lambda word: None if "gcc" in word else f"/bin/{word}")
    with pytest.raises(SetupError, match=r"lacks gcc.*apt-get install gcc make"):
        kernel.find_tools()


def test_another_kind_of_machine_is_told_where_to_build(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr("platform.machine", lambda: "riscv64")
    with pytest.raises(SetupError, match=r"this one is riscv64.*copy its folder"):
        build._check_machine(tmp_path)


def test_a_missing_laboratory_says_how_to_build_it(tmp_path: Path) -> None:
    with pytest.raises(SetupError, match=r"python3 -m softswitch\.setup lab"):
        build.find_lab(tmp_path)


def test_a_laboratory_that_was_cut_while_it_was_built_does_not_count(tmp_path: Path) -> None:
    folder = tmp_path / build.FOLDER
    folder.mkdir()
    (folder / "built.json").write_text('{"release": "6.1"}')
    with pytest.raises(SetupError):
        build.find_lab(tmp_path)


def test_a_machine_without_qemu_is_told_how_to_get_it(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(shutil, "which", lambda word: None)
    with pytest.raises(SetupError, match="No QEMU"):
        find_qemu(tmp_path)


def test_the_changes_to_dahdi_are_refused_where_they_do_not_fit(tmp_path: Path) -> None:
    headers = tmp_path / "usr" / "src" / "linux-headers-6.1"
    headers.mkdir(parents=True)
    (headers / "Makefile").write_text("include /usr/src/common/Makefile\n")
    drivers = tmp_path / "usr" / "src" / "dahdi-9" / "drivers" / "dahdi"
    drivers.mkdir(parents=True)
    (drivers / "dahdi_dynamic.c").write_text("nothing of the kind")
    with pytest.raises(SetupError, match=r"dahdi_dynamic\.c of dahdi-9 is not as expected"):
        kernel._prepare(tmp_path, "6.1")
    assert str(tmp_path) in (headers / "Makefile").read_text()


def test_the_kernel_of_the_laboratory_is_an_x86_kernel() -> None:
    from softswitch.setup.cache import cache_folder

    lab = build.find_lab(cache_folder())
    assert lab.kernel.read_bytes()[0x202:0x206] == b"HdrS"
    assert subprocess.run(lab.qemu.argv("-version"), capture_output=True, check=True).stdout
