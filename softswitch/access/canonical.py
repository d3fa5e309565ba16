"""The one way to write a row of the audit log as text, and to chain it by SHA-256 (FIPS 180-4)."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from typing import Any

GENESIS = "0" * 64
"""The hash before the first row."""


def canonical(row: Mapping[str, Any]) -> str:
    """Return ``row`` as JSON with sorted keys and no spaces: the same row always gives the same text."""
    return json.dumps(row, sort_keys=True, ensure_ascii=False, separators=(",", ":"))


def chain(previous: str, row: Mapping[str, Any]) -> str:
    """Return the hash of ``row`` in a chain that had ``previous`` as its end, as 64 hexadecimal digits."""
    return hashlib.sha256(f"{previous}\n{canonical(row)}".encode()).hexdigest()
