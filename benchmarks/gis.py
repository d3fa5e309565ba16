"""Points in a polygon and the nearest units: `.venv/bin/python -m benchmarks.gis`.

The grid against bare shapely (GEOS, prepared, every point asked) and, where its server program is on the machine,
against PostGIS with a GiST index: the same points, the same polygons, one after the other in one run.
"""

from __future__ import annotations

import argparse
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import shapely
from shapely.geometry.base import BaseGeometry

from benchmarks.report import median, table
from softswitch.layers.gis.board import Board, Wanted
from softswitch.layers.gis.grid import PointGrid
from softswitch.layers.gis.model import Kind, Point, Thing

ROUNDS = 5
BIN = Path("/usr/lib/postgresql/15/bin")
Points = tuple[np.ndarray, np.ndarray]


def star(corners: int) -> BaseGeometry:
    """A ragged shape over a fifth of the square of the points."""
    random = np.random.default_rng(3)
    angle = np.linspace(0, 2 * np.pi, corners, endpoint=False)
    radius = 0.5 * (1 + 0.3 * np.sin(7 * angle) + 0.02 * random.uniform(-1, 1, corners))
    return shapely.Polygon(
        np.column_stack([105 + radius * np.cos(angle), 29 + radius * np.sin(angle)])
    )


def timed(work: Callable[[], int]) -> tuple[float, int]:
    """Return the median milliseconds of some rounds, and what was found."""
    spent, found = [], 0
    for _ in range(ROUNDS):
        start = time.perf_counter()
        found = work()
        spent.append((time.perf_counter() - start) * 1000)
    return median(spent), found


@contextmanager
def postgis() -> Iterator[Callable[[str], str] | None]:
    """A server of its own that ends with the run; gives what runs SQL, None where there is no PostGIS."""
    control = Path("/usr/share/postgresql/15/extension/postgis.control")
    if not (BIN / "postgres").exists() or not control.exists():
        yield None
        return
    with tempfile.TemporaryDirectory(dir="/tmp") as name:
        folder = Path(name)
        folder.chmod(0o777)
        data = folder / "data"
        as_user = ["runuser", "-u", "postgres", "--"] if Path("/root").owner() == "root" else []

        def run(*words: str, text: str | None = None) -> str:
            done = subprocess.run(
                [*as_user, *words], input=text, capture_output=True, text=True, check=True
            )
            return done.stdout

        run(str(BIN / "initdb"), "-D", str(data), "-A", "trust")
        options = (
            f"-k {folder} -c listen_addresses= -c jit=off -c max_parallel_workers_per_gather=2"
        )
        options += " -c shared_buffers=1GB -c fsync=off -c full_page_writes=off"
        run(
            str(BIN / "pg_ctl"),
            "-D",
            str(data),
            "-w",
            "-o",
            options,
            "-l",
            f"{folder}/log",
            "start",
        )

        def sql(text: str) -> str:
            return run(
                "psql", "-h", str(folder), "-qAt", "-v", "ON_ERROR_STOP=1", "postgres", text=text
            )

        try:
            sql("create extension postgis")
            yield sql
        finally:
            run(str(BIN / "pg_ctl"), "-D", str(data), "-m", "immediate", "stop")


def fill(sql: Callable[[str], str], points: Points) -> None:
    """The points as a table with an index."""
    rows = "\n".join(f"SRID=4326;POINT({lon} {lat})" for lon, lat in zip(*points, strict=True))
    sql(f"drop table if exists p; create table p (g geometry);\ncopy p from stdin;\n{rows}\n\\.\n")
    sql("create index on p using gist (g); vacuum analyze p")


def asked(sql: Callable[[str], str], polygon: BaseGeometry) -> tuple[float, int]:
    """Return the median milliseconds that the server itself counts, and what was found."""
    shape = f"ST_GeomFromText('{polygon.wkt}', 4326)"
    query = f"select count(*) from p where ST_Intersects(g, {shape})"
    found = int(sql(query))
    lines = sql("\\timing on\n" + f"{query};\n" * ROUNDS).splitlines()
    spent = [float(line.split()[1]) for line in lines if line.startswith("Time:")]
    return median(spent), found


def inside(counts: list[int]) -> None:
    """Print the table of points in polygons."""
    rows = []
    random = np.random.default_rng(1)
    with postgis() as sql:
        for count in counts:
            points = random.uniform(104, 106, count), random.uniform(28, 30, count)
            grid = PointGrid(*points)
            if sql is not None:
                fill(sql, points)
            rows += [_row(sql, grid, points, corners) for corners in (100, 10_000)]
    heads = ["points", "corners", "inside", "grid, ms", "bare shapely, ms", "PostGIS, ms", "ratio"]
    table("Points in a polygon", heads, rows)


def _row(
    sql: Callable[[str], str] | None, grid: PointGrid, points: Points, corners: int
) -> list[object]:
    """Every round gets a polygon that nobody has prepared."""
    ours, found = timed(lambda: len(grid.inside(star(corners))))

    def bare() -> int:
        polygon = star(corners)
        shapely.prepare(polygon)
        return len(np.nonzero(shapely.intersects_xy(polygon, *points))[0])

    theirs, expected = timed(bare)
    assert found == expected
    other: tuple[float, int] | None = asked(sql, star(corners)) if sql is not None else None
    assert other is None or other[1] == found
    faster = min(theirs, other[0]) if other else theirs
    shown = other[0] if other else "not installed"
    return [len(points[0]), corners, found, ours, theirs, shown, ours / faster]


def nearest(count: int) -> None:
    """Print the table of the nearest five."""
    random = np.random.default_rng(2)
    board = Board()
    for i in range(count):
        place = Point(float(random.uniform(104, 106)), float(random.uniform(28, 30)))
        status = "free" if i % 3 else "assigned"
        board.put(Thing(Kind.UNIT, str(i), place, status=status, numbers=("2001",), fix_at=i))
    board.pictures([Kind.UNIT])[Kind.UNIT].nearest(Point(105, 29), 5, Wanted())  # columns are made
    rows = []
    for name, wanted in (
        ("all", Wanted()),
        ("free, rested, fresh", Wanted(frozenset({"free"}), count // 2, 0, True)),
    ):
        spent = []
        for _ in range(200):
            place = Point(float(random.uniform(104, 106)), float(random.uniform(28, 30)))
            start = time.perf_counter()
            board.pictures([Kind.UNIT])[Kind.UNIT].nearest(place, 5, wanted)
            spent.append((time.perf_counter() - start) * 1000)
        rows.append([count, name, median(spent), sorted(spent)[198]])
    table("The nearest five", ["units", "which", "median, ms", "p99, ms"], rows)


def main() -> None:
    """Run all of it."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--counts", nargs="+", type=int, default=[10_000, 1_000_000, 5_000_000])
    given = parser.parse_args()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))  # the database ends with the run
    nearest(100_000)
    inside(given.counts)


if __name__ == "__main__":
    main()
