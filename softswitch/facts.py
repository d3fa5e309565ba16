"""Durable facts: what happened, in the past tense.

A fact is a frozen dataclass, registered under its ``kind``; it goes through JSON and comes back equal.
Adding one is three lines: the decorator, the class, the fields (``str``, ``int``, ``float``, ``bool``,
``tuple`` of these, or any of them ``| None``).  Fields are only ever added, with a default, so that an old log
stays readable; a field that this release does not know is passed over.
"""

from __future__ import annotations

import dataclasses
import types
import typing
from collections.abc import Callable, Mapping
from typing import Any, ClassVar, TypeVar


class UnknownKindError(Exception):
    """The log holds a fact of a kind that this release does not know."""


class Fact:
    """What every fact has: its kind and the right that it takes to read it."""

    kind: ClassVar[str] = ""
    right: ClassVar[str] = "board.read"
    __slots__ = ()


F = TypeVar("F", bound=type[Fact])
_KINDS: dict[str, type[Fact]] = {}
_PLAIN = (str, int, float, bool, type(None))


def fact(kind: str, *, right: str = "board.read") -> Callable[[F], F]:
    """Register a frozen dataclass under ``kind``, for example ``call.started``."""

    def register(cls: F) -> F:
        if kind in _KINDS:
            raise TypeError(f"There are two facts {kind}: {_KINDS[kind].__name__}, {cls.__name__}.")
        cls.kind = kind
        cls.right = right
        _fields(cls)
        _KINDS[kind] = cls
        return cls

    return register


def kinds() -> Mapping[str, type[Fact]]:
    """Return every registered kind with its class."""
    return types.MappingProxyType(_KINDS)


def to_json(event: Fact) -> dict[str, Any]:
    """Return the fields of a fact as JSON-ready values."""
    return {
        name: list(value) if isinstance(value := getattr(event, name), tuple) else value
        for name in _fields(type(event))
    }


def from_json(kind: str, body: Mapping[str, Any]) -> Fact:
    """Return the fact that :func:`to_json` described.

    Raises :class:`UnknownKindError` for a kind that nobody registered and :class:`TypeError` for a field
    that is missing.
    """
    cls = _KINDS.get(kind)
    if cls is None:
        raise UnknownKindError(kind)
    names = _fields(cls)
    values = {
        name: tuple(value) if isinstance(value, list) else value
        for name, value in body.items()
        if name in names
    }
    return cls(**values)


_FIELDS: dict[type[Fact], tuple[str, ...]] = {}


def _fields(cls: type[Fact]) -> tuple[str, ...]:
    names = _FIELDS.get(cls)
    if names is None:
        hints = typing.get_type_hints(cls)
        members = dataclasses.fields(cls)  # type: ignore[arg-type]  # TypeError when it is none
        for member in members:
            _check_type(cls, member.name, hints[member.name])
        names = _FIELDS[cls] = tuple(member.name for member in members)
    return names


def _check_type(cls: type[Fact], name: str, hint: Any) -> None:
    origin = typing.get_origin(hint)
    parts = typing.get_args(hint) if origin in {typing.Union, types.UnionType, tuple} else (hint,)
    for part in parts:
        if part is Ellipsis or part in _PLAIN:
            continue
        if typing.get_origin(part) is tuple and origin is not tuple:
            _check_type(cls, name, part)
            continue
        raise TypeError(f"{cls.__name__}.{name}: {hint} does not go through JSON.")
