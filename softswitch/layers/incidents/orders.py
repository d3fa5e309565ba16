"""Orders to units: written, told, received, done, overdue.

An order is in the database before it is told, under the id that its notification or message gets.  Who dies
between the two tells it again at the next start, and the telephone knows by the id what it has begun.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import Connection

from softswitch import numbers
from softswitch.access.model import SYSTEM_LOGIN, Actor
from softswitch.clock import Millis
from softswitch.errors import Kind, Refusal, invalid, not_found, unavailable
from softswitch.events import to_json
from softswitch.layers.incidents import order_store, store
from softswitch.layers.incidents.books import Books, must, new_id, tell
from softswitch.layers.incidents.events import OrderChanged
from softswitch.layers.incidents.model import changed_text, check_editable, due_at
from softswitch.layers.incidents.order_model import (
    OrderState,
    Via,
    check_follow,
    check_minutes,
    may_follow,
    receipt,
)
from softswitch.layers.incidents.ports import ShortMessages, Telephone
from softswitch.layers.incidents.store import Row
from softswitch.store.event_log import EventLog, Stored

log = logging.getLogger(__name__)
LONGEST_ORDER = 500
KINDS = ("notice.person",)
"""The row of a person in the ledger of a notification changed (by name: layers do not import capabilities)."""


class OrderService:
    """Gives orders and takes their receipts."""

    def __init__(
        self, books: Books, telephone: Telephone | None, messages: ShortMessages | None
    ) -> None:
        self._books = books
        self._db = books.db
        self.telephone = telephone
        self.messages = messages

    async def start(self, event_log: EventLog) -> None:
        """Hear what comes of notifications."""
        event_log.subscribe("incident-orders", KINDS, self._consume)

    async def resume(self) -> None:
        """Tell what was written and perhaps never told, because the process died between."""
        for order in await self._db.read(order_store.sending):
            await self._tell(order)

    # ---- reading

    async def of_incident(self, incident_id: str) -> list[Row]:
        """Return the orders of an incident and of all merged into it, oldest first."""

        def read(conn: Connection) -> list[Row]:
            must(conn, incident_id)
            return order_store.of_incidents(conn, store.family(conn, incident_id) or [incident_id])

        return await self._db.read(read)

    async def get(self, order_id: str) -> Row:
        """Return an order, or refuse."""
        found = await self._db.read(order_store.one, order_id)
        if found is None:
            raise _unknown(order_id)
        return found

    # ---- what people do

    async def give(self, actor: Actor, incident_id: str, wanted: Mapping[str, Any]) -> Row:
        """Order a unit: ``unit``, ``number``, ``deputy``, ``text``, ``via``, ``minutes``, ``id``."""
        order = self._checked(actor.login, incident_id, wanted)
        await self._check_way(Via(order["via"]))

        def write(conn: Connection, at: Millis) -> set[str]:
            row = must(conn, incident_id)
            check_editable(row)
            self._write(conn, order, at, check_minutes(wanted.get("minutes", 0)))
            return {row["root"]}

        await self._books.act(write)
        stored = await self.get(order["id"])
        if OrderState(stored["state"]) is OrderState.SENDING:
            await self._tell(stored)
        return await self.get(order["id"])

    def _write(self, conn: Connection, order: Row, at: Millis, minutes: int) -> None:
        whole = {**order, "created_at": at, "deadline_at": due_at(at, minutes)}
        if order_store.add(conn, whole):
            self._entry(conn, whole, order["login"], at)

    def _checked(self, login: str, incident_id: str, wanted: Mapping[str, Any]) -> Row:
        via = Via(wanted.get("via", Via.PHONE))
        unit = changed_text("unit", wanted.get("unit", ""))
        text = numbers.plain_text(wanted.get("text", ""), "text", LONGEST_ORDER)
        if not unit or not text:
            field = "text" if unit else "unit"
            raise invalid("no_text", f"The order has no {field}.", f"Give a {field}.", field=field)
        needs = via is not Via.CONSOLE
        number = wanted.get("number") or ""
        deputy = wanted.get("deputy") or ""
        if needs and not number:
            raise invalid("no_number_of_unit", f"{unit} has no number.",
                          "Give a number, or order by console.", field="number")  # fmt: skip
        state = OrderState.SENDING if needs else OrderState.SENT
        return {
            "id": wanted.get("id") or new_id(), "incident_id": incident_id, "unit": unit,
            "number": self._number(via, number) if number else "",
            "deputy": str(numbers.phone_number(deputy, "deputy")) if deputy else "",
            "text": text, "via": via.value, "state": state.value, "why": "", "login": login,
            "overdue": False, "received_at": None, "received_by": "", "done_at": None,
            "deputy_for": "",
        }  # fmt: skip

    def _number(self, via: Via, number: str) -> str:
        """An order by SMS has its number in the form in which answers come."""
        typed = str(numbers.phone_number(number))
        return self.messages.number(typed) if via is Via.SMS and self.messages else typed

    async def _check_way(self, via: Via) -> None:
        if via is Via.SMS and (self.messages is None or not await self.messages.ready()):
            raise unavailable("no_sms", "No link to a message centre is set up.",
                              "Order by telephone or console.")  # fmt: skip
        if via is Via.PHONE and self.telephone is None:
            raise unavailable("no_telephone", "Notification by telephone is not running.",
                              "Order by SMS or console.")  # fmt: skip

    async def step(self, actor: Actor, order_id: str, after: OrderState, by: str = "") -> Row:
        """Note a receipt, an end or a cancellation that somebody tells at the console."""
        who = changed_text("by", by) or actor.login

        def write(conn: Connection, at: Millis) -> set[str]:
            order = order_store.one(conn, order_id)
            if order is None:
                raise _unknown(order_id)
            check_follow(order, after)
            return self._step(conn, order, after, at, login=actor.login, by=who)

        await self._books.act(write)
        return await self.get(order_id)

    async def answered(self, number: str, text: str, at: Millis) -> bool:
        """Take what a number wrote at an instant as the receipt of the newest order there; False: none waits.

        Told twice it is one receipt: no older order takes it.
        """
        taken: list[str] = []
        if not await self._db.read(order_store.may_answer, number, at):
            return False

        def write(conn: Connection, _at: Millis) -> set[str]:
            order = order_store.waiting_of(conn, number)
            if order is None or not order_store.may_answer(conn, number, at):
                return set()
            taken.append(order["id"])
            return self._step(conn, order, OrderState.RECEIVED, at, by=order["unit"],
                              why=text[:200])  # fmt: skip

        await self._books.act(write)
        return bool(taken)

    # ---- what becomes of them

    async def _tell(self, order: Row) -> None:
        try:
            if order["via"] == Via.PHONE and self.telephone is not None:
                await self.telephone.tell(
                    order["login"], order["id"], order["text"], order["number"], order["unit"],
                    order["deputy"],
                )  # fmt: skip
            elif order["via"] == Via.SMS and self.messages is not None:
                await self.messages.send(order["id"], order["number"], order["text"])
            else:
                return  # its way is not there now; it is told when it is
        except Refusal as refusal:
            if refusal.kind is Kind.UNAVAILABLE:
                log.warning("order %s waits: %s", order["id"], refusal)
                return
            await self._move(order["id"], OrderState.FAILED, refusal.message[:200])
            return
        await self._move(order["id"], OrderState.SENT, "")

    async def _move(self, order_id: str, after: OrderState, why: str) -> None:
        def write(conn: Connection, at: Millis) -> set[str]:
            order = order_store.one(conn, order_id)
            if order is None or not may_follow(OrderState(order["state"]), after):
                return set()  # a receipt may have come before
            return self._step(conn, order, after, at, why=why)

        await self._books.act(write)

    async def _consume(self, facts: Sequence[Stored]) -> None:
        def write(conn: Connection, _at: Millis) -> set[str]:
            changed: set[str] = set()
            for stored in facts:
                row = to_json(stored.event)
                if after := receipt(row["state"]):
                    changed |= self._receipt(conn, row, after)
            return changed

        await self._books.act(write)

    def _receipt(self, conn: Connection, row: Row, after: OrderState) -> set[str]:
        order = order_store.one(conn, row["notice_id"])
        if order is None or not may_follow(OrderState(order["state"]), after):
            return set()
        by = f"{order['unit']} {row['number']}".strip()
        return self._step(conn, order, after, row["at"], by=by, why=row["why"])

    def _step(
        self, conn: Connection, order: Row, after: OrderState, at: Millis, *,
        login: str = SYSTEM_LOGIN, by: str = "", why: str = "",
    ) -> set[str]:  # fmt: skip
        values: Row = {"state": after.value, "why": why}
        if after is OrderState.RECEIVED:
            values |= {"received_at": at, "received_by": by}
        if after in {OrderState.DONE, OrderState.CANCELLED}:
            values["done_at"] = at
        order_store.put(conn, order["id"], **values)
        return self._entry(conn, {**order, **values}, login, at)

    def _entry(
        self, conn: Connection, order: Row, login: str, at: Millis, *, overdue: bool = False
    ) -> set[str]:
        names = ("unit", "number", "text", "via", "state", "why", "deadline_at", "received_by")
        body = {name: order[name] for name in names} | {"order_id": order["id"]}
        fact = OrderChanged(order["incident_id"], at, order["id"], order["unit"], order["state"],
                            login, overdue)  # fmt: skip
        act = "incident.order_overdue" if overdue else "incident.order"
        tell(conn, login, act, order["incident_id"], body, fact, at=at, ref=order["id"])
        return {must(conn, order["incident_id"])["root"]}

    async def watch(self) -> None:
        """Mark what was lost on its way and what is overdue, and order its deputy by telephone in its place."""
        await self._note_lost()
        deputies: list[str] = []

        def write(conn: Connection, at: Millis) -> set[str]:
            changed: set[str] = set()
            for order in order_store.overdue(conn, at):
                order_store.put(conn, order["id"], overdue=True)
                changed |= self._entry(conn, order, SYSTEM_LOGIN, at, overdue=True)
                if order["deputy"]:
                    deputies.append(self._to_deputy(conn, order, at))
            return changed

        await self._books.act(write)
        for order_id in deputies:
            await self._tell(await self.get(order_id))

    async def _note_lost(self) -> None:
        """An order whose message will not arrive has failed before its deadline."""
        if self.messages is None:
            return
        waiting = await self._db.read(order_store.sent_by, Via.SMS)
        if waiting:
            for order_id, why in (await self.messages.lost(waiting)).items():
                await self._move(order_id, OrderState.FAILED, why[:200])

    def _to_deputy(self, conn: Connection, order: Row, at: Millis) -> str:
        made = new_id()
        whole = {
            **order, "id": made, "number": order["deputy"], "deputy": "", "overdue": False,
            "via": Via.PHONE.value, "state": OrderState.SENDING.value, "why": "",
            "login": SYSTEM_LOGIN, "deputy_for": order["id"],
        }  # fmt: skip
        self._write(conn, whole, at, 0)
        return made


def _unknown(order_id: str) -> Refusal:
    return not_found("order", order_id, "Look at the incident.")
