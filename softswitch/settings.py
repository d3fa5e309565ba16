"""Settings: defaults < configuration file (TOML) < environment ``SOFTSWITCH_*`` < command line.

An unknown key or a wrong value is refused with the place where it stands and, for a key, the nearest known one.
"""

from __future__ import annotations

import dataclasses
import difflib
import re
import tomllib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from softswitch import setting_values as values
from softswitch.errors import Refusal, invalid
from softswitch.setting_values import HIGHEST_PORT, Address, PortRange

PREFIX = "SOFTSWITCH_"
SIP_PORT = 5060  # RFC 3261 section 19.1.2


_ANY = "0.0.0.0"  # phones are on the network
_LOCAL = "127.0.0.1"
_HTTP = Address(_LOCAL, 8_080)
_SIP = Address(_ANY, SIP_PORT)
_RTP = PortRange(10_000, 14_999)

_TILES = r"|https?://[A-Za-z0-9.:\[\]{}-]+/[^\s;,'\"]*\{[zxy]\}[^\s;,'\"]*"

LAYERS = ("incidents", "gis", "resources", "plans", "duty")
"""The thin layers on top of calls, in the order in which they are built."""


@dataclass(frozen=True, slots=True)
class Settings:
    """Everything that can be set. A port that is not set follows ``sip``, so that instances keep apart."""

    data: Path = Path("data")
    database: str = ""
    """Empty: SQLite in the data folder."""

    http: Address = _HTTP
    https: Address | None = None
    http_names: tuple[str, ...] = ()
    certificate: Path | None = None
    private_key: Path | None = None
    console: Path | None = None
    """The folder of the built console; empty: ``console/dist`` beside the program."""

    sip: Address = _SIP
    sips: Address | None = None
    switch_http: Address | None = None
    switch_https: Address | None = None
    ami: Address | None = None
    iax: Address | None = None
    """Where nodes with 2M lines send their calls over IAX2; open only while such a node is described."""

    sip_copies: Address | None = None
    """Where the switch sends copies of SIP messages, over UDP on this machine: they tell places of callers."""

    precedence_door: Address | None = None
    """Where gateways that *require* Resource-Priority send their calls, over UDP; None: nowhere."""

    rtp: PortRange = _RTP
    media_address: str = ""
    """The address in SDP; empty: the one that the phone reached us at."""

    sms_database: str = ""
    """The queue of mass SMS; empty: SQLite in the data folder, in a file of its own."""

    recording_days: int = 180
    session_idle_minutes: int = 240
    session_hours: int = 24
    wall_days: int = 30
    """How long the session of a display on the wall lives without being seen; it renews while it is used."""
    log_level: str = "info"
    demo: bool = False
    layers: tuple[str, ...] = LAYERS
    """Which of the thin layers run; calls work without any."""

    map_url: str = ""
    """Tiles for the map, with {z}, {x}, {y} and the key of the service; empty: the world's outline alone."""

    map_labels: str = ""
    """The same for a layer of names above it."""

    map_coordinates: str = "wgs84"
    """What the tiles are drawn in: wgs84 (CGCS2000 too) or gcj02."""

    location_servers: tuple[str, ...] = ()
    """Which servers are asked when a call carries its location by reference (RFC 6442): HOST or HOST:PORT."""

    def sips_address(self) -> Address:
        """Return where SIP over TLS listens."""
        return self.sips or Address(self.sip.host, self._beside(SIP_PORT + 1))

    def switch_http_address(self) -> Address:
        """Return where the switch serves ARI and SIP over WebSocket."""
        return self.switch_http or Address(self.sip.host, self._beside(8_088))

    def switch_https_address(self) -> Address:
        """Return the same over TLS."""
        return self.switch_https or Address(self.sip.host, self._beside(8_089))

    def ami_address(self) -> Address:
        """Return where the switch serves AMI; only for this machine unless set otherwise."""
        return self.ami or Address(_LOCAL, self._beside(5_038))

    def iax_address(self) -> Address:
        """Return where the switch takes calls of nodes over IAX2."""
        return self.iax or Address(self.sip.host, self._beside(4_569))

    def sip_copies_address(self) -> Address:
        """Return where copies of SIP messages go; never to another machine."""
        return self.sip_copies or Address(_LOCAL, self._beside(9_060))

    def database_url(self) -> str:
        """Return the URL of the database."""
        return self.database or f"sqlite:///{self.data / 'softswitch.db'}"

    def sms_database_url(self) -> str:
        """Return the URL of the queue of mass SMS."""
        return self.sms_database or f"sqlite:///{self.data / 'sms.db'}"

    def _beside(self, usual: int) -> int:
        """Return the usual port, moved as far as ``sip`` is moved from 5060."""
        port = usual + self.sip.port - SIP_PORT
        return port if self.sip.port and 1 <= port <= HIGHEST_PORT else usual


_PARSERS: Mapping[str, Callable[[Any], Any]] = {
    "data": values.path,
    "database": values.plain_word(r"|[a-z+0-9]+://\S+", "the URL of a database"),
    "http": values.address(_LOCAL),
    "https": values.optional(values.address(_ANY)),
    "http_names": values.words,
    "certificate": values.optional(values.path),
    "private_key": values.optional(values.path),
    "console": values.optional(values.path),
    "sip": values.address(_ANY),
    "sips": values.optional(values.address(_ANY)),
    "switch_http": values.optional(values.address(_ANY)),
    "switch_https": values.optional(values.address(_ANY)),
    "ami": values.optional(values.address(_LOCAL)),
    "iax": values.optional(values.address(_ANY)),
    "sip_copies": values.optional(values.loopback),
    "precedence_door": values.optional(values.address(_ANY)),
    "rtp": values.port_range,
    "media_address": values.plain_word(r"|[0-9a-fA-F:.]{2,45}", "an address"),
    "sms_database": values.plain_word(r"|[a-z+0-9]+://\S+", "the URL of a database"),
    "recording_days": values.whole(1, 36_500),
    "session_idle_minutes": values.whole(5, 1_440),
    "session_hours": values.whole(1, 168),
    "wall_days": values.whole(1, 365),
    "log_level": values.level,
    "demo": values.boolean,
    "layers": values.some_of(LAYERS),
    "map_url": values.plain_word(_TILES, "an https URL with {z}, {x} and {y}"),
    "map_labels": values.plain_word(_TILES, "an https URL with {z}, {x} and {y}"),
    "map_coordinates": values.plain_word(r"wgs84|gcj02", "wgs84 or gcj02"),
    "location_servers": values.words,
}

KEYS = tuple(item.name for item in dataclasses.fields(Settings))


def load(
    *,
    config: Path | None = None,
    environment: Mapping[str, str] | None = None,
    command_line: Mapping[str, Any] | None = None,
) -> Settings:
    """Return the settings from all sources; values of None on the command line are not given.

    Raises the :class:`Refusal` ``bad_configuration`` with the place of what is wrong.
    """
    found: dict[str, Any] = {}
    if config is not None:
        found |= _from_file(config)
    found |= _from_environment(environment or {})
    given = {name: value for name, value in (command_line or {}).items() if value is not None}
    found |= _parse(given, lambda name: f"--{name.replace('_', '-')}")
    settings = dataclasses.replace(Settings(), **found)
    settings = dataclasses.replace(settings, data=settings.data.absolute())
    _check_together(settings)
    return settings


def _from_file(path: Path) -> dict[str, Any]:
    try:
        text = path.read_text("utf-8")
        content = tomllib.loads(text)
    except FileNotFoundError as error:
        raise _refused(
            f"{path} does not exist.", "Give the path of a file with --config."
        ) from error
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise _refused(f"{path} cannot be read: {error}.", "Mend it; it is TOML.") from error
    return _parse(content, lambda name: f"{path}, line {_line_of(text, name)}")


def _from_environment(environment: Mapping[str, str]) -> dict[str, Any]:
    given = {
        name.removeprefix(PREFIX).lower(): value
        for name, value in environment.items()
        if name.startswith(PREFIX) and name not in NOT_SETTINGS
    }
    return _parse(given, lambda name: f"environment {PREFIX}{name.upper()}")


NOT_SETTINGS = frozenset(
    {
        "SOFTSWITCH_CACHE",
        "SOFTSWITCH_URL",
        "SOFTSWITCH_TOKEN",
        "SOFTSWITCH_SERVER",
        "SOFTSWITCH_PYTHON",
        "SOFTSWITCH_WORKER",
    }
)
"""Variables with our prefix that others read: the set-up and the command line as a client."""


def _parse(given: Mapping[str, Any], place: Callable[[str], str]) -> dict[str, Any]:
    parsed = {}
    for name, value in given.items():
        if name not in _PARSERS:
            raise _unknown(name, place(name))
        try:
            parsed[name] = _PARSERS[name](value)
        except (ValueError, TypeError) as error:
            raise _refused(
                f"{place(name)}: {name} = {str(value)[:60]!r} is wrong.",
                f"{_sentence(error)}",
                name,
            ) from error
    return parsed


def _sentence(error: Exception) -> str:
    text = str(error)
    return f"{text[:1].upper()}{text[1:]}."


def _unknown(name: str, place: str) -> Refusal:
    near = difflib.get_close_matches(name, KEYS, 1, 0.5)
    hint = f"Did you mean {near[0]}?" if near else f"Known keys: {', '.join(KEYS)}."
    return _refused(f"{place}: there is no setting {name[:40]!r}.", hint, name)


def _refused(message: str, next_step: str, name: str | None = None) -> Refusal:
    return invalid("bad_configuration", message, next_step, field=name)


def _line_of(text: str, name: str) -> int:
    for number, line in enumerate(text.splitlines(), 1):
        if re.match(rf"\s*\[*\s*[\"']?{re.escape(name)}[\"']?\s*[=\].]", line):
            return number
    return 1


def _check_together(settings: Settings) -> None:
    if settings.https is not None and settings.certificate is None:
        raise _refused(
            "https is set without a certificate.",
            "Set certificate and private_key too.",
            "certificate",
        )
    if settings.precedence_door and settings.precedence_door.port == settings.sip.port:
        raise _refused(
            f"precedence_door and sip both have the port {settings.sip.port}.",
            "Give each its own port.",
            "precedence_door",
        )
    kind = settings.database_url().partition(":")[0]
    if "incidents" in settings.layers and kind.startswith("postgresql"):
        raise _refused(
            f"Incidents are searched by an index of SQLite, and the database is {kind}.",
            "Leave the setting database empty, or leave incidents out of the setting layers.",
            "database",
        )
    taken: dict[int, str] = {}
    for name, address in _tcp_addresses(settings):
        if address.port and taken.setdefault(address.port, name) != name:
            raise _refused(
                f"{name} and {taken[address.port]} both have the port {address.port}.",
                "Give each its own port.",
                name,
            )


def _tcp_addresses(settings: Settings) -> list[tuple[str, Address]]:
    addresses = [
        ("http", settings.http),
        ("sip", settings.sip),
        ("sips", settings.sips_address()),
        ("switch_http", settings.switch_http_address()),
        ("switch_https", settings.switch_https_address()),
        ("ami", settings.ami_address()),
    ]
    return [*addresses, ("https", settings.https)] if settings.https else addresses
