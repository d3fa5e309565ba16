"""Generated pages are current, and the pages about data and words agree with the code."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest

from scripts.reference import GENERATED, PACKAGES, PAGES, application, current
from scripts.route_words import DOES
from softswitch.web.inventory import api_routes
from tests.docs.pages import ROOT


@pytest.mark.parametrize("name", GENERATED)
def test_the_page_is_current(name: str) -> None:
    assert (PAGES / name).read_text("utf-8") == current(name), (
        "type: .venv/bin/python scripts/reference.py"
    )


def test_every_route_is_on_the_page_and_every_told_route_exists() -> None:
    routes = {f"{route.method} {route.path}" for route in api_routes(application()[0])}
    page = (PAGES / "http-api.md").read_text("utf-8")
    told = set(re.findall(r"^\| `([A-Z]+ /[^`]+)` \|", page, re.MULTILINE))
    assert told == routes
    assert set(DOES) <= routes


def test_every_entity_of_the_live_socket_is_told() -> None:
    page = (PAGES / "live-socket.md").read_text("utf-8")
    told = set(re.findall(r"^\| `(\w+)` \|", page, re.MULTILINE))
    used: set[str] = set()
    for path in (ROOT / "softswitch").rglob("*.py"):
        used |= set(
            re.findall(r"(?:screen|live)\.(?:put|drop)\(\s*\"(\w+)\"", path.read_text("utf-8"))
        )
    assert used >= {"call", "waiting", "extension", "task", "incident", "alarm"}
    assert used - told == set()


def public_packages() -> list[Path]:
    return [
        init
        for package in PACKAGES
        for init in sorted((ROOT / package).rglob("__init__.py"))
        if not any(part.startswith(("_", ".")) for part in init.parent.relative_to(ROOT).parts)
    ]


@pytest.mark.parametrize("init", public_packages(), ids=lambda path: str(path.relative_to(ROOT)))
def test_every_public_package_says_what_it_is(init: Path) -> None:
    text = ast.get_docstring(ast.parse(init.read_text("utf-8")))
    assert text, f"{init.relative_to(ROOT)} needs a docstring"
    assert text[0].isupper() or text[0] == "`"
    assert text.splitlines()[0].endswith((".", ":"))
