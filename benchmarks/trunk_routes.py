"""(t) Finding the way of a call among 10 to 10,000 routes, against looking at each pattern in turn.

Half of the routes are prefixes of six digits with any number behind, half closed patterns; numbers hit routes all over
the table, one in ten hits none. Ours returns the attempts of the call, with numbers translated and weights drawn; the
reference only the first route. Pure Python, one process, no switch; processor time, so that a busy machine counts less.

    python -m benchmarks.trunk_routes [--numbers 2000]
"""

from __future__ import annotations

import argparse
import itertools
import random
import re
import statistics
import time
from collections.abc import Callable, Sequence

from benchmarks.report import table
from trunk.model import Plan, Route, Sip, Step, Trunk
from trunk.patterns import pattern
from trunk.selection import Query, Selector

SIZES = (10, 100, 1_000, 10_000)
ROUNDS = 5


def plan(size: int) -> Plan:
    """Return a plan with so many routes over two trunks."""
    trunks = (Trunk("first", Sip("192.0.2.1")), Trunk("second", Sip("192.0.2.2")))
    steps = (Step("first", 0, 3), Step("second", 0, 1))
    texts = itertools.chain.from_iterable(
        (f"0{n:05d}.", f"1{n % 100:02d}{n:05d}XXX") for n in range((size + 1) // 2)
    )
    patterns = list(itertools.islice(texts, size))
    routes = (Route(f"r{n}", (pattern(text),), steps) for n, text in enumerate(patterns))
    return Plan(trunks=trunks, routes=tuple(routes))


def numbers(size: int, count: int) -> list[str]:
    """Return numbers of which one in ten has no route."""
    draw = random.Random(size)
    found = []
    for index in range(count):
        n = draw.randrange((size + 1) // 2)
        number = f"0{n:05d}1234" if index % 2 else f"1{n % 100:02d}{n:05d}123"
        found.append(number if index % 10 else "9" + number)
    return found


def in_turn(made: Plan) -> Callable[[str], object]:
    """Return the plainest way to do it: every pattern as a regular expression, one after the other."""
    compiled = [
        (re.compile("".join(f"[{signs}]" for signs in p.places) + (".+" if p.open else "")), r)
        for r in made.routes
        for p in r.patterns
    ]
    return lambda number: next((r for rule, r in compiled if rule.fullmatch(number)), None)


def microseconds(act: Callable[[str], object], asked: Sequence[str]) -> float:
    """Return how long one takes, the median of some rounds."""
    rounds = []
    for _ in range(ROUNDS):
        began = time.process_time()
        for number in asked:
            act(number)
        rounds.append((time.process_time() - began) / len(asked) * 1e6)
    return statistics.median(rounds)


def main() -> None:
    """Print one line for each size."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--numbers", type=int, default=2_000)
    count = parser.parse_args().numbers
    rows = []
    for size in SIZES:
        made = plan(size)
        began = time.process_time()
        selector = Selector(made)
        built = (time.process_time() - began) * 1e3
        asked = numbers(size, count)
        ours = microseconds(lambda number, s=selector: s.attempts(Query(number)), asked)  # type: ignore[misc]
        plain = microseconds(in_turn(made), asked[: max(20, count // (size // 10 or 1))])
        rows.append(
            [str(size), f"{ours:.1f}", f"{plain:.1f}", f"{plain / ours:.1f}", f"{built:.0f}"]
        )
    columns = ["routes", "ours µs", "each in turn µs", "ratio", "build ms"]
    table("The way of one call", columns, rows)


if __name__ == "__main__":
    main()
