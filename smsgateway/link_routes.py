"""HTTP of links to message centres. Passwords go in and never come out."""

import dataclasses
from typing import Annotated

from fastapi import APIRouter, Depends
from pydantic import Field
from sqlalchemy import Connection

from smsgateway.bodies import Json, LinkChange, NewLink
from smsgateway.build import MassSms
from smsgateway.links import store
from smsgateway.links.model import Link, LinkConfig, LinkState, LinkStatus, Route
from softswitch import chinese
from softswitch.access import audit
from softswitch.access.model import Actor, Right
from softswitch.clock import Millis
from softswitch.web.guard import Guard

Name = Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9._-]{0,31}$")]


def link_routes(sms: MassSms, guard: Guard) -> APIRouter:
    """Return the routes of links."""
    router = APIRouter(prefix="/api/sms/links", tags=["mass SMS"])
    reader = Annotated[Actor, Depends(guard(Right.SMS_READ))]
    configurer = Annotated[Actor, Depends(guard(Right.SMS_CONFIGURE))]

    async def tell(actor: Actor, action: str, link: str, details: Json) -> None:
        await sms.db.write(audit.append, actor.login, action, link, details)

    @router.get("")
    async def list_links(_actor: reader) -> Json:
        """Return links with what the gateway last told of each."""
        links = await sms.queue.read(store.every)
        statuses = await sms.queue.read(store.statuses, sms.clock())
        return {"links": [view(link, statuses.get(link.id)) for link in links]}

    @router.post("", status_code=201)
    async def add_link(body: NewLink, actor: configurer) -> Json:
        given = body.model_dump()
        routes = tuple(Route(**route) for route in given.pop("routes"))
        config = LinkConfig(**given, routes=routes)
        link = await sms.queue.write(store.add, config, sms.clock())
        await tell(actor, "sms.link.add", link.config.name, {"host": config.host})
        await sms.links_changed()
        return view(link)

    @router.patch("/{name}")
    async def change_link(name: Name, body: LinkChange, actor: configurer) -> Json:
        """Change a link; the gateway drains it and connects anew where that is needed."""
        given = body.model_dump(exclude_none=True)
        link = await sms.queue.write(_change, name, given, sms.clock())
        told = {key: value for key, value in given.items() if key != "password"}
        await tell(actor, "sms.link.change", name, told)
        return view(link)

    @router.delete("/{name}", status_code=204)
    async def remove_link(name: Name, actor: configurer) -> None:
        """Remove a link; what waits for it goes over others."""
        await sms.queue.write(store.remove, name)
        await tell(actor, "sms.link.remove", name, {})

    return router


def _change(conn: Connection, name: str, given: Json, at: Millis) -> Link:
    if "routes" in given:
        given = {**given, "routes": tuple(Route(**route) for route in given["routes"])}
    config = dataclasses.replace(store.one(conn, name).config, **given)
    return store.change(conn, name, config, at)


def view(link: Link, status: LinkStatus | None = None) -> Json:
    """Return a link as the screens show it."""
    config = dataclasses.asdict(link.config)
    config.pop("password")
    told = dataclasses.asdict(status or LinkStatus(LinkState.UNKNOWN))
    told["detail_zh"] = chinese.word(told["detail"])
    return {"id": link.id, **config, "status": told}
