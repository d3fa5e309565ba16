"""Where one Asterisk lives and listens."""

from __future__ import annotations

import hashlib
import ipaddress
import os
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from softswitch.errors import invalid

_LONGEST_SOCKET_PATH = 100
"""``sun_path`` of a Unix socket holds 108 bytes on Linux; Asterisk adds ``/asterisk.ctl``."""


_NOT_IN_PATHS = frozenset(" ,;$&|\"'()[]{}<>\\")
"""They would mean something in the dialplan or end a value."""


@dataclass(frozen=True, slots=True)
class NodeSettings:
    """The folder, addresses and ports of one Asterisk; everything can be set, nothing is shared."""

    data: Path
    bind: str = "0.0.0.0"
    sip_port: int = 5060
    """SIP over UDP and TCP."""
    sips_port: int = 5061
    """SIP over TLS."""
    http_port: int = 8088
    """ARI (``/ari``) and SIP over WebSocket (``/ws``)."""
    https_port: int = 8089
    """The same with TLS: ``wss://…/ws``."""
    ami_port: int = 5038
    """AMI; always on 127.0.0.1."""
    iax_port: int = 4569
    """IAX2, over UDP; open only where a node is reached so."""
    copies: str = ""
    """Where copies of SIP messages go, over UDP: ``127.0.0.1:PORT``; empty: nowhere."""
    rtp_first: int = 10000
    rtp_last: int = 20000
    external_address: str = ""
    """The address that phones outside ``local_networks`` reach us by, when a NAT is between."""
    local_networks: tuple[str, ...] = (
        "10.0.0.0/8",
        "172.16.0.0/12",
        "192.168.0.0/16",
        "127.0.0.0/8",
    )

    def __post_init__(self) -> None:
        for name, port in self.ports():
            if not 1 <= port <= 65535:
                raise invalid(
                    "bad_port", f"{name} {port} is no port.", "Give 1 to 65535.", field=name
                )
        if len({port for _, port in self.ports()}) < len(list(self.ports())):
            raise invalid(
                "port_twice",
                "Two of Asterisk's ports are the same.",
                "Give each its own.",
                field="ports",
            )
        if self.rtp_last - self.rtp_first < 10:
            raise invalid(
                "bad_rtp_range",
                f"The RTP ports {self.rtp_first} to {self.rtp_last} are too few.",
                "Give at least 10; a call uses 4.",
                field="rtp_last",
            )
        if set(str(self.data)) & _NOT_IN_PATHS or any(ord(sign) < 32 for sign in str(self.data)):
            raise invalid(
                "bad_data_folder",
                f"The data folder {str(self.data)!r} has signs that Asterisk cannot take.",
                "Choose a path without blanks and without any of , ; $ & | \" ' ( ) [ ] { } < > \\",
                field="data",
            )
        _address(self.bind, "bind")
        if self.external_address:
            _address(self.external_address, "external_address")
        for network in self.local_networks:
            _network(network)

    def ports(self) -> Iterator[tuple[str, int]]:
        """Give each listening port with the name of its setting."""
        yield "sip_port", self.sip_port
        yield "sips_port", self.sips_port
        yield "http_port", self.http_port
        yield "https_port", self.https_port
        yield "ami_port", self.ami_port
        yield "iax_port", self.iax_port
        yield "rtp_first", self.rtp_first
        yield "rtp_last", self.rtp_last

    @property
    def folder(self) -> Path:
        return self.data.absolute() / "asterisk"

    @property
    def etc(self) -> Path:
        return self.folder / "etc"

    @property
    def log(self) -> Path:
        return self.folder / "log"

    @property
    def journal(self) -> Path:
        """Where cel_custom writes; it takes a bare file name in this folder in every version."""
        return self.log / "cel-custom" / "journal.csv"

    @property
    def spool(self) -> Path:
        """Where MixMonitor writes ``<channel id>.wav``."""
        return self.data.absolute() / "recordings" / "spool"

    @property
    def announcements(self) -> Path:
        """Where the spoken announcements are."""
        return self.data.absolute() / "announcements"

    @property
    def tls(self) -> Path:
        return self.data.absolute() / "tls"

    @property
    def run(self) -> Path:
        """Where the control socket and the pid file are; elsewhere when the data folder's path is too long."""
        own = self.folder / "run"
        if len(os.fsencode(own)) < _LONGEST_SOCKET_PATH - len("/asterisk.ctl"):
            return own
        key = hashlib.sha256(os.fsencode(own)).hexdigest()[:12]
        return Path(tempfile.gettempdir()) / f"softswitch-{os.getuid()}-{key}"

    @property
    def local_address(self) -> str:
        """The address at which this machine itself reaches the HTTP port."""
        return "127.0.0.1" if ipaddress.ip_address(self.bind).is_unspecified else self.bind


def _address(text: str, field: str) -> None:
    try:
        ipaddress.IPv4Address(text)
    except ValueError:
        raise invalid(
            "bad_address",
            f"{text!r} is no IPv4 address.",
            "Give one such as 192.0.2.10.",
            field=field,
        ) from None


def _network(text: str) -> None:
    try:
        ipaddress.IPv4Network(text)
    except ValueError:
        raise invalid(
            "bad_network",
            f"{text!r} is no network.",
            "Give one such as 10.0.0.0/8.",
            field="local_networks",
        ) from None
