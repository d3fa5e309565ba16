"""Users, sessions and tokens in the database."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Connection,
    ForeignKey,
    Row,
    String,
    Table,
    delete,
    func,
    insert,
    select,
    update,
)

from softswitch.access.model import LOCAL_LOGIN, Role, User
from softswitch.clock import Millis
from softswitch.store.notes import note
from softswitch.store.tables import metadata

USERS = "users"
"""The topic of the note that a change of users leaves."""

users = Table(
    "users",
    metadata,
    Column("login", String(32), primary_key=True),
    Column("name", String(80), nullable=False),
    Column("role", String(16), nullable=False),
    Column("language", String(8), nullable=False),
    Column("password", String(200), nullable=False),
    Column("disabled", Boolean, nullable=False),
    Column("created_at", BigInteger, nullable=False),
)

sessions = Table(
    "sessions",
    metadata,
    Column("key", String(64), primary_key=True),
    Column("login", ForeignKey("users.login", ondelete="CASCADE"), nullable=False, index=True),
    Column("created_at", BigInteger, nullable=False),
    Column("seen_at", BigInteger, nullable=False),
    Column("address", String(64), nullable=False),
)

tokens = Table(
    "tokens",
    metadata,
    Column("id", String(16), primary_key=True),
    Column("key", String(64), nullable=False, unique=True),
    Column("login", ForeignKey("users.login", ondelete="CASCADE"), nullable=False, index=True),
    Column("label", String(80), nullable=False),
    Column("created_at", BigInteger, nullable=False),
    Column("expires_at", BigInteger),
    Column("seen_at", BigInteger),
)


@dataclass(frozen=True, slots=True)
class StoredSession:
    """A session with the user it belongs to."""

    user: User
    created_at: Millis
    seen_at: Millis


@dataclass(frozen=True, slots=True)
class StoredToken:
    """A token with the user it belongs to."""

    id: str
    user: User
    expires_at: Millis | None
    seen_at: Millis | None


# ---- users ------------------------------------------------------------------------------------------------


def user(conn: Connection, login: str) -> User | None:
    """Return a user."""
    if "\0" in login:  # PostgreSQL refuses it even in a question
        return None
    row = conn.execute(select(users).where(users.c.login == login)).first()
    return None if row is None else _user(row)


def all_users(conn: Connection) -> list[User]:
    """Return every user by login."""
    return [_user(row) for row in conn.execute(select(users).order_by(users.c.login))]


def password(conn: Connection, login: str) -> str | None:
    """Return the hash of a user's password."""
    if "\0" in login:
        return None
    return conn.execute(select(users.c.password).where(users.c.login == login)).scalar()


def add_user(conn: Connection, new: User, hashed: str) -> None:
    """Store a new user."""
    conn.execute(insert(users).values(password=hashed, **_columns(new)))
    note(conn, USERS)


def change_user(conn: Connection, changed: User, hashed: str | None = None) -> None:
    """Store the new picture of a user, and a new password when there is one."""
    values = _columns(changed) if hashed is None else {**_columns(changed), "password": hashed}
    conn.execute(update(users).where(users.c.login == changed.login).values(**values))
    note(conn, USERS)


def remove_user(conn: Connection, login: str) -> None:
    """Remove a user with all sessions and tokens."""
    conn.execute(delete(users).where(users.c.login == login))
    note(conn, USERS)


def count_active(conn: Connection, role: Role) -> int:
    """Return how many people with ``role`` may sign in."""
    query = select(func.count()).where(
        users.c.role == role.value, users.c.disabled.is_(False), users.c.login != LOCAL_LOGIN
    )
    return int(conn.execute(query).scalar_one())


def count_users(conn: Connection) -> int:
    """Return how many users there are."""
    return int(conn.execute(select(func.count()).select_from(users)).scalar_one())


# ---- sessions ---------------------------------------------------------------------------------------------


def add_session(conn: Connection, key: str, login: str, at: Millis, address: str) -> None:
    """Store a new session."""
    conn.execute(
        insert(sessions).values(key=key, login=login, created_at=at, seen_at=at, address=address)
    )


def session(conn: Connection, key: str) -> StoredSession | None:
    """Return a session with its user."""
    query = (
        select(users, sessions.c.created_at.label("began"), sessions.c.seen_at)
        .join(sessions, sessions.c.login == users.c.login)
        .where(sessions.c.key == key)
    )
    row = conn.execute(query).first()
    return None if row is None else StoredSession(_user(row), row.began, row.seen_at)


def touch_session(conn: Connection, key: str, at: Millis) -> None:
    """Record a sign of life."""
    conn.execute(update(sessions).where(sessions.c.key == key).values(seen_at=at))


def end_session(conn: Connection, key: str) -> str | None:
    """Remove a session; return whose it was."""
    login = conn.execute(select(sessions.c.login).where(sessions.c.key == key)).scalar()
    conn.execute(delete(sessions).where(sessions.c.key == key))
    return login


def end_sessions(conn: Connection, login: str, but: str = "") -> int:
    """Remove every session of ``login`` but one; return how many."""
    query = delete(sessions).where(sessions.c.login == login, sessions.c.key != but)
    return conn.execute(query).rowcount


def end_old_sessions(
    conn: Connection, at: Millis, limits: Mapping[str, tuple[Millis, Millis]]
) -> int:
    """Remove sessions that are older, unseen or in all, than those of a role may be; return how many."""
    ended = 0
    for role, (idle, absolute) in limits.items():
        old = (sessions.c.seen_at < at - idle) | (sessions.c.created_at < at - absolute)
        old &= sessions.c.login.in_(select(users.c.login).where(users.c.role == role))
        ended += conn.execute(delete(sessions).where(old)).rowcount
    return ended


# ---- tokens -----------------------------------------------------------------------------------------------


def add_token(conn: Connection, **columns: Any) -> None:
    """Store a new token."""
    conn.execute(insert(tokens).values(**columns))


def token(conn: Connection, key: str) -> StoredToken | None:
    """Return a token by the digest of its secret, with its user."""
    query = (
        select(users, tokens.c.id, tokens.c.expires_at, tokens.c.seen_at)
        .join(tokens, tokens.c.login == users.c.login)
        .where(tokens.c.key == key)
    )
    row = conn.execute(query).first()
    return None if row is None else StoredToken(row.id, _user(row), row.expires_at, row.seen_at)


def tokens_of(conn: Connection, login: str) -> list[dict[str, Any]]:
    """Return the tokens of a user, oldest first, without their digests."""
    shown = [tokens.c[name] for name in ("id", "label", "created_at", "expires_at", "seen_at")]
    query = select(*shown).where(tokens.c.login == login).order_by(tokens.c.created_at)
    return [dict(row) for row in conn.execute(query).mappings()]


def touch_token(conn: Connection, id_: str, at: Millis) -> None:
    """Record that a token was used."""
    conn.execute(update(tokens).where(tokens.c.id == id_).values(seen_at=at))


def remove_token(conn: Connection, login: str, id_: str) -> bool:
    """Remove a token of ``login``; return whether there was one."""
    query = delete(tokens).where(tokens.c.id == id_, tokens.c.login == login)
    return conn.execute(query).rowcount > 0


def _user(row: Row[Any]) -> User:
    return User(row.login, row.name, Role(row.role), row.language, row.disabled, row.created_at)


def _columns(user_: User) -> dict[str, Any]:
    return {
        "login": user_.login,
        "name": user_.name,
        "role": user_.role.value,
        "language": user_.language,
        "disabled": user_.disabled,
        "created_at": user_.created_at,
    }
