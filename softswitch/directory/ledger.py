"""Tells of a change in the transaction of the change: one audit row, one durable fact."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import TYPE_CHECKING, Any

from sqlalchemy import Connection

from softswitch.access.audit import append as append_audit
from softswitch.clock import Millis
from softswitch.directory.events import DirectoryChanged
from softswitch.store import event_log

if TYPE_CHECKING:
    from _typeshed import DataclassInstance

_HIDDEN = frozenset({"secret"})


@dataclass(frozen=True, slots=True)
class Hand:
    """Who makes a change and when."""

    login: str
    at: Millis


def tell(
    conn: Connection, hand: Hand, what: str, act: str, key: str, details: Mapping[str, Any]
) -> None:
    """Write the audit row and the fact of one change, for example ``extension.add`` of ``1001``."""
    append_audit(conn, hand.login, f"{what}.{act}", key, details, at=hand.at)
    event_log.append(conn, DirectoryChanged(what, key, act, hand.at, hand.login), at=hand.at)


def shown(value: DataclassInstance) -> dict[str, Any]:
    """Return the fields of a row for the audit, without its secret."""
    return {
        field.name: _plain(getattr(value, field.name))
        for field in fields(value)
        if field.name not in _HIDDEN
    }


def difference(before: DataclassInstance, after: DataclassInstance) -> dict[str, Any]:
    """Return what differs as ``{field: [before, after]}``; empty when nothing does."""
    old, new = shown(before), shown(after)
    return {name: [old[name], new[name]] for name in new if old[name] != new[name]}


def _plain(value: Any) -> Any:
    return list(value) if isinstance(value, tuple) else value
