"""A second start does nothing, and a change is seen."""

from __future__ import annotations

from pathlib import Path

from softswitch.setup.cache import cache_folder
from softswitch.setup.console import is_built, prepare_console
from softswitch.setup.hashes import hash_of_files, stamp_says
from softswitch.setup.system_packages import missing_packages, read_package_list

ROOT = Path(__file__).resolve().parents[2]


def test_a_hash_knows_names_contents_and_more(tmp_path: Path) -> None:
    one, two = tmp_path / "one", tmp_path / "two"
    one.write_text("same")
    two.write_text("same")
    hashes = {
        hash_of_files([one]),
        hash_of_files([two]),
        hash_of_files([one, two]),
        hash_of_files([one], "more"),
    }
    assert len(hashes) == 4
    assert hash_of_files([two, one]) == hash_of_files([one, two])


def test_a_stamp_that_is_not_there_says_no(tmp_path: Path) -> None:
    assert not stamp_says(tmp_path / "missing", "x")
    (tmp_path / "stamp").write_text("x\n")
    assert stamp_says(tmp_path / "stamp", "x")


def make_built_console(root: Path) -> Path:
    console = root / "console"
    (console / "src").mkdir(parents=True)
    (console / "package.json").write_text("{}")
    (console / "src" / "main.ts").write_text("1")
    (console / "dist").mkdir()
    (console / "dist" / "index.html").write_text("")
    from softswitch.setup import console as module

    (console / "dist" / ".sources.sha256").write_text(module._sources_hash(console))
    return console


def test_the_console_is_built_again_only_when_its_sources_change(tmp_path: Path) -> None:
    console = make_built_console(tmp_path)
    assert is_built(tmp_path)
    shown: list[str] = []
    prepare_console(tmp_path, shown.append)
    assert shown == []
    # What building leaves behind is no source.
    (console / "node_modules" / "vue").mkdir(parents=True)
    (console / "node_modules" / "vue" / "index.js").touch()
    (console / "dist" / "more.js").touch()
    (console / ".vite").mkdir()
    (console / ".vite" / "cache").touch()
    assert is_built(tmp_path)
    (console / "src" / "main.ts").write_text("2")
    assert not is_built(tmp_path)


def test_without_a_console_there_is_nothing_to_build(tmp_path: Path) -> None:
    shown: list[str] = []
    prepare_console(tmp_path, shown.append)
    assert shown == []


def test_package_list_of_the_tests() -> None:
    packages = read_package_list(ROOT / "requirements" / "system-test.txt")
    assert "chromium" in packages
    assert all(" " not in package and "#" not in package for package in packages)
    assert missing_packages(["dpkg", "no-such-package-here"]) == ["no-such-package-here"]


def test_cache_folder() -> None:
    assert cache_folder({"SOFTSWITCH_CACHE": "/srv/cache"}) == Path("/srv/cache")
    assert cache_folder({}) == Path.home() / ".cache" / "softswitch"
