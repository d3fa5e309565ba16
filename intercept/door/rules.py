"""What the door does with a request: pass it on or refuse it (RFC 4412, RFC 3261 clause 16.3). Pure."""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass

from intercept.door.message import Drop, Malformed, Message, parameter, sequence_number
from intercept.door.via import COOKIE, top
from intercept.precedence import NAMESPACES

OPTION = "resource-priority"
BRANCH = COOKIE + "door"
"""How the branches of our own Via begin."""

STATUSES = (417, 420, 483)
"""With what the door itself refuses."""

_USUAL_HOPS = 70
_MOST_LOGINS = 4
_NEVER_REFUSED = frozenset({"ACK", "CANCEL"})
"""RFC 3261 clause 8.2.2.3: what they require does not matter."""

_USERNAME = re.compile(r"""username\s*=\s*(?:"([^"]*)"|([^\s,"]+))""", re.IGNORECASE)

KNOWN = tuple(
    f"{namespace}.{value}" for namespace, values in NAMESPACES.items() for value in values
)
"""All values of Resource-Priority that the system understands."""


@dataclass(frozen=True, slots=True)
class Answer:
    """A final response of the door itself."""

    status: int
    reason: str
    name: str = ""
    value: str = ""


def refusal(request: Message) -> Answer | None:
    """Return with what a request is refused; None when it goes on."""
    if request.method in _NEVER_REFUSED:
        return None
    if hops_left(request) == 0:
        return Answer(483, "Too Many Hops")
    foreign = [each for each in request.values("proxy-require") if each.lower() != OPTION]
    if foreign:
        return Answer(420, "Bad Extension", "Unsupported", ", ".join(foreign))
    if requires_priority(request) and claims_only_unknown(request):
        known = ", ".join(KNOWN)
        return Answer(417, "Unknown Resource-Priority", "Accept-Resource-Priority", known)
    return None


def requires_priority(request: Message) -> bool:
    """Tell whether the sender wants a refusal rather than an ordinary call."""
    return any(each.lower() == OPTION for each in request.values("require"))


def claims_only_unknown(request: Message) -> bool:
    """Tell whether a request claims a priority and none of its values is known (RFC 4412 clause 4.6.2).

    One that claims nothing has nothing unknown: it goes on as an ordinary call.
    """
    claims = [each.lower() for each in request.values("resource-priority")]
    return any(request.all("resource-priority")) and not set(claims) & set(KNOWN)


def without_option(request: Message) -> Message:
    """Return the request without the option tag: the switch does not know it, and what it asks for is done."""
    for key in ("require", "proxy-require"):
        if any(request.all(key)):
            kept = [each for each in request.values(key) if each.lower() != OPTION]
            request = request.with_list(key, kept)
    return request


def hops_left(request: Message) -> int:
    """Return Max-Forwards; what has none, or writes none that can be read, gets the usual one."""
    text = request.one("max-forwards")
    return min(int(text), 255) if re.fullmatch(r"\d{1,9}", text, re.ASCII) else _USUAL_HOPS


def branch_of(request: Message, source_host: str) -> str:
    """Return the branch of our Via: the same for each repetition, and for the CANCEL and ACK of an INVITE (16.11)."""
    via = top(request)
    branch = via.get("branch") or ""
    marks = [source_host, via.host, str(via.port), branch, sequence_number(request)]
    if not branch.startswith(COOKIE):  # of before RFC 3261: no branch tells transactions apart
        marks += [request.one("call-id"), parameter(request.one("from"), "tag") or "", request.uri]
    return BRANCH + _digest(*marks)


def tag_of(branch: str) -> str:
    """Return the tag of our own answers: the same for each repetition, so that their ACK is known again."""
    return _digest("tag", branch)[:16]


def ends_our_answer(request: Message, branch: str) -> bool:
    """Tell whether this is the ACK for an answer that the door gave."""
    return request.method == "ACK" and parameter(request.one("to"), "tag") == tag_of(branch)


def accounts_of(request: Message) -> tuple[str, ...]:
    """Return the accounts whose passwords the request gives; ``?`` for one without a name."""
    found: list[str] = []
    for key in ("authorization", "proxy-authorization"):
        for field in request.all(key):
            names = _USERNAME.findall(field.value)
            found += [quoted or bare for quoted, bare in names] or ["?"]
    if len(found) > _MOST_LOGINS:
        raise Malformed(Drop.TOO_MANY_LOGINS)
    return tuple(dict.fromkeys(found))


def _digest(*marks: str) -> str:
    text = "\x00".join(marks)
    return hashlib.sha256(text.encode("latin-1", "replace")).hexdigest()[:40]
