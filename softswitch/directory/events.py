"""The durable fact of this capability."""

from __future__ import annotations

from dataclasses import dataclass

from softswitch.clock import Millis
from softswitch.events import Fact, fact


@fact("directory.changed", right="directory.read")
@dataclass(frozen=True, slots=True)
class DirectoryChanged(Fact):
    """A row of the directory was added, changed or removed; ``what`` is extension, phone, emergency, ..."""

    what: str
    key: str
    act: str
    at: Millis
    login: str
