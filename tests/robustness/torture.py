"""Requests that no phone would send, in the spirit of RFC 4475, written for this test."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Mapping
from typing import Any
from urllib.parse import quote

from tests.robustness.hostile import COMMAND

_count = itertools.count(1)
SDP = (
    "v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=-\r\nc=IN IP4 127.0.0.1\r\nt=0 0\r\n"
    "m=audio 40000 RTP/AVP 8\r\na=rtpmap:8 PCMA/8000\r\n"
)


class Sender:
    """Writes requests as they would come from one address of a phone."""

    def __init__(self, local: tuple[str, int], server: tuple[str, int], transport: str) -> None:
        self.here = f"{local[0]}:{local[1]}"
        self.server = f"{server[0]}:{server[1]}"
        self.transport = transport

    def request(
        self,
        method: str = "OPTIONS",
        uri: str | None = None,
        *,
        body: str | bytes = b"",
        drop: tuple[str, ...] = (),
        **changed: str,
    ) -> bytes:
        """Return a right request with some headers changed (``call_id`` for Call-ID) or dropped."""
        number = next(_count)
        content = body.encode() if isinstance(body, str) else body
        headers = {
            "Via": f"SIP/2.0/{self.transport} {self.here};branch=z9hG4bK-t{number};rport",
            "Max-Forwards": "70",
            "From": f"<sip:stranger@{self.server}>;tag=t{number}",
            "To": f"<sip:120@{self.server}>",
            "Call-ID": f"torture-{number}@{self.here}",
            "CSeq": f"{number} {method}",
            "Contact": f"<sip:stranger@{self.here}>",
            "Content-Length": str(len(content)),
        }
        if content:
            headers["Content-Type"] = "application/sdp"
        headers |= {_header(name): value for name, value in changed.items()}
        return _encode(
            f"{method} {uri or f'sip:120@{self.server}'} SIP/2.0", headers, drop, content
        )

    def all(self) -> Iterator[bytes]:
        """Every request of this file."""
        yield from self._garbage()
        yield from self._bad_lines()
        yield from self._bad_headers()
        yield from self._long()
        yield from self._bad_bodies()
        yield from self._strangers()

    def _garbage(self) -> Iterator[bytes]:
        yield from (
            b"\0", b"\r\n\r\n", b"\xff" * 1_400, b"SIP/2.0 200 OK\r\n\r\n", b"INVITE", b" " * 3_000,
            b"GET / HTTP/1.1\r\nHost: x\r\n\r\n", b"\x16\x03\x01\x00\x05hello", b"\x80\x00" + b"\0" * 170,
            b"SIP/2.0 200 OK\r\nCSeq: 1 INVITE\r\nVia: SIP/2.0/UDP 1.2.3.4;branch=z9hG4bKx\r\n\r\n",
            b"INVITE sip:120@x SIP/2.0\r\n" + b"A" * 5_000,
        )  # fmt: skip
        yield self.request()[:60]
        yield self.request().replace(b"\r\n", b"\n")
        yield self.request().replace(b"\r\n", b"\r")
        yield self.request().replace(b": ", b" \t:\t ")

    def _bad_lines(self) -> Iterator[bytes]:
        for method in (
            "FOO",
            "invite",
            "NEWMETHOD",
            "!*'",
            "A" * 3_000,
            "PUBLISH",
            "UPDATE",
            "PRACK",
        ):
            yield self.request(method)
        for uri in (
            "*", "sip:", "sip:@", "tel:120", "http://120", "sip:120@[::1", "sip:120@256.256.256.256",
            "sip:%00@x", "sip:%0d%0aEvent:x@x", "sip:120;" + "a=b;" * 300 + "@x", "sips:120@x",
            f"sip:${{SHELL({COMMAND})}}@x", "sip:" + "1" * 2_000 + "@x", "<sip:120@x>", "sip:120 @x",
        ):  # fmt: skip
            yield self.request("INVITE", uri, body=SDP)
        yield self.request().replace(b"SIP/2.0\r\n", b"SIP/7.0\r\n", 1)
        yield self.request().replace(b"SIP/2.0\r\n", b"SIP/2.0 \r\n", 1)

    def _bad_headers(self) -> Iterator[bytes]:
        for name in (
            "Via",
            "From",
            "To",
            "Call-ID",
            "CSeq",
            "Max-Forwards",
            "Contact",
            "Content-Length",
        ):
            yield self.request("INVITE", drop=(name,), body=SDP)
        for length in ("0", "1", "-1", "999999", "99999999999999999999", "ten", "0x10", "1, 2"):
            yield self.request("INVITE", body=SDP, content_length=length)
        for cseq in (
            "0 INVITE",
            "4294967296 INVITE",
            "1 OPTIONS",
            "-1 INVITE",
            "INVITE",
            "1" * 40,
            "1 " + "I" * 900,
        ):
            yield self.request("INVITE", cseq=cseq)
        for value in ("0", "-1", "256", "99999999999", "many"):
            yield self.request("OPTIONS", max_forwards=value)
        for via in ("", "x", "SIP/2.0/UDP", "SIP/2.0/XXX 127.0.0.1", "SIP/2.0/UDP 127.0.0.1:99999;branch=z9hG4bK-b",
                    "SIP/2.0/UDP [::1;branch=z9hG4bK-c", "SIP / 2.0 / UDP here;branch="):  # fmt: skip
            yield self.request("OPTIONS", via=via)
        for who in ("", "<>", "*", '"never ends <sip:a@b>;tag=1', "<sip:a@b>;tag=", "sip:a@b, sip:c@d",
                    "<sip:a@b>;tag=\0", '"\\" <sip:x@y>;tag=2', "<sip:%0d%0aX-Evil%3a%201@b>;tag=3"):  # fmt: skip
            yield self.request("INVITE", body=SDP, from_=who)
            yield self.request("REGISTER", to=who, contact=who)
        extras: tuple[dict[str, Any], ...] = (
                      {"require": "nothing"}, {"expires": "-1"}, {"expires": "9" * 30}, {"route": "<sip:1.2.3.4;lr>"},
                      {"replaces": "x;to-tag=1;from-tag=2"}, {"refer_to": "<sip:120@x>"}, {"authorization": "Digest"},
                      {"authorization": "Digest username=\"1001\", nonce=\"\", response=\"" + "f" * 900 + '"'},
                      {"content_type": "multipart/mixed"}, {"session_expires": "0"}, {"date": "never"},
        )  # fmt: skip
        for extra in extras:
            yield self.request("INVITE", body=SDP, **extra)
        for method in ("BYE", "CANCEL", "ACK", "NOTIFY", "REFER", "SUBSCRIBE", "MESSAGE", "INFO"):
            yield self.request(method, to="<sip:120@x>;tag=no-such-dialog", event="x")

    def _long(self) -> Iterator[bytes]:
        yield self.request("INVITE", subject="x" * 30_000)
        yield self.request("INVITE", call_id="c" * 20_000)
        yield self.request("INVITE", user_agent="u" * 60_000)
        yield self.request("OPTIONS", route=", ".join("<sip:127.0.0.1;lr>" for _ in range(500)))
        yield self.request(
            "OPTIONS", via=", ".join(f"SIP/2.0/UDP h{n};branch=z9hG4bK{n}" for n in range(300))
        )
        many = "".join(f"X-{n}: {n}\r\n" for n in range(1_500)).encode()
        yield self.request("OPTIONS").replace(b"Max-Forwards", many + b"Max-Forwards")
        yield self.request("OPTIONS", subject="folded\r\n " * 300)

    def _bad_bodies(self) -> Iterator[bytes]:
        for old, new in (
            ("m=audio 40000", "m=audio 99999"), ("m=audio 40000", "m=audio -1"), ("AVP 8", "AVP " + "8 " * 2_000),
            ("c=IN IP4 127.0.0.1", "c=IN IP4 999.1.1.1"), ("c=IN IP4 127.0.0.1\r\n", ""), ("v=0", "v=" + "0" * 3_000),
            ("a=rtpmap:8 PCMA/8000", "a=rtpmap:8 PCMA/0"), ("a=rtpmap:8 PCMA/8000", "a=crypto:1 X " + "A" * 3_000),
            ("m=audio", "m=audio 1 RTP/AVP 0\r\n" * 200 + "m=audio"), ("s=-", "s=\0"),
        ):  # fmt: skip
            yield self.request("INVITE", body=SDP.replace(old, new))
        yield self.request("INVITE", body=b"\xff\0" * 500)

    def _strangers(self) -> Iterator[bytes]:
        """An account that nobody has, often enough to be told on AMI, with an event of its own in the name."""
        forged = "\r\n\r\nEvent: Newchannel\r\nUniqueid: f"  # Asterisk keeps some 60 bytes of it
        for text in (forged, f"\r\nSessionID: {forged}"):
            for _ in range(7):
                yield self.request("REGISTER", from_=f"<sip:{quote(text, safe='')}@x>;tag=x")


def _header(name: str) -> str:
    """Return ``call_id`` as ``Call-ID`` and ``from_`` as ``From``."""
    known = {"cseq": "CSeq", "call_id": "Call-ID"}
    return known.get(name, name.strip("_").replace("_", "-").title())


def _encode(line: str, headers: Mapping[str, str], drop: tuple[str, ...], body: bytes) -> bytes:
    lines = [line, *(f"{name}: {value}" for name, value in headers.items() if name not in drop)]
    return "\r\n".join(lines).encode() + b"\r\n\r\n" + body
