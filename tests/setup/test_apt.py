"""The private apt, on a real archive of three small packages made for the test."""

from __future__ import annotations

import hashlib
import subprocess
from pathlib import Path

import pytest

from softswitch.setup.apt import PrivateApt
from softswitch.setup.progress import SetupError

PACKAGES = {"program": "library", "library": "", "stranger": ""}


@pytest.fixture
def archive(tmp_path: Path) -> Path:
    """Make an archive as apt wants it: packages and an index."""
    folder = tmp_path / "archive"
    folder.mkdir()
    index = []
    for name, needs in PACKAGES.items():
        control = (
            f"Package: {name}\nVersion: 1:2.0-1\nArchitecture: all\nMaintainer: a <a@example.org>\n"
            + (f"Depends: {needs}\n" if needs else "")
            + f"Description: {name}\n"
        )
        tree = tmp_path / "trees" / name
        (tree / "DEBIAN").mkdir(parents=True)
        (tree / "DEBIAN" / "control").write_text(control)
        file = folder / f"{name}_2.0-1_all.deb"
        subprocess.run(["dpkg-deb", "--build", tree, file], check=True, capture_output=True)
        content = file.read_bytes()
        index.append(
            f"{control}Filename: ./{file.name}\nSize: {len(content)}\n"
            f"SHA256: {hashlib.sha256(content).hexdigest()}\n"
        )
    (folder / "Packages").write_text("\n".join(index))
    return folder


@pytest.fixture
def apt(tmp_path: Path, archive: Path) -> PrivateApt:
    private = PrivateApt(tmp_path / "apt")
    private.use_source(f"Types: deb\nURIs: copy:{archive}\nSuites: ./\nTrusted: yes\n")
    private.update()
    return private


def test_candidates(apt: PrivateApt) -> None:
    assert apt.candidate("program") == "1:2.0-1"
    assert apt.candidate("nothing-of-that-name") is None
    assert apt.dependencies("program") == ["library"]


def test_a_download_takes_what_is_needed_and_no_more(apt: PrivateApt) -> None:
    names = sorted(file.name for file in apt.download(["program"]))
    assert names == ["library_1%3a2.0-1_all.deb", "program_1%3a2.0-1_all.deb"]


def test_a_download_that_was_cut_is_taken_up(apt: PrivateApt) -> None:
    whole = apt.download(["program"])
    whole[0].unlink()
    kept = whole[1].stat().st_mtime_ns
    # Every file of the plan is named again, also the one that was there.
    assert apt.download(["program"]) == whole
    assert whole[1].stat().st_mtime_ns == kept
    assert apt.download(["program"]) == whole


def test_one_package_alone(apt: PrivateApt) -> None:
    assert apt.download_alone("program").name == "program_1%3a2.0-1_all.deb"
    assert not list(apt.archives.glob("library*"))


def test_fresh_lists_are_not_fetched_again(apt: PrivateApt, archive: Path) -> None:
    (archive / "Packages").unlink()
    apt.update()
    apt.use_source(f"Types: deb\nURIs: copy:{archive}\nSuites: ./\nTrusted: yes\n# another\n")
    with pytest.raises(SetupError, match="apt-get update failed"):
        apt.update()


def test_a_missing_package_is_named(apt: PrivateApt) -> None:
    with pytest.raises(SetupError, match="no-such-thing"):
        apt.download(["no-such-thing"])
    apt.forget()
    assert not apt.folder.exists()
