"""HTTP of trunks: what they do, taking circuits out of use, test calls, and the description of all of them."""

from typing import Annotated, Any

from fastapi import APIRouter, Depends, Query
from pydantic import BaseModel, ConfigDict, Field

from softswitch import numbers
from softswitch.access.model import Actor, Right
from softswitch.web.guard import Guard
from trunk import views
from trunk.build import Trunks
from trunk.operate import Act

Json = dict[str, Any]
Name = Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9-]{1,31}$")]


class Body(BaseModel):
    """Nothing that is not known."""

    model_config = ConfigDict(extra="forbid")


class Description(Body):
    """The description of all trunks, as TOML."""

    text: str = Field(max_length=1_000_000)


class Circuits(Body):
    """Which circuits of a trunk, by id; none: all of them."""

    circuits: list[Annotated[str, Field(max_length=64)]] = Field([], max_length=2_000)


class Looped(Circuits):
    """Whether circuits are looped back to the far end; none: the whole line."""

    on: bool


class TestCall(Body):
    """Which number to call."""

    number: str = Field(max_length=40)


def routes(trunks: Trunks, guard: Guard) -> APIRouter:
    """Return the routes of trunks."""
    router = APIRouter(prefix="/api/trunks", tags=["trunks"])
    _looking(router, trunks, guard)
    _describing(router, trunks, guard)
    _operating(router, trunks, guard)
    return router


def _looking(router: APIRouter, trunks: Trunks, guard: Guard) -> None:
    reader = Annotated[Actor, Depends(guard(Right.TRUNK_READ))]

    @router.get("")
    async def list_trunks(_actor: reader) -> Json:
        """Every trunk with its state, counters and circuits."""
        return {"trunks": trunks.shown()}

    @router.get("/calls")
    async def list_trunk_calls(
        _actor: reader,
        trunk: Name | None = None,
        cause: Annotated[int | None, Query(ge=0, le=127)] = None,
        before: Annotated[int | None, Query(ge=0, le=2**53)] = None,
        limit: Annotated[int, Query(ge=1, le=1000)] = 100,
    ) -> Json:
        """Records of calls that are over, the last first, with Q.850 cause and who ended them."""
        rows = await trunks.calls(trunk, cause, before, limit)
        return {"calls": [views.record_view(row) for row in rows]}

    @router.get("/way")
    async def show_way(
        _actor: reader,
        number: Annotated[str, Query(max_length=40)],
        caller: Annotated[str, Query(max_length=8, pattern=r"^[0-9]*$")] = "",
        level: Annotated[int, Query(ge=0, le=4)] = 4,
    ) -> Json:
        """Which trunks a call to a number would try now, and why others would not be."""
        return trunks.way(numbers.phone_number(number), caller, level)

    @router.get("/{name}")
    async def show_trunk(name: Name, _actor: reader) -> Json:
        return trunks.one(name)


def _describing(router: APIRouter, trunks: Trunks, guard: Guard) -> None:
    editor = Annotated[Actor, Depends(guard(Right.TRUNK_EDIT))]

    @router.get("/description/text")
    async def read_description(_actor: editor) -> Json:
        """The description that holds, with its secrets."""
        return {"text": trunks.service.text}

    @router.post("/description/check")
    async def check_description(body: Description, _actor: editor) -> Json:
        """Check a description and change nothing; tells what is wrong with its line."""
        plan = trunks.service.check(body.text)
        return {"trunks": len(plan.trunks), "routes": len(plan.routes)}

    @router.put("/description/text")
    async def apply_description(body: Description, actor: editor) -> Json:
        """Check a description and let it hold; calls that are up go on."""
        plan = await trunks.service.apply(actor.login, body.text)
        return {"trunks": len(plan.trunks), "routes": len(plan.routes)}


def _operating(router: APIRouter, trunks: Trunks, guard: Guard) -> None:
    operator = Annotated[Actor, Depends(guard(Right.TRUNK_OPERATE))]
    operate = trunks.operate

    def add(word: str, act: Act, told: str) -> None:
        @router.post(f"/{{name}}/{word}", name=f"{word}_trunk", description=told)
        async def command(name: Name, body: Circuits, actor: operator) -> Json:
            await operate.act(actor.login, act, name, body.circuits)
            return trunks.one(name)

    add("block", Act.BLOCK, "Take circuits out of use; calls on them go on until they end.")
    add("unblock", Act.UNBLOCK, "Give circuits back to use.")
    add("reset", Act.RESET, "Bring both ends of circuits to idle; calls on them are cleared.")

    @router.post("/{name}/restore")
    async def restore_trunk(name: Name, actor: operator) -> Json:
        """Put a trunk back into service that its breaker took out."""
        await operate.restore(actor.login, name)
        return trunks.one(name)

    @router.post("/{name}/loop")
    async def loop_trunk(name: Name, body: Looped, actor: operator) -> Json:
        """Loop circuits back to the far end, or the whole line, or end that."""
        await operate.loop(actor.login, name, body.on, body.circuits)
        return trunks.one(name)

    @router.post("/{name}/test")
    async def test_trunk(name: Name, body: TestCall, actor: operator) -> Json:
        """Place a call over this trunk and tell what became of it."""
        number = numbers.phone_number(body.number)
        return await operate.test(actor.login, name, number)
