"""Stored groups: names for lists of numbers that are called together."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from softswitch import numbers
from softswitch.calls.core import new_id
from softswitch.calls.phonebook import Phonebook
from softswitch.conferences import group_store
from softswitch.conferences.model import call_list
from softswitch.errors import conflict, invalid, not_found
from softswitch.store.database import Database

MOST_IN_GROUP = 500


class GroupService:
    """Groups by id or name."""

    def __init__(self, db: Database, book: Phonebook) -> None:
        self._db = db
        self._book = book

    async def all(self) -> list[dict[str, Any]]:
        """Return every group with its members."""
        return await self._db.read(group_store.all_groups)

    async def one(self, key: str) -> dict[str, Any]:
        """Return a group by id or name, or refuse."""
        for group in await self.all():
            if key in (group["id"], group["name"]):
                return group
        raise not_found("group", numbers.quoted(key), "Look at the list of groups.")

    async def lists(self, keys: Iterable[str]) -> list[list[str]]:
        """Return the numbers of each group."""
        found = [await self.one(key) for key in keys]
        return [[member["number"] for member in group["members"]] for group in found]

    async def put(
        self, login: str, name: str, members: Sequence[dict[str, str]], key: str | None = None
    ) -> dict[str, Any]:
        """Make a group, or change the one with ``key`` as a whole."""
        name = numbers.plain_text(name, "name")
        if not name:
            raise invalid("no_name", "The group has no name.", "Give one.", field="name")
        group_id = (await self.one(key))["id"] if key is not None else new_id()
        if any(g["name"] == name and g["id"] != group_id for g in await self.all()):
            raise conflict("group_taken", f"There is a group {name} already.", "Take another name.")
        rows = self._rows(members)
        await self._db.write(group_store.put_group, login, group_id, name, rows)
        return await self.one(group_id)

    def _rows(self, members: Sequence[dict[str, str]]) -> list[dict[str, str]]:
        if len(members) > MOST_IN_GROUP:
            raise invalid(
                "too_many", f"{len(members)} members are too many.", f"Give up to {MOST_IN_GROUP}."
            )
        rows = [self._row(member) for member in members]
        repeated = call_list([row["number"] for row in rows]).repeated
        if repeated:
            raise invalid(
                "repeated_number",
                f"{', '.join(repeated[:5])} stands in the group more than once.",
                "Name each number once.",
                field="members",
            )
        return rows

    def _row(self, member: dict[str, str]) -> dict[str, str]:
        number = numbers.phone_number(member.get("number", ""), "number")
        if self._book.emergency(number) is not None:
            raise invalid(
                "emergency_number",
                f"{number} is an emergency number.",
                "A group may not call it.",
                field="members",
            )
        deputy = member.get("deputy", "")
        return {
            "number": number,
            "name": numbers.plain_text(member.get("name", ""), "name")
            or self._book.name_of(number),
            "deputy": numbers.phone_number(deputy, "deputy") if deputy else "",
        }

    async def drop(self, login: str, key: str) -> None:
        """Remove a group."""
        group = await self.one(key)
        await self._db.write(group_store.drop_group, login, group["id"])
