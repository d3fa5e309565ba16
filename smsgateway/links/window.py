"""What is under way over one connection, by sequence: answered, overdue, or answered late. Bounded."""

from __future__ import annotations

from collections import OrderedDict, deque
from collections.abc import Iterable, Sequence

from smsgateway.port import Submission

LAST_SEQUENCE = 0x7FFF_FFFF
_MOST_LATE = 10_000


class Window:
    """Submissions that wait for their answers."""

    def __init__(self) -> None:
        self.sequence = 0
        self._pending: dict[int, Submission] = {}
        self._deadlines: deque[tuple[float, int]] = deque()
        self._late: OrderedDict[int, Submission] = OrderedDict()

    def __len__(self) -> int:
        return len(self._pending)

    def next(self) -> int:
        """Return the next sequence."""
        self.sequence = self.sequence + 1 if self.sequence < LAST_SEQUENCE else 1
        return self.sequence

    def put(self, submissions: Sequence[Submission], deadline: float) -> range:
        """Add what is about to be written and is to be answered by then; return the sequences, without a gap."""
        first = self.sequence + 1
        if first + len(submissions) > LAST_SEQUENCE:
            first = 1
        sequences = range(first, first + len(submissions))
        self.sequence = sequences[-1]
        self._pending.update(zip(sequences, submissions, strict=True))
        self._deadlines.append((deadline, self.sequence))
        return sequences

    def take(self, sequence: int) -> Submission | None:
        """Return what an answer belongs to, in time or late; None for an answer to nothing."""
        found = self._pending.pop(sequence, None)
        return found if found is not None or not self._late else self._late.pop(sequence, None)

    def pending(self) -> Iterable[Submission]:
        """Return what waits."""
        return self._pending.values()

    def overdue(self, now: float) -> list[Submission]:
        """Take from the window what was not answered in time; an answer may still come."""
        found: list[Submission] = []
        while self._deadlines and self._deadlines[0][0] <= now:
            _, last = self._deadlines.popleft()
            while self._pending:
                sequence, submission = next(iter(self._pending.items()))
                if (last - sequence) % LAST_SEQUENCE > LAST_SEQUENCE // 2:
                    break
                del self._pending[sequence]
                self._late[sequence] = submission
                found.append(submission)
        while len(self._late) > _MOST_LATE:
            self._late.popitem(last=False)
        return found

    def end(self) -> list[Submission]:
        """Forget everything; return what was waiting."""
        doubtful = list(self._pending.values())
        self._pending.clear()
        self._late.clear()
        self._deadlines.clear()
        return doubtful
