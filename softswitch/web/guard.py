"""The guard at the door: who asks, and may they?

``guard(Right.CALL_DIAL)`` is a FastAPI dependency that returns the :class:`Actor` or raises the
:class:`Refusal`::

    @router.post("/api/calls")
    async def dial(body: Dial, actor: Annotated[Actor, Depends(guard(Right.CALL_DIAL))]) -> ...

(In a file with ``from __future__ import annotations`` write ``actor: Actor = Depends(guard(...))``: FastAPI
cannot see names of the enclosing function in text.)
"""

from __future__ import annotations

from typing import Protocol

from fastapi import Request
from starlette.requests import HTTPConnection

from softswitch.access.model import Actor, Right
from softswitch.errors import Kind, Refusal, forbidden
from softswitch.web.origin import check_cross_site

SESSION_COOKIE = "softswitch_session"


class Credentials(Protocol):
    """What the guard asks of access: whom a session or token belongs to."""

    async def by_session(self, secret: str, address: str) -> Actor | None: ...

    async def by_token(self, secret: str, address: str) -> Actor | None: ...


class Requirement:
    """One right as a FastAPI dependency. ``right`` is read by the test of every role on every route."""

    def __init__(self, guard: Guard, right: Right) -> None:
        self.right = right
        self._guard = guard

    async def __call__(self, request: Request) -> Actor:
        actor = await self._guard.identify(request)
        if actor.via == "session":
            check_cross_site(request)
        return permit(actor, self.right)


class Guard:
    """Makes requirements, and tells whose connection one is."""

    def __init__(self, credentials: Credentials) -> None:
        self._credentials = credentials
        self._requirements: dict[Right, Requirement] = {}

    def __call__(self, right: Right) -> Requirement:
        return self._requirements.setdefault(right, Requirement(self, right))

    async def identify(self, connection: HTTPConnection) -> Actor:
        """Return who asks, by token or session cookie; raise the refusal ``not_signed_in`` otherwise."""
        address = address_of(connection)
        token = bearer(connection)
        if token is not None:
            actor = await self._credentials.by_token(token, address)
            if actor is None:
                raise Refusal(
                    Kind.UNAUTHENTICATED,
                    "bad_token",
                    "This API token is unknown, revoked or has run out.",
                    "Make a new one with: softswitch token add.",
                )
            return actor
        secret = connection.cookies.get(SESSION_COOKIE)
        found = await self._credentials.by_session(secret, address) if secret else None
        if found is None:
            raise Refusal(
                Kind.UNAUTHENTICATED, "not_signed_in", "You are not signed in.", "Sign in first."
            )
        return found


def permit(actor: Actor, right: Right) -> Actor:
    """Return ``actor`` or raise the refusal ``not_allowed``."""
    if not actor.may(right):
        raise forbidden(
            "not_allowed",
            f"The role {actor.role} does not include {right}.",
            "Ask a supervisor to do it or to change your role.",
        )
    return actor


def bearer(connection: HTTPConnection) -> str | None:
    """Return the token of ``Authorization: Bearer`` (RFC 6750 section 2.1); None without one."""
    scheme, _, value = connection.headers.get("authorization", "").partition(" ")
    return value.strip() if scheme.lower() == "bearer" else None


def address_of(connection: HTTPConnection) -> str:
    """Return the address of the other side, without the port."""
    return connection.client.host if connection.client else ""
