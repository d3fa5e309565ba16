"""Secrets that are random enough to need no slow hash: session cookies and API tokens."""

from __future__ import annotations

import hashlib
import secrets

TOKEN_PREFIX = "ssw_"  # noqa: S105 - so that scanners of leaked secrets can know one


def new_session() -> str:
    """Return the secret of a session: 256 bits."""
    return secrets.token_urlsafe(32)


def new_token() -> str:
    """Return an API token: 256 bits after a prefix that names the software."""
    return TOKEN_PREFIX + secrets.token_urlsafe(32)


def digest(secret: str) -> str:
    """Return what is stored for a secret (SHA-256): a stolen database opens no session."""
    return hashlib.sha256(secret.encode("utf-8", "surrogatepass")).hexdigest()
