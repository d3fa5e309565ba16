"""Where callers are: from the registry at once, from the INVITE, from a location server, or set by hand."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Coroutine, Mapping, Sequence
from typing import Any, Protocol

from sqlalchemy import Connection

from softswitch.access import audit
from softswitch.access.model import Actor
from softswitch.clock import Clock, Millis, now
from softswitch.errors import Refusal, not_found
from softswitch.events import CallEnded, CallMerged, CallStarted, Fact, IncidentDrafted
from softswitch.layers.gis import store
from softswitch.layers.gis.board import Board
from softswitch.layers.gis.carried import enclosed, reference, value
from softswitch.layers.gis.events import CallerLocated
from softswitch.layers.gis.fetch import Fetcher
from softswitch.layers.gis.model import Kind, Location, Point, Source, Thing
from softswitch.layers.gis.pidf import read
from softswitch.store.database import Database
from softswitch.store.event_log import EventLog, Stored, append

log = logging.getLogger(__name__)

KINDS: tuple[type[Fact], ...] = (CallStarted, CallEnded, CallMerged, IncidentDrafted)
MOST_ASKED = 64
"""Calls whose place is asked or waited for at the same time; those beyond it keep what the registry knows."""

Forms = Callable[[str], Sequence[str]]
AddressOf = Callable[[str], Awaitable[str]]
ReadCarried = Callable[[str], Awaitable[str]]
IncidentOf = Callable[[str], str | None]
IsUp = Callable[[str], bool]
ReadEnclosed = Callable[[str], Awaitable[Mapping[str, bytes]]]


class Screen(Protocol):
    """Where locations are shown."""

    def put(self, entity: str, id: str, value: dict[str, Any]) -> None: ...  # noqa: A002
    def drop(self, entity: str, id: str) -> None: ...  # noqa: A002


class CallerService:
    """Follows emergency calls; those that are up are on the map and on the screens."""

    def __init__(
        self,
        db: Database,
        board: Board,
        screen: Screen,
        fetcher: Fetcher,
        *,
        forms: Forms,
        address_of: AddressOf,
        carried: ReadCarried,
        enclosed: ReadEnclosed,
        incident_of: IncidentOf,
        is_up: IsUp,
        clock: Clock = now,
    ) -> None:
        self._db = db
        self._board = board
        self._screen = screen
        self._fetcher = fetcher
        self._forms = forms
        self._address_of = address_of
        self._carried = carried
        self._enclosed = enclosed
        self._incident_of = incident_of
        self._is_up = is_up
        self._clock = clock
        self._placed: set[str] = set()
        """The calls that are up and whose place is known: what happens to others is nothing for the map."""
        self._asking: set[asyncio.Task[None]] = set()

    async def start(self, log: EventLog) -> None:
        """Show where the callers of running calls are, and follow the facts of calls."""
        for row in await self._db.read(store.running):
            self._placed.add(row["call_id"])
            self._show(row)
        log.subscribe("gis callers", KINDS, self.consume)

    async def stop(self) -> None:
        """Ask no more."""
        for task in self._asking:
            task.cancel()
        await asyncio.gather(*self._asking, return_exceptions=True)

    async def consume(self, facts: Sequence[Stored]) -> None:
        """Apply facts; telling one twice changes nothing."""
        started = [
            (fact.call_id, fact.caller_number)
            for stored in facts
            if isinstance(fact := stored.event, CallStarted) and fact.kind_of_call == "emergency"
        ]
        if started:
            await self._started(started)
        later = [one.event for one in facts if self._concerns(one.event)]
        shown, over = await self._db.write(_follow, later) if later else ([], [])
        for row in shown:
            self._show(row)
        for call_id in over:
            self._placed.discard(call_id)
            self._screen.drop("location", call_id)
            self._board.drop(Kind.CALLER, call_id)

    def _concerns(self, fact: Fact) -> bool:
        """Tell whether a fact is about a call whose place is known; one that it becomes part of has it from then on."""
        known = not isinstance(fact, CallStarted) and getattr(fact, "call_id", "") in self._placed
        if known and isinstance(fact, CallMerged):
            self._placed.add(fact.into_call_id)
        return known

    # ---- what people do

    async def get(self, call_id: str) -> dict[str, Any]:
        """Return where the caller of a call is, or was. Refuses ``location_not_found``."""
        found = await self._db.read(store.location, call_id)
        if found is None:
            raise not_found("location", f"of call {call_id}", "Set it by hand on the map.")
        return found

    async def set_by_hand(
        self,
        actor: Actor,
        call_id: str,
        number: str,
        place: Point,
        uncertainty: float,
        address: str,
    ) -> dict[str, Any]:
        """Store where a dispatcher says that the caller is; nothing that is learnt later overrules it."""
        location = Location(place, uncertainty, Source.HAND, None, address)
        await self._learnt_late(call_id, number, location, actor.login)
        return await self.get(call_id)

    # ---- what is learnt

    async def _started(self, calls: Sequence[tuple[str, str]]) -> None:
        asked = [
            (list(self._forms(number)), await self._address_of(number) if number else "")
            for _, number in calls
        ]
        found = await self._db.read(_known, asked)
        for (call_id, number), known in zip(calls, found, strict=True):
            for location in known:
                await self._learnt(call_id, number, location)
            await self._ask(call_id, number)

    async def _ask(self, call_id: str, number: str) -> None:
        header = await self._carried(call_id)
        if (carried := value(header)) is not None:
            await self._learnt(call_id, number, carried)
        if names := enclosed(header):
            self._beside(call_id, self._open(call_id, number, names))
        if uri := reference(header):
            self._beside(call_id, self._fetch(call_id, number, uri))

    async def _at_address(self, call_id: str, number: str, address: str, source: Source) -> None:
        found = await self._db.read(store.point_of, "address", [address])
        if found is not None:
            await self._learnt_late(call_id, number, Location(*found, source, None, address))

    def _beside(self, call_id: str, work: Coroutine[Any, Any, None]) -> None:
        if len(self._asking) >= MOST_ASKED:
            log.warning("Call %s: too many places are being asked for.", call_id)
            work.close()
            return
        task = asyncio.create_task(self._quietly(call_id, work), name="location")
        self._asking.add(task)
        task.add_done_callback(self._asking.discard)

    async def _quietly(self, call_id: str, work: Coroutine[Any, Any, None]) -> None:
        try:
            await work
        except Refusal as refusal:
            log.warning("Call %s: %s", call_id, refusal)

    async def _fetch(self, call_id: str, number: str, uri: str) -> None:
        await self._told(call_id, number, await self._fetcher.fetch(uri), Source.REFERENCE)

    async def _open(self, call_id: str, number: str, names: Sequence[str]) -> None:
        documents = await self._enclosed(call_id)
        # Some gateways name the part wrongly; what they enclose is theirs all the same.
        for name in (*names, *documents):
            if name in documents:
                await self._told(call_id, number, documents[name], Source.VALUE)
                return

    async def _told(self, call_id: str, number: str, document: bytes, source: Source) -> None:
        carried = await asyncio.to_thread(read, document, source)
        if carried.location is not None:
            await self._learnt_late(call_id, number, carried.location)
        else:
            await self._at_address(call_id, number, carried.address, source)

    async def _learnt_late(
        self, call_id: str, number: str, location: Location, login: str = ""
    ) -> None:
        """The same for what may come when the call is over: its end was told before its place was known."""
        await self._learnt(call_id, number, location, login, over=not self._is_up(call_id))

    async def _learnt(
        self, call_id: str, number: str, location: Location, login: str = "", *, over: bool = False
    ) -> None:
        if not over:
            self._placed.add(call_id)
        incident_id = self._incident_of(call_id) or ""
        learnt = (call_id, number, location, self._clock(), login, incident_id, over)
        if await self._db.write(_store, *learnt):
            await self._refresh(call_id)

    # ---- what is shown

    async def _refresh(self, call_id: str) -> None:
        row = await self._db.read(store.location, call_id)
        if row is not None:
            self._show(row)

    def _show(self, row: Mapping[str, Any]) -> None:
        numbers = (row["number"],) if row["number"] else ()
        place = Point(row["lon"], row["lat"])
        if row["incident_id"]:
            self._board.put(
                Thing(Kind.INCIDENT, row["incident_id"], place, row["address"], numbers)
            )
        if row["ended_at"] is None:
            self._board.put(Thing(Kind.CALLER, row["call_id"], place, row["address"], numbers))
            self._screen.put("location", row["call_id"], dict(row))


def _known(conn: Connection, asked: Sequence[tuple[list[str], str]]) -> list[list[Location]]:
    """Return for each of some callers, by the forms of his number and his address, where he may be."""
    return [store.points_known(conn, forms, address) for forms, address in asked]


def _follow(conn: Connection, facts: Sequence[Fact]) -> tuple[list[dict[str, Any]], list[str]]:
    """Write what facts tell of calls; return the places to show, and the calls whose place is no longer shown."""
    seen: dict[str, None] = {}
    over: dict[str, None] = {}
    for fact in facts:
        if isinstance(fact, CallMerged):
            store.follow(conn, fact.call_id, fact.into_call_id)
            seen[fact.into_call_id] = None
        if isinstance(fact, CallEnded | CallMerged) and store.end(conn, fact.call_id, fact.at):
            over[fact.call_id] = None
        if isinstance(fact, IncidentDrafted):
            store.belongs(conn, fact.call_id, fact.incident_id)
            seen[fact.call_id] = None
    found = [store.location(conn, call_id) for call_id in seen if call_id not in over]
    return [row for row in found if row is not None], list(over)


def _store(
    conn: Connection,
    call_id: str,
    number: str,
    location: Location,
    at: Millis,
    login: str,
    incident_id: str,
    over: bool,
) -> bool:
    if not store.locate(conn, call_id, number, location, at, login=login, incident_id=incident_id):
        return False
    if over:
        store.end(conn, call_id, at)
    if login:
        shown = {"lon": location.point.lon, "lat": location.point.lat}
        audit.append(conn, login, "caller.located", call_id, shown, at=at)
    append(
        conn,
        CallerLocated(
            call_id, at, location.point.lon, location.point.lat, location.uncertainty,
            location.source.value, location.address, login,
        ),
        at=at,
    )  # fmt: skip
    return True
