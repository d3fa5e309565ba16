"""Every link leads somewhere, and every page is reached."""

from __future__ import annotations

from pathlib import Path
from urllib.parse import urlsplit

import pytest

from tests.docs.pages import PAGES, ROOT, anchors, links


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_every_link_resolves(page: Path) -> None:
    for link in links(page):
        parts = urlsplit(link)
        assert parts.scheme in {"", "https"}, link
        if parts.scheme:
            continue
        target = (page.parent / parts.path).resolve() if parts.path else page
        assert target.exists(), f"{link} leads nowhere"
        assert target.is_relative_to(ROOT), f"{link} leads out of the repository"
        if parts.fragment:
            assert parts.fragment in anchors(target), f"{target.name} has no heading for {link}"


def test_every_page_is_reached_from_the_readme() -> None:
    reached: set[Path] = set()
    waiting = [ROOT / "README.md"]
    while waiting:
        page = waiting.pop()
        if page in reached or page.suffix != ".md":
            continue
        reached.add(page)
        paths = [urlsplit(link).path for link in links(page) if not urlsplit(link).scheme]
        waiting += [(page.parent / path).resolve() for path in paths if path]
    assert set(PAGES) - reached == set()


def test_every_decision_is_in_the_index_under_its_number() -> None:
    folder = ROOT / "docs" / "decisions"
    index = (folder / "README.md").read_text("utf-8")
    records = sorted(path.name for path in folder.glob("0*.md"))
    for number, name in enumerate(records, 1):
        assert name.startswith(f"{number:04}-"), f"{name}: the numbers have a gap"
        assert f"\n{number}. [" in index
        assert f"]({name})" in index
        assert (folder / name).read_text("utf-8").startswith(f"# {number}. ")


def test_the_picture_of_the_readme_is_small_enough_to_load() -> None:
    picture = ROOT / "docs" / "images" / "console.png"
    head = picture.read_bytes()[:24]
    assert head[:8] == b"\x89PNG\r\n\x1a\n"
    assert int.from_bytes(head[16:20]) == 1920
    assert picture.stat().st_size < 300_000
