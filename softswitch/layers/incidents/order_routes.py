"""HTTP of orders to units."""

from typing import Annotated, Any, Literal

from fastapi import APIRouter, Depends
from pydantic import BaseModel, ConfigDict, Field

from softswitch.access.model import Actor, Right
from softswitch.layers.incidents.build import Incidents
from softswitch.layers.incidents.order_model import OrderState, Via
from softswitch.web.guard import Guard

Json = dict[str, Any]
Id = Annotated[str, Field(pattern=r"^[a-f0-9]{1,32}$")]
_STEPS = {
    "received": OrderState.RECEIVED, "done": OrderState.DONE, "cancelled": OrderState.CANCELLED,
}  # fmt: skip


class NewOrder(BaseModel):
    """An order to a unit. ``minutes``: until when its receipt is due, 0 is none."""

    model_config = ConfigDict(extra="forbid")
    id: Id | None = None
    unit: str
    text: str
    via: Via = Via.PHONE
    number: str = ""
    deputy: str = ""
    minutes: int = 0


class Step(BaseModel):
    """What became of an order, and who told so."""

    model_config = ConfigDict(extra="forbid")
    state: Literal["received", "done", "cancelled"]
    by: str = ""


def order_routes(router: APIRouter, incidents: Incidents, guard: Guard) -> None:
    """Add the routes of orders."""
    reader = Annotated[Actor, Depends(guard(Right.INCIDENT_READ))]
    commander = Annotated[Actor, Depends(guard(Right.INCIDENT_ORDER))]
    orders = incidents.orders

    @router.get("/{incident_id}/orders")
    async def list_orders(incident_id: Id, _actor: reader) -> Json:
        return {"orders": await orders.of_incident(incident_id)}

    @router.post("/{incident_id}/orders", status_code=201)
    async def give_order(incident_id: Id, body: NewOrder, actor: commander) -> Json:
        """Order a unit by telephone (receipt by key 1), SMS (receipt by answer) or console."""
        return await orders.give(actor, incident_id, body.model_dump())

    @router.post("/orders/{order_id}")
    async def step_order(order_id: Id, body: Step, actor: commander) -> Json:
        """Note that an order was received or carried out, or cancel it."""
        return await orders.step(actor, order_id, _STEPS[body.state], body.by)
