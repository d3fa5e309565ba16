"""The gateway's own database, with the same habits as the main one: one writer, readers, clear refusals."""

from __future__ import annotations

from smsgateway.links.store import links
from smsgateway.queue.routes import routes
from smsgateway.queue.tables import metadata
from softswitch.store.database import Database

# What declares tables has to be loaded before the database is opened.
_DECLARED = (links, routes)


def queue_database(url: str) -> Database:
    """Return the database of the queue at ``url``, as the server uses it; ``async with`` opens it."""
    return Database(url, readers=2, tables=metadata, migrations=())
