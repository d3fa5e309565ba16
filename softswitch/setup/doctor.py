"""What is missing or wrong on this machine, and how to mend it.

Each check looks at one thing, changes nothing, and never raises: what it cannot find out is a
result too. `softswitch doctor` prints them.
"""

from __future__ import annotations

import os
import resource
import shutil
import socket
import sys
import tempfile
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import asdict, dataclass
from enum import StrEnum
from pathlib import Path

from softswitch.setup.asterisk import AsteriskInstall, find_asterisk
from softswitch.setup.console import is_built
from softswitch.setup.data_lock import data_lock_holder
from softswitch.setup.espeak import find_espeak
from softswitch.setup.progress import SetupError

FILES_PER_CALL = 11
"""Asterisk opens that many for a call, and crashes past the limit."""
_OLDEST_PYTHON = (3, 11)
_OLDEST_SENSIBLE_CLOCK_S = 1_767_225_600  # 2026-01-01: a clock before this was never set
_GIGABYTE = 1_000_000_000


class State(StrEnum):
    """How a check ended."""

    OK = "ok"
    WARN = "warn"
    """It works, but not for long or not for much."""
    FAIL = "fail"


@dataclass(frozen=True)
class Check:
    """One result. `mend` is empty when all is well."""

    name: str
    state: State
    what: str
    mend: str = ""

    def as_dict(self) -> dict[str, str]:
        """Give it for JSON."""
        return {key: str(value) for key, value in asdict(self).items()}


@dataclass(frozen=True)
class Port:
    """A port that the server will listen on."""

    setting: str
    number: int
    host: str = "0.0.0.0"
    udp: bool = False


def run_checks(
    *,
    root: Path,
    cache: Path,
    data: Path,
    ports: Sequence[Port] = (),
    modules: Sequence[str] = (),
    calls: int = 100,
    now: Callable[[], float] = time.time,
) -> list[Check]:
    """Run every check. `modules` are names such as `res_ari`; `calls` is how many shall fit at once."""
    in_use = data_lock_holder(data) if os.access(data, os.R_OK | os.X_OK) else None
    found = [
        check_python(sys.version_info[:3]),
        *check_asterisk(cache, modules),
        check_espeak(cache),
        check_console(root),
        check_data_folder(data, in_use),
        check_disk(data),
        check_open_files(resource.getrlimit(resource.RLIMIT_NOFILE), calls),
        check_clock(now()),
    ]
    # A running server holds its own ports: that is no fault.
    return found if in_use else [*found, *(check_port(port) for port in ports)]


def check_python(version: tuple[int, ...]) -> Check:
    text = ".".join(str(part) for part in version)
    if version[:2] >= _OLDEST_PYTHON:
        return Check("python", State.OK, f"Python {text}")
    mend = "Install Python 3.11 or newer, remove .venv and start scripts/run again."
    return Check("python", State.FAIL, f"Python {text} is too old.", mend)


def check_asterisk(cache: Path, modules: Iterable[str]) -> list[Check]:
    """Check that Asterisk is there, new enough and whole."""
    try:
        install = find_asterisk(cache)
    except SetupError as problem:
        mend = "Type: scripts/run"
        return [Check("asterisk", State.FAIL, str(problem).split(". ", maxsplit=1)[0] + ".", mend)]
    place = "private prefix" if install.private else "of the system"
    version = Check("asterisk", State.OK, f"Asterisk {install.version}, {place}")
    return [version, _check_modules(install, [f"{name}.so" for name in modules])]


def _check_modules(install: AsteriskInstall, files: Sequence[str]) -> Check:
    missing = install.missing_modules(files)
    if not missing:
        return Check("asterisk modules", State.OK, f"all {len(files)} in {install.modules}")
    what = f"Asterisk lacks {', '.join(sorted(missing))}."
    if install.private:
        mend = f"Remove {install.data.parents[2]} and start scripts/run again."
    else:
        mend = "Install the package asterisk-modules, or remove the system's Asterisk."
    return Check("asterisk modules", State.FAIL, what, mend)


def check_espeak(cache: Path) -> Check:
    try:
        install = find_espeak(cache)
    except SetupError:
        what = "espeak-ng is missing: no announcement can be spoken."
        return Check("espeak-ng", State.FAIL, what, "Type: scripts/run")
    return Check("espeak-ng", State.OK, "private prefix" if install.private else "of the system")


def check_console(root: Path) -> Check:
    """Check that the web console is built from the sources that are there."""
    if not (root / "console" / "dist" / "index.html").is_file():
        what = "The web console is not built: browsers will see no page."
        return Check("console", State.FAIL, what, "Type: scripts/run")
    if not is_built(root):
        what = "The web console was built from older sources."
        return Check("console", State.WARN, what, "Type: scripts/run")
    return Check("console", State.OK, "built")


def check_data_folder(data: Path, in_use: str | None) -> Check:
    """Check that the server could write to its data folder and that no other one has it."""
    if in_use is not None:
        # No fault where a server is meant to run; the second start refuses by itself.
        return Check("data folder", State.OK, f"{data} is in use by the server, process {in_use}")
    place = data
    while not place.exists() and place != place.parent:
        place = place.parent
    if not place.is_dir():
        mend = "Remove it, or name another folder with --data."
        return Check("data folder", State.FAIL, f"{place} is not a folder.", mend)
    try:
        # access() says yes to root on a read-only file system's folder; a file tells the truth.
        with tempfile.TemporaryFile(dir=place):
            pass
    except OSError as problem:
        mend = (
            f"Give the user {os.geteuid()} the right to write there, or name another with --data."
        )
        what = f"{place} cannot be written: {problem.strerror}."
        return Check("data folder", State.FAIL, what, mend)
    return Check("data folder", State.OK, f"{data} {'is free' if place == data else 'can be made'}")


def check_disk(data: Path) -> Check:
    """Check the room for recordings: a gigabyte is 17 hours of one call."""
    place = data
    while not place.exists() and place != place.parent:
        place = place.parent
    free = shutil.disk_usage(place).free
    what = f"{free / _GIGABYTE:.1f} GB free at {place}"
    if free < _GIGABYTE:
        mend = "Free some space, or name a folder on another disk with --data."
        return Check("disk", State.FAIL, f"Only {what}: recording will stop.", mend)
    if free < 10 * _GIGABYTE:
        return Check(
            "disk", State.WARN, f"Only {what}.", "Plan for more, or shorten the retention."
        )
    return Check("disk", State.OK, what)


def check_open_files(limits: tuple[int, int], calls: int) -> Check:
    """Check that the limit of open files carries the calls."""
    _, hard = limits
    # Asterisk and the server raise the soft limit by themselves, up to the hard one.
    if hard == resource.RLIM_INFINITY:
        return Check("open files", State.OK, "no limit")
    room = max(0, hard - 500) // FILES_PER_CALL
    what = f"limit {hard}: room for about {room} calls at once"
    if room >= calls:
        return Check("open files", State.OK, what)
    needed = calls * FILES_PER_CALL + 500
    mend = f"Type `ulimit -n {needed}` as root before the start, or set LimitNOFILE={needed}."
    state = State.WARN if room >= 20 else State.FAIL
    return Check("open files", state, f"{what}, {calls} are wanted.", mend)


def check_port(port: Port) -> Check:
    """Check that a port can be listened on."""
    kind = socket.SOCK_DGRAM if port.udp else socket.SOCK_STREAM
    name = f"port {port.setting}"
    shown = f"{'UDP' if port.udp else 'TCP'} {port.host}:{port.number}"
    if not 1 <= port.number <= 65535:
        what = f"{port.number} is no port."
        return Check(name, State.FAIL, what, f"Set {port.setting} to a number from 1 to 65535.")
    family = socket.AF_INET6 if ":" in port.host else socket.AF_INET
    with socket.socket(family, kind) as probe:
        if not port.udp:
            # As servers do: a connection that just ended does not hold the port.
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((port.host, port.number))
        except PermissionError:
            mend = f"Choose a port above 1023 for {port.setting}."
            return Check(name, State.FAIL, f"{shown} may only be opened by root.", mend)
        except OSError as problem:
            reason = problem.strerror or str(problem)
            mend = f"End the program that has it (see: ss -lnp), or set {port.setting} to another."
            return Check(name, State.FAIL, f"{shown} cannot be used: {reason}.", mend)
    return Check(name, State.OK, f"{shown} is free")


def check_clock(now_s: float) -> Check:
    """Check that the clock was ever set: recordings and the audit log live by it."""
    shown = time.strftime("%Y-%m-%d %H:%M:%S", time.gmtime(now_s)) + " UTC"
    if now_s < _OLDEST_SENSIBLE_CLOCK_S:
        mend = "Set the clock (timedatectl set-ntp true), then start again."
        return Check("clock", State.FAIL, f"The clock says {shown}, which cannot be.", mend)
    return Check("clock", State.OK, shown)
