"""What signing in and out, and changes to oneself, write: functions for the writer thread."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import Connection

from softswitch.access import audit, keys, store
from softswitch.access.model import Actor, User
from softswitch.clock import Millis
from softswitch.errors import Kind, Refusal
from softswitch.events import UserLockedOut, UserSignedIn, UserSignedOut
from softswitch.store import event_log


def wrong_login() -> Refusal:
    """Return the refusal that is the same for an unknown user and a wrong password."""
    return Refusal(
        Kind.UNAUTHENTICATED,
        "wrong_login",
        "Login or password is wrong.",
        "Try again; a supervisor can set a new password.",
    )


def credentials(conn: Connection, login: str) -> tuple[User | None, str | None]:
    """Return a user and the hash of the password."""
    return store.user(conn, login), store.password(conn, login)


def note_failure(
    conn: Connection, login: str, address: str, at: Millis, until: Millis | None
) -> None:
    """Write down a wrong password, and the lock that it caused."""
    # What was typed as an unknown login may be a password: it is not written down.
    audit.append(conn, login or "unknown", "login.failed", login, {"address": address}, at=at)
    if until is not None and login:
        audit.append(
            conn, login, "login.locked", login, {"address": address, "until": until}, at=at
        )
        event_log.append(conn, UserLockedOut(login, at, until))


@dataclass(frozen=True, slots=True)
class NewSession:
    """A session to begin; ``replaces`` is the secret of the one that the browser had."""

    key: str
    address: str
    at: Millis
    replaces: str | None
    checked: str  # the hash that the password was checked against
    renewed: str | None


def sign_in(conn: Connection, login: str, new: NewSession) -> User:
    """Begin a session; refuse when the user changed since the password was checked."""
    user, stored = credentials(conn, login)
    if user is None or user.disabled or stored != new.checked:
        raise wrong_login()  # changed while the slow check ran
    if new.replaces:
        store.end_session(conn, keys.digest(new.replaces))
    if new.renewed is not None:
        store.change_user(conn, user, new.renewed)
    store.add_session(conn, new.key, login, new.at, new.address)
    audit.append(conn, login, "login.succeeded", login, {"address": new.address}, at=new.at)
    event_log.append(conn, UserSignedIn(login, new.at, new.address), at=new.at)
    return user


def sign_out(conn: Connection, key: str, at: Millis) -> None:
    """End a session."""
    login = store.end_session(conn, key)
    if login is not None:
        audit.append(conn, login, "logout", login, at=at)
        event_log.append(conn, UserSignedOut(login, at), at=at)


def set_password(conn: Connection, actor: Actor, hashed: str) -> None:
    """Store a new password and end every other session of this person."""
    user = store.user(conn, actor.login)
    if user is not None:
        store.change_user(conn, user, hashed)
        ended = store.end_sessions(conn, actor.login, actor.key)
        audit.append(
            conn, actor.login, "user.password_changed", actor.login, {"sessions_ended": ended}
        )


def set_language(conn: Connection, login: str, language: str) -> None:
    """Store the language of the console."""
    user = store.user(conn, login)
    if user is not None:
        changed = User(user.login, user.name, user.role, language, user.disabled, user.created_at)
        store.change_user(conn, changed)
        audit.append(conn, login, "user.changed", login, {"language": language})
