"""Rows for a statement travel as one JSON text, in SQLite and in PostgreSQL alike.

One statement for a whole turn's worth of rows, whatever their number: it runs inside of the database without a word
of Python, so the thread that writes does not hold up the one that speaks to the centres.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

from smsgateway.model import MessageState

_PLACE = re.compile(r"\{(\w+)\}")
_STATES = {state.name: str(int(state)) for state in MessageState}
_OPEN = "state IN ({LEASED}, {SUBMITTING}, {IN_DOUBT})".format(**_STATES)
"""Word for word the condition of the index ``ix_sms_messages_open``: SQLite takes it for no other."""


@dataclass(frozen=True, slots=True)
class Dialect:
    """How a database reads JSON. In a statement, ``{rows}`` is the source ``:rows``, ``{i0}`` its first column as a
    number,
    ``{t1}`` its second as text, ``{ids}`` the list ``:ids``; ``{agg}a, b{end}`` gives all rows as one JSON text;
    ``{QUEUED}`` and the like are the numbers of states.
    """

    name: str
    pieces: Mapping[str, str]

    def sql(self, statement: str) -> str:
        """Return the statement for this database."""
        return _PLACE.sub(self._piece, statement)

    def _piece(self, match: re.Match[str]) -> str:
        word = match[1]
        if word in _STATES:
            return _STATES[word]
        if word == "open":
            return _OPEN
        if word[0] in "it" and word[1:].isdigit():
            return self.pieces[word[0]].format(place=word[1:])
        return self.pieces[word]


SQLITE = Dialect(
    "sqlite",
    {
        "rows": "json_each(:rows) AS e",
        "ids": "(SELECT value FROM json_each(:ids))",
        "i": "(e.value->>{place})",
        "t": "(e.value->>{place})",
        "agg": "json_group_array(json_array(",
        "end": "))",
    },
)
POSTGRES = Dialect(
    "postgresql",
    {
        "rows": "json_array_elements(CAST(:rows AS json)) AS e(value)",
        "ids": "(SELECT CAST(v AS bigint) FROM json_array_elements_text(CAST(:ids AS json)) AS f(v))",
        "i": "CAST(e.value->>{place} AS bigint)",
        "t": "(e.value->>{place})",
        "agg": "CAST(json_agg(json_build_array(",
        "end": ")) AS text)",
    },
)
DIALECTS = {one.name: one for one in (SQLITE, POSTGRES)}
