"""Where the switch finds the one behind the door: an ``alias`` in the URI of Contact, as NAT helpers write it. Pure.

Asterisk calls back the address that a request came from (``rewrite_contact``), and that is the door's.  What it keeps
of a Contact is the user and the parameters; so the real address travels as one, ``alias=address~port~1``, and returns
in the Request-URI of what the switch sends.  The door itself remembers nothing, and a restart of it loses no call.
"""

from __future__ import annotations

import re

from intercept.door.message import Message, split
from intercept.door.via import Place, is_address, port_of

_URI = re.compile(
    r"(sip:)((?:[^@?<>\s]*@)?)([^;?@<>\s]+)((?:;[^?<>\s]*)?)((?:\?[^<>\s]*)?)", re.IGNORECASE
)


def with_alias(message: Message, source: Place) -> Message:
    """Return the message with the address it came from in each Contact."""
    values = message.values("contact")
    if not values:
        return message
    return message.with_list("contact", [_aliased(value, source) for value in values])


def _aliased(value: str, source: Place) -> str:
    head, *params = split(value, ";")
    name, bracket, rest = head.rpartition("<")
    text = rest.removesuffix(">") if bracket else head
    found = _URI.fullmatch(text)
    if found is None:  # `*`, or an address of another kind
        return value
    scheme, user, host, own, headers = found.groups()
    kept = _without_alias(own)
    uri = f"{scheme}{user}{host}{kept};alias={source[0]}~{source[1]}~1{headers}"
    return ";".join([f"{name}<{uri}>", *params])


def _without_alias(params: str) -> str:
    kept = [part for part in params.split(";")[1:] if not part.lower().startswith("alias=")]
    return "".join(f";{part}" for part in kept)


def from_alias(uri: str) -> tuple[str, Place] | None:
    """Return the URI with the address that its alias names, and that address; None without an alias."""
    found = _URI.fullmatch(uri)
    if found is None:
        return None
    scheme, user, _, own, headers = found.groups()
    alias = re.search(r";alias=([\d.]+)~(\d{1,5})~1(?=;|$)", own, re.IGNORECASE)
    port = port_of(alias[2]) if alias else None
    if alias is None or port is None or not is_address(alias[1]):
        return None
    return f"{scheme}{user}{alias[1]}:{port}{_without_alias(own)}{headers}", (alias[1], port)


def names(uri: str, place: Place) -> bool:
    """Tell whether the URI of a Route names a place."""
    found = _URI.fullmatch(uri)
    if found is None:
        return False
    host, _, port = found[3].partition(":")
    return (host, port_of(port or "5060")) == place
