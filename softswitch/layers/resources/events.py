"""Durable facts of resources."""

from __future__ import annotations

from dataclasses import dataclass

from softswitch.clock import Millis
from softswitch.facts import Fact, fact


@fact("resource.changed", right="resource.read")
@dataclass(frozen=True, slots=True)
class ResourceChanged(Fact):
    """A resource was added, changed or removed; ``act`` tells which."""

    code: str
    at: Millis
    act: str  # added, changed, removed
    kind_of_resource: str
    status: str = ""
    login: str = ""


@fact("resource.imported", right="resource.read")
@dataclass(frozen=True, slots=True)
class ResourcesImported(Fact):
    """A file of resources was imported."""

    at: Millis
    added: int
    changed: int
    refused: int
    login: str = ""
