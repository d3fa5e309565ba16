"""Health, status and metrics: what others report about themselves, gathered."""

from __future__ import annotations

import logging
import re
from collections.abc import Callable, Mapping
from typing import Any

from fastapi import APIRouter, Depends
from starlette.responses import PlainTextResponse

from softswitch import __version__
from softswitch.access.model import Actor, Right
from softswitch.clock import Clock, now
from softswitch.web.guard import Guard

log = logging.getLogger(__name__)

_NAME = re.compile(r"[a-z_][a-z0-9_]*")
Part = Callable[[], Mapping[str, Any]]


class Health:
    """Parts tell ``{"ok": bool, ...}``; metrics tell a number or numbers by label. Asked on each request."""

    def __init__(self, clock: Clock = now) -> None:
        self._clock = clock
        self._started_at = clock()
        self._parts: dict[str, Part] = {}
        self._metrics: dict[str, tuple[str, str, Callable[[], float | Mapping[str, float]]]] = {}

    def add(self, name: str, part: Part) -> None:
        """Add a part, for example ``ari``: a function that returns at least ``{"ok": bool}``, and never waits."""
        self._parts[name] = part

    def metric(
        self,
        name: str,
        help_: str,
        read: Callable[[], float | Mapping[str, float]],
        *,
        kind: str = "gauge",
    ) -> None:
        """Add a metric ``softswitch_<name>``; ``kind`` is ``gauge`` or ``counter``.

        ``read`` returns a number, or numbers by ``label="value"`` text such as ``class="120"``.
        """
        if not _NAME.fullmatch(name):
            raise ValueError(f"{name} is no name for a metric.")
        self._metrics[f"softswitch_{name}"] = (kind, help_, read)

    def described(self) -> dict[str, tuple[str, str]]:
        """Return the kind and the meaning of each metric, also of those that tell nothing yet."""
        own = {"softswitch_up": ("gauge", "Whether a part works.")}
        return own | {name: (kind, help_) for name, (kind, help_, _) in self._metrics.items()}

    def health(self) -> dict[str, Any]:
        """Return what anybody may know: whether all parts work, and which do not."""
        failing = sorted(name for name, state in self._states().items() if not state["ok"])
        return {"status": "degraded" if failing else "ok", "failing": failing}

    def status(self) -> dict[str, Any]:
        """Return everything that the parts tell."""
        return {
            **self.health(),
            "version": __version__,
            "started_at": self._started_at,
            "now": self._clock(),
            "parts": self._states(),
        }

    def metrics(self) -> str:
        """Return the metrics in the text format of Prometheus, version 0.0.4."""
        lines: list[str] = []
        for name, (kind, help_, read) in sorted(self._metrics.items()):
            samples = _samples(name, read)
            if samples:
                lines += [f"# HELP {name} {help_}", f"# TYPE {name} {kind}", *samples]
        up = {name: float(state["ok"]) for name, state in self._states().items()}
        lines += ["# HELP softswitch_up Whether a part works.", "# TYPE softswitch_up gauge"]
        lines += [
            f'softswitch_up{{part="{name}"}} {value:.0f}' for name, value in sorted(up.items())
        ]
        return "\n".join(lines) + "\n"

    def _states(self) -> dict[str, dict[str, Any]]:
        return {name: _ask(part) for name, part in self._parts.items()}


def _ask(part: Part) -> dict[str, Any]:
    try:
        state = dict(part())
        return {**state, "ok": bool(state.get("ok"))}
    except Exception as error:
        return {"ok": False, "error": f"{type(error).__name__}: {error}"}


def _samples(name: str, read: Callable[[], float | Mapping[str, float]]) -> list[str]:
    """Return the lines of one metric; none when it cannot be read, which hides no other."""
    try:
        value = read()
    except Exception:
        log.exception("The metric %s cannot be read.", name)
        return []
    if isinstance(value, Mapping):
        return [f"{name}{{{labels}}} {_number(each)}" for labels, each in sorted(value.items())]
    return [f"{name} {_number(value)}"]


def _number(value: float) -> str:
    return str(int(value)) if value == int(value) else repr(float(value))


def routes(health: Health, guard: Guard) -> APIRouter:
    """Return the routes of health, status and metrics."""
    router = APIRouter(tags=["status"])

    @router.get("/api/health")
    async def read_health() -> dict[str, Any]:
        return health.health()

    @router.get("/api/status")
    async def read_status(
        _actor: Actor = Depends(guard(Right.STATUS_READ)),  # noqa: B008
    ) -> dict[str, Any]:
        return health.status()

    @router.get("/metrics", response_class=PlainTextResponse)
    async def read_metrics() -> PlainTextResponse:
        return PlainTextResponse(health.metrics(), media_type="text/plain; version=0.0.4")

    return router
