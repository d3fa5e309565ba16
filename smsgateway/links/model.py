"""How a message centre is reached, as values. What is wrong is refused at the door."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from enum import StrEnum

from softswitch.clock import Millis
from softswitch.errors import Refusal, invalid
from softswitch.numbers import plain_text


class Protocol(StrEnum):
    """What the centre speaks."""

    SMPP = "smpp"  # SMPP 3.4
    CMPP = "cmpp"  # CMPP 3.0, China Mobile


class Bind(StrEnum):
    """Which sessions an SMPP link has (SMPP 3.4, 2.2); CMPP has one for both directions."""

    TRANSCEIVER = "transceiver"
    SEPARATE = "separate"  # a transmitter and a receiver, for centres without transceivers
    TRANSMITTER = "transmitter"  # no receipts and no replies
    RECEIVER = "receiver"  # sends nothing


class ReceiptIds(StrEnum):
    """How the message id of a receipt relates to that of the answer (a known vice of centres)."""

    AUTO = "auto"  # as given; then, for the same number, hexadecimal and decimal
    AS_GIVEN = "as_given"


class LinkState(StrEnum):
    """What a link is doing."""

    DISABLED = "disabled"
    CONNECTING = "connecting"
    BOUND = "bound"
    PAUSED = "paused"  # bound, takes receipts and replies, sends nothing new
    WAITING = "waiting"  # cut or refused; will try again
    UNKNOWN = "unknown"  # the gateway does not run


@dataclass(frozen=True, slots=True)
class Route:
    """Numbers beginning with ``prefix`` may go over the link; the cheapest goes first."""

    prefix: str
    cost: int = 0
    """Thousandths of the currency for each part."""


@dataclass(frozen=True, slots=True)
class LinkConfig:
    """One link. ``window`` in parts under way at once; ``rate`` in parts a second, 0: as fast as it goes."""

    name: str
    host: str
    port: int
    system_id: str
    """``system_id`` of SMPP, ``Source_Addr`` (SP id) of CMPP."""

    password: str = field(repr=False)
    protocol: Protocol = Protocol.SMPP
    bind: Bind = Bind.TRANSCEIVER
    system_type: str = ""
    tls: bool = False
    tls_verify: bool = True
    tls_ca: str = ""
    """A file with the certificates to trust; empty: those of the machine."""

    window: int = 10
    rate: float = 0.0
    enquire_seconds: float = 30.0
    response_seconds: float = 10.0
    sender: str = ""
    service: str = ""
    """``service_type`` of SMPP, ``Service_Id`` of CMPP."""

    receipt_ids: ReceiptIds = ReceiptIds.AUTO
    exercise: bool = False
    """A link for exercises: nothing else goes over it, and exercises go over nothing else."""

    enabled: bool = True
    paused: bool = False
    routes: tuple[Route, ...] = (Route(""),)


@dataclass(frozen=True, slots=True)
class Link:
    """A link as it is stored."""

    id: int
    config: LinkConfig


@dataclass(frozen=True, slots=True)
class LinkStatus:
    """What the gateway last told of a link; counters since the gateway started."""

    state: LinkState = LinkState.UNKNOWN
    since: Millis = 0
    detail: str = ""
    """Why it waits, in words: ``connection refused``, ``bind refused: 14``."""

    in_flight: int = 0
    rate: float = 0.0
    """Parts a second over the last five seconds."""

    allowed_rate: float = 0.0
    """What throttling has left of the link's rate; 0: not limited."""

    submitted: int = 0
    refused: int = 0
    throttled: int = 0
    receipts: int = 0
    replies: int = 0
    unknown_receipts: int = 0
    bad_pdus: int = 0
    connections: int = 0
    updated_at: Millis = 0


_NAME = re.compile(r"[a-z0-9][a-z0-9._-]{0,31}")
_HOST = re.compile(r"[A-Za-z0-9._:-]{1,253}")
_PREFIX = re.compile(r"[0-9]{0,20}")
_SENDER = re.compile(r"[0-9A-Za-z .+&-]{0,20}")
MOST_ROUTES = 2_000

# Lengths of C-octet strings without their NUL: SMPP 3.4, 4.1.1 and 5.2.
_SYSTEM_ID, _PASSWORD, _SYSTEM_TYPE, _SERVICE_TYPE = 15, 8, 12, 5
_CMPP_SP_ID, _CMPP_SERVICE = 6, 10


def check(config: LinkConfig) -> LinkConfig:
    """Return ``config`` when a centre can be reached with it.

    Raises :class:`Refusal` ``bad_link`` with the field that is wrong.
    """
    _need(_NAME.fullmatch(config.name), "name", "1 to 32 of a-z, 0-9, dot, dash, underscore")
    _need(_HOST.fullmatch(config.host), "host", "a host name or an address")
    _need(1 <= config.port <= 65_535, "port", "1 to 65535")
    _need(1 <= config.window <= 1_000, "window", "1 to 1000 parts under way")
    _need(0 <= config.rate <= 100_000, "rate", "0 (as fast as it goes) to 100000 parts a second")
    _need(1 <= config.enquire_seconds <= 3_600, "enquire_seconds", "1 to 3600 seconds")
    _need(0.1 <= config.response_seconds <= 600, "response_seconds", "0.1 to 600 seconds")
    _need(_SENDER.fullmatch(config.sender), "sender", "up to 20 digits or letters")
    _check_words(config)
    _check_routes(config.routes)
    return config


def _check_words(config: LinkConfig) -> None:
    cmpp = config.protocol is Protocol.CMPP
    longest = {
        "system_id": _CMPP_SP_ID if cmpp else _SYSTEM_ID,
        "password": 64 if cmpp else _PASSWORD,  # CMPP sends a digest of it
        "system_type": _SYSTEM_TYPE,
        "service": _CMPP_SERVICE if cmpp else _SERVICE_TYPE,
    }
    for name, most in longest.items():
        value: str = getattr(config, name)
        fits = value.isascii() and len(value) <= most and value.isprintable()
        _need(fits, name, f"at most {most} letters, digits and signs")
    plain_text(config.tls_ca, "tls_ca", 500)


def _check_routes(routes: tuple[Route, ...]) -> None:
    _need(len(routes) <= MOST_ROUTES, "routes", f"at most {MOST_ROUTES} prefixes")
    for route in routes:
        _need(_PREFIX.fullmatch(route.prefix), "routes", "prefixes of up to 20 digits")
        _need(0 <= route.cost <= 1_000_000, "routes", "a cost of 0 to 1000000 thousandths")
    _need(len({r.prefix for r in routes}) == len(routes), "routes", "each prefix once")


def _need(right: object, name: str, wanted: str) -> None:
    if not right:
        raise _refused(name, wanted)


def _refused(name: str, wanted: str) -> Refusal:
    return invalid("bad_link", f"The link's {name} cannot be so.", f"Give {wanted}.", field=name)
