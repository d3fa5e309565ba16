"""HTTP of the SIP lock-out: which accounts are locked out from where, and ending that before its time."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Depends
from pydantic import BaseModel, ConfigDict, Field

from softswitch.access import audit
from softswitch.access.model import Actor, Right
from softswitch.access.sip_lockout import SipLockout
from softswitch.clock import Millis
from softswitch.errors import not_found
from softswitch.store.database import Database
from softswitch.web.guard import Guard

Account = Annotated[str, Field(max_length=64)]


class LockoutBody(BaseModel):
    """An account (``*``: every account) and the address from which it is locked out."""

    model_config = ConfigDict(extra="forbid")
    account: Account
    address: Annotated[str, Field(max_length=45)]  # RFC 4291 section 2.2: the longest IPv6 address


class LockoutView(BaseModel):
    """One lock-out and when it ends."""

    account: str
    address: str
    until: Millis


class LockoutList(BaseModel):
    """What is locked out now."""

    sip_lockouts: list[LockoutView]


def routes(lockout: SipLockout, db: Database, guard: Guard) -> APIRouter:
    """Return the routes of the SIP lock-out."""
    router = APIRouter(prefix="/api/sip-lockouts", tags=["users"])
    reader = Depends(guard(Right.USER_READ))
    editor = Depends(guard(Right.USER_EDIT))

    @router.get("", response_model=LockoutList)
    async def list_lockouts(_actor: Actor = reader) -> dict[str, Any]:
        return {
            "sip_lockouts": [
                {"account": key.account, "address": key.address, "until": until}
                for key, until in sorted(lockout.blocked().items())
            ]
        }

    @router.post("/unlock", response_model=LockoutView)
    async def unlock(body: LockoutBody, actor: Actor = editor) -> dict[str, Any]:
        until = await lockout.unblock(body.account, body.address)
        if until is None:
            raise not_found(
                "sip lockout",
                f"of {body.account!r} from {body.address!r}",
                "See /api/sip-lockouts for what is locked out.",
            )
        details = {"address": body.address}
        await db.write(audit.append, actor.login, "sip.unlocked", body.account, details)
        return {**body.model_dump(), "until": until}

    return router
