"""What a malicious or broken client puts into a field of text."""

from __future__ import annotations

from pathlib import Path
from tempfile import gettempdir

FLAG = Path(gettempdir()) / "softswitch-was-executed"
"""A file that exists only when something ran a command that came in as text."""

COMMAND = f"touch {FLAG}"

TEXTS: dict[str, str] = {
    "crlf": "a\r\nAction: Originate\r\nChannel: Local/120@from-phones",
    "nul": "a\0b",
    "escape": "a\x1b[2Jb\x7f",
    "function": f"${{SHELL({COMMAND})}}$[1 + 1]",
    "separators": f"1001&PJSIP/line,1,System({COMMAND});tag=1|x",
    "quotes": "\"'`<sip:110@127.0.0.1>\\r\\n\\",
    "other scripts": "🚑👩‍🚒\u202e021\u2028\u2066１２０",
    "sql": "1001'; DROP TABLE audit; --",
    "formula": '=HYPERLINK("http://x")<script>alert(1)</script>',
    "path": "../../../etc/passwd",
    "thousand digits": "1" * 1_000,
    "ten thousand signs": "x" * 10_000,
    "empty": "",
}

BROKEN_JSON: dict[str, bytes] = {
    "open": b"{",
    "no UTF-8": b'"\xff\xfe"',
    "half a pair": b'{"name": "\\ud800"}',
    "two objects": b"{}{}",
    "infinite": b'{"rank": 1e999}',
    "no number": b'{"rank": NaN}',
    "ten thousand digits": b'{"rank": %d}' % 10**4_000,
    "deep list": b"[" * 50_000,
    "deep object": b'{"a":' * 50_000,
    "nul": b"\0",
    "a list": b"[]",
    "null": b"null",
    "a text": b'"text"',
}

IN_ADDRESSES = ("crlf", "function", "thousand digits", "path")
"""What is tried in the path and in the query of every route."""

IN_FIELDS = (
    "crlf", "nul", "function", "separators", "quotes", "other scripts", "thousand digits", "ten thousand signs",
    "empty",
)  # fmt: skip
"""What is tried in each field of every body."""

VALUES: dict[str, object] = {
    "null": None,
    "beyond": 2**63,
    "a list": ["1001", None, [[]], {"$ref": "#/"}],
}
"""JSON values of a kind that the field does not have."""
