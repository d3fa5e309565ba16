"""Who calls when, about what, and with how much patience: a pure function of options and seed."""

from __future__ import annotations

import random
from dataclasses import dataclass

from softswitch.simulate.options import Account, Options
from softswitch.simulate.scenarios import SCENARIOS, Scenario

_OTHERS = 13_800_139_000


@dataclass(frozen=True)
class PlannedCall:
    number: int
    start: float
    """Seconds after the beginning."""
    scenario: Scenario
    caller: str
    account: Account
    gives_up_after: float | None


def plan(options: Options) -> list[PlannedCall]:
    """The same seed gives the same calls, so that a fault can be called up again."""
    dice = random.Random(options.seed)
    scenarios, weights = _weighted(options)
    calls: list[PlannedCall] = []
    start = 0.0
    for number in range(options.calls):
        scenario = dice.choices(scenarios, weights)[0]
        gives_up = dice.random() < options.give_up_share
        after = dice.uniform(0.3, 1) * options.give_up_after
        calls.append(
            PlannedCall(
                number + 1,
                start,
                scenario,
                _caller(scenario, number),
                options.citizens[number % len(options.citizens)],
                after if gives_up else None,
            )
        )
        if options.interval:
            start += dice.expovariate(1 / options.interval)
    return calls


def _weighted(options: Options) -> tuple[list[Scenario], list[float]]:
    numbers = sorted({scenario.number for scenario in SCENARIOS})
    mix = dict(options.mix) or dict.fromkeys(numbers, 1.0)
    unknown = sorted(set(mix) - set(numbers))
    if unknown:
        raise ValueError(f"no scenario for {', '.join(unknown)}; there are {', '.join(numbers)}")
    if min(mix.values()) < 0 or not sum(mix.values()):
        raise ValueError("the shares of the mix cannot be negative, nor all zero")
    chosen = [scenario for scenario in SCENARIOS if mix.get(scenario.number)]
    # The share of a number is divided among its scenarios.
    count = {number: sum(s.number == number for s in chosen) for number in numbers}
    return chosen, [mix[s.number] / count[s.number] for s in chosen]


def _caller(scenario: Scenario, number: int) -> str:
    """The first calls have their scenario's own number, so that some call twice; later ones not."""
    if number < len(SCENARIOS):
        return scenario.caller
    return str(_OTHERS + number)
