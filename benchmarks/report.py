"""One table for every benchmark, and what machine it ran on."""

from __future__ import annotations

import os
import platform
import statistics
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path


def table(title: str, columns: Sequence[str], rows: Sequence[Sequence[object]]) -> None:
    """Print a table in Markdown under a title with date, machine and load."""
    print(f"\n### {title}\n\n{machine()}\n")
    print("| " + " | ".join(columns) + " |")
    print("|" + "---|" * len(columns))
    for row in rows:
        print("| " + " | ".join(_shown(cell) for cell in row) + " |")
    print(flush=True)


def machine() -> str:
    """Return date, processor, cores and load: numbers of a busy machine are lower bounds."""
    load = ", ".join(f"{value:.1f}" for value in os.getloadavg())
    now = datetime.now(UTC).strftime("%Y-%m-%d %H:%M UTC")
    return (
        f"{now} · {_processor()}, {os.cpu_count()} cores · Python {platform.python_version()} · "
        f"load average {load}"
    )


def percentile(values: Sequence[float], percent: float) -> float:
    """Return a percentile by the nearest rank."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(len(ordered) * percent / 100))]


def median(values: Sequence[float]) -> float:
    """Return the median."""
    return statistics.median(values)


def _processor() -> str:
    for line in Path("/proc/cpuinfo").read_text().splitlines():
        if line.startswith("model name"):
            return line.partition(":")[2].strip()
    return platform.machine()


def _shown(cell: object) -> str:
    if isinstance(cell, float):
        return (
            f"{cell:,.2f}"
            if abs(cell) < 10
            else f"{cell:,.1f}"
            if abs(cell) < 100
            else f"{cell:,.0f}"
        )
    return f"{cell:,}" if isinstance(cell, int) else str(cell)
