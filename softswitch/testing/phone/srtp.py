"""Secure RTP (RFC 3711), the suite AES_CM_128_HMAC_SHA1_80 that SDES always has."""

from __future__ import annotations

import hashlib
import hmac
import struct

from cryptography.hazmat.primitives.ciphers import Cipher
from cryptography.hazmat.primitives.ciphers.algorithms import AES
from cryptography.hazmat.primitives.ciphers.modes import CTR

from softswitch.testing.phone.errors import ParseError
from softswitch.testing.phone.rtp import header_length

TAG = 10


def keystream(key: bytes, counter: int, length: int) -> bytes:
    """AES in counter mode from a 128-bit start value (section 4.1.1)."""
    encryptor = Cipher(AES(key), CTR(counter.to_bytes(16, "big"))).encryptor()
    return encryptor.update(bytes(length))


def derive(master: bytes, salt: bytes, label: int, length: int) -> bytes:
    """A session key out of the master key, with a key derivation rate of 0 (section 4.3.1)."""
    start = int.from_bytes(salt, "big") ^ (label << 48)
    return keystream(master, start << 16, length)


class SrtpStream:
    """One direction of a session, with its keys and its roll-over counter."""

    def __init__(self, key_and_salt: bytes) -> None:
        if len(key_and_salt) != 30:
            raise ParseError(f"SRTP key and salt have {len(key_and_salt)} bytes, not 30")
        master, salt = key_and_salt[:16], key_and_salt[16:]
        self._key = derive(master, salt, 0, 16)
        self._auth = derive(master, salt, 1, 20)
        self._salt = int.from_bytes(derive(master, salt, 2, 14), "big") << 16
        self._roll_over = 0
        self._highest: int | None = None
        self._ssrc: int | None = None

    def _follow(self, packet: bytes) -> tuple[int, int, int]:
        """SSRC, sequence number and the roll-over count that it most likely has (3.3.1)."""
        sequence, _, ssrc = struct.unpack_from("!HII", packet, 2)
        if ssrc != self._ssrc:  # a new source starts its own count
            self._ssrc, self._roll_over, self._highest = ssrc, 0, None
        roll_over = self._roll_over
        if self._highest is not None:
            if self._highest < 32768 and sequence - self._highest > 32768:
                roll_over -= 1
            elif self._highest >= 32768 and self._highest - 32768 > sequence:
                roll_over += 1
        return ssrc, sequence, max(roll_over, 0)

    def _advance(self, sequence: int, roll_over: int) -> None:
        if self._highest is None or roll_over > self._roll_over:
            self._roll_over, self._highest = roll_over, sequence
        elif roll_over == self._roll_over:
            self._highest = max(self._highest, sequence)

    def _crypt(self, packet: bytes, ssrc: int, index: int) -> bytes:
        at = header_length(packet)
        payload = packet[at:]
        if not payload:
            return packet
        stream = keystream(self._key, self._salt ^ (ssrc << 64) ^ (index << 16), len(payload))
        mixed = int.from_bytes(payload, "big") ^ int.from_bytes(stream, "big")
        return packet[:at] + mixed.to_bytes(len(payload), "big")

    def _tag(self, packet: bytes, roll_over: int) -> bytes:
        message = packet + struct.pack("!I", roll_over)
        return hmac.digest(self._auth, message, hashlib.sha1)[:TAG]

    def protect(self, packet: bytes) -> bytes:
        ssrc, sequence, roll_over = self._follow(packet)
        self._advance(sequence, roll_over)
        sealed = self._crypt(packet, ssrc, roll_over << 16 | sequence)
        return sealed + self._tag(sealed, roll_over)

    def unprotect(self, packet: bytes) -> bytes:
        if len(packet) < 12 + TAG:
            raise ParseError(f"SRTP packet of {len(packet)} bytes is too short")
        body, tag = packet[:-TAG], packet[-TAG:]
        ssrc, sequence, roll_over = self._follow(body)
        if not hmac.compare_digest(tag, self._tag(body, roll_over)):
            raise ParseError("SRTP packet does not carry the right authentication tag")
        self._advance(sequence, roll_over)
        return self._crypt(body, ssrc, roll_over << 16 | sequence)
