"""Merging duplicates, splitting, relating: nothing is lost, every timeline tells."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import Connection

from softswitch.access.model import Actor
from softswitch.clock import Millis
from softswitch.errors import conflict, invalid, not_found
from softswitch.layers.incidents import search_store, store, timeline_store
from softswitch.layers.incidents.books import Books, at_version, must, new_id, tell
from softswitch.layers.incidents.events import IncidentMerged, IncidentSplit
from softswitch.layers.incidents.kinds import ClockOf, set_clock
from softswitch.layers.incidents.model import Status, changed_text, check_editable, check_merge
from softswitch.layers.incidents.store import Row


class JoinService:
    """What incidents are to one another."""

    def __init__(self, books: Books, clock_of: ClockOf) -> None:
        self._books = books
        self._clock_of = clock_of

    async def merge(
        self, actor: Actor, into: str, other: str, version: int, other_version: int
    ) -> Row:
        """Make ``other`` part of ``into``; it keeps its own texts, calls and entries."""

        def write(conn: Connection, at: Millis) -> set[str]:
            target, source = must(conn, into), must(conn, other)
            at_version(conn, target, version)
            at_version(conn, source, other_version)
            check_merge(target, source)
            store.change(conn, other, other_version, at, {"merged_into": into})
            store.change(conn, into, version, at, {})
            store.set_root(conn, other, target["root"])
            body = {"into": into, "from": other, "title": source["title"],
                    "number": source["number"], "was": source["status"]}  # fmt: skip
            fact = IncidentMerged(other, at, actor.login, into)
            tell(conn, actor.login, "incident.merged", into, body, fact, at=at, also=[other])
            self._settle(conn, into, other)
            return {into, other}

        await self._books.act(write)
        return await self._books.get(into)

    async def unmerge(self, actor: Actor, incident_id: str, version: int) -> Row:
        """Take an incident out of the one that it was merged into, with all that was merged into it."""
        freed_from: list[str] = []

        def write(conn: Connection, at: Millis) -> set[str]:
            row = must(conn, incident_id)
            at_version(conn, row, version)
            if not row["merged_into"]:
                raise conflict("not_merged", f"Incident {incident_id} stands for itself.",
                               "Nothing is to be done.")  # fmt: skip
            root = row["root"]
            store.change(conn, incident_id, version, at, {"merged_into": ""})
            store.set_root(conn, incident_id, incident_id)
            body = {"from": root, "incident": incident_id}
            fact = _apart(row, actor, root, at)
            tell(conn, actor.login, "incident.split", incident_id, body, fact, at=at, also=[root])
            self._settle(conn, incident_id, root)
            freed_from.append(root)
            return {incident_id, root}

        await self._books.act(write)
        return await self._books.get(incident_id)

    async def split(
        self, actor: Actor, incident_id: str, version: int, call_ids: Sequence[str], title: str
    ) -> Row:
        """Make some calls of an incident an incident of their own; their entries go with them."""
        made = new_id()
        title = changed_text("title", title)

        def write(conn: Connection, at: Millis) -> set[str]:
            row = must(conn, incident_id)
            at_version(conn, row, version)
            check_editable(row)
            self._check_calls(conn, row, call_ids)
            part = _part(row, made, title, actor.login, at)
            store.add(conn, part)
            store.hand_over(conn, call_ids, made)
            timeline_store.hand_over(conn, call_ids, made)
            store.change(conn, incident_id, version, at, {})
            body = {"from": incident_id, "incident": made, "call_ids": list(call_ids)}
            fact = _apart(part, actor, incident_id, at)
            tell(conn, actor.login, "incident.split", made, body, fact, at=at, also=[incident_id])
            store.link(conn, made, incident_id, "split", actor.login, at)
            self._settle(conn, made, incident_id)
            return {made, incident_id}

        await self._books.act(write)
        return await self._books.get(made)

    async def relate(self, actor: Actor, one: str, other: str, why: str) -> Row:
        """Relate two incidents that are not the same."""
        why = changed_text("why", why)

        def write(conn: Connection, at: Millis) -> set[str]:
            first, second = must(conn, one), must(conn, other)
            if first["root"] == second["root"]:
                raise conflict("same_incident", f"{other} and {one} are one incident.",
                               "Choose another.")  # fmt: skip
            if store.link(conn, one, other, why, actor.login, at):
                body = {"first": one, "second": other, "why": why}
                tell(conn, actor.login, "incident.linked", one, body, at=at, also=[other])
            return {one, other}

        await self._books.act(write)
        return await self._books.get(one)

    async def unrelate(self, actor: Actor, one: str, other: str) -> Row:
        """Take a relation away."""

        def write(conn: Connection, at: Millis) -> set[str]:
            must(conn, one)
            if not store.unlink(conn, one, other):
                raise not_found("link", f"{one} to {other}", "Look at the incident.")
            body = {"first": one, "second": other}
            tell(conn, actor.login, "incident.unlinked", one, body, at=at, also=[other])
            return {one, other}

        await self._books.act(write)
        return await self._books.get(one)

    def _settle(self, conn: Connection, *ids: str) -> None:
        """Write words and clocks of those whose belonging changed."""
        for each in ids:
            set_clock(conn, must(conn, each), self._clock_of)
        search_store.reindex(conn, ids)

    @staticmethod
    def _check_calls(conn: Connection, row: Row, call_ids: Sequence[str]) -> None:
        if not call_ids:
            raise invalid(
                "no_calls", "No call is to be split off.", "Name calls.", field="call_ids"
            )
        for call_id in call_ids:
            if store.incident_of(conn, call_id) != row["id"]:
                raise invalid("not_its_call", f"Call {call_id} is not part of {row['id']}.",
                              "Name calls of this incident.", field="call_ids")  # fmt: skip
        whole = store.with_calls(conn, [row])[0]["call_ids"]
        if set(call_ids) >= set(whole):
            raise invalid("all_calls", "All calls of the incident were named.",
                          "Leave one with it.", field="call_ids")  # fmt: skip


def _part(row: Row, made: str, title: str, login: str, at: Millis) -> Row:
    """What was typed may be about either part: the new one begins with a copy."""
    copied = ("name", "address", "digits", "number", "type", "latitude", "longitude", "uncertainty")
    return {**{name: row[name] for name in copied}, "id": made, "title": title or row["title"],
            "status": Status.DRAFT.value, "owner": login, "created_at": at,
            "updated_at": at}  # fmt: skip


def _apart(row: Row, actor: Actor, root: str, at: Millis) -> IncidentSplit:
    place = row["latitude"], row["longitude"]
    return IncidentSplit(row["id"], at, actor.login, root, row["status"], *place)
