"""The live hub: small maps of entities, replicated to every console.

``put`` and ``drop`` record a change; the changes of one turn of the event loop become one message, encoded once
for all clients.  When many consoles follow and changes come faster than they can be sent, those of a few
milliseconds become one message.  A client has a bounded queue: one that lags loses the queue and gets a fresh snapshot.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import orjson

QUEUE_SIZE = 256
"""How many messages may wait for one client before it gets a snapshot in their place."""

# Sending one message takes about 30 µs for each client; at three times that a storm of changes takes a third of a core.
_GAP_PER_CLIENT = 0.0001
_LONGEST_GAP = 0.03


@dataclass(slots=True)
class LiveStatistics:
    """Counts since the start."""

    messages: int = 0
    changes: int = 0
    lagged: int = 0
    closed_dead: int = 0
    malformed: int = 0


class Client:
    """One console: a bounded queue of encoded messages, and a flag that it lags."""

    __slots__ = ("_size", "_waiting", "_wake", "lagging", "login", "recheck", "sees")

    def __init__(
        self, login: str = "", size: int = QUEUE_SIZE, sees: frozenset[str] = frozenset()
    ) -> None:
        self.login = login
        self.sees = sees  # the private kinds of entities that this person may look at
        self.recheck = False  # something about this person changed: may they still look?
        self._waiting: deque[str] = deque()
        self._wake = asyncio.Event()
        self._size = size
        self.lagging = True  # a new client lags behind everything

    def offer(self, message: str) -> bool:
        """Queue a message; return False when it did not fit and the client has begun to lag."""
        if self.lagging:
            return True
        if len(self._waiting) >= self._size:
            self.resync()
            return False
        self._waiting.append(message)
        self._wake.set()
        return True

    def resync(self) -> None:
        """Forget what waits; the next message is a snapshot."""
        self._waiting.clear()
        self.lagging = True
        self._wake.set()

    async def ready(self) -> None:
        """Wait until there is something to send or to check."""
        if self.lagging or self.recheck or self._waiting:
            return
        self._wake.clear()
        await self._wake.wait()

    def doubt(self) -> None:
        """Have the rights of this client checked before it gets anything more."""
        self.recheck = True
        self._wake.set()

    def take(self) -> str | None:
        """Return the next message, None when there is none."""
        return self._waiting.popleft() if self._waiting else None


class Live:
    """The entities as they are now, and the clients that follow them. Use it from one event loop."""

    def __init__(self, private: frozenset[str] = frozenset()) -> None:
        self.private = private
        """Kinds of entities that only a client sees whose ``sees`` names them, and the person in ``login``."""
        self.statistics = LiveStatistics()
        self._entities: dict[str, dict[str, Any]] = {}
        self._changes: dict[tuple[str, str], Any] = {}
        self._owners: dict[tuple[str, str], str] = {}
        """Whose the private entities among the changes are."""
        self._clients: set[Client] = set()
        self._seq = 0
        self._snapshots: dict[tuple[frozenset[str], str], str] = {}
        """By what is seen and whose own it has; kept until the next change: all consoles may come back at once."""
        self._flushing = False
        self._next_flush = 0.0

    def put(self, entity: str, id: str, value: Mapping[str, Any]) -> None:  # noqa: A002 - the name on the wire
        """Set the whole value of one entity. It is kept by reference: do not change it afterwards."""
        entities = self._entities.setdefault(entity, {})
        if entities.get(id) != value:
            entities[id] = value
            self._change(entity, id, value, value)

    def drop(self, entity: str, id: str) -> None:  # noqa: A002
        """Remove one entity; one that is not there is no error."""
        if (gone := self._entities.get(entity, {}).pop(id, None)) is not None:
            self._change(entity, id, None, gone)

    def replace(self, entity: str, values: Mapping[str, Mapping[str, Any]]) -> None:
        """Set all of one kind of entity: what is not in ``values`` goes."""
        for id_ in set(self._entities.setdefault(entity, {})) - set(values):
            self.drop(entity, id_)
        for id_, value in values.items():
            self.put(entity, id_, value)

    def entities(self) -> dict[str, dict[str, Any]]:
        """Return the present entities by kind and id; not to be changed."""
        return self._entities

    def follow(self, client: Client) -> None:
        """Begin to send changes to ``client``; its first message is a snapshot."""
        self._clients.add(client)

    def leave(self, client: Client) -> None:
        """Stop sending to ``client``."""
        self._clients.discard(client)

    def recheck(self, login: str) -> None:
        """Look at once whether ``login`` may still follow: rights or sessions of this person changed."""
        for client in self._clients:
            if client.login == login:
                client.doubt()

    def following(self) -> int:
        """Return how many clients there are."""
        return len(self._clients)

    def next_message(self, client: Client) -> str | None:
        """Return what to send to ``client`` next: a snapshot when it lags, else the next change."""
        if client.lagging:
            client.lagging = False
            return self.snapshot(client.sees, client.login)
        return client.take()

    def snapshot(self, sees: frozenset[str] = frozenset(), login: str = "") -> str:
        """Return the message with everything as it is now: of the private kinds those in ``sees`` and the own."""
        seen = sees & self.private
        hidden = self.private - seen
        own = {kind: self._own(kind, login) for kind in hidden}
        key = (seen, login if any(own.values()) else "")
        found = self._snapshots.get(key)
        if found is None:
            entities = {kind: own.get(kind, each) for kind, each in self._entities.items()}
            shown = {kind: each for kind, each in entities.items() if each or kind not in hidden}
            found = _encode({"type": "snapshot", "seq": self._seq, "entities": shown})
            self._snapshots[key] = found
        return found

    def _own(self, kind: str, login: str) -> dict[str, Any]:
        """Return the entities of a private kind that are about a person."""
        every = self._entities.get(kind, {})
        return {id_: value for id_, value in every.items() if login and value.get("login") == login}

    def _change(self, entity: str, id_: str, value: Any, about: Mapping[str, Any]) -> None:
        self._changes[entity, id_] = value
        if entity in self.private:
            self._owners[entity, id_] = str(about.get("login", ""))
        self._snapshots.clear()
        if not self._flushing:
            self._flushing = True
            loop = asyncio.get_running_loop()
            wait = self._next_flush - loop.time()
            if wait > 0:
                loop.call_later(wait, self._flush)
            else:
                loop.call_soon(self._flush)

    def _flush(self) -> None:
        self._flushing = False
        gap = min(_LONGEST_GAP, len(self._clients) * _GAP_PER_CLIENT)
        self._next_flush = asyncio.get_running_loop().time() + gap
        changes, owners = self._changes, self._owners
        self._changes, self._owners = {}, {}
        self._seq += 1
        self._snapshots.clear()
        self.statistics.messages += 1
        self.statistics.changes += len(changes)
        about = set(owners.values())
        messages: dict[tuple[frozenset[str], str], str] = {}
        for client in self._clients:
            key = (client.sees & self.private, client.login if client.login in about else "")
            if key not in messages:
                messages[key] = self._message(changes, owners, *key)
            if not client.offer(messages[key]):
                self.statistics.lagged += 1

    def _message(
        self,
        changes: Mapping[tuple[str, str], Any],
        owners: Mapping[tuple[str, str], str],
        seen: frozenset[str],
        login: str,
    ) -> str:
        """Return the changes, encoded; one without any still counts, so that no number is left out."""
        hidden = self.private - seen
        shown = [
            {"entity": key[0], "id": key[1], "value": value}
            for key, value in changes.items()
            if key[0] not in hidden or (login and owners[key] == login)
        ]
        return _encode({"type": "changes", "seq": self._seq, "changes": shown})


def _encode(message: Mapping[str, Any]) -> str:
    return orjson.dumps(message).decode()
