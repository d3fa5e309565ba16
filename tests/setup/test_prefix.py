"""The private folder of packages: what is planned, and what counts as complete."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from softswitch.setup.apt import parse_dependencies, parse_file_names
from softswitch.setup.prefix import MANIFEST, find_prefix, lean_plan

NEEDS = {
    "driver": ["core", "kernel-builder", "lib-a", "lib-b"],
    "lib-a": ["libc6"],
    "lib-b": ["kernel-builder", "lib-c"],
    "lib-c": ["libc6"],
    "core": ["libc6"],
}


def test_lean_packages_leave_out_what_they_should_not_bring() -> None:
    whole, alone = lean_plan(["driver"], ["kernel-builder"], NEEDS.__getitem__)
    assert sorted(whole) == ["core", "lib-a", "lib-c"]
    assert alone == ["driver", "lib-b"]


def test_no_lean_packages() -> None:
    assert lean_plan([], [], NEEDS.__getitem__) == ([], [])


def test_dependencies_of_a_record() -> None:
    record = (
        "Package: x\nDepends: adduser, libjack0 (>= 1.9) | libjack-old, perl:any\nRecommends: y\n"
    )
    assert parse_dependencies(record) == ["adduser", "libjack0", "perl"]
    assert parse_dependencies("Package: x\n") == []


def test_file_names_of_a_plan() -> None:
    plan = (
        "Reading package lists...\n"
        "'http://m.example/pool/a_1%3a2-1_amd64.deb' a_1%3a2-1_amd64.deb 1234 SHA256:00\n"
        "'http://m.example/pool/b_3_all.deb' b_3_all.deb 99 \n"
    )
    assert parse_file_names(plan) == ["a_1%3a2-1_amd64.deb", "b_3_all.deb"]


def test_a_folder_without_a_whole_manifest_is_no_prefix(tmp_path: Path) -> None:
    root = tmp_path / "asterisk-22"
    assert find_prefix(tmp_path, root.name) is None
    root.mkdir()
    assert find_prefix(tmp_path, root.name) is None
    (root / MANIFEST).write_text('{"format": 1, "loa')
    assert find_prefix(tmp_path, root.name) is None
    (root / MANIFEST).write_text(json.dumps({"format": 0}))
    assert find_prefix(tmp_path, root.name) is None


@pytest.mark.parametrize("program", ["usr/sbin/asterisk"])
def test_a_program_runs_by_the_loader_of_its_prefix(tmp_path: Path, program: str) -> None:
    root = tmp_path / "p"
    root.mkdir()
    manifest = {
        "format": 1,
        "loader": "usr/lib64/ld.so",
        "libraries": ["usr/lib", "usr/lib/x"],
        "packages": ["a_1_all"],
    }
    (root / MANIFEST).write_text(json.dumps(manifest))
    prefix = find_prefix(tmp_path, "p")
    assert prefix is not None
    assert prefix.command(program) == (
        f"{root}/usr/lib64/ld.so",
        "--library-path",
        f"{root}/usr/lib:{root}/usr/lib/x",
        f"{root}/{program}",
    )
