"""HTTP of camp-on, intercom and night service."""

from typing import Annotated, Any

from fastapi import APIRouter, Depends
from pydantic import BaseModel, ConfigDict, Field

from softswitch import numbers
from softswitch.access.model import Actor, Right
from softswitch.calls.acting import acting_desk
from softswitch.errors import invalid
from softswitch.features.build import Features
from softswitch.features.night_model import Mode, Period
from softswitch.web.guard import Guard

Json = dict[str, Any]
CampId = Annotated[str, Field(pattern=r"^[a-f0-9]{1,32}$")]


class Body(BaseModel):
    """Nothing that is not known."""

    model_config = ConfigDict(extra="forbid")


class NewCamp(Body):
    """Which busy extension, and how many seconds to wait at most."""

    target: str = Field(max_length=8)
    seconds: int = 2_700
    desk: str | None = None


class IntercomCall(Body):
    """Which extension to speak to."""

    to: str = Field(max_length=8)
    desk: str | None = None


class IntercomRule(Body):
    """Whether the extension answers intercom by itself."""

    allowed: bool


class NightMode(Body):
    """Night by hand, day by hand, or by the timetable."""

    mode: Mode


class NightPeriod(Body):
    """Night on some days (1 Monday to 7 Sunday) from a time of the day to another, over midnight too."""

    days: list[int] = Field(max_length=7)
    begin: str = Field(max_length=5)
    end: str = Field(max_length=5)


class NightTable(Body):
    """Who takes calls at night, and when it is night; what is not given stays."""

    targets: list[str] | None = Field(None, max_length=20)
    periods: list[NightPeriod] | None = Field(None, max_length=50)
    lines: dict[str, str] | None = None


def routes(features: Features, guard: Guard) -> APIRouter:
    """Return the routes of telephone features."""
    router = APIRouter(prefix="/api")
    _camps(router, features, guard)
    _intercom(router, features, guard)
    _night(router, features, guard)
    return router


def _camps(router: APIRouter, features: Features, guard: Guard) -> None:
    reader = Annotated[Actor, Depends(guard(Right.CALL_READ))]
    dialler = Annotated[Actor, Depends(guard(Right.CALL_DIAL))]
    camps, center = features.camps, features.center

    @router.get("/camps", tags=["features"])
    async def list_camps(_actor: reader) -> Json:
        return {"camps": camps.listed()}

    @router.post("/camps", tags=["features"], status_code=201)
    async def camp_on(body: NewCamp, actor: dialler) -> Json:
        """Be called when a busy extension is free."""
        desk = acting_desk(actor, body.desk, center.desks, center.book)
        target = numbers.extension(numbers.bare(body.target), "target")
        life = body.seconds * 1000
        return camps.view(await camps.add(actor.login, desk, target, life=life))

    @router.delete("/camps/{camp_id}", tags=["features"])
    async def cancel_camp(camp_id: CampId, actor: dialler) -> Json:
        return camps.view(await camps.cancel(actor.login, camp_id))


def _intercom(router: APIRouter, features: Features, guard: Guard) -> None:
    reader = Annotated[Actor, Depends(guard(Right.CALL_READ))]
    dialler = Annotated[Actor, Depends(guard(Right.CALL_DIAL))]
    editor = Annotated[Actor, Depends(guard(Right.DIRECTORY_EDIT))]
    intercom, center = features.intercom, features.center

    @router.get("/intercom", tags=["features"])
    async def list_intercom(_actor: reader) -> Json:
        """Tell which extensions answer intercom."""
        return {"extensions": intercom.allowed()}

    @router.post("/intercom", tags=["features"], status_code=202)
    async def call_by_intercom(body: IntercomCall, actor: dialler) -> Json:
        """Speak to an extension whose phone answers by itself."""
        desk = acting_desk(actor, body.desk, center.desks, center.book)
        return {
            "call_id": await intercom.call(desk, numbers.extension(numbers.bare(body.to), "to"))
        }

    @router.put("/intercom/{extension}", tags=["features"])
    async def allow_intercom(extension: str, body: IntercomRule, actor: editor) -> Json:
        number = numbers.extension(numbers.bare(extension), "extension")
        await intercom.allow(actor.login, number, body.allowed)
        return {"extension": number, "allowed": body.allowed}


def _night(router: APIRouter, features: Features, guard: Guard) -> None:
    reader = Annotated[Actor, Depends(guard(Right.INTAKE_READ))]
    switcher = Annotated[Actor, Depends(guard(Right.NIGHT_SWITCH))]
    editor = Annotated[Actor, Depends(guard(Right.INTAKE_EDIT))]
    nights = features.nights

    @router.get("/night", tags=["features"])
    async def show_night(_actor: reader) -> Json:
        return nights.view()

    @router.put("/night/mode", tags=["features"])
    async def switch_night(body: NightMode, actor: switcher) -> Json:
        """Switch night service by hand, or leave it to the timetable."""
        await nights.switch(actor.login, body.mode)
        return nights.view()

    @router.put("/night", tags=["features"])
    async def change_night(body: NightTable, actor: editor) -> Json:
        """Change the timetable, the night targets and the lines that are sent on."""
        periods = None if body.periods is None else [_period(each) for each in body.periods]
        await nights.set(actor.login, targets=body.targets, periods=periods, lines=body.lines)
        return nights.view()


def _period(given: NightPeriod) -> Period:
    return Period(tuple(given.days), _minute(given.begin), _minute(given.end))


def _minute(text: str) -> int:
    """Return the minute of the day of a time such as 18:00; 24:00 is midnight."""
    hours, colon, minutes = text.partition(":")
    if colon and hours.isdecimal() and len(minutes) == 2 and minutes.isdecimal():
        minute = int(hours) * 60 + int(minutes)
        if int(minutes) < 60 and minute <= 1_440:
            return minute % 1_440
    raise invalid(
        "bad_time_of_day", f"{numbers.quoted(text)} is no time of the day.", "Give it as 18:00.",
        field="periods",
    )  # fmt: skip
