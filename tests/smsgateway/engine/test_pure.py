"""The engine's decisions without any I/O: rate, routes, order, clock."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import cast

import pytest

from smsgateway.engine.clock import SteadyClock
from smsgateway.engine.lane import Lane
from smsgateway.engine.limiter import Limiter
from smsgateway.engine.outcome import Rank, Rules, answered
from smsgateway.engine.routing import Offer, RoutingTable, may_carry
from smsgateway.engine.shelf import Shelf
from smsgateway.engine.wire import WireJournal
from smsgateway.links.model import Link, LinkConfig
from smsgateway.model import Body, Coding, Priority
from smsgateway.port import Envelope, Leased, LinkCounters, SmsLink, Submission
from smsgateway.queue.turn import Turn

BOTH = frozenset({1, 2})


def test_a_limited_link_sends_as_fast_as_agreed() -> None:
    limiter = Limiter(100.0, 0.0)
    sent, now = 0, 0.0
    while now < 10:
        count = int(limiter.permits(now))
        limiter.take(count)
        sent += count
        now += 0.01
    assert 985 <= sent <= 1_010


def test_an_unlimited_link_is_slowed_by_throttling_and_freed_again() -> None:
    limiter = Limiter(0.0, 0.0)
    limiter.take(500)
    limiter.throttled(1.0, seen_rate=1_000.0)
    assert limiter.permits(1.5) == 0, "it holds for a second"
    assert limiter.allowed == pytest.approx(700)
    limiter.throttled(1.6, seen_rate=10.0)
    assert limiter.allowed == pytest.approx(700), "answers to what was under way are one event"
    assert limiter.permits(2.1) >= 1
    now = 2.1
    while limiter.allowed and now < 120:
        limiter.permits(now)
        now += 1
    assert not limiter.allowed
    assert 25 < now < 60


def test_throttling_never_raises_the_agreed_rate() -> None:
    limiter = Limiter(50.0, 0.0)
    limiter.throttled(1.0, seen_rate=400.0)
    assert limiter.allowed == pytest.approx(35)
    for second in range(2, 60):
        limiter.permits(float(second))
    assert limiter.allowed == 50.0


def test_the_longest_prefix_goes_first_then_the_cheapest() -> None:
    table = RoutingTable(
        [Offer("", 1, 10), Offer("86", 2, 50), Offer("86138", 3, 30), Offer("86138", 4, 20)]
    )
    assert [o.link_id for o in table.offers("86138")] == [4, 3, 2, 1]
    assert [o.link_id for o in table.offers("86")] == [2, 1]
    assert table.route_of("8613900000000") == "86"


def test_a_dearer_link_helps_when_the_cheaper_cannot() -> None:
    offers = RoutingTable([Offer("", 1, 10), Offer("", 2, 50)]).offers("")
    bulk, life = Priority.BULK, Priority.LIFE_SAFETY
    assert may_carry(offers, 1, bulk, BOTH, BOTH)
    assert not may_carry(offers, 2, bulk, BOTH, BOTH)
    assert not may_carry(offers, 2, bulk, BOTH, frozenset({2})), "bulk waits for the cheaper one"
    assert may_carry(offers, 2, life, BOTH, frozenset({2})), "life safety does not"
    assert may_carry(offers, 2, bulk, frozenset({2}), frozenset({2})), "the cheaper one is down"


def test_links_of_one_cost_share_the_load() -> None:
    offers = RoutingTable([Offer("", 1, 10), Offer("", 2, 10)]).offers("")
    assert all(may_carry(offers, link, Priority.BULK, BOTH, BOTH) for link in (1, 2))


def test_urgent_piles_come_first_and_equals_take_turns() -> None:
    shelf = Shelf()
    for batch, priority in ((1, Priority.BULK), (2, Priority.BULK), (3, Priority.LIFE_SAFETY)):
        shelf.put(batch, "", priority, False, [object()])  # type: ignore[list-item]
    firsts = {tuple(pile.batch_id for pile in shelf.piles()) for _ in range(6)}
    assert {order[0] for order in firsts} == {3}
    assert {order[1] for order in firsts} == {1, 2}


def test_a_clock_that_jumps_is_believed_when_it_stands() -> None:
    wall, steady = 1_000_000, 0.0
    clock = SteadyClock(lambda: wall, lambda: steady, believe_after=60)
    wall, steady = wall + 10_000, 10.0
    assert clock() == 1_010_000
    wall += 7_200_000  # two hours forward
    assert clock() == 1_010_000
    wall, steady = wall + 30_000, 40.0
    assert clock() == 1_040_000
    wall, steady = wall - 7_200_000 + 1_000, 41.0  # and back
    assert (clock(), clock.jumps) == (1_041_000, 1)
    wall, steady = wall + 3_600_000, 42.0
    clock()
    wall, steady = wall + 60_000, 102.0
    assert clock() == wall


def test_the_journal_knows_what_is_out_and_what_was_answered(tmp_path: Path) -> None:
    path = tmp_path / "wire"
    journal = WireJournal(path)
    journal.take_over("life")
    journal.wrote([(message, 0) for message in range(5)])
    journal.answered([(0, 0, "abc"), (1, 0, "")])
    journal.begin([(2, 0), (3, 0), (4, 0)])
    journal.answered([(2, 0, "def")])
    journal.wrote([(7, 1)])
    found = WireJournal(path).found  # the process died here: nothing was closed
    assert found is not None
    assert found.out == {(3, 0), (4, 0), (7, 1)}
    assert found.answered == {(0, 0): "abc", (1, 0): "", (2, 0): "def"}


def test_the_journal_forgets_what_two_commits_made_old(tmp_path: Path) -> None:
    path = tmp_path / "wire"
    journal = WireJournal(path)
    journal.take_over("life")
    journal.wrote([(1, 0)])
    journal.answered([(1, 0, "abc")])
    journal.begin([])
    journal.begin([])
    found = WireJournal(path).found
    assert found is not None
    assert (found.out, found.answered) == (set(), {})


def test_the_journal_of_another_life_of_the_machine_is_not_believed(tmp_path: Path) -> None:
    path = tmp_path / "wire"
    journal = WireJournal(path)
    journal.take_over("life")
    journal.wrote([(1, 0)])
    octets = path.read_bytes()
    path.write_bytes(b"another-boot".ljust(40, b"\0") + octets[40:])
    assert WireJournal(path).found is None


def test_a_journal_that_was_closed_or_only_looked_at_tells_the_same_as_before(
    tmp_path: Path,
) -> None:
    path = tmp_path / "wire"
    journal = WireJournal(path)
    journal.take_over("0123456789abcdef")
    journal.wrote([(1, 0)])
    for _ in range(2):  # a gateway that dies while it takes over has changed nothing
        found = WireJournal(path).found
        assert found is not None
        assert (found.out, found.life) == ({(1, 0)}, "0123456789abcdef")
    journal.close()
    assert WireJournal(path).found is None


def a_lane(sent: int = 0) -> Lane:
    link = SimpleNamespace(window=1, in_flight=0, is_bound=True, detail="", counters=LinkCounters())
    stored = Link(1, LinkConfig("centre", "127.0.0.1", 2775, "x", "y", window=1))
    return Lane(stored, cast(SmsLink, link), Limiter(0.0, 0.0), sent=sent)


def test_a_rate_is_known_also_in_the_instant_after_it_was_noted() -> None:
    lane = a_lane()
    lane.rate(0.0)
    for second in (1.0, 2.0, 3.0):
        lane.sent += 1_000
        lane.rate(second)
    assert lane.recent_rate(3.001) == pytest.approx(1_000, rel=0.01)


def test_what_is_committed_ahead_follows_the_pace() -> None:
    lane = a_lane()
    assert lane.reach == 65
    lane.note_pace(10.0)
    for step in range(1, 11):
        lane.sent += 600
        lane.note_pace(10.0 + step / 10)
    assert lane.reach == pytest.approx(721, abs=2)
    lane.note_pace(15.0)
    assert lane.reach == 65, "a slow link has little that goes before life safety"


def test_a_slow_disk_has_more_committed_ahead_and_a_quick_one_less_again() -> None:
    lane = a_lane(sent=500)
    lane.note_pace(0.1)  # 5,000 a second
    assert lane.reach == 1 + 600
    lane.note_turn(0.06)
    assert lane.reach == 1 + 900, "three turns' worth"
    lane.note_turn(0.5)
    assert lane.reach == 1 + 1_000, "never more than a fifth of a second"
    for _ in range(100):
        lane.note_turn(0.002)
    assert lane.reach == 1 + 600
    slow = a_lane(sent=1)
    slow.note_pace(0.1)
    slow.note_turn(0.5)
    assert slow.reach == 1 + 64


@pytest.mark.parametrize(
    ("ranks", "written", "again"),
    [
        ((Rank.TAKEN, Rank.TAKEN), "accepted", False),
        ((Rank.TAKEN, Rank.UNSENT), "requeued", True),
        ((Rank.LATER, Rank.TAKEN), "requeued", False),
        ((Rank.DOUBT, Rank.LATER), "doubtful", False),
        ((Rank.REFUSED, Rank.DOUBT), "failed", False),
    ],
)
def test_the_gravest_answer_decides_when_the_last_is_there(
    ranks: tuple[Rank, Rank], written: str, again: bool
) -> None:
    body, turn = Body(Coding.GSM7, (b"a", b"b")), Turn()
    message = Leased(7, "8613800000001", 1, body, Envelope(3), open_parts=2)
    first, second = (
        answered(turn, Submission(message, part), rank, f"smpp:{rank}", lambda: 1_000, Rules())
        for part, rank in enumerate(ranks)
    )
    assert (first, second) == (False, again)
    names = ("accepted", "requeued", "doubtful", "failed")
    assert {name: len(getattr(turn, name)) for name in names if getattr(turn, name)} == {written: 1}
    assert sum(turn.counts.values()) == 0


def test_what_is_refused_for_the_time_being_is_tried_later_and_not_for_ever() -> None:
    for attempts, due in ((0, 31_000), (2, 121_000), (3, None)):
        message = Leased(
            7, "86138", 1, Body(Coding.GSM7, (b"a",)), Envelope(3), attempts, open_parts=1
        )
        turn = Turn()
        answered(turn, Submission(message, 0), Rank.LATER, "smpp:8", lambda: 1_000, Rules())
        assert turn.requeued == ([(7, due, 1)] if due else [])
        assert turn.failed == ([] if due else [(7, "smpp:8")])
