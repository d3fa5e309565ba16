"""What is under way over one connection, by sequence: answered, overdue, or answered late. Bounded."""

from __future__ import annotations

from collections import OrderedDict, deque
from collections.abc import Iterable

from smsgateway.port import Submission

LAST_SEQUENCE = 0x7FFF_FFFF
_MOST_LATE = 10_000


class Window:
    """Submissions that wait for their answers."""

    def __init__(self) -> None:
        self.sequence = 0
        self._pending: OrderedDict[int, Submission] = OrderedDict()
        self._deadlines: deque[tuple[float, int]] = deque()
        self._late: OrderedDict[int, Submission] = OrderedDict()

    def __len__(self) -> int:
        return len(self._pending)

    def next(self) -> int:
        """Return the next sequence."""
        self.sequence = self.sequence + 1 if self.sequence < LAST_SEQUENCE else 1
        return self.sequence

    def put(self, submission: Submission) -> int:
        """Add what is about to be written; return its sequence."""
        sequence = self.sequence = self.sequence + 1 if self.sequence < LAST_SEQUENCE else 1
        self._pending[sequence] = submission
        return sequence

    def written(self, deadline: float) -> None:
        """What was added so far has been written, and is to be answered by then."""
        self._deadlines.append((deadline, self.sequence))

    def take(self, sequence: int) -> Submission | None:
        """Return what an answer belongs to, in time or late; None for an answer to nothing."""
        return self._pending.pop(sequence, None) or self._late.pop(sequence, None)

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
