"""The mandatory fields of each PDU, in order: SMPP 3.4 section 4. Sizes of text count the closing NUL."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from smsgateway.smpp.constants import Command


@dataclass(frozen=True, slots=True)
class Field:
    """A mandatory field: text up to a NUL, a number of so many octets, octets after their count, or rows."""

    name: str
    kind: Literal["text", "number", "octets", "rows"]
    size: int = 1
    row: tuple[Field, ...] = ()


def _text(name: str, size: int) -> Field:
    return Field(name, "text", size)


def _number(name: str, size: int = 1) -> Field:
    return Field(name, "number", size)


def _address(which: str, size: int = 21) -> tuple[Field, ...]:
    return (
        _number(f"{which}_addr_ton"),
        _number(f"{which}_addr_npi"),
        _text("destination_addr" if which == "dest" else f"{which}_addr", size),
    )


_BIND = (
    _text("system_id", 16),
    _text("password", 9),
    _text("system_type", 13),
    _number("interface_version"),
    _number("addr_ton"),
    _number("addr_npi"),
    _text("address_range", 41),
)
_BOUND = (_text("system_id", 16),)
_MESSAGE_ID = (_text("message_id", 65),)
_BEHIND = (
    _number("esm_class"),
    _number("protocol_id"),
    _number("priority_flag"),
    _text("schedule_delivery_time", 17),
    _text("validity_period", 17),
    _number("registered_delivery"),
    _number("replace_if_present_flag"),
    _number("data_coding"),
    _number("sm_default_msg_id"),
    Field("short_message", "octets"),
)
_SHORT_MESSAGE = (_text("service_type", 6), *_address("source"), *_address("dest"), *_BEHIND)

ADDRESSES: Mapping[int, tuple[Field, ...]] = {
    1: _address("dest"),
    2: (_text("dl_name", 21),),
}
"""What follows a ``dest_flag`` (4.5.1.1)."""

FIELDS: Mapping[Command, tuple[Field, ...]] = {
    Command.GENERIC_NACK: (),
    Command.BIND_RECEIVER: _BIND,
    Command.BIND_RECEIVER_RESP: _BOUND,
    Command.BIND_TRANSMITTER: _BIND,
    Command.BIND_TRANSMITTER_RESP: _BOUND,
    Command.BIND_TRANSCEIVER: _BIND,
    Command.BIND_TRANSCEIVER_RESP: _BOUND,
    Command.OUTBIND: (_text("system_id", 16), _text("password", 9)),
    Command.UNBIND: (),
    Command.UNBIND_RESP: (),
    Command.ENQUIRE_LINK: (),
    Command.ENQUIRE_LINK_RESP: (),
    Command.SUBMIT_SM: _SHORT_MESSAGE,
    Command.SUBMIT_SM_RESP: _MESSAGE_ID,
    Command.DELIVER_SM: _SHORT_MESSAGE,
    Command.DELIVER_SM_RESP: _MESSAGE_ID,
    Command.SUBMIT_MULTI: (
        _text("service_type", 6),
        *_address("source"),
        Field("dest_address", "rows", row=(_number("dest_flag"),)),
        *_BEHIND,
    ),
    Command.SUBMIT_MULTI_RESP: (
        *_MESSAGE_ID,
        Field("unsuccess_sme", "rows", row=(*_address("dest"), _number("error_status_code", 4))),
    ),
    Command.DATA_SM: (
        _text("service_type", 6),
        *_address("source", 65),
        *_address("dest", 65),
        _number("esm_class"),
        _number("registered_delivery"),
        _number("data_coding"),
    ),
    Command.DATA_SM_RESP: _MESSAGE_ID,
    Command.QUERY_SM: (*_MESSAGE_ID, *_address("source")),
    Command.QUERY_SM_RESP: (
        *_MESSAGE_ID,
        _text("final_date", 17),
        _number("message_state"),
        _number("error_code"),
    ),
    Command.CANCEL_SM: (
        _text("service_type", 6),
        *_MESSAGE_ID,
        *_address("source"),
        *_address("dest"),
    ),
    Command.CANCEL_SM_RESP: (),
    Command.REPLACE_SM: (
        *_MESSAGE_ID,
        *_address("source"),
        _text("schedule_delivery_time", 17),
        _text("validity_period", 17),
        _number("registered_delivery"),
        _number("sm_default_msg_id"),
        Field("short_message", "octets"),
    ),
    Command.REPLACE_SM_RESP: (),
    Command.ALERT_NOTIFICATION: (
        *_address("source", 65),
        _number("esme_addr_ton"),
        _number("esme_addr_npi"),
        _text("esme_addr", 65),
    ),
}

FORGIVEN = frozenset(command for command in Command if command & 0x8000_0000)
"""Answers: when they refuse, centres leave the body out; some do so in deliver_sm_resp always."""

WITH_TLVS = frozenset(
    {
        Command.BIND_RECEIVER_RESP,
        Command.BIND_TRANSMITTER_RESP,
        Command.BIND_TRANSCEIVER_RESP,
        Command.SUBMIT_SM,
        Command.SUBMIT_SM_RESP,
        Command.DELIVER_SM,
        Command.DELIVER_SM_RESP,
        Command.SUBMIT_MULTI,
        Command.SUBMIT_MULTI_RESP,
        Command.DATA_SM,
        Command.DATA_SM_RESP,
        Command.ALERT_NOTIFICATION,
    }
)
"""PDUs that may end in optional parameters. What stands behind the fields of others is passed over."""
