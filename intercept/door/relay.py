"""The way of one datagram through the door: what is sent where. Pure; nothing is remembered (RFC 3261 clause 16.11).

There are two directions only: from anybody to the switch, and from the switch to where it was called from.  Nobody can
make the door send to a third place.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from intercept.door import rules
from intercept.door.contact import from_alias, names, with_alias
from intercept.door.message import Drop, Field, Malformed, Message, parameter, split
from intercept.door.rules import Answer
from intercept.door.via import Place, Via, answers_to, mark_received, pop, push, top


@dataclass(frozen=True, slots=True)
class Sent:
    """A message for the wire. ``branch`` is of the request that it is, or answers."""

    message: Message
    to: Place
    branch: str = ""
    answer: Answer | None = None
    """The door's own answer."""


def request_in(request: Message, source: Place, door: Place, switch: Place) -> Sent | None:
    """Return what becomes of a request to the switch; None for the end of an answer of our own."""
    branch = rules.branch_of(request, source[0])
    if rules.ends_our_answer(request, branch):
        return None
    marked = mark_received(request, source)
    answer = rules.refusal(request)
    if answer is not None:
        return Sent(_reply(marked, answer, rules.tag_of(branch)), source, branch, answer)
    own = with_alias(_without_our_route(rules.without_option(marked), door), source)
    return Sent(_onward(own, door, branch), switch, branch)


def request_out(request: Message, source: Place, door: Place) -> Sent:
    """Return a request of the switch on its way to the one that its Request-URI names."""
    found = from_alias(request.uri)
    if found is None:
        raise Malformed(Drop.NO_ALIAS)
    uri, place = found
    branch = rules.branch_of(request, source[0])
    return Sent(_onward(mark_received(request, source).with_uri(uri), door, branch), place, branch)


def response_out(response: Message, port: int) -> Sent:
    """Return a response of the switch on its way back to the one who asked."""
    branch = _own_branch(response, port)
    popped = pop(response)
    return Sent(popped, answers_to(top(popped)), branch)


def response_in(response: Message, source: Place, port: int) -> Sent:
    """Return a response to a request of the switch; who may get it is for the caller to check."""
    branch = _own_branch(response, port)
    popped = with_alias(pop(response), source)
    return Sent(popped, answers_to(top(popped)), branch)


def _own_branch(response: Message, port: int) -> str:
    via = top(response)
    branch = via.get("branch") or ""
    if via.port != port or not branch.startswith(rules.BRANCH):
        raise Malformed(Drop.FOREIGN_RESPONSE)
    return branch


def _onward(request: Message, door: Place, branch: str) -> Message:
    hops = rules.hops_left(request)
    if hops == 0:
        raise Malformed(Drop.TOO_MANY_HOPS)
    via = Via(door[0], door[1], (("branch", branch), ("rport", None)))
    return push(_with_hops(request, hops - 1), via)


def _with_hops(request: Message, hops: int) -> Message:
    if any(request.all("max-forwards")):
        return request.with_list("max-forwards", [str(hops)])
    return replace(request, fields=(*request.fields, Field("Max-Forwards", f" {hops}")))


def _without_our_route(request: Message, door: Place) -> Message:
    """A phone for which the door is the outbound proxy names it in its first Route (RFC 3261 clause 16.4)."""
    routes = request.values("route")
    if routes and names(routes[0].partition("<")[2].partition(">")[0], door):
        return request.with_list("route", routes[1:])
    return request


def _reply(request: Message, answer: Answer, tag: str) -> Message:
    """Return a response made of the request's own fields (RFC 3261 clause 8.2.6)."""
    fields = [field for field in request.fields if field.key == "via"]
    for key in ("from", "to", "call-id", "cseq"):
        field = next(request.all(key))
        if key == "to" and parameter(field.value, "tag") is None:
            field = field.with_value(f"{field.value};tag={tag}")
        fields.append(field)
    if answer.name:
        fields.append(Field(answer.name, f" {answer.value}"))
    fields.append(Field("Content-Length", " 0"))
    return Message(f"SIP/2.0 {answer.status} {answer.reason}", tuple(fields), b"")


def failed_login(response: Message) -> bool:
    """Tell whether a response to given credentials says that they are wrong, and not only too old."""
    if response.status == 403:
        return True
    if response.status not in {401, 407}:
        return False
    key = "www-authenticate" if response.status == 401 else "proxy-authenticate"
    return not any(
        part.lower().replace(" ", "") == "stale=true"
        for field in response.all(key)
        for part in split(field.value, ",")
    )
