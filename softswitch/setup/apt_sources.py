"""Reads the machine's own apt sources, so that no package mirror is named in this project.

Both formats are read: deb822 (`*.sources`) and one line for each source (`*.list`).
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

APT_FOLDER = Path("/etc/apt")

# Options of the one-line format that matter here, by their deb822 name.
_OPTION_NAMES = {"signed-by": "Signed-By", "trusted": "Trusted"}
_ONE_LINE = re.compile(
    r"^deb\s+(?:\[(?P<options>[^\]]*)\]\s+)?(?P<uri>\S+)\s+(?P<suite>\S+)(?P<components>(?:\s+[^#\s]+)*)"
)


@dataclass(frozen=True)
class Source:
    """One package archive of the machine."""

    uris: tuple[str, ...]
    suites: tuple[str, ...]
    components: tuple[str, ...]
    signed_by: str = ""
    trusted: str = ""

    def to_deb822(self, suite: str, components: Iterable[str]) -> str:
        """Print this archive for another suite."""
        lines = [
            "Types: deb",
            f"URIs: {' '.join(self.uris)}",
            f"Suites: {suite}",
            f"Components: {' '.join(components)}",
        ]
        if self.signed_by:
            lines.append(f"Signed-By: {self.signed_by}")
        if self.trusted:
            lines.append(f"Trusted: {self.trusted}")
        return "\n".join(lines) + "\n"


def parse_one_line(text: str) -> list[Source]:
    """Parse a `sources.list`; lines that are no `deb` source are passed over."""
    found = []
    for line in text.splitlines():
        match = _ONE_LINE.match(line.strip())
        if match is None:
            continue
        options = _options(match["options"] or "")
        found.append(
            Source(
                uris=(match["uri"],),
                suites=(match["suite"],),
                components=tuple(match["components"].split()),
                signed_by=options.get("Signed-By", ""),
                trusted=options.get("Trusted", ""),
            )
        )
    return found


def parse_deb822(text: str) -> list[Source]:
    """Parse a `*.sources` file; disabled and source-code stanzas are passed over."""
    found = []
    for fields in _stanzas(text):
        if fields.get("enabled", "yes").lower() in ("no", "false", "0"):
            continue
        if "deb" not in fields.get("types", "").split():
            continue
        found.append(
            Source(
                uris=tuple(fields.get("uris", "").split()),
                suites=tuple(fields.get("suites", "").split()),
                components=tuple(fields.get("components", "").split()),
                signed_by=fields.get("signed-by", ""),
                trusted=fields.get("trusted", ""),
            )
        )
    return [source for source in found if source.uris and source.suites]


def read_sources(folder: Path = APT_FOLDER) -> list[Source]:
    """Read every source of the machine, in apt's own order of files."""
    files = [folder / "sources.list", *sorted((folder / "sources.list.d").glob("*"))]
    found: list[Source] = []
    for file in files:
        if not file.is_file():
            continue
        if file.suffix == ".list":
            found += parse_one_line(file.read_text(errors="replace"))
        elif file.suffix == ".sources":
            found += parse_deb822(file.read_text(errors="replace"))
    return found


def _options(text: str) -> dict[str, str]:
    options = {}
    for word in text.split():
        name, _, value = word.partition("=")
        if name.lower() in _OPTION_NAMES:
            options[_OPTION_NAMES[name.lower()]] = value.replace(",", " ")
    return options


def _stanzas(text: str) -> Iterator[dict[str, str]]:
    fields: dict[str, str] = {}
    last = ""
    for line in [*text.splitlines(), ""]:
        if line.startswith("#"):
            continue
        if not line.strip():
            if fields:
                yield fields
            fields, last = {}, ""
        elif line[0] in " \t":
            # A key given in place of a file goes over several lines: keep them as they are.
            if last:
                fields[last] += "\n" + line.rstrip()
        else:
            name, _, value = line.partition(":")
            last = name.strip().lower()
            fields[last] = value.strip()
