"""The tables of the gateway. They stand in a database of their own, so that a campaign never delays a call.

The server fills batches and changes their state; from ``queued`` on, the rows belong to the gateway's process.
Counters are kept in the transaction of the change that they count.
"""

from __future__ import annotations

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    SmallInteger,
    String,
    Table,
    Text,
    text,
)

from smsgateway.model import MessageState
from softswitch.store.tables import metadata as main_metadata

metadata = MetaData(naming_convention=main_metadata.naming_convention)

_Id = BigInteger().with_variant(Integer, "sqlite")  # SQLite counts up INTEGER only

batches = Table(
    "sms_batches",
    metadata,
    Column("id", _Id, primary_key=True, autoincrement=True),
    Column("key", String(64), nullable=False, unique=True),
    Column("priority", SmallInteger, nullable=False),
    Column("doubt", String(8), nullable=False),
    Column("state", String(12), nullable=False),
    Column("starts_at", BigInteger, nullable=False),
    Column("expires_at", BigInteger),
    Column("sender", String(24), nullable=False),
    Column("receipts", Boolean, nullable=False),
    Column("exercise", Boolean, nullable=False),
    Column("created_at", BigInteger, nullable=False),
    Column("decision", String(8), nullable=False, server_default=""),
    # ``swept``: a cancelled or expired batch whose waiting messages were all moved.
    Column("swept", Boolean, nullable=False, server_default=text("false")),
)

batch_routes = Table(
    "sms_batch_routes",
    metadata,
    Column("batch_id", _Id, primary_key=True),
    Column("route", String(20), primary_key=True),
)

bodies = Table(
    "sms_bodies",
    metadata,
    Column("id", _Id, primary_key=True, autoincrement=False),
    Column("batch_id", BigInteger, nullable=False, index=True),
    Column("octets", LargeBinary, nullable=False),
    Column("parts", SmallInteger, nullable=False),
    Column("text", Text, nullable=False),
)

messages = Table(
    "sms_messages",
    metadata,
    Column("id", _Id, primary_key=True, autoincrement=True),
    Column("batch_id", BigInteger, nullable=False),
    Column("route", String(20), nullable=False),
    Column("number", String(24), nullable=False),
    Column("body_id", BigInteger, nullable=False),
    Column("state", SmallInteger, nullable=False),
    Column("due_at", BigInteger),
    Column("link_id", Integer),
    Column("smsc_id", String(65)),
    Column("attempts", SmallInteger, nullable=False, server_default="0"),
    Column("resent", SmallInteger, nullable=False, server_default="0"),
    Column("submitted_at", BigInteger),
    Column("done_at", BigInteger),
    Column("error", String(64), nullable=False, server_default=""),
    Column("recipient", String(64), nullable=False, server_default=""),
    Column("area", String(64), nullable=False, server_default=""),
    Index("ix_sms_messages_batch", "batch_id", "id"),
    Index("ix_sms_messages_number", "number"),
)

_QUEUED = text(f"state = {int(MessageState.QUEUED)} AND due_at IS NULL")
_LATER = text(f"state = {int(MessageState.QUEUED)} AND due_at IS NOT NULL")
_OPEN = text(
    f"state IN ({int(MessageState.LEASED)}, {int(MessageState.SUBMITTING)},"
    f" {int(MessageState.IN_DOUBT)})"
)
_TAKEN = text("smsc_id IS NOT NULL")


def _partial(name: str, where: object, *columns: str) -> None:
    Index(
        f"ix_sms_messages_{name}",
        *(messages.c[column] for column in columns),
        sqlite_where=where,
        postgresql_where=where,
    )


_partial("queue", _QUEUED, "batch_id", "route", "id")
_partial("later", _LATER, "due_at")
_partial("open", _OPEN, "state", "number")
_partial("smsc", _TAKEN, "smsc_id")

parts = Table(
    "sms_parts",
    metadata,
    # Only messages of more than one part have rows here: each part has its own answer and its own receipt.
    Column("message_id", _Id, primary_key=True),
    Column("part", SmallInteger, primary_key=True),
    Column("state", SmallInteger, nullable=False),
    Column("smsc_id", String(65)),
    Column("error", String(64), nullable=False, server_default=""),
    Index("ix_sms_parts_smsc", "smsc_id"),
)

counts = Table(
    "sms_counts",
    metadata,
    # ``state`` is that of a message, or RESENT or THROTTLED of the repository.
    Column("batch_id", _Id, primary_key=True),
    Column("state", SmallInteger, primary_key=True),
    Column("n", BigInteger, nullable=False),
)

receipts = Table(
    "sms_receipts",
    metadata,
    # Receipts that no message is known for yet: they came before the answer, or belong to a message in doubt.
    Column("id", _Id, primary_key=True, autoincrement=True),
    Column("link_id", Integer, nullable=False),
    Column("smsc_id", String(65), nullable=False, index=True),
    Column("number", String(24), nullable=False),
    Column("state", SmallInteger, nullable=False),
    Column("error", String(64), nullable=False),
    Column("at", BigInteger, nullable=False, index=True),
)

inbound = Table(
    "sms_inbound",
    metadata,
    # What phones sent to us, as it came; answered to the centre when it is on the disk.
    Column("id", _Id, primary_key=True, autoincrement=True),
    Column("link_id", Integer, nullable=False),
    Column("number", String(24), nullable=False),
    Column("service", String(24), nullable=False),
    Column("coding", SmallInteger, nullable=False),
    Column("octets", LargeBinary, nullable=False),
    Column("headed", Boolean, nullable=False),
    Column("at", BigInteger, nullable=False),
)

lives = Table(
    "sms_lives",
    metadata,
    # One row: which life of the gateway wrote last, so that a journal beside a restored queue is not believed.
    Column("id", SmallInteger, primary_key=True, autoincrement=False),
    Column("life", String(16), nullable=False),
)
