"""HTTP of the directory: extensions and phones; the other tables are in the files beside this one.

Answers come when the change is stored; the switch applies it in the next moments.
"""

from collections.abc import Callable
from typing import Annotated, Any

from fastapi import APIRouter, Depends

from softswitch import numbers
from softswitch.access.model import Actor, Right
from softswitch.directory import changes, views
from softswitch.directory.bodies import ExtensionChange, NewExtension, NewPhone, PhoneChange
from softswitch.directory.model import (
    ExtensionEntry,
    Phone,
    PhoneKind,
    Transport,
    check_record_wish,
)
from softswitch.directory.registry import RegistryService
from softswitch.directory.routes_csv import csv_routes
from softswitch.directory.routes_intake import intake_routes
from softswitch.directory.routes_registry import registry_routes
from softswitch.directory.service import DirectoryService
from softswitch.numbers import Extension
from softswitch.web.guard import Guard

View = dict[str, Any]
DeskOf = Callable[[Actor], str | None]


def routes(
    service: DirectoryService, registry: RegistryService, guard: Guard, desk_of: DeskOf
) -> APIRouter:
    """Return all routes of the directory. ``desk_of`` tells at which desk a person is seated."""
    router = APIRouter(prefix="/api", tags=["directory"])
    # CSV first: /extensions/export.csv must not be taken for an extension.
    router.include_router(csv_routes(service, registry, guard))
    router.include_router(_extension_routes(service, guard))
    router.include_router(_phone_routes(service, guard))
    router.include_router(intake_routes(service, guard, desk_of))
    router.include_router(registry_routes(registry, guard))
    return router


def _extension_routes(service: DirectoryService, guard: Guard) -> APIRouter:
    router = APIRouter()
    reader = Annotated[Actor, Depends(guard(Right.DIRECTORY_READ))]
    editor = Annotated[Actor, Depends(guard(Right.DIRECTORY_EDIT))]

    @router.get("/extensions")
    async def list_extensions(_actor: reader) -> View:
        snapshot = service.snapshot()
        shown = [views.extension_view(entry, snapshot) for entry in snapshot.extensions]
        return {"extensions": shown}

    @router.post("/extensions", status_code=201)
    async def add_extension(body: NewExtension, actor: editor) -> View:
        entry = await service.add_extension(actor, new_extension(body))
        return views.extension_view(entry, service.snapshot())

    @router.get("/extensions/{number}")
    async def show_extension(number: str, _actor: reader) -> View:
        snapshot = service.snapshot()
        return views.extension_view(changes.need_extension(snapshot, number), snapshot)

    @router.patch("/extensions/{number}")
    async def change_extension(number: str, body: ExtensionChange, actor: editor) -> View:
        entry = await service.change_extension(actor, number, body.given())
        return views.extension_view(entry, service.snapshot())

    @router.delete("/extensions/{number}")
    async def remove_extension(number: str, actor: editor) -> View:
        phones = await service.remove_extension(actor, number)
        return {"removed": number, "phones": phones}

    return router


def _phone_routes(service: DirectoryService, guard: Guard) -> APIRouter:
    router = APIRouter()
    reader = Annotated[Actor, Depends(guard(Right.DIRECTORY_READ))]
    editor = Annotated[Actor, Depends(guard(Right.DIRECTORY_EDIT))]

    @router.get("/phones")
    async def list_phones(_actor: reader) -> View:
        return {"phones": [views.phone_view(phone) for phone in service.snapshot().phones]}

    @router.post("/phones", status_code=201)
    async def add_phone(body: NewPhone, actor: editor) -> View:
        return views.secret_view(await service.add_phone(actor, new_phone(body, body.extension)))

    @router.get("/extensions/{number}/phones")
    async def list_phones_of(number: str, _actor: reader) -> View:
        snapshot = service.snapshot()
        changes.need_extension(snapshot, number)
        return {"phones": [views.phone_view(phone) for phone in snapshot.phones_of(number)]}

    @router.post("/extensions/{number}/phones", status_code=201)
    async def add_phone_of(number: str, body: NewPhone, actor: editor) -> View:
        changes.need_extension(service.snapshot(), number)
        return views.secret_view(await service.add_phone(actor, new_phone(body, number)))

    @router.patch("/phones/{phone_id}")
    async def change_phone(phone_id: str, body: PhoneChange, actor: editor) -> View:
        return views.phone_view(await service.change_phone(actor, phone_id, body.given()))

    @router.delete("/phones/{phone_id}")
    async def remove_phone(phone_id: str, actor: editor) -> View:
        await service.remove_phone(actor, phone_id)
        return {"removed": phone_id}

    @router.get("/phones/{phone_id}/secret")
    async def show_secret(phone_id: str, actor: editor) -> View:
        """Who looks at the secret of a phone is in the audit."""
        return views.secret_view(await service.show_secret(actor, phone_id))

    @router.post("/phones/{phone_id}/secret")
    async def rotate_secret(phone_id: str, actor: editor) -> View:
        return views.secret_view(await service.rotate_secret(actor, phone_id))

    return router


def new_extension(body: NewExtension) -> ExtensionEntry:
    """Return the extension that a body describes; a desk cannot be taken off the record."""
    check_record_wish(body.kind, body.given().get("record"))
    number = numbers.extension(numbers.bare(body.number))
    return ExtensionEntry(
        number, body.name, body.kind, body.record, body.skills, body.position, body.enabled
    )


def new_phone(body: NewPhone, extension: str | None) -> Phone:
    """Return the phone that a body describes; a browser gets ws when no transport is given."""
    transport = body.transport
    if body.kind is PhoneKind.BROWSER and "transport" not in body.given():
        transport = Transport.WS
    place: Extension | None = None
    if extension is not None:
        place = numbers.extension(numbers.bare(extension), "extension")
    return Phone(numbers.phone_id(body.id), place, body.kind, transport, enabled=body.enabled)
