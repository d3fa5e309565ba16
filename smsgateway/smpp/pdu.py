"""Every PDU of SMPP 3.4 as a value, to octets and back. Lengths are checked before anything is read.

The link does not use this for what it sends and receives by the thousand: see :mod:`smsgateway.smpp.quick`, whose tests
hold it equal to what is written here.
"""

from __future__ import annotations

import struct
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from smsgateway.smpp.constants import HEADER, LONGEST, Command
from smsgateway.smpp.layout import ADDRESSES, FIELDS, FORGIVEN, WITH_TLVS, Field

_HEADER = struct.Struct(">IIII")
_TLV = struct.Struct(">HH")


class PduError(Exception):
    """Octets that are no PDU, or values that no PDU can hold. ``sequence`` where it could be read."""

    def __init__(self, why: str, *, command: int = 0, sequence: int = 0) -> None:
        super().__init__(why)
        self.command = command
        self.sequence = sequence


@dataclass(frozen=True, slots=True)
class Pdu:
    """One PDU. ``fields`` holds the mandatory ones by their names in the specification; missing ones are empty."""

    command: Command
    sequence: int
    status: int = 0
    fields: Mapping[str, Any] = field(default_factory=dict)
    tlvs: tuple[tuple[int, bytes], ...] = ()

    def tlv(self, tag: int) -> bytes | None:
        """Return the value of an optional parameter, or None."""
        return next((value for known, value in self.tlvs if known == tag), None)

    def encode(self) -> bytes:
        """Return the octets. Raises :class:`PduError` for a value that does not fit."""
        chunks = []
        if not self.status or self.command not in FORGIVEN or self.fields:
            chunks += [_encode(item, self.fields) for item in FIELDS[self.command]]
        for tag, value in self.tlvs:
            if len(value) > 0xFFFF:
                raise PduError(f"parameter {tag:#06x} has {len(value)} octets")
            chunks += [_TLV.pack(tag, len(value)), value]
        body = b"".join(chunks)
        return _HEADER.pack(HEADER + len(body), self.command, self.status, self.sequence) + body

    @classmethod
    def decode(cls, octets: bytes) -> Pdu:
        """Return the PDU that fills ``octets``. Raises :class:`PduError`, and nothing else."""
        command, status, sequence = check_header(octets)
        try:
            known = Command(command)
        except ValueError:
            raise PduError(
                f"unknown command {command:#010x}", command=command, sequence=sequence
            ) from None
        try:
            fields, at = _decode_fields(known, octets, bool(status))
            tlvs = _decode_tlvs(octets, at) if known in WITH_TLVS else ()
        except PduError as error:
            raise PduError(str(error), command=command, sequence=sequence) from None
        return cls(known, sequence, status, fields, tlvs)


def check_header(octets: bytes) -> tuple[int, int, int]:
    """Return command, status and sequence of a whole PDU. Raises :class:`PduError`."""
    if len(octets) < HEADER:
        raise PduError(f"{len(octets)} octets are no PDU")
    length, command, status, sequence = _HEADER.unpack_from(octets)
    if length != len(octets) or length > LONGEST:
        raise PduError(f"a length of {length} over {len(octets)} octets", sequence=sequence)
    return command, status, sequence


def _decode_fields(command: Command, octets: bytes, refused: bool) -> tuple[dict[str, Any], int]:
    at = HEADER
    # An answer that refuses may end with its header (4.4.2): centres differ.
    if at == len(octets) and (refused or command in FORGIVEN):
        return {}, at
    fields: dict[str, Any] = {}
    for item in FIELDS[command]:
        fields[item.name], at = _decode(item, octets, at, fields)
    return fields, at


def _encode(item: Field, fields: Mapping[str, Any]) -> bytes:
    value = fields.get(item.name)
    match item.kind:
        case "text":
            octets = b"" if value is None else bytes(value)
            if len(octets) >= item.size or b"\0" in octets:
                raise PduError(f"{item.name} is too long or holds a NUL")
            return octets + b"\0"
        case "number":
            return _number(item, 0 if value is None else int(value))
        case "octets":
            octets = b"" if value is None else bytes(value)
            return _number(item, len(octets)) + octets
        case _:
            rows: list[Mapping[str, Any]] = list(value or ())
            chunks = [_number(item, len(rows))]
            for row in rows:
                chunks += [_encode(part, row) for part in _row_fields(item, row)]
            return b"".join(chunks)


def _number(item: Field, value: int) -> bytes:
    size = item.size if item.kind == "number" else 1
    if not 0 <= value < 1 << 8 * size:
        raise PduError(f"{item.name} cannot be {value}")
    return value.to_bytes(size)


def _decode(item: Field, octets: bytes, at: int, _before: Mapping[str, Any]) -> tuple[Any, int]:
    match item.kind:
        case "text":
            end = octets.find(b"\0", at, at + item.size)
            if end < 0:
                raise PduError(f"{item.name} does not end")
            return octets[at:end], end + 1
        case "number":
            _need(item, octets, at, item.size)
            return int.from_bytes(octets[at : at + item.size]), at + item.size
        case "octets":
            _need(item, octets, at, 1)
            end = at + 1 + octets[at]
            _need(item, octets, at, 1 + octets[at])
            return octets[at + 1 : end], end
        case _:
            return _decode_rows(item, octets, at)


def _decode_rows(item: Field, octets: bytes, at: int) -> tuple[Any, int]:
    _need(item, octets, at, 1)
    count, at = octets[at], at + 1
    rows = []
    for _ in range(count):
        row: dict[str, Any] = {}
        for part in item.row:
            row[part.name], at = _decode(part, octets, at, row)
            if part.name == "dest_flag":
                for more in _row_fields(item, row)[1:]:
                    row[more.name], at = _decode(more, octets, at, row)
        rows.append(row)
    return rows, at


def _row_fields(item: Field, row: Mapping[str, Any]) -> tuple[Field, ...]:
    """Return the fields of a row; a destination is an address or the name of a list (4.5.1.1)."""
    if item.row[0].name != "dest_flag":
        return item.row
    flag = int(row.get("dest_flag", 0))
    if flag not in ADDRESSES:
        raise PduError(f"dest_flag cannot be {flag}")
    return item.row + ADDRESSES[flag]


def _need(item: Field, octets: bytes, at: int, count: int) -> None:
    if at + count > len(octets):
        raise PduError(f"{item.name} is cut off")


def _decode_tlvs(octets: bytes, at: int) -> tuple[tuple[int, bytes], ...]:
    found = []
    while at < len(octets):
        if at + 4 > len(octets):
            raise PduError("an optional parameter is cut off")
        tag, length = _TLV.unpack_from(octets, at)
        at += 4 + length
        if at > len(octets):
            raise PduError(f"parameter {tag:#06x} is cut off")
        found.append((tag, octets[at - length : at]))
    return tuple(found)
