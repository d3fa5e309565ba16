"""Bad requests, made from the server's own description of its API (OpenAPI 3.1)."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import quote, urlencode

from tests.robustness.hostile import IN_ADDRESSES, IN_FIELDS, TEXTS, VALUES

Json = Mapping[str, Any]


@dataclass(frozen=True)
class Operation:
    """One method of one path: which parameters and which fields of a body it has."""

    method: str
    path: str
    in_path: tuple[str, ...]
    in_query: tuple[str, ...]
    body: Mapping[str, Json] = field(default_factory=dict)
    schema: str = ""
    has_body: bool = False

    def __str__(self) -> str:
        return f"{self.method} {self.path}"

    def address(self, given: Mapping[str, str]) -> str:
        """Return the path with its parameters filled in."""
        address = self.path
        for name in self.in_path:
            address = address.replace(f"{{{name}}}", quote_all(given.get(name, "0")))
        return address


@dataclass(frozen=True)
class Attempt:
    """One request. ``refused``: it can have no other answer than a refusal."""

    operation: Operation
    address: str
    content: bytes | None
    what: str
    refused: bool = False


def operations(schema: Json) -> list[Operation]:
    """Return what the API describes."""
    return [
        _operation(schema, method.upper(), path, described)
        for path, methods in schema["paths"].items()
        for method, described in methods.items()
    ]


def _operation(schema: Json, method: str, path: str, described: Json) -> Operation:
    parameters = described.get("parameters", [])
    body = described.get("requestBody", {}).get("content", {}).get("application/json", {})
    name = body.get("schema", {}).get("$ref", "").rpartition("/")[2]
    return Operation(
        method,
        path,
        tuple(p["name"] for p in parameters if p["in"] == "path"),
        tuple(p["name"] for p in parameters if p["in"] == "query"),
        schema["components"]["schemas"].get(name, {}).get("properties", {}),
        name,
        bool(body),
    )


def quote_all(text: str) -> str:
    return quote(text, safe="")


def attempts_on(
    every: Iterable[Operation], places: Mapping[str, str], bodies: Mapping[str, Json]
) -> Iterator[Attempt]:
    """Everything bad for each operation; a field of a body that several have is spoiled once."""
    spoiled: set[tuple[str, str]] = set()
    for operation in every:
        right = bodies.get(str(operation), {})
        address = operation.address(places)
        if operation.has_body:
            yield from bad_bodies(operation, address, right)
        for name, described in operation.body.items():
            if (operation.schema, name) not in spoiled:
                spoiled.add((operation.schema, name))
                yield from _bad_field(operation, address, right, name, described)
        yield from hostile_addresses(operation, places)


def bad_bodies(operation: Operation, address: str, right: Json) -> Iterator[Attempt]:
    """A body that is none, and a field that does not exist."""
    for content in (b"{", b"[]"):
        yield Attempt(operation, address, content, f"body {content!r}", refused=True)
    yield _attempt(operation, address, {**right, "no_such_field": 1}, "unknown field", True)


def _bad_field(
    operation: Operation, address: str, right: Json, name: str, described: Json
) -> Iterator[Attempt]:
    for kind, value in VALUES.items():
        yield _attempt(operation, address, {**right, name: value}, f"{name} is {kind}")
    for kind in IN_FIELDS if takes_text(described) else ("function",):
        yield _attempt(operation, address, {**right, name: TEXTS[kind]}, f"{name} holds {kind}")


def takes_text(described: Json) -> bool:
    """Return whether a field may hold any text: no number, no truth, none of a few words."""
    kinds = described.get("anyOf", [described])
    return any(kind.get("type") == "string" and "enum" not in kind for kind in kinds)


def hostile_addresses(operation: Operation, right: Mapping[str, str]) -> Iterator[Attempt]:
    """A hostile text in each parameter of the path and of the query."""
    content = b"{}" if operation.has_body else None
    texts = {kind: TEXTS[kind] for kind in IN_ADDRESSES}
    for name in operation.in_path:
        for kind, text in texts.items():
            address = operation.address({**right, name: text})
            yield Attempt(operation, address, content, f"path {name} holds {kind}")
    for name in operation.in_query:
        for kind, text in {**texts, "negative": "-1", "big": str(2**64)}.items():
            address = f"{operation.address(right)}?{urlencode({name: text})}"
            yield Attempt(operation, address, content, f"query {name} holds {kind}")


def _attempt(
    operation: Operation, address: str, body: Json, what: str, refused: bool = False
) -> Attempt:
    content = json.dumps(body).encode()
    return Attempt(operation, address, content, what, refused)
