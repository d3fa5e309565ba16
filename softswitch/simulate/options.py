"""What a simulation is asked to do."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from softswitch.simulate.scenarios import LANGUAGES

Seconds = float
IDENTITIES = ("asserted", "from", "account")


@dataclass(frozen=True)
class Account:
    extension: str
    password: str = field(repr=False)


@dataclass(frozen=True)
class Options:
    server: tuple[str, int]
    citizens: tuple[Account, ...] = ()
    """Accounts from which emergency calls are placed; one may carry several calls at a time."""
    field_phones: tuple[Account, ...] = ()
    """Accounts that answer as field phones."""
    calls: int = 0
    mix: Mapping[str, float] = field(default_factory=dict)
    """Share of each emergency number, such as {"120": 3, "110": 1}; empty means equal shares."""
    language: str = "cmn"
    seed: int = 0
    interval: Seconds = 2.0
    """Mean time between two calls; they come at random, as real ones do."""
    at_once: int = 10
    patience: Seconds = 120.0
    """A caller who nobody answers holds on for so long."""
    talk: Seconds = 60.0
    """A caller who was answered hangs up after so long, unless the other side does it before."""
    give_up_share: float = 0.0
    """The share of callers who hang up early, after a part of `give_up_after`."""
    give_up_after: Seconds = 10.0
    field_delay: Seconds = 2.0
    """How long a field phone rings before it is answered."""
    field_talk: Seconds = 20.0
    stay: Seconds | None = None
    """How long field phones stay after the last citizen; None is for ever when there is none."""
    transport: str = "udp"
    local: str = "127.0.0.1"
    identity: str = "asserted"
    """How the citizen's number is told: `asserted` (P-Asserted-Identity), `from`, or `account`
    for the account's own. Which one counts is the server's choice."""

    def __post_init__(self) -> None:
        if self.calls and not self.citizens:
            raise ValueError(f"{self.calls} calls are wanted, but no account to place them from")
        if not self.calls and not self.field_phones:
            raise ValueError("nothing to simulate: neither calls nor field phones")
        if self.language not in LANGUAGES:
            raise ValueError(f"language {self.language!r} is none of {', '.join(LANGUAGES)}")
        if self.identity not in IDENTITIES:
            raise ValueError(f"identity {self.identity!r} is none of {', '.join(IDENTITIES)}")
        if not 0 <= self.give_up_share <= 1:
            raise ValueError(f"share of callers who give up: {self.give_up_share} is not 0 to 1")
        if self.calls < 0 or self.at_once < 1 or self.interval < 0:
            raise ValueError("calls, at_once and interval cannot be negative, at_once not zero")
