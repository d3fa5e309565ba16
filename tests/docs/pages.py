"""The pages of the documentation, read for the tests."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PAGES = (
    *(ROOT / name for name in ("README.md", "CONTRIBUTING.md", "CHANGELOG.md")),
    *sorted((ROOT / "docs").rglob("*.md")),
)
_FENCE = re.compile(r"^( *)```(\w*)\n(.*?)^\1```$", re.MULTILINE | re.DOTALL)
_LINK = re.compile(r"!?\[[^\]]*\]\(([^)\s]+)\)")
_HEADING = re.compile(r"^#{1,6} +(.+)$", re.MULTILINE)


@dataclass(frozen=True)
class Command:
    """One line of a page that a reader would type."""

    page: str
    line: str


def prose(page: Path) -> str:
    """Return a page without its blocks of code."""
    return _FENCE.sub("", page.read_text("utf-8"))


def links(page: Path) -> list[str]:
    """Return the targets of all links and pictures of a page."""
    return _LINK.findall(prose(page))


def anchors(page: Path) -> set[str]:
    """Return what can be linked to in a page, made as the usual viewers do."""
    return {_slug(heading) for heading in _HEADING.findall(prose(page))}


def _slug(heading: str) -> str:
    text = re.sub(r"[`*]", "", heading).strip().lower()
    return re.sub(r"[^\w\- ]", "", text).replace(" ", "-")


def commands() -> Iterator[Command]:
    """Give every `softswitch …` line of the blocks of shell, and of code within tables and sentences."""
    for page in PAGES:
        name = str(page.relative_to(ROOT))
        for line in _shell_lines(page.read_text("utf-8")):
            if (found := _softswitch(line)) is not None:
                yield Command(name, found)
        for code in re.findall(r"`([^`\n]+)`", prose(page)):
            if code.startswith("softswitch ") and "…" not in code:
                yield Command(name, code)


def _shell_lines(text: str) -> Iterator[str]:
    for _, language, body in _FENCE.findall(text):
        if language == "sh":
            yield from (line.strip() for line in body.replace("\\\n", " ").splitlines())


def _softswitch(line: str) -> str | None:
    """Return the command from its name on, without what stands before and behind it in a shell."""
    line = line.partition("  #")[0].strip()
    found = re.match(r"(?:\w+=\S+ )*(?:\S*/)?(softswitch(?: .*)?)$", line)
    return found[1] if found else None
