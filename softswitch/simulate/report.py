"""What a simulation tells: while it runs, and at the end."""

from __future__ import annotations

import statistics
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field


@dataclass(frozen=True)
class Happening:
    """One line of progress."""

    at: float
    """Seconds since the beginning."""
    who: str
    what: str

    def __str__(self) -> str:
        return f"{self.at:7.2f}  {self.who:<28} {self.what}"


Progress = Callable[[Happening], None]


@dataclass(frozen=True)
class CallResult:
    """`outcome` is one of: talked, gave up, not answered, refused, failed."""

    number: int
    dialled: str
    caller: str
    scenario: str
    outcome: str
    to_ring: float | None = None
    to_answer: float | None = None
    heard: float = 0.0
    """Seconds of sound that came back."""
    status: int | None = None
    cause: int | None = None
    detail: str = ""


@dataclass(frozen=True)
class FieldResult:
    extension: str
    caller: str
    heard: float
    keys: str


@dataclass
class Report:
    seconds: float = 0.0
    calls: list[CallResult] = field(default_factory=list)
    field_calls: list[FieldResult] = field(default_factory=list)

    @property
    def outcomes(self) -> dict[str, int]:
        return dict(Counter(result.outcome for result in self.calls))

    @property
    def failed(self) -> list[CallResult]:
        return [result for result in self.calls if result.outcome in {"refused", "failed"}]

    def text(self) -> str:
        lines = [f"{len(self.calls)} calls in {self.seconds:.1f} s"]
        lines += [f"  {count:4}  {outcome}" for outcome, count in sorted(self.outcomes.items())]
        for name, values in (
            ("ringing after", [r.to_ring for r in self.calls if r.to_ring is not None]),
            ("answered after", [r.to_answer for r in self.calls if r.to_answer is not None]),
        ):
            if values:
                middle, most = statistics.median(values), max(values)
                lines.append(f"  {name} {middle:.3f} s (median), {most:.3f} s (longest)")
        if self.field_calls:
            lines.append(f"{len(self.field_calls)} calls answered by field phones")
        for result in self.failed:
            lines.append(f"  call {result.number} to {result.dialled}: {result.detail}")
        return "\n".join(lines)
