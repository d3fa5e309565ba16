"""Passwords: the rules, and argon2id (RFC 9106) as the way to keep them."""

from __future__ import annotations

import asyncio
import secrets
import unicodedata
from base64 import b64encode
from collections.abc import Callable
from typing import TypeVar

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError
from argon2.low_level import ARGON2_VERSION

from softswitch.errors import Kind, Refusal, invalid

SHORTEST = 10
LONGEST = 200
"""Characters of a password."""

_MOST_WAITING = 64
_ALPHABET = "abcdefghijkmnpqrstuvwxyz23456789"  # none that looks like another
T = TypeVar("T")


class Passwords:
    """Makes and checks hashes in threads, two at a time: each takes 64 MiB."""

    def __init__(self, hasher: PasswordHasher | None = None) -> None:
        self._hasher = hasher or PasswordHasher()
        self._slots = asyncio.Semaphore(2)
        self._waiting = 0
        # Checked for users that do not exist, so that the answer takes as long as for those that do.
        self._nobody = nobody(self._hasher)

    async def hash(self, password: str) -> str:
        """Return what to store for ``password``."""
        return await self._run(lambda: self._hasher.hash(normal(password)))

    async def check(self, stored: str | None, password: str) -> bool:
        """Return whether ``password`` is the one behind ``stored``; None is nobody's and takes as long."""
        right = await self._run(lambda: self._check(stored or self._nobody, password))
        return right and stored is not None

    def is_outdated(self, stored: str) -> bool:
        """Return whether ``stored`` was made with other parameters than today's."""
        return self._hasher.check_needs_rehash(stored)

    def _check(self, stored: str, password: str) -> bool:
        try:
            return self._hasher.verify(stored, normal(password)[:LONGEST])
        except (VerificationError, InvalidHashError):
            return False

    async def _run(self, function: Callable[[], T]) -> T:
        if self._waiting >= _MOST_WAITING:
            raise Refusal(
                Kind.TOO_MANY, "too_many_logins", "Too many people sign in now.", "Try again soon."
            )
        self._waiting += 1
        try:
            async with self._slots:
                return await asyncio.to_thread(function)
        finally:
            self._waiting -= 1


def nobody(hasher: PasswordHasher) -> str:
    """Return a hash that no password has: random, so that a start waits for no hashing."""

    def chance(size: int) -> str:
        return b64encode(secrets.token_bytes(size)).decode().rstrip("=")

    cost = f"m={hasher.memory_cost},t={hasher.time_cost},p={hasher.parallelism}"
    salt, digest = chance(hasher.salt_len), chance(hasher.hash_len)
    return f"$argon2id$v={ARGON2_VERSION}${cost}${salt}${digest}"


def normal(password: str) -> str:
    """Return one form for each text, however a keyboard composes it (Unicode NFKC)."""
    return unicodedata.normalize("NFKC", password)


def check_rules(password: str, login: str, field: str = "password") -> str:
    """Return ``password`` or refuse it (``weak_password``): too short, too long, the login, one character."""
    text = normal(password)
    if not SHORTEST <= len(text) <= LONGEST:
        raise _weak(f"The password has {len(text)} characters.", field)
    if login.lower() in {text.lower(), text.lower()[::-1]} or len(set(text)) < 4:
        raise _weak("The password is too easy to guess.", field)
    if any(unicodedata.category(letter) in {"Cc", "Cs"} for letter in text):
        raise _weak("The password holds characters that no keyboard types.", field)
    return password


def generate() -> str:
    """Return a password of 80 bits that is easy to read out: four groups of four."""
    groups = ("".join(secrets.choice(_ALPHABET) for _ in range(4)) for _ in range(4))
    return "-".join(groups)


def _weak(message: str, field: str) -> Refusal:
    return invalid(
        "weak_password",
        message,
        f"Give {SHORTEST} to {LONGEST} characters, not the login.",
        field=field,
    )
