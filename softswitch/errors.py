"""The one kind of refusal that people meet, on every entrance.

A refusal says what is wrong, with which thing, and what to do next, in English and in Chinese.  The web frame
turns it into one JSON shape and the command line into one line of text.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import IntEnum
from typing import Any

from softswitch.chinese import sentence

MOST_LETTERS = 500
"""Of what is wrong."""
_MOST_OF_NAME = 80


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

    ``code`` is stable and in snake case; ``message`` names the thing; ``next_step`` says what to do.  Their Chinese
    comes from :mod:`softswitch.chinese`; who writes it himself gives ``chinese``: both sentences.
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
        chinese: tuple[str, str] | None = None,
    ) -> None:
        if (
            len(message) > MOST_LETTERS
        ):  # somebody's text stands in it: it is no reason to send it all back
            message = f"{message[:MOST_LETTERS]}…"
        super().__init__(f"{message} {next_step}".strip())
        self.kind = kind
        self.code = code
        self.message = message
        self.next_step = next_step
        self.field = field
        self.details = details
        self._chinese = chinese

    @property
    def in_chinese(self) -> tuple[str, str]:
        """What is wrong and what to do next, in Chinese."""
        return self._chinese or (sentence(self.message), sentence(self.next_step))

    def as_json(self) -> dict[str, dict[str, Any]]:
        """Return the JSON shape that every entrance answers with; ``details`` only where a refusal has some."""
        error = told(self.code, self.message, self.next_step)
        error["message_zh"], error["next_step_zh"] = self.in_chinese
        if self.field is not None:
            error["field"] = self.field
        if self.details is not None:
            error["details"] = dict(self.details)
        return {"error": error}


def told(code: str, message: str, next_step: str) -> dict[str, Any]:
    """Return what a refusal or an alarm says, in both languages, as it is sent to screens and programs."""
    return {
        "code": code,
        "message": message,
        "next_step": next_step,
        "message_zh": sentence(message),
        "next_step_zh": sentence(next_step),
    }


def invalid(code: str, message: str, next_step: str, *, field: str | None = None) -> Refusal:
    """Return the refusal of a value that cannot be right."""
    return Refusal(Kind.INVALID, code, message, next_step, field=field)


def not_found(what: str, which: str, next_step: str) -> Refusal:
    """Return the refusal for a thing that does not exist."""
    return Refusal(
        Kind.NOT_FOUND,
        f"{what.replace(' ', '_')}_not_found",
        f"There is no {what} {which if len(which) <= _MOST_OF_NAME else which[:_MOST_OF_NAME] + '…'}.",
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
