"""Signing in and out, sessions, and whom a session or token belongs to."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable

from sqlalchemy import Connection

from softswitch.access import keys, signing, store
from softswitch.access.lockout import Lockout
from softswitch.access.model import LANGUAGES, Actor, Role, User
from softswitch.access.passwords import Passwords, check_rules
from softswitch.access.remember import Remember
from softswitch.clock import Clock, Millis, now
from softswitch.errors import Kind, Refusal, invalid
from softswitch.store.database import Database

log = logging.getLogger(__name__)

_DAY = 86_400_000
_LONGEST: Millis = 400 * _DAY
"""No browser keeps a cookie for longer."""
_TOUCH_AFTER = 60_000
"""Milliseconds between two notes of a session's or token's sign of life."""


class Access:
    """Knows who people are. ``by_session`` and ``by_token`` are what the guard of the web asks."""

    def __init__(
        self,
        db: Database,
        *,
        clock: Clock = now,
        passwords: Passwords | None = None,
        idle_minutes: int = 240,
        hours: int = 24,
        wall_days: int = 30,
        by_login: Lockout | None = None,
        by_address: Lockout | None = None,
    ) -> None:
        self.passwords = passwords or Passwords()
        self.by_login = by_login or Lockout(5, 900, 30)
        # Many consoles may share an address.
        self.by_address = by_address or Lockout(25, 900, 60)
        self._db = db
        self._clock = clock
        self._idle = idle_minutes * 60_000
        self._absolute = hours * 3_600_000
        self._wall_idle = wall_days * _DAY
        self._sessions: Remember[store.StoredSession] = Remember(clock)
        self._tokens: Remember[store.StoredToken] = Remember(clock)
        self._ended: list[Callable[[str], object]] = []
        self._touches: set[asyncio.Task[None]] = set()

    # ---- in and out -----------------------------------------------------------------------------------

    async def login(
        self, login: str, password: str, address: str, *, replaces: str | None = None
    ) -> tuple[str, User]:
        """Return the secret of a new session and its user; ``replaces`` is a session that the browser had.

        Raises the :class:`Refusal` ``wrong_login`` or ``locked_out``, in the same time for users that exist
        and users that do not.
        """
        at = self._clock()
        self._refuse_locked(login, address, at)
        # Counted before the slow check, so that a hundred tries at once are a hundred tries.
        until = self.by_login.failed(login, at)
        self.by_address.failed(address, at)
        found, stored = await self._db.read(signing.credentials, login)
        right = await self.passwords.check(stored, password)
        if not right or found is None or stored is None or found.disabled:
            await self._db.write(signing.note_failure, login if found else "", address, at, until)
            raise signing.wrong_login()
        self.by_login.forget(login)
        self.by_address.take_back(address, at)
        secret = keys.new_session()
        renewed = await self._renewed(stored, password)
        session = signing.NewSession(keys.digest(secret), address, at, replaces, stored, renewed)
        return secret, await self._db.write(signing.sign_in, login, session)

    async def logout(self, actor: Actor) -> None:
        """End the session of ``actor``; with a token there is none to end."""
        if actor.via == "session":
            await self._db.write(signing.sign_out, actor.key, self._clock())
            self.forget(actor.login)

    async def change_password(self, actor: Actor, old: str, new: str) -> None:
        """Give ``actor`` a new password and end their other sessions everywhere.

        Raises the :class:`Refusal` ``wrong_password``, ``weak_password`` or ``locked_out``.
        """
        at = self._clock()
        self._refuse_locked(actor.login, actor.address, at)
        self.by_login.failed(actor.login, at)
        stored = await self._db.read(store.password, actor.login)
        if not await self.passwords.check(stored, old):
            raise invalid(
                "wrong_password", "The present password is wrong.", "Try again.", field="old"
            )
        self.by_login.forget(actor.login)
        check_rules(new, actor.login, "new")
        hashed = await self.passwords.hash(new)
        await self._db.write(signing.set_password, actor, hashed)
        self.forget(actor.login)

    async def set_language(self, actor: Actor, language: str) -> None:
        """Set the language of the console for ``actor``. Raises the :class:`Refusal` ``bad_language``."""
        await self._db.write(signing.set_language, actor.login, check_language(language))
        self.forget(actor.login)

    def when_ended(self, callback: Callable[[str], object]) -> None:
        """Call ``callback(login)`` when rights or sessions of somebody changed: open sockets look again."""
        self._ended.append(callback)

    def forget(self, login: str) -> None:
        """Look sessions and tokens of ``login`` up again: something about them changed."""
        self._sessions.clear()
        self._tokens.clear()
        for callback in self._ended:
            callback(login)

    async def end_old_sessions(self) -> int:
        """Remove sessions that have run out; to be called now and then."""
        at = self._clock()
        limits = {role.value: self._limits(role) for role in Role}
        return await self._db.write(store.end_old_sessions, at, limits)

    def lasts(self, role: Role) -> int:
        """Return after how many seconds a session of somebody with this role ends in any case."""
        return self._limits(role)[1] // 1_000

    def _limits(self, role: Role) -> tuple[Millis, Millis]:
        """How long a session lives unseen, and in any case; nobody is there to sign a wall in every day."""
        return (self._wall_idle, _LONGEST) if role is Role.WALL else (self._idle, self._absolute)

    # ---- who is it ------------------------------------------------------------------------------------

    async def by_session(self, secret: str, address: str) -> Actor | None:
        """Return whom the session belongs to; None when it is unknown or has run out."""
        key, at = keys.digest(secret), self._clock()
        found = await self._sessions.get(key, lambda: self._db.read(store.session, key))
        if found is None or found.user.disabled:
            return None
        seen = max(found.seen_at, self._sessions.seen(key))
        idle, absolute = self._limits(found.user.role)
        if at - seen > idle or at - found.created_at > absolute:
            return None
        if self._sessions.saw(key, at, max(seen, 0), _TOUCH_AFTER):
            self._later(store.touch_session, key, at)
        return _actor(found.user, "session", address, key)

    async def by_token(self, secret: str, address: str) -> Actor | None:
        """Return whom the token belongs to; None when it is unknown, revoked or has run out."""
        key, at = keys.digest(secret), self._clock()
        found = await self._tokens.get(key, lambda: self._db.read(store.token, key))
        if found is None or found.user.disabled:
            return None
        if found.expires_at is not None and at >= found.expires_at:
            return None
        if self._tokens.saw(key, at, found.seen_at or 0, _TOUCH_AFTER):
            self._later(store.touch_token, found.id, at)
        return _actor(found.user, "token", address, found.id)

    # ---- inside ---------------------------------------------------------------------------------------

    def _later(self, fn: Callable[[Connection, str, Millis], None], key: str, at: Millis) -> None:
        """Note a sign of life without making anybody wait for the disk."""
        task = asyncio.create_task(self._touch(fn, key, at))
        self._touches.add(task)
        task.add_done_callback(self._touches.discard)

    async def _touch(
        self, fn: Callable[[Connection, str, Millis], None], key: str, at: Millis
    ) -> None:
        try:
            await self._db.write(fn, key, at)
        except Refusal as refusal:
            log.debug("A sign of life was not stored: %s", refusal)

    async def _renewed(self, stored: str, password: str) -> str | None:
        return await self.passwords.hash(password) if self.passwords.is_outdated(stored) else None

    def _refuse_locked(self, login: str, address: str, at: Millis) -> None:
        until = max(
            self.by_login.locked_until(login, at) or 0,
            self.by_address.locked_until(address, at) or 0,
        )
        if until:
            raise LockedOutError(max(1, -(-(until - at) // 1_000)))


class LockedOutError(Refusal):
    """Too many wrong passwords; ``retry_after`` seconds to wait (RFC 9110 section 10.2.3)."""

    def __init__(self, seconds: int) -> None:
        super().__init__(
            Kind.TOO_MANY,
            "locked_out",
            "There were too many wrong passwords.",
            f"Wait {seconds} s, or ask a supervisor to unlock you.",
        )
        self.retry_after = seconds


def check_language(language: str) -> str:
    """Return ``language`` or refuse it."""
    if language not in LANGUAGES:
        raise invalid(
            "bad_language",
            "The console does not speak this language.",
            f"Give one of {', '.join(LANGUAGES)}.",
            field="language",
        )
    return language


def _actor(user: User, via: str, address: str, key: str) -> Actor:
    return Actor(user.login, user.name, user.role, user.language, via, address, key)
