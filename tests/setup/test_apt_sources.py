"""Both formats of apt sources, as they are found on real machines."""

from __future__ import annotations

from pathlib import Path

import pytest

from softswitch.setup.apt_sources import Source, parse_deb822, parse_one_line, read_sources

DEB822 = """\
# a comment
Types: deb
URIs: http://mirror.example/debian
Suites: bookworm bookworm-updates
Components: main
Signed-By: /usr/share/keyrings/debian-archive-keyring.gpg

Types: deb deb-src
URIs: http://mirror.example/debian-security
  http://other.example/debian-security
Suites: bookworm-security
Components: main contrib
"""

EMBEDDED_KEY = """\
Types: deb
URIs: http://mirror.example/debian
Suites: trixie
Components: main
Signed-By:
 -----BEGIN PGP PUBLIC KEY BLOCK-----
 .
 mQINBF
 -----END PGP PUBLIC KEY BLOCK-----
"""


def test_deb822() -> None:
    first, second = parse_deb822(DEB822)
    assert first == Source(
        uris=("http://mirror.example/debian",),
        suites=("bookworm", "bookworm-updates"),
        components=("main",),
        signed_by="/usr/share/keyrings/debian-archive-keyring.gpg",
    )
    assert second.uris == (
        "http://mirror.example/debian-security",
        "http://other.example/debian-security",
    )
    assert second.components == ("main", "contrib")


def test_embedded_key_survives_the_way_back() -> None:
    (source,) = parse_deb822(EMBEDDED_KEY)
    (again,) = parse_deb822(source.to_deb822("forky", ["main"]))
    assert again.signed_by == source.signed_by
    assert again.suites == ("forky",)
    assert "mQINBF" in again.signed_by


@pytest.mark.parametrize(
    "text",
    [
        "Types: deb-src\nURIs: http://m.example/debian\nSuites: sid\nComponents: main\n",
        "Enabled: no\nTypes: deb\nURIs: http://m.example/debian\nSuites: sid\nComponents: main\n",
        "Types: deb\nSuites: sid\n",
        "\n\n# nothing\n",
        "",
        " begins with a continuation\n",
    ],
)
def test_deb822_without_a_usable_source(text: str) -> None:
    assert parse_deb822(text) == []


@pytest.mark.parametrize(
    ("line", "wanted"),
    [
        (
            "deb http://mirror.example/debian bookworm main contrib  # the usual",
            Source(("http://mirror.example/debian",), ("bookworm",), ("main", "contrib")),
        ),
        (
            "deb [arch=amd64 signed-by=/k/a.gpg,/k/b.gpg] https://m.example/ubuntu noble universe",
            Source(("https://m.example/ubuntu",), ("noble",), ("universe",), "/k/a.gpg /k/b.gpg"),
        ),
        (
            "deb [trusted=yes] file:/srv/repo ./",
            Source(("file:/srv/repo",), ("./",), (), "", "yes"),
        ),
    ],
)
def test_one_line(line: str, wanted: Source) -> None:
    assert parse_one_line(line) == [wanted]


@pytest.mark.parametrize(
    "line", ["", "# deb http://m.example/debian sid main", "deb-src x sid main", "deb"]
)
def test_one_line_without_a_source(line: str) -> None:
    assert parse_one_line(line) == []


def test_read_sources_takes_both_formats_and_passes_over_others(tmp_path: Path) -> None:
    parts = tmp_path / "sources.list.d"
    parts.mkdir()
    (tmp_path / "sources.list").write_text("deb http://one.example/debian sid main\n")
    (parts / "two.sources").write_text(DEB822)
    (parts / "three.list.disabled").write_text("deb http://three.example/debian sid main\n")
    assert [source.uris[0] for source in read_sources(tmp_path)] == [
        "http://one.example/debian",
        "http://mirror.example/debian",
        "http://mirror.example/debian-security",
    ]


def test_read_sources_of_a_machine_without_any(tmp_path: Path) -> None:
    assert read_sources(tmp_path) == []
