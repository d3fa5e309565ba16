"""API tokens: for programs and the command line. A token may do what its owner may, never more."""

from __future__ import annotations

import secrets
from typing import Any

from sqlalchemy import Connection

from softswitch.access import audit, keys, store
from softswitch.access.model import Actor
from softswitch.access.service import Access
from softswitch.clock import Clock, Millis, now
from softswitch.errors import conflict, invalid, not_found
from softswitch.numbers import plain_text, quoted
from softswitch.store.database import Database

MOST = 50
"""Tokens of one user."""

LONGEST_DAYS = 3_650
_DAY = 86_400_000


class Tokens:
    """The capability to make, list and revoke one's own tokens."""

    def __init__(self, db: Database, access: Access, *, clock: Clock = now) -> None:
        self._db = db
        self._access = access
        self._clock = clock

    async def all(self, actor: Actor) -> list[dict[str, Any]]:
        """Return the tokens of ``actor``, without their secrets."""
        return await self._db.read(store.tokens_of, actor.login)

    async def add(self, actor: Actor, label: str, days: int | None = None) -> dict[str, Any]:
        """Return a new token with its secret, which is shown this once; ``days`` None: it does not run out."""
        at = self._clock()
        name = plain_text(label, "label", 80)
        if not name:
            raise invalid(
                "no_label", "The token has no label.", "Say what it is for.", field="label"
            )
        if days is not None and not 1 <= days <= LONGEST_DAYS:
            raise invalid(
                "bad_days", f"{days} days is no time.", f"Give 1 to {LONGEST_DAYS}.", field="days"
            )
        secret, id_ = keys.new_token(), secrets.token_hex(6)
        shown = {
            "id": id_,
            "label": name,
            "created_at": at,
            "expires_at": None if days is None else at + days * _DAY,
            "seen_at": None,
        }
        await self._db.write(_add, actor.login, {**shown, "key": keys.digest(secret)})
        return {**shown, "secret": secret}

    async def remove(self, actor: Actor, id_: str) -> None:
        """Revoke a token of ``actor``. Refuses ``token_not_found``."""
        await self._db.write(_remove, actor.login, id_)
        self._access.forget(actor.login)


def _add(conn: Connection, login: str, token: dict[str, Any]) -> None:
    if len(store.tokens_of(conn, login)) >= MOST:
        raise conflict("too_many_tokens", f"You have {MOST} tokens.", "Revoke one first.")
    store.add_token(conn, login=login, **token)
    details: dict[str, str | Millis | None] = {
        "label": token["label"],
        "expires_at": token["expires_at"],
    }
    audit.append(conn, login, "token.added", token["id"], details)


def _remove(conn: Connection, login: str, id_: str) -> None:
    if not store.remove_token(conn, login, id_):
        raise not_found("token", quoted(id_), "See the list of your tokens.")
    audit.append(conn, login, "token.removed", id_)
