"""Which routes there are and which right each one asks for: nothing is open by mistake."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from fastapi import FastAPI
from fastapi.dependencies.models import Dependant
from fastapi.routing import APIRoute, iter_route_contexts

from softswitch.access.model import Right
from softswitch.web.guard import Requirement

PUBLIC_ROUTES = frozenset(
    {
        ("POST", "/api/login"),
        ("GET", "/api/health"),
        ("GET", "/metrics"),
    }
)
"""What needs no right. Everything else that the API describes asks a guard for exactly one."""


@dataclass(frozen=True, slots=True, order=True)
class ApiRoute:
    """One route of the API; ``rights`` are what its guards ask for."""

    method: str
    path: str
    rights: tuple[Right, ...]

    @property
    def is_public(self) -> bool:
        """Return whether the route stands on the list of public ones."""
        return (self.method, self.path) in PUBLIC_ROUTES

    @property
    def is_sound(self) -> bool:
        """Return whether the route asks for exactly one right, or for none and is public."""
        return len(self.rights) == (0 if self.is_public else 1)


def api_routes(app: FastAPI) -> list[ApiRoute]:
    """Return every HTTP route that the API describes."""
    return sorted(
        ApiRoute(method, str(context.path_format), tuple(_rights(context.dependant)))
        for context in iter_route_contexts(app.routes)
        if isinstance(context.original_route, APIRoute) and context.include_in_schema
        for method in context.methods or ()
    )


def check_rights(app: FastAPI) -> None:
    """Refuse to build an application with a route that nobody guards, or that two rights guard."""
    for route in api_routes(app):
        if not route.is_sound:
            asked = ", ".join(route.rights) or "none"
            raise ValueError(
                f"{route.method} {route.path} must ask for one right; it asks: {asked}."
            )


def _rights(dependant: Dependant | None) -> Iterator[Right]:
    for needed in dependant.dependencies if dependant else ():
        if isinstance(needed.call, Requirement):
            yield needed.call.right
        yield from _rights(needed)
