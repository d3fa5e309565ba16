"""A PostgreSQL of its own for a test or a benchmark: on a Unix socket in a folder that goes away with it."""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

_NOBODY = ("setpriv", "--reuid=nobody", "--regid=nogroup", "--clear-groups")
"""PostgreSQL refuses to run as root."""


def programs() -> Path:
    """Return the folder of the server's programs. Raises :class:`FileNotFoundError` where there is none."""
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/postgres"))
    if not found:
        raise FileNotFoundError("PostgreSQL is not installed (Debian: apt install postgresql)")
    return found[-1].parent


@contextmanager
def postgres() -> Iterator[str]:
    """Run a server; give the URL of its empty database, for SQLAlchemy with pg8000."""
    folder = Path(tempfile.mkdtemp(prefix="softswitch-pg-"))
    prefix: tuple[str, ...] = ()
    if os.geteuid() == 0:
        prefix = _NOBODY
        shutil.chown(folder, "nobody", "nogroup")
    data, bin_ = folder / "data", programs()
    try:
        _run(
            *prefix, bin_ / "initdb", "-D", data, "-U", "test", "-A", "trust", "-E", "UTF8",
            "--locale=C", "-N", folder=folder,
        )  # fmt: skip
        server = subprocess.Popen(
            [*prefix, str(bin_ / "postgres"), "-D", str(data), "-k", str(folder), "-h", ""],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            cwd=folder,
        )
        try:
            _run(bin_ / "pg_isready", "-h", folder, "-t", "30", "-q", folder=folder, tries=300)
            yield f"postgresql+pg8000://test@/postgres?unix_sock={folder}/.s.PGSQL.5432"
        finally:
            server.terminate()  # SIGTERM to setpriv's place: it has become the server
            server.wait(30)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _run(*words: object, folder: Path, tries: int = 1) -> None:
    """Run a program until it succeeds; each failing try of ``pg_isready`` takes some milliseconds."""
    for left in range(tries, 0, -1):
        done = subprocess.run(
            [str(word) for word in words], cwd=folder, capture_output=True, check=False
        )
        if done.returncode == 0:
            return
        if left == 1:
            raise RuntimeError(done.stderr.decode(errors="replace")[-2_000:])
        if tries > 1:
            time.sleep(0.1)  # it answers at once that nobody listens
