"""HTTP of emergency numbers, intake settings and one-key buttons."""

from collections.abc import Callable, Iterable
from typing import Annotated, Any

from fastapi import APIRouter, Depends

from softswitch import numbers
from softswitch.access.model import Actor, Right
from softswitch.directory import views
from softswitch.directory.bodies import Button, Buttons, EmergencyChange, IntakeChange, NewEmergency
from softswitch.directory.model import EmergencyNumber, SpeedDial
from softswitch.directory.service import DirectoryService
from softswitch.errors import conflict
from softswitch.web.guard import Guard

View = dict[str, Any]
DeskOf = Callable[[Actor], str | None]


def intake_routes(service: DirectoryService, guard: Guard, desk_of: DeskOf) -> APIRouter:
    """Return the routes."""
    router = APIRouter()
    router.include_router(_emergency_routes(service, guard))
    router.include_router(_settings_routes(service, guard))
    router.include_router(_speed_dial_routes(service, guard, desk_of))
    return router


def _emergency_routes(service: DirectoryService, guard: Guard) -> APIRouter:
    router = APIRouter()
    reader = Annotated[Actor, Depends(guard(Right.DIRECTORY_READ))]
    editor = Annotated[Actor, Depends(guard(Right.EMERGENCY_EDIT))]

    @router.get("/emergency-numbers")
    async def list_emergency_numbers(_actor: reader) -> View:
        entries = service.snapshot().emergency_numbers
        return {"emergency_numbers": [views.emergency_view(each) for each in entries]}

    @router.post("/emergency-numbers", status_code=201)
    async def add_emergency_number(body: NewEmergency, actor: editor) -> View:
        digits = numbers.emergency_digits(numbers.bare(body.digits))
        names = (body.name_zh or body.name_en, body.name_en or body.name_zh)
        entry = EmergencyNumber(digits, *names, body.rank, body.skill)
        return views.emergency_view(await service.add_emergency(actor, entry))

    @router.patch("/emergency-numbers/{digits}")
    async def change_emergency_number(digits: str, body: EmergencyChange, actor: editor) -> View:
        return views.emergency_view(await service.change_emergency(actor, digits, body.given()))

    @router.delete("/emergency-numbers/{digits}")
    async def remove_emergency_number(digits: str, actor: editor) -> View:
        await service.remove_emergency(actor, digits)
        return {"removed": digits}

    return router


def _settings_routes(service: DirectoryService, guard: Guard) -> APIRouter:
    router = APIRouter()
    reader = Annotated[Actor, Depends(guard(Right.INTAKE_READ))]
    editor = Annotated[Actor, Depends(guard(Right.INTAKE_EDIT))]

    @router.get("/intake")
    async def show_intake(_actor: reader) -> View:
        return views.intake_view(service.snapshot().intake)

    @router.put("/intake")
    async def change_intake(body: IntakeChange, actor: editor) -> View:
        return views.intake_view(await service.change_intake(actor, body.given()))

    return router


def _speed_dial_routes(service: DirectoryService, guard: Guard, desk_of: DeskOf) -> APIRouter:
    router = APIRouter()
    owner = Annotated[Actor, Depends(guard(Right.SPEED_DIAL_OWN))]

    @router.get("/speed-dials")
    async def list_speed_dials(actor: owner, desk: str | None = None) -> View:
        extension = _own_desk(desk, desk_of(actor))
        return _buttons_view(extension, await service.speed_dials(extension))

    @router.put("/speed-dials")
    async def put_speed_dials(
        body: list[Button] | Buttons, actor: owner, desk: str | None = None
    ) -> View:
        named = desk if isinstance(body, list) else body.desk or desk
        extension = _own_desk(named, desk_of(actor))
        wanted = body if isinstance(body, list) else body.speed_dials
        buttons = [
            SpeedDial(each.position, each.label, numbers.phone_number(each.number))
            for each in wanted
        ]
        stored = await service.put_speed_dials(actor, extension, buttons)
        return _buttons_view(extension, stored)

    return router


def _buttons_view(extension: str, buttons: Iterable[SpeedDial]) -> View:
    return {"desk": extension, "speed_dials": [views.speed_dial_view(each) for each in buttons]}


def _own_desk(named: str | None, seated: str | None) -> str:
    """The desk that the request names, else the one at which the person is seated."""
    desk = named or seated
    if desk is None:
        raise conflict(
            "no_desk",
            "You are seated at no desk.",
            "Take a seat first, or name the desk (?desk=1001, --desk 1001).",
        )
    return desk
