"""Which archive and which suite Asterisk is taken from."""

from __future__ import annotations

from pathlib import Path

import pytest

from softswitch.setup.apt_sources import Source
from softswitch.setup.progress import SetupError
from softswitch.setup.suites import choices, family_of, read_os_release

BOOKWORM = {"ID": "debian", "VERSION_CODENAME": "bookworm"}
NOBLE = {"ID": "ubuntu", "ID_LIKE": "debian", "VERSION_CODENAME": "noble"}
MINT = {
    "ID": "linuxmint",
    "ID_LIKE": "ubuntu debian",
    "VERSION_CODENAME": "wilma",
    "UBUNTU_CODENAME": "noble",
}

ARCHIVE = Source(
    ("http://m.example/debian",),
    ("bookworm", "bookworm-updates"),
    ("main",),
    "/usr/share/keyrings/debian-archive-keyring.gpg",
)
SECURITY = Source(("http://m.example/debian-security",), ("bookworm-security",), ("main",))
VENDOR = Source(("http://vendor.example/apt",), ("stable",), ("main",))


def test_debian_takes_a_later_suite_of_its_own_mirror() -> None:
    found = choices([VENDOR, SECURITY, ARCHIVE], BOOKWORM)
    assert [choice.suite for choice in found] == ["forky", "sid"]
    assert {choice.source for choice in found} == {ARCHIVE}
    assert "Suites: forky\n" in found[0].to_deb822()
    assert "Signed-By: /usr/share/keyrings/debian-archive-keyring.gpg\n" in found[0].to_deb822()


def test_a_mirror_with_another_path_is_known_by_the_release() -> None:
    mirror = Source(("http://mirror.corp.example/apt/pool",), ("bookworm",), ("main",))
    assert choices([VENDOR, mirror], BOOKWORM)[0].source == mirror


def test_the_signed_archive_comes_before_a_vendor_of_the_same_release() -> None:
    vendor = Source(("http://vendor.example/apt",), ("bookworm",), ("main",))
    found = choices([vendor, ARCHIVE], BOOKWORM)
    assert [choice.source for choice in found] == [ARCHIVE, ARCHIVE, vendor, vendor]


@pytest.mark.parametrize("release", [NOBLE, MINT])
def test_ubuntu_needs_universe(release: dict[str, str]) -> None:
    source = Source(
        ("http://m.example/ubuntu",), ("noble", "noble-updates"), ("main", "restricted")
    )
    found = choices([source], release)
    assert [choice.suite for choice in found] == ["resolute"]
    assert "Components: main universe\n" in found[0].to_deb822()


def test_discs_are_left_out() -> None:
    disc = Source(("cdrom:[Debian]/",), ("bookworm",), ("main",))
    with pytest.raises(SetupError, match="No debian archive"):
        choices([disc], BOOKWORM)
    both = Source(("cdrom:[Debian]/", "http://m.example/debian"), ("bookworm",), ("main",))
    assert choices([both], BOOKWORM)[0].source.uris == ("http://m.example/debian",)


@pytest.mark.parametrize(
    ("release", "family"),
    [
        (BOOKWORM, "debian"),
        (NOBLE, "ubuntu"),
        (MINT, "ubuntu"),
        ({"ID": "raspbian", "ID_LIKE": "debian"}, "debian"),
    ],
)
def test_family(release: dict[str, str], family: str) -> None:
    assert family_of(release) == family


def test_other_systems_hear_what_to_do() -> None:
    with pytest.raises(SetupError, match=r"Fedora.*Install Asterisk 22 or newer"):
        family_of({"ID": "fedora", "PRETTY_NAME": "Fedora Linux 44"})


def test_os_release(tmp_path: Path) -> None:
    file = tmp_path / "os-release"
    file.write_text("PRETTY_NAME=\"Debian 13\"\nID=debian\n\n# no\nVERSION_CODENAME='trixie'\n")
    assert read_os_release(file)["VERSION_CODENAME"] == "trixie"
    assert read_os_release(tmp_path / "missing") == {}
