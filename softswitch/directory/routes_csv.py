"""CSV of extensions and registry over HTTP."""

import asyncio
from typing import Annotated

import orjson
from fastapi import APIRouter, Depends, Request, Response

from softswitch.access.model import Actor, Right
from softswitch.csvio import Report
from softswitch.directory.importing import (
    export_extensions,
    export_registry,
    import_extensions,
    import_registry,
)
from softswitch.directory.registry import RegistryService
from softswitch.directory.service import DirectoryService
from softswitch.web.guard import Guard


def csv_routes(directory: DirectoryService, registry: RegistryService, guard: Guard) -> APIRouter:
    """Return the routes of import and export."""
    router = APIRouter()
    router.include_router(_export_routes(directory, registry, guard))
    directory_editor = Annotated[Actor, Depends(guard(Right.DIRECTORY_EDIT))]
    registry_editor = Annotated[Actor, Depends(guard(Right.REGISTRY_EDIT))]

    @router.post("/extensions/import")
    async def import_extensions_csv(
        request: Request, actor: directory_editor, dry_run: bool = False
    ) -> Response:
        data = await request.body()
        return await _answer(await import_extensions(directory, actor, data, dry_run=dry_run))

    @router.post("/registry/import")
    async def import_registry_csv(
        request: Request, actor: registry_editor, dry_run: bool = False
    ) -> Response:
        data = await request.body()
        return await _answer(await import_registry(registry, actor, data, dry_run=dry_run))

    return router


def _export_routes(
    directory: DirectoryService, registry: RegistryService, guard: Guard
) -> APIRouter:
    router = APIRouter()

    @router.get("/extensions/export.csv")
    async def export_extensions_csv(
        _actor: Annotated[Actor, Depends(guard(Right.DIRECTORY_READ))],
    ) -> Response:
        return _file(export_extensions(directory.snapshot()), "extensions.csv")

    @router.get("/registry/export.csv")
    async def export_registry_csv(
        _actor: Annotated[Actor, Depends(guard(Right.REGISTRY_READ))],
    ) -> Response:
        return _file(await registry.db.read(export_registry), "registry.csv")

    return router


async def _answer(report: Report) -> Response:
    """A report of 100,000 rows is encoded beside the event loop, not on it."""
    body = await asyncio.to_thread(lambda: orjson.dumps(report.as_json()))
    return Response(body, media_type="application/json")


def _file(content: bytes, name: str) -> Response:
    headers = {"Content-Disposition": f'attachment; filename="{name}"'}
    return Response(content, media_type="text/csv; charset=utf-8", headers=headers)
