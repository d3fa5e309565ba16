"""Offer and answer (RFC 3264) for one audio stream, with SDES keys (RFC 4568) where wanted."""

from __future__ import annotations

import base64
import binascii
import itertools
import secrets
from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from softswitch.testing.phone.errors import MediaError, ParseError
from softswitch.testing.phone.sdp import MediaSection, Sdp, Section

SUITE = "AES_CM_128_HMAC_SHA1_80"
CODECS = {"PCMU": 0, "PCMA": 8}
EVENT = "TELEPHONE-EVENT/8000"
_MIRROR = {"sendonly": "recvonly", "recvonly": "sendonly"}
_session_ids = itertools.count(secrets.randbelow(2**31))


@dataclass(frozen=True)
class Local:
    """What we say of ourselves; `version` grows with each new description of the same call."""

    address: str
    port: int
    codecs: Sequence[str] = ("PCMU", "PCMA")
    dtmf: int | None = 101
    direction: str = "sendrecv"
    key: bytes | None = None
    session_id: int = field(default_factory=lambda: next(_session_ids))
    version: int = 1


@dataclass(frozen=True)
class Agreed:
    """What both sides now use, seen from here."""

    address: str
    port: int
    codec: str
    payload_type: int
    dtmf: int | None
    direction: str
    remote_direction: str
    local_key: bytes | None = None
    remote_key: bytes | None = None

    @property
    def sends(self) -> bool:
        return self.direction in ("sendrecv", "sendonly") and self.port != 0

    @property
    def held_by_remote(self) -> bool:
        """The other side will not listen to us: sendonly, inactive, or the old 0.0.0.0."""
        return self.remote_direction in ("sendonly", "inactive") or self.address == "0.0.0.0"


def direction_for(offered: str, wanted: str) -> str:
    """What an answer may say: never more than the mirror image of the offer (section 6.1)."""
    theirs = _MIRROR.get(offered, offered)
    send = theirs in ("sendrecv", "sendonly") and wanted in ("sendrecv", "sendonly")
    receive = theirs in ("sendrecv", "recvonly") and wanted in ("sendrecv", "recvonly")
    return {(1, 1): "sendrecv", (1, 0): "sendonly", (0, 1): "recvonly", (0, 0): "inactive"}[
        (int(send), int(receive))
    ]


def new_key() -> bytes:
    """Master key and salt of AES_CM_128: 16 and 14 bytes."""
    return secrets.token_bytes(30)


def _crypto_line(tag: str, key: bytes) -> str:
    return f"crypto:{tag} {SUITE} inline:{base64.b64encode(key).decode()}"


def _parse_crypto(media: MediaSection) -> tuple[str, bytes] | None:
    """Tag and key of the first crypto line whose suite we speak."""
    for value in media.attributes("crypto"):
        words = value.split()
        if len(words) < 3 or words[1] != SUITE or not words[2].startswith("inline:"):
            continue
        text = words[2].removeprefix("inline:").split("|")[0]
        try:
            key = base64.b64decode(text, validate=True)
        except (binascii.Error, ValueError):
            raise ParseError("the SDES key is not base64") from None
        if len(key) != 30:
            raise ParseError(f"the SDES key has {len(key)} bytes, not 30")
        return words[0], key
    return None


def _session(local: Local) -> Section:
    family = "IP6" if ":" in local.address else "IP4"
    return Section(
        [
            ("v", "0"),
            ("o", f"- {local.session_id} {local.version} IN {family} {local.address}"),
            ("s", "test phone"),
            ("c", f"IN {family} {local.address}"),
            ("t", "0 0"),
        ]
    )


def _audio(local: Local, codecs: dict[str, int], dtmf: int | None, tag: str = "1") -> MediaSection:
    lines = [("a", f"rtpmap:{number} {name}/8000") for name, number in codecs.items()]
    formats = [str(number) for number in codecs.values()]
    if dtmf is not None:
        formats.append(str(dtmf))
        lines += [("a", f"rtpmap:{dtmf} telephone-event/8000"), ("a", f"fmtp:{dtmf} 0-16")]
    lines += [("a", "ptime:20"), ("a", local.direction)]
    protocol = "RTP/AVP"
    if local.key is not None:
        protocol = "RTP/SAVP"
        lines.append(("a", _crypto_line(tag, local.key)))
    return MediaSection(lines, "audio", local.port, protocol, formats)


def make_offer(local: Local) -> Sdp:
    codecs = {name: CODECS[name] for name in local.codecs}
    return Sdp(_session(local), [_audio(local, codecs, local.dtmf)])


def _first_audio(sdp: Sdp) -> MediaSection:
    for media in sdp.media:
        if media.kind == "audio" and media.port != 0:
            return media
    raise MediaError("the description has no audio stream that is open")


def _agree(sdp: Sdp, media: MediaSection, local: Local) -> tuple[Agreed, str]:
    """The common ground, and the tag of the key."""
    maps = media.rtpmap()
    named = {maps.get(int(f), ""): int(f) for f in reversed(media.formats) if f.isdecimal()}
    # The order of the description counts, not ours: the first that we know (section 6.1).
    usable = [maps.get(int(f), "") for f in media.formats if f.isdecimal()]
    codec = next((n for n in usable if n.removesuffix("/8000") in local.codecs), None)
    if codec is None:
        raise MediaError(f"no codec in common: {media.formats} offered, {local.codecs} wanted")
    # A key beside plain RTP/AVP is only an offer to encrypt: without a wish for it, look away.
    plain = local.key is None and "SAVP" not in media.protocol
    crypto = None if plain else _parse_crypto(media)
    if (crypto is None) != (local.key is None):
        wanted = "SRTP" if local.key is not None else "plain RTP"
        raise MediaError(f"{wanted} is wanted here, the other side says {media.protocol}")
    remote_direction = sdp.direction_of(media)
    agreed = Agreed(
        sdp.address_of(media),
        media.port,
        codec.removesuffix("/8000"),
        named[codec],
        named.get(EVENT) if local.dtmf is not None else None,
        direction_for(remote_direction, local.direction),
        remote_direction,
        local.key,
        crypto[1] if crypto else None,
    )
    return agreed, crypto[0] if crypto else "1"


def make_answer(offer: Sdp, local: Local) -> tuple[Sdp, Agreed]:
    chosen = _first_audio(offer)
    agreed, tag = _agree(offer, chosen, local)
    answer = Sdp(_session(local), [])
    for media in offer.media:
        if media is chosen:
            said = replace(local, direction=agreed.direction)
            part = _audio(said, {agreed.codec: agreed.payload_type}, agreed.dtmf, tag)
            part.protocol = media.protocol
        else:  # every stream of the offer needs its line; port 0 refuses it
            part = MediaSection([], media.kind, 0, media.protocol, media.formats)
        answer.media.append(part)
    return answer, agreed


def accept_answer(answer: Sdp, local: Local) -> Agreed:
    return _agree(answer, _first_audio(answer), local)[0]
