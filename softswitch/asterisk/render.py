"""Makes Asterisk's configuration files out of typed values, and of nothing else."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from softswitch.asterisk import journal
from softswitch.asterisk.matcher import find, parse
from softswitch.asterisk.model import Directory, Line, Phone, PhoneKind, Transport
from softswitch.asterisk.modules import COPYING, MODULES
from softswitch.asterisk.outside import dialplan_values
from softswitch.asterisk.secrets import USER, NodeSecrets
from softswitch.asterisk.settings import NodeSettings
from softswitch.asterisk.tls import Certificate
from softswitch.errors import conflict, invalid
from softswitch.templates import fill

REALM = "softswitch"
RING_SECONDS = 60
DESK_SECONDS = 20
DUTY_SECONDS = 40
LAST_WORDS = (("released", 8), ("blocked", 46), ("unauthorized", 50), ("refused", 21), ("gone", 21))
"""What dispatch has somebody told before he is cleared, and the cause of it (ITU-T Q.850)."""
DESKS_AT_ONCE = 30
"""How many desks one ``Dial()`` of the fail-open tail rings; longer lists are rung in groups."""
NUMBER_LENGTHS = range(1, 21)
ROOM_LENGTHS = range(2, 7)
"""How many digits the number of a conference room has."""
RTP_SECONDS = {"line": 60, "phone": 300, "browser": 15, "hold": 3_600}
"""After so long without RTP and RTCP (RFC 3550) an answered leg is dead and ends with cause 44: its far end has gone
without a BYE. Who is muted, or suppresses silence, still sends RTCP every few seconds; some phones do not, so they get
longer. A browser sends sound without a pause, muted and held too: one that fell silent has crashed."""
OUTGOING_LENGTHS = range(5, 16)
"""Shorter numbers are never sent outside; E.164 ends at 15."""

UNWANTED_EVENTS = (
    "Newexten", "VarSet", "RTCPSent", "RTCPReceived", "ChallengeSent", "SuccessfulAuth",
    "RequestNotAllowed", "LoadAverageLimit", "DTMFBegin", "DTMFEnd", "ChannelTalkingStart",
    "ChannelTalkingStop", "MusicOnHoldStart", "MusicOnHoldStop", "DeviceStateChange",
    "ExtensionStatus", "SoftHangupRequest", "BridgeCreate",
    "BridgeDestroy", "NewAccountCode", "UserEvent",
)  # fmt: skip
"""AMI events that nothing of ours reads; each would cost both ends its encoding."""

_NAME_SIGNS = frozenset(" .-_·")
_LONGEST_NAME = 40
_LONGEST_LINE = 4000
"""Asterisk reads 8 kB lines, and an application's arguments fit 4 kB less its name."""


@dataclass(frozen=True, slots=True)
class Frame:
    """What the files need besides the directory: places, secrets and limits of this instance."""

    settings: NodeSettings
    secrets: NodeSecrets
    certificate: Certificate
    modules: Path
    data: Path
    files: int
    """How many file descriptors Asterisk may open."""
    present: frozenset[str] | None = None
    """The modules that this Asterisk has; None: all of ours."""
    authorities: str = ""
    """Whom this machine trusts to sign certificates, and our own certificate: PEM."""


def safe_name(text: str) -> str:
    """Return a caller name made only of letters, digits, blanks and ``.-_·``, at most 40 characters."""
    kept = "".join(sign for sign in text if sign.isalnum() or sign in _NAME_SIGNS)
    return " ".join(kept.split())[:_LONGEST_NAME].rstrip()


def ha1(account: str, secret: str) -> str:
    """Return the digest ``MD5(username:realm:password)`` of RFC 2617, which Asterisk keeps in place of a password."""
    return hashlib.md5(f"{account}:{REALM}:{secret}".encode(), usedforsecurity=False).hexdigest()


def render(frame: Frame, directory: Directory) -> dict[str, str]:
    """Return every configuration file by name, checked."""
    files = {**render_frame(frame), **render_directory(frame, directory)}
    for name, text in files.items():
        _check_text(name, text)
    check_emergency(files["extensions.conf"], directory)
    return files


def render_directory(frame: Frame, directory: Directory) -> dict[str, str]:
    """Return the files that change with the directory: the dialplan, the accounts, and whose certificates count."""
    return {
        AUTHORITIES: "\n".join((frame.authorities, *directory.outside.authorities)),
        "extensions.conf": fill("extensions.conf.j2", _dialplan(frame, directory)),
        "pjsip.conf": fill("pjsip.conf.j2", _sip(directory)),
        **_links(frame, directory),
    }


def _links(frame: Frame, directory: Directory) -> dict[str, str]:
    """Return the files of IAX2: its port is open only while a node is reached over it."""
    values = {
        "links": directory.outside.links,
        "bind": frame.settings.bind,
        "port": frame.settings.iax_port,
    }
    return {name: fill(f"{name}.j2", values) for name in LINK_FILES}


AUTHORITIES = "carriers.pem"
"""Who may have signed the certificate of a carrier. Asterisk reads it anew for each connection that it makes."""
LINK_FILES = ("modules_links.conf", "iax.conf")
DIRECTORY_FILES = frozenset({"extensions.conf", "pjsip.conf", AUTHORITIES, *LINK_FILES})


def render_frame(frame: Frame) -> dict[str, str]:
    """Return the files that stay the same while the instance runs."""
    settings = frame.settings
    values: dict[str, object] = {
        name: getattr(settings, name)
        for name in (
            "etc", "folder", "run", "log", "bind", "http_port", "https_port", "ami_port",
            "rtp_first", "rtp_last", "local_networks", "copies",
        )
    }  # fmt: skip
    wanted = (*MODULES, *(COPYING if settings.copies else ()))
    values |= {
        "modules": [name for name in wanted if frame.present is None or name in frame.present],
        "moh": frame.data / "moh",
        "data": frame.data,
        "files": frame.files,
        "most_calls": most_calls(frame.files),
        "user": USER,
        "ari_secret": frame.secrets.ari,
        "ami_secret": frame.secrets.ami,
        "copies_secret": frame.secrets.copies,
        "certificate": frame.certificate.certificate,
        "key": frame.certificate.key,
        "columns": journal.MAPPING,
        "unwanted_events": UNWANTED_EVENTS,
        "external": settings.external_address,
        "authorities": settings.etc / AUTHORITIES,
        "transports": [
            ("udp", settings.sip_port),
            ("tcp", settings.sip_port),
            ("tls", settings.sips_port),
        ],
    }
    files = {name: fill(f"{name}.j2", values) for name in FRAME_FILES if name != "asterisk.conf"}
    files["asterisk.conf"] = fill("asterisk.conf.j2", {**values, "modules": frame.modules})
    empty = fill("empty.conf.j2", {})
    return {**files, **dict.fromkeys(EMPTY_FILES, empty)}


FRAME_FILES = (
    "asterisk.conf", "modules.conf", "logger.conf", "http.conf", "ari.conf", "manager.conf",
    "rtp.conf", "cel.conf", "cel_custom.conf", "features.conf", "confbridge.conf",
    "musiconhold.conf", "indications.conf", "cdr.conf", "pjsip_transports.conf", "hep.conf",
)  # fmt: skip
EMPTY_FILES = ("acl.conf", "ccss.conf", "pjproject.conf", "udptl.conf", "websocket_client.conf")


def most_calls(files: int) -> int:
    """Return how many calls may be up (``maxcalls`` counts channels that run the dialplan or Stasis).

    Asterisk takes 10 to 11 descriptors a call, two more when it is recorded, and crashes past the limit.
    """
    return max(10, (files - 250) // 13)


ENTRIES = ("from-phones", "from-trunks", "transfers")
"""The contexts that calls and transfers begin in."""


def check_emergency(text: str, directory: Directory) -> None:
    """Refuse a dialplan in which an emergency number reaches anything but its own intake."""
    contexts = parse(text)
    entries = (*ENTRIES, *(f"in-{trunk.name}" for trunk in directory.outside.trunks))
    for service in directory.emergency:
        for entry in entries:
            if find(contexts, entry, service.digits) != (entry, service.digits):
                raise conflict(
                    "emergency_shadowed",
                    f"{service.digits} is shadowed in {entry}.",
                    "Undo the last change of the numbering plan.",
                )
        if find(contexts, "emergency", service.digits) != ("emergency", service.digits):
            raise conflict(
                "emergency_missing",
                f"{service.digits} has no intake.",
                "Undo the last change of the numbering plan.",
            )


def _check_text(name: str, text: str) -> None:
    for number, line in enumerate(text.split("\n"), 1):
        bad = next((sign for sign in line if ord(sign) < 32 and sign != "\t"), None)
        if bad is not None or len(line.encode()) > _LONGEST_LINE:
            raise invalid(
                "bad_configuration",
                f"Line {number} of {name} cannot be given to Asterisk.",
                "Shorten the list in it, or remove the control character.",
            )


def _dialplan(frame: Frame, directory: Directory) -> dict[str, object]:
    return {
        "spool": frame.settings.spool,
        "announcements": frame.settings.announcements,
        "last_words": LAST_WORDS,
        "emergency": [service.digits for service in directory.emergency],
        "lines": [
            {
                "number": line.number,
                "dial": _dial(line.phones),
                "recorded": "1" if line.recorded else "",
                "sent_on": line.sent_on,
            }
            for line in directory.lines
        ],
        "desk_groups": _desk_groups(directory),
        "desk_seconds": DESK_SECONDS,
        "duty": directory.duty_number,
        "duty_seconds": DUTY_SECONDS,
        "ring_seconds": RING_SECONDS,
        "codes": directory.codes,
        "line_lengths": sorted({len(line.number) for line in directory.lines}),
        "slots": list(directory.codes.slots()),
        "room_lengths": list(ROOM_LENGTHS),
        **dialplan_values(directory.world, OUTGOING_LENGTHS),
        "outgoing_lengths": list(OUTGOING_LENGTHS),
        "unknown_lengths": list(NUMBER_LENGTHS),
    }


def _dial(phones: Sequence[Phone]) -> str:
    return "&".join(f"PJSIP/{phone.id}" for phone in phones)


def _desk_groups(directory: Directory) -> list[str]:
    dials = [dial for desk in directory.desks if (dial := _dial(directory.line(desk).phones))]
    return [
        "&".join(dials[start : start + DESKS_AT_ONCE])
        for start in range(0, len(dials), DESKS_AT_ONCE)
    ]


def _sip(directory: Directory) -> dict[str, object]:
    return {
        "realm": REALM,
        "locked_addresses": sorted(
            {lock.address for lock in directory.lockouts if not lock.account}
        ),
        "phones": [_account(phone, line, directory) for phone, line in directory.phones()],
        "trunks": directory.outside.accounts,
        "rtp_seconds": RTP_SECONDS,
    }


def _account(phone: Phone, line: Line | None, directory: Directory) -> Mapping[str, object]:
    browser = phone.kind is PhoneKind.BROWSER
    return {
        "id": phone.id,
        "md5": ha1(phone.id, phone.secret),
        "browser": browser,
        "gateway": phone.kind is PhoneKind.GATEWAY,
        "tls": phone.transport is Transport.TLS,
        "context": "from-trunks" if phone.kind is PhoneKind.GATEWAY else "from-phones",
        "codecs": "opus,ulaw,alaw" if browser else "alaw,ulaw",
        "callerid": _caller_id(line) if line else "<0>",
        "variables": _variables(line) if line else [],
        "denied": sorted(lock.address for lock in directory.lockouts if lock.account == phone.id),
    }


def _caller_id(line: Line) -> str:
    return f'"{safe_name(line.name)}" <{line.number}>'


def _variables(line: Line) -> list[tuple[str, str]]:
    found = [
        ("SOFTSWITCH_EXTENSION", str(line.number)),
        ("MAY_TRANSFER", "T"),
        ("TRANSFER_CONTEXT", "transfers"),
    ]
    if line.caller_class:
        found.append(("SOFTSWITCH_CLASS", line.caller_class))
    return [*found, ("SOFTSWITCH_RECORD", "1")] if line.recorded else found
