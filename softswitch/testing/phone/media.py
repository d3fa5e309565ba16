"""The media of one call: an RTP socket, what is sent each 20 ms, and what is received."""

from __future__ import annotations

import asyncio
import collections
import contextlib
import secrets
import socket
import struct
import time
from collections.abc import Callable

from softswitch.testing.phone import dtmf
from softswitch.testing.phone.clock import FrameClock
from softswitch.testing.phone.ear import Ear
from softswitch.testing.phone.errors import CallEndedEarly, MediaError, ParseError
from softswitch.testing.phone.frames import Frame
from softswitch.testing.phone.negotiate import Agreed
from softswitch.testing.phone.rtp import HEADER, RtpPacket, is_rtcp
from softswitch.testing.phone.sources import Source, silence
from softswitch.testing.phone.srtp import SrtpStream

_SO_TIMESTAMPNS = 35  # socket(7): the kernel notes when a packet came, however late it is read
_TIMESPEC = struct.Struct("@ll")
_NOTES = socket.CMSG_SPACE(_TIMESPEC.size)

Loss = Callable[[bytes], bool]


class Media:
    """Open from the first SDP to the end of the call; silent until both sides agree."""

    def __init__(self, host: str, name: str, source: Source | None = None) -> None:
        self._loop = asyncio.get_running_loop()
        family = socket.AF_INET6 if ":" in host else socket.AF_INET
        self._socket = socket.socket(family, socket.SOCK_DGRAM)
        try:
            self._socket.setblocking(False)
            self._socket.setsockopt(socket.SOL_SOCKET, _SO_TIMESTAMPNS, 1)
            self._socket.bind((host, 0))
        except OSError:
            self._socket.close()
            raise
        self.port: int = self._socket.getsockname()[1]
        self.ear = Ear(name)
        self.source: Source = source or silence()
        self.agreed: Agreed | None = None
        self.muted = False
        self.received_digits = ""
        self.sent_frames = 0
        self.first_sent: float | None = None
        self.lose_outgoing: Loss | None = None
        self.lose_incoming: Loss | None = None
        self._sequence = secrets.randbelow(2**15)
        self._timestamp = secrets.randbelow(2**31)
        self._ssrc = secrets.randbits(32)
        self._clips: collections.deque[tuple[Source, asyncio.Future[None]]] = collections.deque()
        self._keys: collections.deque[_Key] = collections.deque()
        self._seal: SrtpStream | None = None
        self._unseal: SrtpStream | None = None
        self._dtmf = dtmf.DtmfReceiver()
        self._loop.add_reader(self._socket, self._readable)
        self._clock = FrameClock.running()
        self._clock.add(self._tick)

    def configure(self, agreed: Agreed) -> None:
        before = self.agreed
        self.agreed = agreed
        if agreed.local_key and (before is None or before.local_key != agreed.local_key):
            self._seal = SrtpStream(agreed.local_key)
        if agreed.remote_key and (before is None or before.remote_key != agreed.remote_key):
            self._unseal = SrtpStream(agreed.remote_key)

    def play(self, clip: Source) -> asyncio.Future[None]:
        """Say this after what is being said; the future is done when its last frame is out."""
        done: asyncio.Future[None] = self._loop.create_future()
        self._clips.append((clip, done))
        return done

    def stop_playing(self) -> None:
        for _, done in self._clips:
            if not done.done():
                done.set_result(None)
        self._clips.clear()

    def press(self, digits: str, frames: int, pause: int) -> asyncio.Future[None]:
        """Send digits as telephone events."""
        if self.agreed is None or self.agreed.dtmf is None:
            raise MediaError(f"{self.ear.name}: the other side takes no telephone events")
        if self.ear.closed is not None:
            raise CallEndedEarly(f"{self.ear.name}: no keys can be pressed, {self.ear.closed}")
        done: asyncio.Future[None] = self._loop.create_future()
        for digit in digits:
            self._keys.append(_Key(dtmf.event_frames(digit, frames), pause))
        if self._keys:
            self._keys[-1].done.append(done)
        else:
            done.set_result(None)
        return done

    def send_raw(self, data: bytes) -> None:
        """Any bytes to the other side's RTP port, as they are."""
        if self.agreed is None:
            raise MediaError(f"{self.ear.name}: no remote RTP address yet")
        self._socket.sendto(data, (self.agreed.address, self.agreed.port))

    def close(self, why: str) -> None:
        if self._socket.fileno() < 0:
            return
        self._clock.remove(self._tick)
        self._loop.remove_reader(self._socket)
        self._socket.close()
        for _, done in self._clips:
            done.cancel()
        for key in self._keys:
            for future in key.done:
                # The far end may act on a key, and end the call, while it is still held down.
                if key.start is not None and not future.done():
                    future.set_result(None)
                future.cancel()
        self._clips.clear()
        self._keys.clear()
        self.ear.close(why)

    def _tick(self) -> None:
        self.ear.tick()
        agreed = self.agreed
        if agreed is None or not agreed.sends:
            return
        self._sequence = (self._sequence + 1) & 0xFFFF
        self._timestamp = (self._timestamp + 160) & 0xFFFFFFFF
        if self._keys and agreed.dtmf is not None and self._send_key(self._keys[0], agreed.dtmf):
            return
        payload = self._next_frame(agreed.codec)
        self._send(agreed.payload_type, payload, self._timestamp, self.sent_frames == 0)
        self.sent_frames += 1

    def _next_frame(self, codec: str) -> bytes:
        while self._clips and not self.muted:
            clip, done = self._clips[0]
            frame = clip.frame(codec)
            if frame is not None:
                return frame
            self._clips.popleft()
            if not done.done():
                done.set_result(None)
        frame = None if self.muted else self.source.frame(codec)
        if frame is None and not self.muted:
            self.source = silence()
        return frame or silence().frame(codec)

    def _send_key(self, key: _Key, payload_type: int) -> bool:
        """One tick of a key: its updates, then all three ends at once, then a pause with audio."""
        if key.start is None:
            key.start = self._timestamp
        if not key.events:
            key.pause -= 1
            if key.pause <= 0:
                self._keys.popleft()
                for future in key.done:
                    if not future.done():
                        future.set_result(None)
            return False
        event = key.events.pop(0)
        self._send(payload_type, event.encode(), key.start, key.first)
        key.first = False
        while event.end and key.events:
            self._sequence = (self._sequence + 1) & 0xFFFF
            self._send(payload_type, key.events.pop(0).encode(), key.start, False)
        return True

    def _send(self, payload_type: int, payload: bytes, timestamp: int, marker: bool) -> None:
        agreed = self.agreed
        assert agreed is not None
        second = payload_type | 0x80 if marker else payload_type
        packet = HEADER.pack(0x80, second, self._sequence, timestamp, self._ssrc) + payload
        if self.lose_outgoing is not None and self.lose_outgoing(packet):
            return
        if self._seal is not None:
            packet = self._seal.protect(packet)
        if self.first_sent is None:
            self.first_sent = self._loop.time()
        # When nobody listens there (any more), a phone goes on all the same.
        with contextlib.suppress(OSError):
            self._socket.sendto(packet, (agreed.address, agreed.port))

    def _readable(self) -> None:
        to_loop = self._loop.time() - time.time()
        for _ in range(64):
            try:
                data, notes, _, source = self._socket.recvmsg(2048, _NOTES)
            except BlockingIOError:
                return
            except OSError:  # an ICMP error of an earlier packet
                continue
            # A port that an earlier call had may still get its packets.
            if self.agreed is not None and source[1] != self.agreed.port:
                self.ear.other_packets += 1
            elif not is_rtcp(data):
                self._receive(data, _arrival(notes) + to_loop)

    def _receive(self, data: bytes, now: float) -> None:
        if self.lose_incoming is not None and self.lose_incoming(data):
            return
        try:
            packet = RtpPacket.parse(self._unseal.unprotect(data) if self._unseal else data)
        except ParseError:
            self.ear.bad_packets += 1
            return
        agreed = self.agreed
        self.ear.count(packet.sequence)
        if packet.payload_type in (0, 8):
            codec = "PCMA" if packet.payload_type else "PCMU"
            frame = Frame(now, packet.sequence, packet.timestamp, packet.payload, codec)
            self.ear.receive(frame)
        elif agreed is not None and packet.payload_type == agreed.dtmf:
            try:
                digit = self._dtmf.receive(packet.payload, packet.timestamp)
            except ParseError:
                self.ear.bad_packets += 1
                return
            if digit:
                self.got_digit(digit)
        else:
            self.ear.other_packets += 1

    def got_digit(self, digit: str) -> None:
        self.received_digits += digit
        self.ear.watch.notify()


class _Key:
    """One key press that is being sent."""

    def __init__(self, events: list[dtmf.TelephoneEvent], pause: int) -> None:
        self.events = events
        self.pause = pause
        self.start: int | None = None
        self.first = True
        self.done: list[asyncio.Future[None]] = []


def _arrival(notes: list[tuple[int, int, bytes]]) -> float:
    """Return when the kernel got a packet, in seconds of ``time.time()``."""
    for level, kind, value in notes:
        if level == socket.SOL_SOCKET and kind == _SO_TIMESTAMPNS:
            seconds, nanoseconds = _TIMESPEC.unpack(value)
            return float(seconds + nanoseconds / 1e9)
    return time.time()
