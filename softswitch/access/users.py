"""Users: add, change, remove, unlock, and the first one."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from typing import Any

from sqlalchemy import Connection

from softswitch import numbers
from softswitch.access import audit, store
from softswitch.access.model import SYSTEM_LOGIN, Actor, Role, User
from softswitch.access.passwords import check_rules, generate
from softswitch.access.policy import covers
from softswitch.access.service import Access, check_language
from softswitch.clock import Clock, now
from softswitch.errors import conflict, forbidden, invalid, not_found
from softswitch.store.database import Database

FIRST_LOGIN = "admin"
_LONGEST_NAME = 80


@dataclasses.dataclass(frozen=True, slots=True)
class UserChange:
    """What shall change on a user; None stays as it is."""

    name: str | None = None
    role: str | None = None
    language: str | None = None
    disabled: bool | None = None
    password: str | None = None


class Users:
    """The capability to manage users. Each change is audited, and seen by open sessions at once."""

    def __init__(self, db: Database, access: Access, *, clock: Clock = now) -> None:
        self._db = db
        self._access = access
        self._clock = clock
        self._roles: dict[str, str] | None = None
        self._changes = 0
        db.listen(store.USERS, self._forget_roles)

    async def roles(self) -> dict[str, str]:
        """Return login → role of everybody, read again after each change only: acts that are in a hurry ask."""
        if self._roles is not None:
            return self._roles
        before = self._changes
        read = {user.login: user.role.value for user in await self._db.read(store.all_users)}
        if before == self._changes:
            self._roles = read
        return read

    def _forget_roles(self, _note: object) -> None:
        self._roles = None
        self._changes += 1

    async def all(self) -> list[dict[str, Any]]:
        """Return every user as the API shows them."""
        return [self.view(user) for user in await self._db.read(store.all_users)]

    async def one(self, login: str) -> dict[str, Any]:
        """Return one user or refuse: ``user_not_found``."""
        return self.view(await self._db.read(_existing, login))

    async def add(
        self, actor: Actor, login: str, name: str, role: str, password: str, language: str = "zh"
    ) -> dict[str, Any]:
        """Add a user. Refuses ``login_taken``, ``weak_password``, ``not_yours_to_give`` and bad values."""
        new = make_user(login, name, role, language, self._clock())
        check_gift(actor, new.role)
        hashed = await self._access.passwords.hash(check_rules(password, login))
        await self._db.write(_add, actor.login, new, hashed)
        return self.view(new)

    async def change(self, actor: Actor, login: str, change: UserChange) -> dict[str, Any]:
        """Change a user; a new role, password or ``disabled`` ends their sessions.

        Refuses ``user_not_found``, ``not_yours_to_give``, ``last_supervisor``, ``yourself``.
        """
        hashed = None
        if change.password is not None:
            hashed = await self._access.passwords.hash(check_rules(change.password, login))
        changed = await self._db.write(apply_change, actor, login, change, hashed)
        self._access.forget(login)
        return self.view(changed)

    async def remove(self, actor: Actor, login: str) -> None:
        """Remove a user with sessions and tokens. Refuses like :meth:`change`."""
        await self._db.write(_remove, actor, login)
        self._access.forget(login)
        self._access.by_login.forget(login)

    async def unlock(self, actor: Actor, login: str) -> dict[str, Any]:
        """Let a user try to sign in again at once."""
        user = await self._db.read(_existing, login)
        await self._db.write(audit.append, actor.login, "user.unlocked", login, None)
        self._access.by_login.forget(login)
        return self.view(user)

    async def first(self) -> tuple[str, str] | None:
        """Make the first supervisor when there is no user; return login and password, to be shown once."""
        if await self._db.read(store.count_users):
            return None
        password = generate()
        user = User(FIRST_LOGIN, "管理员", Role.SUPERVISOR, "zh", False, self._clock())
        hashed = await self._access.passwords.hash(password)
        made = await self._db.write(_first, user, hashed)
        return (FIRST_LOGIN, password) if made else None

    def view(self, user: User) -> dict[str, Any]:
        """Return a user as the API shows them."""
        return {
            "login": user.login,
            "name": user.name,
            "role": user.role.value,
            "language": user.language,
            "disabled": user.disabled,
            "created_at": user.created_at,
            "locked_until": self._access.by_login.locked_until(user.login, self._clock()),
        }


# ---- values -----------------------------------------------------------------------------------------------


def make_user(login: str, name: str, role: str, language: str, at: int) -> User:
    """Return a user of checked values or refuse what is wrong."""
    typed = numbers.login(login)
    if typed == SYSTEM_LOGIN:
        raise conflict(
            "login_taken", f"{SYSTEM_LOGIN} is the server itself.", "Choose another login."
        )
    return User(
        typed, check_name(name, login), check_role(role), check_language(language), False, at
    )


def check_name(name: str, login: str) -> str:
    """Return a person's name; the login when it is empty."""
    if "\n" in name or "\t" in name:
        raise invalid(
            "control_characters",
            "The name has more than one line.",
            "Give it in one line.",
            field="name",
        )
    return numbers.plain_text(name, "name", _LONGEST_NAME) or login


def check_role(role: str) -> Role:
    """Return a role or refuse it."""
    try:
        return Role(role)
    except ValueError as error:
        raise invalid(
            "bad_role",
            f"There is no role {numbers.quoted(role)}.",
            f"Give one of {', '.join(Role)}.",
            field="role",
        ) from error


def check_gift(actor: Actor, role: Role) -> None:
    """Refuse to let ``actor`` touch a role that may do more than their own."""
    if not covers(actor.role, role):
        raise forbidden(
            "not_yours_to_give",
            f"The role {role} may do more than yours.",
            "Ask a supervisor.",
        )


# ---- in the writer thread ---------------------------------------------------------------------------------


def _existing(conn: Connection, login: str) -> User:
    user = store.user(conn, login)
    if user is None:
        raise not_found("user", numbers.quoted(login), "See the list of users.")
    return user


def _add(conn: Connection, actor: str, new: User, hashed: str) -> None:
    if store.user(conn, new.login) is not None:
        raise conflict(
            "login_taken", f"The user {new.login} exists already.", "Choose another login."
        )
    store.add_user(conn, new, hashed)
    audit.append(conn, actor, "user.added", new.login, {"role": new.role, "name": new.name})


def apply_change(
    conn: Connection, actor: Actor, login: str, change: UserChange, hashed: str | None
) -> User:
    """Change a user in the writer thread; return the new picture."""
    user = _existing(conn, login)
    changed = _changed(user, change)
    check_gift(actor, user.role)
    check_gift(actor, changed.role)
    if changed.login == actor.login and (changed.role, changed.disabled) != (user.role, False):
        raise conflict(
            "yourself", "You cannot take your own rights away.", "Ask another supervisor."
        )
    store.change_user(conn, changed, hashed)
    _keep_a_supervisor(conn, user)
    details = _differences(user, changed, hashed)
    if details:
        audit.append(conn, actor.login, "user.changed", login, details)
    if hashed is not None or (changed.role, changed.disabled) != (user.role, user.disabled):
        store.end_sessions(conn, login)
    return changed


def _changed(user: User, change: UserChange) -> User:
    return dataclasses.replace(
        user,
        name=_or(change.name, lambda name: check_name(name, user.login), user.name),
        role=_or(change.role, check_role, user.role),
        language=_or(change.language, check_language, user.language),
        disabled=user.disabled if change.disabled is None else change.disabled,
    )


def _or(text: str | None, parse: Callable[[str], Any], otherwise: Any) -> Any:
    return otherwise if text is None else parse(text)


def _differences(before: User, after: User, hashed: str | None) -> dict[str, Any]:
    names = ("name", "role", "language", "disabled")
    changed = {
        name: getattr(after, name)
        for name in names
        if getattr(after, name) != getattr(before, name)
    }
    return changed if hashed is None else {**changed, "password": "new"}


def _remove(conn: Connection, actor: Actor, login: str) -> None:
    user = _existing(conn, login)
    check_gift(actor, user.role)
    if login == actor.login:
        raise conflict("yourself", "You cannot remove yourself.", "Ask another supervisor.")
    store.remove_user(conn, login)
    _keep_a_supervisor(conn, user)
    audit.append(conn, actor.login, "user.removed", login, {"role": user.role})


def _keep_a_supervisor(conn: Connection, before: User) -> None:
    was_one = before.role is Role.SUPERVISOR and not before.disabled
    if was_one and store.count_active(conn, Role.SUPERVISOR) == 0:
        raise conflict(
            "last_supervisor",
            "This is the last supervisor who can sign in.",
            "Make another supervisor first.",
        )


def _first(conn: Connection, user: User, hashed: str) -> bool:
    if store.count_users(conn) > 0:
        return False
    store.add_user(conn, user, hashed)
    audit.append(conn, SYSTEM_LOGIN, "user.added", user.login, {"role": user.role})
    return True
