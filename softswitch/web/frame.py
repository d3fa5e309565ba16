"""The frame: puts the routers of the capabilities into one application with one manner of answering."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from types import MappingProxyType
from typing import Any

from fastapi import APIRouter, FastAPI
from fastapi.routing import APIRoute
from starlette.middleware import Middleware

from softswitch import __version__
from softswitch.web import errors
from softswitch.web.headers import Hosts
from softswitch.web.inventory import check_rights
from softswitch.web.json_body import StrictJson
from softswitch.web.outer import Outer
from softswitch.web.pages import console_routes


class _Api(FastAPI):
    def openapi(self) -> dict[str, Any]:
        schema = super().openapi()
        schema.setdefault("components", {}).setdefault("schemas", {}).update(errors.schemas())
        return schema


def create_app(
    routers: Sequence[APIRouter],
    *,
    console: Path | None = None,
    hosts: Iterable[str] = (),
    secure: bool = False,
    limits: Mapping[str, int] = MappingProxyType({}),
    images: Iterable[str] = (),
) -> FastAPI:
    """Return the application.

    ``console`` is the folder of the built console; ``hosts`` are names of this server beside ``localhost``,
    its host name and its addresses; ``secure`` when it is reached over TLS only; ``images`` are
    URLs of other servers that the console shows images of.  Raises :class:`ValueError`
    for a route that asks for no right and is not on the list of public ones.
    """
    app = _Api(
        title="softswitch",
        version=__version__,
        description="Call handling for emergency command centres.",
        openapi_url="/openapi.json",
        docs_url=None,  # these pages load scripts from other sites
        redoc_url=None,
        responses=errors.RESPONSES,
        generate_unique_id_function=_operation_id,
        middleware=[
            Middleware(
                Outer, hosts=Hosts(hosts), secure=secure, limits=limits, images=tuple(images)
            ),
            Middleware(StrictJson),
        ],
    )
    errors.install(app)
    for router in routers:
        app.include_router(router)
    check_rights(app)
    app.include_router(console_routes(console))
    return app


def _operation_id(route: APIRoute) -> str:
    """Return a name that stays the same as long as method and path do: ``post_calls_id_hold``."""
    words = route.path_format.removeprefix("/api").replace("{", "").replace("}", "")
    method = min(route.methods or {"get"}).lower()
    return f"{method}{words}".replace("/", "_").replace("-", "_").replace(".", "_")
