"""Transfer: REFER and its NOTIFYs (RFC 3515), Replaces (RFC 3891), on both sides."""

from __future__ import annotations

import re
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from softswitch.testing.phone.errors import ParseError, PhoneError, RequestRefused
from softswitch.testing.phone.fields import NameAddr, Params, Uri, parse_params
from softswitch.testing.phone.message import Message, Request

if TYPE_CHECKING:
    from softswitch.testing.phone.call import Call
    from softswitch.testing.phone.phone import Phone


@dataclass
class Progress:
    """What the one who was asked to transfer has told in NOTIFYs."""

    statuses: list[int] = field(default_factory=list)
    terminated: bool = False

    @property
    def final(self) -> int | None:
        return next((s for s in self.statuses if s >= 200), None)


@dataclass(frozen=True)
class Replaces:
    call_id: str
    to_tag: str
    from_tag: str
    early_only: bool = False

    @classmethod
    def parse(cls, value: str) -> Replaces:
        call_id, *pieces = value.split(";")
        params: Params = parse_params([piece.strip() for piece in pieces])
        to_tag, from_tag = params.get("to-tag"), params.get("from-tag")
        if not call_id.strip() or to_tag is None or from_tag is None:
            raise ParseError(f"Replaces {value!r} needs a Call-ID, a to-tag and a from-tag")
        return cls(call_id.strip(), to_tag, from_tag, "early-only" in params)

    def __str__(self) -> str:
        early = ";early-only" if self.early_only else ""
        return f"{self.call_id};to-tag={self.to_tag};from-tag={self.from_tag}{early}"


def parse_sipfrag(body: bytes) -> int:
    """The status inside a message/sipfrag body (RFC 3420)."""
    found = re.match(rb"SIP/2\.0 ([1-6][0-9][0-9])(?: |\r|\n|\Z)", body)
    if not found:
        raise ParseError(f"sipfrag {body[:40]!r} does not begin with a status line")
    return int(found[1])


async def refer(call: Call, target: str | Call) -> None:
    """Ask the far end to call `target`; it has accepted when this returns."""
    if isinstance(target, str):
        uri = call.phone.uri_of(target)
    else:
        other = target.dialog
        replaces = Replaces(other.call_id, other.remote_tag, other.local_tag)
        uri = replace(other.target, headers={"Replaces": str(replaces)})
        if other.remote.uri.user:
            # The address of record, so that a server on the way finds the person, not a socket.
            uri = replace(other.remote.uri, params={}, headers=uri.headers)
            if call.phone.server is None:
                uri = replace(other.target, headers=uri.headers)
    call.transfer_progress = Progress()
    response = await call.send(
        "REFER", {"Refer-To": f"<{uri}>", "Referred-By": f"<{call.dialog.local.uri}>"}
    )
    call.note(f"REFER got {response.status}")


async def outcome(call: Call, timeout: float) -> int:
    """The final status that the far end reports of its new call."""

    def told() -> int | None:
        progress = call.transfer_progress
        if progress.final is None and call.end is not None:
            # Some servers hang up in place of the last NOTIFY: the transfer is then theirs.
            return progress.statuses[-1] if progress.statuses else 202
        return progress.final

    return await call.watch.until(told, timeout, lambda: call.describe("be told of the transfer"))


def on_notify(call: Call, request: Request) -> int:
    if (request.headers.get("Event") or "").split(";")[0].strip() != "refer":
        return 200
    status = parse_sipfrag(request.body)
    call.transfer_progress.statuses.append(status)
    state = request.headers.get("Subscription-State") or ""
    call.transfer_progress.terminated = state.startswith("terminated")
    call.note(f"transfer: {status}")
    return 200


def on_refer(call: Call, request: Request) -> int:
    """Accept, and place the new call in the background."""
    target = NameAddr.parse(request.headers["Refer-To"])
    call.note(f"asked to call {target.uri}")
    call.phone.spawn(_follow(call, target.uri, request.headers.get("Referred-By")))
    return 202


async def _follow(call: Call, target: Uri, referred_by: str | None) -> None:
    headers = [("Referred-By", referred_by)] if referred_by else []
    replaces = target.headers.get("Replaces")
    if replaces is not None:
        headers += [("Replaces", replaces), ("Require", "replaces")]
    await _tell(call, 100, "Trying", "active;expires=60")
    source = call.media.source
    plain = replace(target, headers={})
    status, text = 200, "OK"
    try:
        new = await call.phone.dial(str(plain), headers=headers, sound=source)
        call.transferred_to = new
        call.watch.notify()
        await new.watch.until(
            lambda: new.times.answered or new.end, 60, lambda: new.describe("be answered")
        )
        if new.end is not None and new.times.answered is None:
            status, text = new.end.status or 480, "Not Reached"
    except PhoneError:
        status, text = 503, "Service Unavailable"
    await _tell(call, status, text, "terminated;reason=noresource")


async def _tell(call: Call, status: int, text: str, subscription: str) -> None:
    if call.end is not None:
        return  # the one who transferred has hung up and wants no news
    headers = {
        "Event": "refer",
        "Subscription-State": subscription,
        "Content-Type": "message/sipfrag;version=2.0",
    }
    try:
        await call.send("NOTIFY", headers, f"SIP/2.0 {status} {text}\r\n".encode())
    except RequestRefused:
        call.note("the far end refused a NOTIFY")


def replaced_call(phone: Phone, invite: Message) -> Call | None:
    """The call that an INVITE with Replaces wants to take the place of."""
    value = invite.headers.get("Replaces")
    if value is None:
        return None
    wanted = Replaces.parse(value)
    for call in phone.calls:
        dialog = call.dialog
        tags = (dialog.local_tag, dialog.remote_tag)
        if dialog.call_id == wanted.call_id and tags == (wanted.to_tag, wanted.from_tag):
            return call
    return None
