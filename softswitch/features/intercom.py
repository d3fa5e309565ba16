"""Intercom: a call that the called own phone answers by itself, after a tone, where its extension allows it."""

from __future__ import annotations

from typing import Any, Protocol

from sqlalchemy import Column, Connection, String, Table, delete, insert, select

from softswitch.access import audit
from softswitch.calls.center import CallCenter
from softswitch.calls.core import new_id
from softswitch.calls.dispatch_call import Purpose
from softswitch.calls.model import CallKind, Role
from softswitch.errors import Refusal, conflict, forbidden, not_found
from softswitch.ports import Channel, ChannelState
from softswitch.store.database import Database
from softswitch.store.tables import metadata

intercom_allowed = Table(
    "intercom_allowed", metadata, Column("extension", String(8), primary_key=True)
)


def _put(conn: Connection, login: str, extension: str, allowed: bool) -> None:
    audit.append(conn, login, "intercom.allow" if allowed else "intercom.forbid", extension, {})
    conn.execute(delete(intercom_allowed).where(intercom_allowed.c.extension == extension))
    if allowed:
        conn.execute(insert(intercom_allowed).values(extension=extension))


def _all(conn: Connection) -> set[str]:
    return set(conn.execute(select(intercom_allowed.c.extension)).scalars())


ENTITY = "intercom"


class Screen(Protocol):
    """Where views are shown (the live hub)."""

    def put(self, entity: str, id: str, value: dict[str, Any]) -> None: ...  # noqa: A002
    def drop(self, entity: str, id: str) -> None: ...  # noqa: A002


class Intercom:
    """Which extensions allow it, and calling them. An open microphone must be wanted: nobody allows it at first."""

    def __init__(self, center: CallCenter, db: Database, screen: Screen) -> None:
        self._engine = center.engine
        self._db = db
        self._screen = screen
        self._allowed: set[str] = set()

    async def load(self) -> None:
        """Read who allows it."""
        self._allowed = await self._db.read(_all)
        for extension in self._allowed:
            self._show(extension)

    def allowed(self) -> list[str]:
        """Return the extensions that allow it."""
        return sorted(number for number in self._allowed if self._engine.book.has(number))

    async def allow(self, login: str, extension: str, allowed: bool) -> None:
        """Let an extension be called so, or no longer."""
        if not self._engine.book.has(extension):
            raise not_found("extension", extension, "Look at the board for the extensions.")
        await self._db.write(_put, login, extension, allowed)
        (self._allowed.add if allowed else self._allowed.discard)(extension)
        self._show(extension)

    def _show(self, extension: str) -> None:
        if extension in self._allowed:
            self._screen.put(ENTITY, extension, {"extension": extension})
        else:
            self._screen.drop(ENTITY, extension)

    def _check(self, desk: str, to: str) -> None:
        engine = self._engine
        if not engine.book.has(to):
            raise not_found("extension", to, "Only own extensions can be called by intercom.")
        if to == desk:
            raise conflict("own_number", f"{to} is the own number.", "Dial another number.")
        if to not in self._allowed:
            raise forbidden(
                "intercom_not_allowed",
                f"Extension {to} does not allow intercom.",
                f"Call it, or let it be allowed: softswitch intercom allow {to}.",
            )
        engine.destinations(to)
        if not engine.is_free(to):
            raise conflict("busy", f"Extension {to} is busy.", "Camp on, or try again later.")

    async def call(self, desk: str, to: str) -> str:
        """Ring the own phone, which answers by itself, and then the other; return the id of the call."""
        self._check(desk, to)
        engine, call_id = self._engine, new_id()
        async with engine.locked(call_id):
            call = engine.open_call(call_id, CallKind.INTERNAL)
            call.number, call.name = to, engine.book.name_of(to)
            try:
                ring = await engine.ring(
                    call, Purpose.DESK, desk, auto_answer=True, by=desk, next_number=to,
                    first_channel_id=call_id,
                )  # fmt: skip
            except BaseException:
                engine.calls.pop(call_id, None)
                raise
            ring.then = Purpose.INTERCOM
        return call_id

    async def dialled(self, channel: Channel, desk: str, to: str) -> None:
        """A phone dialled the code: it is the first leg of the call."""
        self._check(desk, to)
        engine = self._engine
        call_id = engine.call_id_of(channel)
        async with engine.locked(call_id):
            call = engine.open_call(call_id, CallKind.INTERNAL)
            name = engine.book.name_of(desk)
            call.number, call.name, call.owner = desk, name, desk
            member = engine.member_for(channel)
            member.answered = channel.state is ChannelState.UP
            engine.add(call, member)
            await engine.quietly(engine.acts.ring(channel.id))
            try:
                await engine.ring(
                    call, Purpose.INTERCOM, to, role=Role.PARTY, auto_answer=True, by=desk,
                    shown=(desk, name),
                )  # fmt: skip
            except Refusal:
                engine.remove(call, channel.id)
                raise
            engine.changed(call.id)
