"""Finding an Asterisk: which versions count, where it is looked for, and that ours runs."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

import pytest

from softswitch.setup.asterisk import find_asterisk, major_version
from softswitch.setup.cache import cache_folder
from softswitch.setup.espeak import find_espeak
from softswitch.setup.prefix import MANIFEST
from softswitch.setup.progress import SetupError


@pytest.mark.parametrize(
    ("text", "major"),
    [
        ("22.10.1", 22),
        ("Asterisk 20.6.0~dfsg", 20),
        ("1:22.10.1+dfsg+~cs6.17.60671434-1", 22),
        ("certified/18.9-cert4", 18),
        ("nothing", None),
        ("", None),
    ],
)
def test_major_version(text: str, major: int | None) -> None:
    assert major_version(text) == major


def make_system(root: Path, answer: str) -> None:
    """Lay out a root folder with an Asterisk that answers `-V`."""
    program = root / "usr" / "sbin" / "asterisk"
    program.parent.mkdir(parents=True)
    program.write_text(f"#!/bin/sh\necho '{answer}'\n")
    program.chmod(0o755)
    (root / "usr" / "lib" / "x86_64-linux-gnu" / "asterisk" / "modules").mkdir(parents=True)
    (root / "usr" / "share" / "asterisk").mkdir(parents=True)


def make_prefix(cache: Path, package: str) -> Path:
    root = cache / "asterisk-22"
    modules = root / "usr" / "lib" / "x86_64-linux-gnu" / "asterisk" / "modules"
    modules.mkdir(parents=True)
    (modules / "res_ari.so").touch()
    manifest = {"format": 1, "loader": "ld", "libraries": ["usr/lib"], "packages": [package]}
    (root / MANIFEST).write_text(json.dumps(manifest))
    return root


def test_a_new_enough_asterisk_of_the_system_is_used(tmp_path: Path) -> None:
    make_system(tmp_path, "Asterisk 22.6.0~dfsg+~cs6.13")
    found = find_asterisk(tmp_path / "cache", system_root=tmp_path)
    assert (found.version, found.major, found.private) == ("22.6.0", 22, False)
    assert found.argv("-V") == [str(tmp_path / "usr/sbin/asterisk"), "-V"]


@pytest.mark.parametrize("answer", ["Asterisk 18.10.0", "what?"])
def test_an_old_asterisk_of_the_system_is_not(tmp_path: Path, answer: str) -> None:
    make_system(tmp_path / "root", answer)
    make_prefix(tmp_path / "cache", "asterisk_1%3a22.10.1+dfsg+~cs6-1_amd64")
    found = find_asterisk(tmp_path / "cache", system_root=tmp_path / "root")
    assert (found.version, found.private) == ("22.10.1", True)
    assert found.missing_modules(["res_ari.so", "res_none.so"]) == ["res_none.so"]


def test_without_any_the_message_says_what_to_type(tmp_path: Path) -> None:
    with pytest.raises(SetupError, match=r"python3 -m softswitch\.setup asterisk"):
        find_asterisk(tmp_path, system_root=tmp_path)


def test_the_installed_asterisk_answers() -> None:
    install = find_asterisk(cache_folder())
    done = subprocess.run(install.argv("-V"), capture_output=True, text=True, check=True)
    assert f"Asterisk {install.version}" in done.stdout
    assert install.major >= 22
    assert list((install.sounds / "en").glob("beep.*"))


def test_every_library_of_our_asterisk_comes_from_its_prefix() -> None:
    install = find_asterisk(cache_folder())
    if not install.private:
        return  # the system's loader looks after the system's Asterisk
    loader, option, library_path, _ = install.command
    # One module of each kind: SIP, media, 2M cards, HTTP.
    for name in ("chan_pjsip", "codec_opus_open_source", "chan_dahdi", "res_http_websocket"):
        command = [loader, option, library_path, "--list", str(install.modules / f"{name}.so")]
        listed = subprocess.run(command, capture_output=True, text=True, check=True).stdout
        outside = [
            line for line in listed.splitlines() if "=>" in line and "asterisk-22" not in line
        ]
        assert outside == []


def test_espeak_speaks_mandarin() -> None:
    install = find_espeak(cache_folder())
    command = install.argv("-v", "cmn", "--stdout", "你好")
    done = subprocess.run(command, env=dict(install.environment), capture_output=True, check=True)
    assert done.stdout.startswith(b"RIFF")
    assert len(done.stdout) > 10_000
