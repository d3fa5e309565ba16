"""HTTP of access: sign in and out, oneself, tokens."""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Request, Response
from pydantic import BaseModel, ConfigDict, Field

from softswitch.access.model import Actor, Right, Role, User
from softswitch.access.policy import rights_of
from softswitch.access.service import Access
from softswitch.access.tokens import Tokens
from softswitch.web.guard import SESSION_COOKIE, Guard, address_of
from softswitch.web.origin import check_not_foreign

Password = Annotated[str, Field(max_length=1_000)]


class LoginBody(BaseModel):
    """Who signs in."""

    model_config = ConfigDict(extra="forbid")
    login: Annotated[str, Field(max_length=64)]
    password: Password


class PasswordBody(BaseModel):
    """The present password and the new one."""

    model_config = ConfigDict(extra="forbid")
    old: Password
    new: Password


class LanguageBody(BaseModel):
    """The language of the console: ``zh`` or ``en``."""

    model_config = ConfigDict(extra="forbid")
    language: Annotated[str, Field(max_length=8)]


class TokenBody(BaseModel):
    """What a token is for, and after how many days it runs out (null: never)."""

    model_config = ConfigDict(extra="forbid")
    label: Annotated[str, Field(max_length=200)]
    days: int | None = None


class MeView(BaseModel):
    """Oneself."""

    login: str
    name: str
    role: Role
    language: str
    rights: list[Right]
    desk: str | None


class TokenView(BaseModel):
    """A token without its secret."""

    id: str
    label: str
    created_at: int
    expires_at: int | None
    seen_at: int | None


class TokenList(BaseModel):
    """All tokens of somebody."""

    tokens: list[TokenView]


class NewTokenView(TokenView):
    """A token with its secret, shown once."""

    secret: str


DeskOf = Callable[[str], str | None]


def routes(
    access: Access, tokens: Tokens, guard: Guard, desk_of: DeskOf = lambda _login: None
) -> APIRouter:
    """Return the routes of access; ``desk_of`` tells at which extension somebody is seated."""
    router = APIRouter(tags=["access"])
    _session_routes(router, access, guard, desk_of)
    _own_routes(router, access, guard)
    _token_routes(router, tokens, guard)
    return router


def _session_routes(router: APIRouter, access: Access, guard: Guard, desk_of: DeskOf) -> None:
    own = Depends(guard(Right.ACCOUNT_OWN))

    @router.post("/api/login")
    async def login(body: LoginBody, request: Request, response: Response) -> MeView:
        check_not_foreign(request)
        replaces = request.cookies.get(SESSION_COOKIE)
        secret, user = await access.login(
            body.login, body.password, address_of(request), replaces=replaces
        )
        response.set_cookie(
            SESSION_COOKIE,
            secret,
            max_age=access.lasts(user.role),
            httponly=True,
            samesite="strict",
            secure=request.url.scheme == "https",
        )
        return _me(user, desk_of)

    @router.post("/api/logout", status_code=204)
    async def logout(response: Response, actor: Actor = own) -> None:
        await access.logout(actor)
        response.delete_cookie(SESSION_COOKIE, httponly=True, samesite="strict")

    @router.get("/api/me")
    async def me(actor: Actor = own) -> MeView:
        return _me(actor, desk_of)


def _own_routes(router: APIRouter, access: Access, guard: Guard) -> None:
    own = Depends(guard(Right.ACCOUNT_OWN))

    @router.put("/api/me/password", status_code=204)
    async def change_password(body: PasswordBody, actor: Actor = own) -> None:
        await access.change_password(actor, body.old, body.new)

    @router.put("/api/me/language", status_code=204)
    async def set_language(body: LanguageBody, actor: Actor = own) -> None:
        await access.set_language(actor, body.language)


def _token_routes(router: APIRouter, tokens: Tokens, guard: Guard) -> None:
    own = Depends(guard(Right.TOKEN_OWN))

    @router.get("/api/tokens", response_model=TokenList)
    async def list_tokens(actor: Actor = own) -> dict[str, Any]:
        return {"tokens": await tokens.all(actor)}

    @router.post("/api/tokens", status_code=201, response_model=NewTokenView)
    async def add_token(body: TokenBody, actor: Actor = own) -> dict[str, Any]:
        return await tokens.add(actor, body.label, body.days)

    @router.delete("/api/tokens/{id}", status_code=204)
    async def remove_token(id: str, actor: Actor = own) -> None:  # noqa: A002 - the name in the path
        await tokens.remove(actor, id)


def _me(person: User | Actor, desk_of: DeskOf) -> MeView:
    return MeView(
        login=person.login,
        name=person.name,
        role=person.role,
        language=person.language,
        rights=sorted(rights_of(person.role)),
        desk=desk_of(person.login),
    )
