"""The one kind of refusal that people meet, on every entrance.

A refusal says what is wrong, with which thing, and what to do next.  The web frame turns it into one
JSON shape and the command line into one line of text.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import IntEnum
from typing import Any


class Kind(IntEnum):
    """Why something was refused; the value is the HTTP status."""

    INVALID = 422
    UNAUTHENTICATED = 401
    FORBIDDEN = 403
    NOT_FOUND = 404
    CONFLICT = 409
    GONE = 410
    TOO_LARGE = 413
    TOO_MANY = 429
    UNAVAILABLE = 503


class Refusal(Exception):
    """A clear answer to a request that is not carried out.

    ``code`` is stable and in snake case; ``message`` names the thing; ``next_step`` says what to do.
    """

    def __init__(
        self,
        kind: Kind,
        code: str,
        message: str,
        next_step: str,
        *,
        field: str | None = None,
        details: Mapping[str, Any] | None = None,
    ) -> None:
        super().__init__(f"{message} {next_step}".strip())
        self.kind = kind
        self.code = code
        self.message = message
        self.next_step = next_step
        self.field = field
        self.details = details

    def as_json(self) -> dict[str, dict[str, Any]]:
        """Return the JSON shape that every entrance answers with; ``details`` only where a refusal has some."""
        error: dict[str, Any] = {
            "code": self.code,
            "message": self.message,
            "next_step": self.next_step,
        }
        if self.field is not None:
            error["field"] = self.field
        if self.details is not None:
            error["details"] = dict(self.details)
        return {"error": error}


def invalid(code: str, message: str, next_step: str, *, field: str | None = None) -> Refusal:
    """Return the refusal of a value that cannot be right."""
    return Refusal(Kind.INVALID, code, message, next_step, field=field)


def not_found(what: str, which: str, next_step: str) -> Refusal:
    """Return the refusal for a thing that does not exist."""
    return Refusal(
        Kind.NOT_FOUND,
        f"{what.replace(' ', '_')}_not_found",
        f"There is no {what} {which}.",
        next_step,
    )


def conflict(code: str, message: str, next_step: str) -> Refusal:
    """Return the refusal of an act that the present state forbids."""
    return Refusal(Kind.CONFLICT, code, message, next_step)


def forbidden(code: str, message: str, next_step: str) -> Refusal:
    """Return the refusal of an act that the role does not allow."""
    return Refusal(Kind.FORBIDDEN, code, message, next_step)


def unavailable(code: str, message: str, next_step: str) -> Refusal:
    """Return the refusal for a part of the system that does not answer now."""
    return Refusal(Kind.UNAVAILABLE, code, message, next_step)
