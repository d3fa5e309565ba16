"""The journal: Asterisk's channel event log, which goes on while the server is down."""

from __future__ import annotations

_COLUMNS = (
    "eventtype", "userdeftype", "eventtime", "CHANNEL(uniqueid)", "CHANNEL(linkedid)",
    "CALLERID(num)", "CALLERID(dnid)", "CHANNEL(exten)", "CHANNEL(context)", "CHANNEL(channame)",
    "CHANNEL(appname)", "CHANNEL(appdata)", "BRIDGEPEER", "eventextra",
)  # fmt: skip
MAPPING = ",".join("${CSV_QUOTE(${%s})}" % column for column in _COLUMNS)  # noqa: UP031
"""The line of ``cel_custom.conf``; newer versions turn this form into their fast one."""
