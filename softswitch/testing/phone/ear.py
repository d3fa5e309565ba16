"""What a phone hears: every received frame with its time, and questions about its tones."""

from __future__ import annotations

import collections
import itertools
from collections.abc import Iterator

import numpy as np

from softswitch.testing import audio
from softswitch.testing.patience import PATIENCE
from softswitch.testing.phone.errors import CallEndedEarly
from softswitch.testing.phone.frames import Frame, Gap
from softswitch.testing.phone.watch import Watch

HISTORY = 3000  # frames: a minute


class Ear:
    """The received frames of one call, and the waits on them."""

    def __init__(self, name: str = "phone", history: int = HISTORY) -> None:
        self.name = name
        self.frames: collections.deque[Frame] = collections.deque(maxlen=history)
        self.total = 0
        self.ticks = 0
        self.lost = 0
        self.other_packets = 0
        self.bad_packets = 0
        self.first_packet: float | None = None
        self.closed: str | None = None
        self.watch = Watch()
        self._expected: int | None = None

    def count(self, sequence: int) -> None:
        """Note the sequence number of any packet of the stream, audio or not."""
        if self._expected is not None:
            missing = (sequence - self._expected) & 0xFFFF
            # A jump of thousands is a new stream (a re-INVITE, another bridge), not a loss.
            if missing < 1000:
                self.lost += missing
        self._expected = (sequence + 1) & 0xFFFF

    def receive(self, frame: Frame) -> None:
        if self.first_packet is None:
            self.first_packet = frame.at
        self.frames.append(frame)
        self.total += 1
        self.watch.notify()

    def tick(self) -> None:
        """Our own 20 ms clock: silence is counted by it, as frames need not come at all."""
        self.ticks += 1
        self.watch.notify()

    def close(self, why: str) -> None:
        self.closed = why
        self.watch.notify()

    def after(self, position: int) -> Iterator[Frame]:
        """The frames from the `position`-th on, as far as they are still kept."""
        oldest = self.total - len(self.frames)
        return itertools.islice(self.frames, max(0, position - oldest), None)

    def _position(self, since: float | None) -> int:
        if since is None:
            return self.total
        return self.total - sum(1 for frame in self.frames if frame.at >= since)

    def _alive(self, wanted: str) -> None:
        if self.closed is not None:
            raise CallEndedEarly(f"{self.name}: {wanted}, but {self.closed}; {self.summary()}")

    async def hears(
        self,
        *frequencies: int,
        frames: int = 3,
        timeout: float = PATIENCE,
        since: float | None = None,
    ) -> float:
        """Wait until all tones stand in so many frames in a row; the time of the first of them.

        Only frames from now on count, or those since the moment given.
        """
        scan, run, first = self._position(since), 0, 0.0
        wanted = f"should hear {_hertz(frequencies)} in {frames} frames in a row"

        def predicate() -> float | None:
            nonlocal scan, run, first
            for frame in self.after(scan):
                scan += 1
                if all(frame.has(f) for f in frequencies):
                    first = first if run else frame.at
                    run += 1
                    if run >= frames:
                        return first
                else:
                    run = 0
            self._alive(wanted)
            return None

        return await self.watch.until(predicate, timeout, lambda: self._seen(wanted))

    async def hears_not(
        self, *frequencies: int, frames: int = 15, tolerate: int = 1, timeout: float = PATIENCE
    ) -> None:
        """The next frames hold none of the tones; one frame may be torn by a switch-over.

        Frames are counted, not time: a phone that receives none at all fails (see hears_silence).
        """
        scan, seen, bad = self.total, 0, 0
        wanted = f"should not hear {_hertz(frequencies)} in {frames} frames"

        def predicate() -> bool:
            nonlocal scan, seen, bad
            for frame in self.after(scan):
                scan += 1
                seen += 1
                bad += any(frame.has(f) for f in frequencies)
                if bad > tolerate:
                    raise AssertionError(self._seen(wanted, f"heard in {bad} of {seen}"))
                if seen >= frames:
                    return True
            self._alive(wanted)
            return False

        await self.watch.until(
            predicate, timeout, lambda: self._seen(wanted, f"only {seen} frames came")
        )

    async def stops_hearing(
        self, *frequencies: int, frames: int = 10, timeout: float = PATIENCE
    ) -> float:
        """Wait until none of the tones is in so many ticks in a row; the time it was last heard.

        For the moment after a change; a tick in which no frame came counts as one without.
        """
        scan, quiet_since, last = self.total, self.ticks, self._last_heard(frequencies)
        wanted = f"should stop hearing {_hertz(frequencies)} for {frames} frames"

        def predicate() -> float | None:
            nonlocal scan, quiet_since, last
            for frame in self.after(scan):
                scan += 1
                if any(frame.has(f) for f in frequencies):
                    quiet_since, last = self.ticks, frame.at
            if self.ticks - quiet_since >= frames:
                return last
            self._alive(wanted)
            return None

        return await self.watch.until(predicate, timeout, lambda: self._seen(wanted))

    async def hears_silence(self, frames: int = 10, timeout: float = PATIENCE) -> None:
        """Wait for so many ticks in a row in which nothing audible came, or nothing at all."""
        scan, quiet_since = self.total, self.ticks
        wanted = f"should hear silence for {frames} frames"

        def predicate() -> bool:
            nonlocal scan, quiet_since
            for frame in self.after(scan):
                scan += 1
                if frame.audible:
                    quiet_since = self.ticks
            if self.ticks - quiet_since >= frames:
                return True
            self._alive(wanted)
            return False

        await self.watch.until(predicate, timeout, lambda: self._seen(wanted))

    async def hears_sound(self, frames: int = 10, timeout: float = PATIENCE) -> float:
        """Wait for so many audible frames, of any kind; the time of the first."""
        scan, heard = self.total, list[float]()
        wanted = f"should hear sound in {frames} frames"

        def predicate() -> float | None:
            nonlocal scan
            for frame in self.after(scan):
                scan += 1
                if frame.audible:
                    heard.append(frame.at)
            if len(heard) >= frames:
                return heard[0]
            self._alive(wanted)
            return None

        return await self.watch.until(predicate, timeout, lambda: self._seen(wanted))

    async def hears_clip(
        self, clip: audio.Samples, likeness: float = 0.8, timeout: float = PATIENCE
    ) -> None:
        """Wait until this very sound was heard, from its begin to its end; see `audio.likeness`."""
        step, next_look = 10, len(clip) // audio.FRAME
        wanted = f"should hear a clip of {len(clip) / audio.RATE:.1f} s"

        def predicate() -> bool:
            nonlocal next_look
            if self.total >= next_look:
                next_look = self.total + step
                last = self.recording()[-len(clip) - (step + 5) * audio.FRAME :]
                if audio.likeness(last, clip) >= likeness:
                    return True
            self._alive(wanted)
            return False

        await self.watch.until(predicate, timeout, lambda: self._seen(wanted))

    def first_heard(self, frequency: int, since: float = 0.0) -> float | None:
        """When the tone came first, among the frames that are kept."""
        return next((f.at for f in self.frames if f.at >= since and f.has(frequency)), None)

    def _last_heard(self, frequencies: tuple[int, ...]) -> float:
        found = (f.at for f in reversed(self.frames) if any(f.has(q) for q in frequencies))
        return next(found, 0.0)

    def gaps(
        self, frequency: int | None = None, longer_than: float = 0.03, since: float = 0.0
    ) -> list[Gap]:
        """Where frames, or frames with this tone, lie further apart than `longer_than` seconds."""
        times = [
            frame.at
            for frame in self.frames
            if frame.at >= since and (frequency is None or frame.has(frequency))
        ]
        return [Gap(a, b - a) for a, b in itertools.pairwise(times) if b - a > longer_than]

    def recording(self, since: float = 0.0) -> audio.Samples:
        """All that was heard and is kept, put end to end."""
        parts = [frame.samples for frame in self.frames if frame.at >= since]
        return np.concatenate(parts) if parts else np.zeros(0, np.int16)

    def summary(self, frames: int = 25) -> str:
        recent = list(self.frames)[-frames:]
        counts = collections.Counter(tone for frame in recent for tone in frame.tones[:6])
        tones = ", ".join(f"{tone} Hz in {n}" for tone, n in counts.most_common(8))
        return (
            f"{self.total} frames received ({self.lost} lost, {self.other_packets} of another "
            f"kind, {self.bad_packets} bad), in the last {len(recent)}: {tones or 'no tone'}"
        )

    def _seen(self, wanted: str, detail: str = "") -> str:
        return f"{self.name}: {wanted}; {detail + '; ' if detail else ''}{self.summary()}"


def _hertz(frequencies: tuple[int, ...]) -> str:
    return " + ".join(str(f) for f in frequencies) + " Hz"
