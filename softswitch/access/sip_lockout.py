"""Lock-out of SIP registration: who guesses passwords of accounts is blocked for a while.

What is blocked is an account from an address: a stranger who guesses must not lock out the real phone.  An
address that fails with many accounts is blocked for all of them (``account`` is ``*``).  Over UDP anybody can write any
address on a packet: an account, and an address, from which a phone is registered at present is spared.
"""

from __future__ import annotations

import asyncio
import logging
from collections import OrderedDict
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from sqlalchemy import Connection

from softswitch.access import audit
from softswitch.access.lockout import Lockout
from softswitch.access.model import SYSTEM_LOGIN
from softswitch.clock import Clock, Millis, now
from softswitch.errors import Refusal
from softswitch.events import UserLockedOut
from softswitch.ports import AuthenticationFailed
from softswitch.store import event_log
from softswitch.store.database import Database

log = logging.getLogger(__name__)

EVERY_ACCOUNT = "*"
_MOST_BLOCKED = 5_000
_LONGEST_ACCOUNT = 64


@dataclass(frozen=True, slots=True, order=True)
class Blocked:
    """An account (or ``*``) that may not authenticate from an address."""

    account: str
    address: str


Apply = Callable[[frozenset[Blocked]], Awaitable[object]]
Spare = Callable[[Blocked], bool]


class SipLockout:
    """Follows failures; ``apply`` gets the whole set of what is blocked whenever it changes.

    ``spare`` tells whose phone is registered: a forged packet must not cut it off.
    """

    def __init__(
        self,
        db: Database,
        apply: Apply,
        *,
        spare: Spare = lambda _key: False,
        clock: Clock = now,
        by_pair: Lockout | None = None,
        by_address: Lockout | None = None,
    ) -> None:
        self._db = db
        self._apply = apply
        self._spare = spare
        self._clock = clock
        self._by_pair = by_pair or Lockout(5, 300, 60)
        self._by_address = by_address or Lockout(30, 300, 300)
        self._blocked: OrderedDict[Blocked, Millis] = OrderedDict()
        self._changed = asyncio.Event()

    def blocked(self) -> dict[Blocked, Millis]:
        """Return what is blocked and until when."""
        return dict(self._blocked)

    async def saw(self, fact: AuthenticationFailed) -> None:
        """Take note of one failure; block when it was one too many."""
        at = self._clock()
        # A stranger may give any text as the account; what cannot be shown is not kept.
        account = fact.account[:_LONGEST_ACCOUNT] if fact.account.isprintable() else "?"
        pair = Blocked(account, fact.address)
        everything = Blocked(EVERY_ACCOUNT, fact.address)
        new: dict[Blocked, Millis] = {}
        for lockout, key in ((self._by_pair, pair), (self._by_address, everything)):
            until = lockout.failed(f"{key.account} {key.address}", at)
            if until is not None and key not in self._blocked and not self._spare(key):
                new[key] = until
        if new:
            await self._block(new, at)

    async def unblock(self, account: str, address: str) -> Millis | None:
        """Free a pair before its time; return until when it was blocked, None when it was not."""
        key = Blocked(account, address)
        for lockout in (self._by_pair, self._by_address):
            lockout.forget(f"{account} {address}")
        until = self._blocked.pop(key, None)
        if until is not None:
            await self._apply(frozenset(self._blocked))
        return until

    async def expire(self) -> Millis | None:
        """Free what has run out; return when the next one does, None when nothing is blocked."""
        at = self._clock()
        over = [key for key, until in self._blocked.items() if until <= at]
        for key in over:
            del self._blocked[key]
        if over:
            await self._apply(frozenset(self._blocked))
        return min(self._blocked.values(), default=None)

    async def run(self) -> None:
        """Free pairs when their time is over; runs until it is cancelled."""
        while True:
            self._changed.clear()
            due = await self.expire()
            wait = None if due is None else max(0.0, (due - self._clock()) / 1_000)
            try:
                async with asyncio.timeout(wait):
                    await self._changed.wait()
            except TimeoutError:
                continue

    async def _block(self, new: dict[Blocked, Millis], at: Millis) -> None:
        self._blocked.update(new)
        while len(self._blocked) > _MOST_BLOCKED:
            self._blocked.popitem(last=False)
        self._changed.set()
        # The block holds even when the database cannot tell of it.
        await self._apply(frozenset(self._blocked))
        try:
            await self._db.write(_record, new, at)
        except Refusal as refusal:
            log.warning("Blocked SIP accounts are not on record: %s", refusal)


def _record(conn: Connection, new: dict[Blocked, Millis], at: Millis) -> None:
    for key, until in new.items():
        details = {"address": key.address, "until": until}
        audit.append(conn, SYSTEM_LOGIN, "sip.locked", key.account, details, at=at)
        event_log.append(conn, UserLockedOut(key.account, at, until, "sip"), at=at)
