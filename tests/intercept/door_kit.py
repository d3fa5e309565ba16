"""SIP messages for the tests of the precedence door."""

from __future__ import annotations

from intercept.door import relay
from intercept.door.message import Message, parse
from intercept.door.relay import Sent

CLIENT = ("192.0.2.7", 5062)
DOOR = ("192.0.2.1", 5080)
SWITCH = ("192.0.2.1", 5060)


def request(
    *more: str,
    method: str = "INVITE",
    uri: str = "sip:2001@192.0.2.1:5080",
    via: str = "SIP/2.0/UDP 10.0.0.7:5062;branch=z9hG4bKabc;rport",
    to: str = "<sip:2001@192.0.2.1>",
    hops: str | None = "70",
    body: bytes = b"",
) -> Message:
    """A request as a gateway sends it, with more header lines."""
    lines = [
        f"{method} {uri} SIP/2.0",
        f"Via: {via}",
        *([f"Max-Forwards: {hops}"] if hops is not None else []),
        'From: "Gate, one" <sip:line@192.0.2.1>;tag=f1',
        f"To: {to}",
        "Call-ID: call-1@10.0.0.7",
        f"CSeq: 7 {method}",
        *more,
        f"Content-Length: {len(body)}",
    ]
    return parse("\r\n".join([*lines, "", ""]).encode("latin-1") + body)


def passed_in(message: Message) -> Sent:
    """What the door sends for it; it must send something."""
    sent = relay.request_in(message, CLIENT, DOOR, SWITCH)
    assert sent is not None
    return sent


def refused(message: Message) -> int:
    """The status with which the door refuses it; 0 when it goes on."""
    answer = passed_in(message).answer
    return answer.status if answer else 0


def answer_to(message: Message, status: int = 200, *more: str, tag: str = "s1") -> Message:
    """What the switch answers: the fields of the request, and more lines."""
    copied = [
        f"{field.name}:{field.raw}"
        for key in ("via", "from", "to", "call-id", "cseq")
        for field in message.all(key)
    ]
    copied = [f"{line};tag={tag}" if line.lower().startswith("to:") else line for line in copied]
    lines = [f"SIP/2.0 {status} Whatever", *copied, *more, "Content-Length: 0", "", ""]
    return parse("\r\n".join(lines).encode("latin-1"))
