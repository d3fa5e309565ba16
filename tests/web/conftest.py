"""A small application on a real server, with people who need no database."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path

import httpx
from fastapi import APIRouter, Depends
from pydantic import BaseModel

from softswitch.access.model import Actor, Right, Role
from softswitch.testing.patience import PATIENCE
from softswitch.web.frame import create_app
from softswitch.web.guard import Guard
from softswitch.web.live import Live
from softswitch.web.live_routes import routes as live_routes
from softswitch.web.server import WebServer


class People:
    """Credentials for tests: session and token are the name of the role."""

    def __init__(self) -> None:
        self.gone: set[str] = set()

    async def by_session(self, secret: str, address: str) -> Actor | None:
        return self._actor(secret, "session", address)

    async def by_token(self, secret: str, address: str) -> Actor | None:
        return self._actor(secret, "token", address)

    def _actor(self, secret: str, via: str, address: str) -> Actor | None:
        if secret not in set(Role) or secret in self.gone:
            return None
        return Actor(secret, secret, Role(secret), via=via, address=address)


class Body(BaseModel):
    digits: str
    count: int = 1


def things(guard: Guard) -> APIRouter:
    """Return a few routes to try the frame with."""
    router = APIRouter()
    dialler = Depends(guard(Right.CALL_DIAL))

    @router.post("/api/things/import")
    async def import_(actor: Actor = dialler) -> None:
        return None

    @router.post("/api/things/{id}")
    async def act(id: str, body: Body, actor: Actor = dialler) -> dict[str, str]:  # noqa: A002
        return {"id": id, "digits": body.digits, "login": actor.login, "via": actor.via}

    @router.get("/api/things")
    async def look(limit: int = 1, actor: Actor = dialler) -> dict[str, int]:
        return {"limit": limit}

    @router.get("/api/broken")
    async def broken(actor: Actor = dialler) -> None:
        raise RuntimeError("the secret of the database is xyzzy")

    return router


class Site:
    """A running server: its address, its live hub, its people."""

    def __init__(self, server: WebServer, live: Live, people: People) -> None:
        self.server = server
        self.live = live
        self.people = people
        self.host = f"127.0.0.1:{server.port}"
        self.url = f"http://{self.host}"
        self.socket = f"ws://{self.host}/api/live"

    def client(self, **headers: str) -> httpx.AsyncClient:
        return httpx.AsyncClient(base_url=self.url, headers=headers, timeout=PATIENCE)

    def page(self, role: str = "dispatcher") -> dict[str, str]:
        """Return the headers that a page of ours sends."""
        return {"cookie": f"softswitch_session={role}", "origin": self.url}


@asynccontextmanager
async def running(
    *, console: Path | None = None, ping_seconds: float = 15.0, more: Sequence[APIRouter] = ()
) -> AsyncIterator[Site]:
    live, people = Live(), People()
    guard = Guard(people)
    app = create_app(
        [things(guard), live_routes(live, guard, ping_seconds=ping_seconds), *more],
        console=console,
        hosts=["dispatch.example"],
    )
    server = WebServer(app, "127.0.0.1", 0)
    await server.start()
    try:
        yield Site(server, live, people)
    finally:
        await server.stop()
