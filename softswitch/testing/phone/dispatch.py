"""Where each arriving message goes: to its transaction, to its call, or to a new call."""

from __future__ import annotations

from typing import TYPE_CHECKING

from softswitch.testing.phone import transfer
from softswitch.testing.phone.errors import MediaError, ParseError
from softswitch.testing.phone.incoming import IncomingCall, on_request, wants_auto_answer
from softswitch.testing.phone.message import Request, Response, parse_message
from softswitch.testing.phone.transactions import ServerTransaction

if TYPE_CHECKING:
    from softswitch.testing.phone.call import Call
    from softswitch.testing.phone.phone import Phone
    from softswitch.testing.phone.wire import Address

SUPPORTED = ("replaces",)


def dispatch(phone: Phone, data: bytes, source: Address) -> None:
    if not data.strip(b"\r\n\0 "):
        return  # a keep-alive
    try:
        message = parse_message(data)
        message.check()
        phone.trace.append(f"{message.start_line[:60]} ({message.cseq.method})")
        if isinstance(message, Response):
            phone.transactions.response(message)
        else:
            _on_request(phone, message, source)
    except ParseError as error:
        phone.bad_messages.append((data, str(error)))
        phone.watch.notify()


def _call_of(phone: Phone, request: Request) -> Call | None:
    tag = request.to.tag
    for call in phone.calls:
        if call.dialog.call_id == request.call_id and call.dialog.local_tag == tag:
            return call
    return None


def _on_request(phone: Phone, request: Request, source: Address) -> None:
    if request.method == "ACK":
        _on_ack(phone, request)
        return
    transaction, new = phone.transactions.server(request, source)
    if not new:
        transaction.resend()
        return
    if request.method == "CANCEL":
        _on_cancel(phone, request, transaction)
    elif request.to.tag is not None:
        call = _call_of(phone, request)
        if call is None:
            _refuse(phone, transaction, 481, "Call Does Not Exist")
        else:
            on_request(call, request, transaction)
    elif request.method == "INVITE":
        _on_invite(phone, request, transaction)
    elif request.method in ("OPTIONS", "MESSAGE", "NOTIFY"):
        phone.note_message(request)
        transaction.respond(phone.response(transaction, 200, "OK"))
    else:
        _refuse(phone, transaction, 405, "Method Not Allowed")


def _refuse(
    phone: Phone, transaction: ServerTransaction, status: int, text: str, **headers: str
) -> None:
    response = phone.response(transaction, status, text)
    for name, value in headers.items():
        response.headers.add(name, value)
    transaction.respond(response)


def _on_ack(phone: Phone, ack: Request) -> None:
    refused = phone.transactions.invite_of(ack)
    if refused is not None:
        refused.stop()
    # The ACK of a success is a transaction of its own: it names the call by its tags only.
    for transaction in phone.transactions.invites(ack.call_id, ack.cseq.number):
        transaction.stop()
    call = _call_of(phone, ack)
    if isinstance(call, IncomingCall) and ack.cseq.number == call.invite.cseq.number:
        call.on_ack(ack)


def _on_cancel(phone: Phone, cancel: Request, transaction: ServerTransaction) -> None:
    invite = phone.transactions.invite_of(cancel)
    if invite is None:
        _refuse(phone, transaction, 481, "Call Does Not Exist")
        return
    transaction.respond(phone.response(transaction, 200, "OK"))
    for call in list(phone.calls):
        if isinstance(call, IncomingCall) and call.transaction is invite:
            call.on_cancel(cancel)


def _on_invite(phone: Phone, invite: Request, transaction: ServerTransaction) -> None:
    unknown = [o for o in invite.headers.listed("Require") if o.lower() not in SUPPORTED]
    if unknown:
        _refuse(phone, transaction, 420, "Bad Extension", Unsupported=", ".join(unknown))
        return
    replaced = transfer.replaced_call(phone, invite)
    if replaced is None and "Replaces" in invite.headers:
        _refuse(phone, transaction, 481, "No Call To Replace")
        return
    if replaced is None and phone.max_calls is not None and len(phone.calls) >= phone.max_calls:
        _refuse(phone, transaction, 486, "Busy Here")
        return
    call = IncomingCall(phone, invite, transaction)
    phone.arrived.append(call)
    answers = wants_auto_answer(invite) if phone.auto_answer is None else phone.auto_answer
    try:
        if replaced is not None:
            call.media.source = replaced.media.source
            call.answer_now()
            replaced.replaced_by = call
            replaced.watch.notify()
            phone.spawn(_drop(replaced))
        elif answers:
            call.answer_now()
        elif phone.rings:
            call.ring_now()
    except (MediaError, ParseError) as error:
        call.note(f"could not be answered: {error}")
        call.refuse(488, "Not Acceptable Here")
    phone.watch.notify()


async def _drop(call: Call) -> None:
    await call.hangup()
