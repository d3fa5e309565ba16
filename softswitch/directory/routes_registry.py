"""HTTP of the registry."""

from typing import Annotated, Any

from fastapi import APIRouter, Depends, Query

from softswitch.access.model import Actor, Right
from softswitch.directory import views
from softswitch.directory.bodies import NewRegistryEntry, RegistryChange
from softswitch.directory.model import RegistryEntry
from softswitch.directory.registry import LONGEST_PAGE, RegistryService
from softswitch.numbers import PhoneNumber
from softswitch.web.guard import Guard

View = dict[str, Any]
Limit = Annotated[int, Query(ge=1, le=LONGEST_PAGE)]


def registry_routes(service: RegistryService, guard: Guard) -> APIRouter:
    """Return the routes; ``/registry/lookup`` finds one caller however the number is written."""
    router = APIRouter()
    reader = Annotated[Actor, Depends(guard(Right.REGISTRY_READ))]
    editor = Annotated[Actor, Depends(guard(Right.REGISTRY_EDIT))]

    @router.get("/registry")
    async def list_registry(
        _actor: reader, query: str = "", after: str = "", limit: Limit = 100
    ) -> View:
        found = await service.page(query, after, limit)
        return {"registry": [views.registry_view(each) for each in found]}

    @router.post("/registry", status_code=201)
    async def add_registry_entry(body: NewRegistryEntry, actor: editor) -> View:
        number = PhoneNumber(body.number)  # parsed by the service
        entry = RegistryEntry(number, body.name, body.address, body.note)
        return views.registry_view(await service.add(actor, entry))

    @router.get("/registry/lookup")
    async def look_up(_actor: reader, number: str) -> View | None:
        found = await service.look_up(number)
        return None if found is None else views.registry_view(found)

    @router.patch("/registry/{number}")
    async def change_registry_entry(number: str, body: RegistryChange, actor: editor) -> View:
        return views.registry_view(await service.change(actor, number, body.given()))

    @router.delete("/registry/{number}")
    async def remove_registry_entry(number: str, actor: editor) -> View:
        await service.remove(actor, number)
        return {"removed": service.key(number)}

    return router
