"""Links in SQL. The gateway's process looks after changes and follows while it runs."""

from __future__ import annotations

import dataclasses

import orjson
from sqlalchemy import (
    BigInteger,
    Column,
    Connection,
    Integer,
    RowMapping,
    String,
    Table,
    Text,
    delete,
    insert,
    select,
    update,
)

from smsgateway.links.model import (
    Bind,
    Link,
    LinkConfig,
    LinkState,
    LinkStatus,
    Protocol,
    ReceiptIds,
    Route,
    check,
)
from smsgateway.queue.routes import routes
from smsgateway.queue.tables import metadata
from softswitch.clock import Millis
from softswitch.errors import conflict, not_found

links = Table(
    "sms_links",
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=True),
    Column("name", String(32), nullable=False, unique=True),
    Column("config", Text, nullable=False),
    Column("changed_at", BigInteger, nullable=False),
)

link_status = Table(
    "sms_link_status",
    metadata,
    Column("link_id", Integer, primary_key=True, autoincrement=False),
    Column("body", Text, nullable=False),
    Column("updated_at", BigInteger, nullable=False),
)

STALE: Millis = 5_000
"""A status that is older was told by a gateway that does not run any more."""


def add(conn: Connection, config: LinkConfig, at: Millis) -> Link:
    """Store a new link. Raises :class:`Refusal` ``bad_link``, ``sms_link_exists``."""
    check(config)
    if _row(conn, config.name) is not None:
        raise conflict(
            "sms_link_exists",
            f"There is a link {config.name} already.",
            "Choose another name, or change that one.",
        )
    values = {"name": config.name, "config": _encode(config), "changed_at": at}
    made = int(conn.execute(insert(links).values(**values).returning(links.c.id)).scalar_one())
    _put_routes(conn, made, config)
    return Link(made, config)


def change(conn: Connection, name: str, config: LinkConfig, at: Millis) -> Link:
    """Replace a link; the gateway drains it and connects anew where that is needed.

    Raises :class:`Refusal` ``bad_link``, ``sms_link_not_found``, ``sms_link_exists``.
    """
    check(config)
    link = one(conn, name)
    other = _row(conn, config.name)
    if other is not None and other["id"] != link.id:
        raise conflict(
            "sms_link_exists", f"There is a link {config.name} already.", "Choose another name."
        )
    values = {"name": config.name, "config": _encode(config), "changed_at": at}
    conn.execute(update(links).where(links.c.id == link.id).values(**values))
    _put_routes(conn, link.id, config)
    return Link(link.id, config)


def pause(conn: Connection, name: str, paused: bool, at: Millis) -> Link:
    """Let a link send nothing new, or let it go on; what is under way is answered. ``sms_link_not_found``."""
    link = one(conn, name)
    return change(conn, name, dataclasses.replace(link.config, paused=paused), at)


def remove(conn: Connection, name: str) -> None:
    """Remove a link; what waited for it goes over others. Raises ``sms_link_not_found``."""
    link = one(conn, name)
    conn.execute(delete(routes).where(routes.c.link_id == link.id))
    conn.execute(delete(link_status).where(link_status.c.link_id == link.id))
    conn.execute(delete(links).where(links.c.id == link.id))


def one(conn: Connection, name: str) -> Link:
    """Return a link. Raises :class:`Refusal` ``sms_link_not_found``."""
    row = _row(conn, name)
    if row is None:
        raise not_found("sms link", name, "See `softswitch sms link list`.")
    return _link(row)


def every(conn: Connection) -> list[Link]:
    """Return all links by name."""
    return [_link(row) for row in conn.execute(select(links).order_by(links.c.name)).mappings()]


def statuses(conn: Connection, at: Millis) -> dict[int, LinkStatus]:
    """Return what the gateway last told of each link, by id; ``UNKNOWN`` where that is old."""
    found = {}
    for row in conn.execute(select(link_status)):
        body = orjson.loads(row.body)
        state = LinkState(body.pop("state"))
        if at - row.updated_at > STALE:
            state = LinkState.UNKNOWN
        found[row.link_id] = LinkStatus(state=state, updated_at=row.updated_at, **body)
    return found


def _row(conn: Connection, name: str) -> RowMapping | None:
    return conn.execute(select(links).where(links.c.name == name)).mappings().first()


def _put_routes(conn: Connection, link_id: int, config: LinkConfig) -> None:
    conn.execute(delete(routes).where(routes.c.link_id == link_id))
    rows = [{"prefix": r.prefix, "link_id": link_id, "cost": r.cost} for r in config.routes]
    if rows:
        conn.execute(insert(routes), rows)


def _encode(config: LinkConfig) -> str:
    return orjson.dumps(dataclasses.asdict(config)).decode()


def _link(row: RowMapping) -> Link:
    return Link(row["id"], decode(row["config"]))


def decode(text: str) -> LinkConfig:
    """Return the configuration that the table holds."""
    values = orjson.loads(text)
    values["protocol"] = Protocol(values["protocol"])
    values["bind"] = Bind(values["bind"])
    values["receipt_ids"] = ReceiptIds(values["receipt_ids"])
    values["routes"] = tuple(Route(**route) for route in values["routes"])
    return LinkConfig(**values)
