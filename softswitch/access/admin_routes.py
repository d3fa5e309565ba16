"""HTTP of access: users and the audit log."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Depends, Query, Request, Response
from pydantic import BaseModel, ConfigDict, Field

from softswitch.access.audit_service import Audit
from softswitch.access.model import Actor, Right, Role
from softswitch.access.users import UserChange, Users
from softswitch.access.users_csv import UsersCsv
from softswitch.web.csv_http import CsvReport, csv_response
from softswitch.web.guard import Guard
from softswitch.web.places import Offset

Text = Annotated[str, Field(max_length=200)]
_NO_NUL = r"^[^\x00]*$"  # PostgreSQL refuses it even in a question
Password = Annotated[str, Field(max_length=1_000)]


class NewUser(BaseModel):
    """A user to add."""

    model_config = ConfigDict(extra="forbid")
    login: Text
    name: Text = ""
    role: Text
    language: Text = "zh"
    password: Password


class ChangedUser(BaseModel):
    """What shall change on a user; what is left out stays."""

    model_config = ConfigDict(extra="forbid")
    name: Text | None = None
    role: Text | None = None
    language: Text | None = None
    disabled: bool | None = None
    password: Password | None = None


class UserView(BaseModel):
    """A user."""

    login: str
    name: str
    role: Role
    language: str
    disabled: bool
    created_at: int
    locked_until: int | None


class UserList(BaseModel):
    """All users."""

    users: list[UserView]


class AuditRow(BaseModel):
    """One row of the audit log."""

    seq: int
    at: int
    actor: str
    act: str
    target: str
    details: dict[str, Any]
    hash: str


class AuditPage(BaseModel):
    """Rows of the audit log, and with ``offset`` how many there are in all."""

    audit: list[AuditRow]
    count: int | None = None


class VerifyView(BaseModel):
    """What verification of the audit chain found."""

    ok: bool
    rows: int
    hash: str
    broken_at: int | None
    problem: str


def routes(users: Users, csv: UsersCsv, audit: Audit, guard: Guard) -> APIRouter:
    """Return the routes of users and of the audit log."""
    router = APIRouter()
    _csv_routes(router, csv, guard)
    _user_routes(router, users, guard)
    _audit_routes(router, audit, guard)
    return router


def _user_routes(router: APIRouter, users: Users, guard: Guard) -> None:
    reader = Depends(guard(Right.USER_READ))
    editor = Depends(guard(Right.USER_EDIT))

    @router.get("/api/users", response_model=UserList, tags=["users"])
    async def list_users(_actor: Actor = reader) -> dict[str, Any]:
        return {"users": await users.all()}

    @router.post("/api/users", status_code=201, response_model=UserView, tags=["users"])
    async def add_user(body: NewUser, actor: Actor = editor) -> dict[str, Any]:
        return await users.add(
            actor, body.login, body.name, body.role, body.password, body.language
        )

    @router.get("/api/users/{login}", response_model=UserView, tags=["users"])
    async def read_user(login: str, _actor: Actor = reader) -> dict[str, Any]:
        return await users.one(login)

    @router.patch("/api/users/{login}", response_model=UserView, tags=["users"])
    async def change_user(login: str, body: ChangedUser, actor: Actor = editor) -> dict[str, Any]:
        return await users.change(actor, login, UserChange(**body.model_dump()))

    @router.delete("/api/users/{login}", status_code=204, tags=["users"])
    async def remove_user(login: str, actor: Actor = editor) -> None:
        await users.remove(actor, login)

    @router.post("/api/users/{login}/unlock", response_model=UserView, tags=["users"])
    async def unlock_user(login: str, actor: Actor = editor) -> dict[str, Any]:
        return await users.unlock(actor, login)


def _csv_routes(router: APIRouter, csv: UsersCsv, guard: Guard) -> None:
    @router.get("/api/users/export.csv", response_class=Response, tags=["users"])
    async def export_users(actor: Actor = Depends(guard(Right.USER_READ))) -> Response:  # noqa: B008
        return csv_response(await csv.export(actor), "users.csv")

    @router.post("/api/users/import", response_model=CsvReport, tags=["users"])
    async def import_users(
        request: Request,
        dry_run: bool = False,
        actor: Actor = Depends(guard(Right.USER_EDIT)),  # noqa: B008
    ) -> dict[str, Any]:
        report = await csv.import_(actor, await request.body(), dry_run=dry_run)
        return report.as_json()


def _audit_routes(router: APIRouter, audit: Audit, guard: Guard) -> None:
    @router.get(
        "/api/audit", response_model=AuditPage, response_model_exclude_unset=True, tags=["audit"]
    )
    async def read_audit(
        after: Annotated[int, Query(ge=0, le=2**62)] = 0,
        limit: Annotated[int, Query(ge=1, le=1_000)] = 100,
        actor: Annotated[str, Query(max_length=64, pattern=_NO_NUL)] = "",
        act: Annotated[str, Query(max_length=64, pattern=_NO_NUL)] = "",
        before: Annotated[int | None, Query(ge=0, le=2**62)] = None,
        offset: Offset = None,
        _actor: Actor = Depends(guard(Right.AUDIT_READ)),  # noqa: B008
    ) -> dict[str, Any]:
        """Give rows after ``after``, oldest first; with ``before`` those before it, newest first.

        With ``offset`` from that place of the whole list on, newest first, with its ``count``.
        """
        if offset is None:
            return {"audit": await audit.page(after, limit, actor, act, before)}
        rows, count = await audit.part(offset, limit, actor, act)
        return {"audit": rows, "count": count}

    @router.post("/api/audit/verify", response_model=VerifyView, tags=["audit"])
    async def verify_audit(
        actor: Actor = Depends(guard(Right.AUDIT_VERIFY)),  # noqa: B008
    ) -> dict[str, Any]:
        return (await audit.verify_for(actor)).as_json()
