from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from softswitch.errors import Refusal
from softswitch.recordings import model
from softswitch.recordings.model import CallId, Recording, RecordingId, Retention, State

NAMES = [RecordingId(name) for name in ("a", "b", "c", "d")]
names = st.sampled_from(NAMES)


def row(name: str, state: State = State.KEPT, **about: object) -> Recording:
    values: dict = {"began_at": 0, "path": f"archive/{name}.wav" * (state is not State.RUNNING)}
    return Recording(RecordingId(name), RecordingId(name), CallId("call"), state, **values | about)


rows = st.dictionaries(names, st.sampled_from(State)).map(
    lambda found: [row(name, state) for name, state in found.items()]
)
spools = st.frozensets(names)
archives = st.dictionaries(names, st.just("archive/x.wav"))
channels = st.frozensets(st.sampled_from([*NAMES, "other"]))


@pytest.mark.parametrize(
    "text",
    [
        "",
        ".",
        "..",
        "../a",
        "a/b",
        "a\\b",
        "/etc/passwd",
        "a\0b",
        "a\nb",
        "-rf",
        "~a",
        "é",
        "a b",
        "x" * 161,
    ],
)
def test_ids_that_could_leave_the_folder_are_refused(text: str) -> None:
    with pytest.raises(Refusal):
        model.recording_id(text)


@given(st.text())
def test_an_id_is_one_name_in_its_folder(text: str) -> None:
    if model.is_recording_id(text):
        assert "/" not in text
        assert text not in {".", ".."}
        assert text.isascii()
        assert text.isprintable()


@pytest.mark.parametrize(
    "text", ["1763800000.12", "desk-7f3a", "node1-1763800000.5", "1763800000.12~2"]
)
def test_ids_of_channels_are_ids(text: str) -> None:
    assert model.recording_id(text) == text


def test_the_archive_is_by_day_in_utc() -> None:
    path = model.archive_path(RecordingId("1.2"), 1_700_000_000_000)
    assert path == "archive/2023/11/14/1.2.wav"


def test_rows_and_files_that_agree_need_nothing() -> None:
    a, b = NAMES[:2]
    plan = model.reconcile(
        [row(a), row(b, State.RUNNING)], frozenset({b}), {a: "archive/a.wav"}, frozenset({b})
    )
    assert plan == []


def test_each_way_to_die_has_its_act() -> None:
    a, b, c, d = NAMES
    assert model.reconcile([], frozenset({a}), {}, frozenset()) == [model.PutAway(a)]
    assert model.reconcile([], frozenset({a}), {}, frozenset({a})) == [model.Index(a)]
    assert model.reconcile([row(b, State.RUNNING)], frozenset(), {b: "p"}, frozenset()) == [
        model.Complete(b, "p")
    ]
    assert model.reconcile([], frozenset(), {b: "p"}, frozenset()) == [model.Complete(b, "p")]
    assert model.reconcile([row(c)], frozenset(), {}, frozenset()) == [model.MarkMissing(c)]
    assert model.reconcile([row(c, State.MISSING)], frozenset(), {c: "p"}, None) == [
        model.Complete(c, "p")
    ]
    assert model.reconcile([row(d, State.EXPIRED)], frozenset(), {d: "p"}, None) == [
        model.Remove(d, "p")
    ]
    assert model.reconcile([row(d, State.RUNNING)], frozenset(), {}, frozenset()) == [
        model.MarkMissing(d)
    ]


@given(rows, spools, archives, channels)
def test_nothing_that_runs_is_put_away(
    found: list[Recording], spool: frozenset[RecordingId], archive: dict, live: frozenset[str]
) -> None:
    for action in model.reconcile(found, spool, archive, live):
        if isinstance(action, model.PutAway):
            assert action.channel_id not in live


@given(rows, spools, archives)
def test_without_the_switch_only_finished_recordings_are_touched(
    found: list[Recording], spool: frozenset[RecordingId], archive: dict
) -> None:
    running = {r.id for r in found if r.state is State.RUNNING}
    for action in model.reconcile(found, spool, archive, None):
        assert not isinstance(action, model.PutAway | model.Index)
        assert not (isinstance(action, model.MarkMissing) and action.id in running)


@given(rows, spools, archives, channels)
def test_the_plan_carried_out_leaves_nothing_to_do(
    found: list[Recording], spool: frozenset[RecordingId], archive: dict, live: frozenset[str]
) -> None:
    states = {r.id: r.state for r in found}
    files, kept = set(spool), dict(archive)
    for _ in range(2):  # a channel that was recorded before is met again: as its next part
        plan = model.reconcile([row(n, s) for n, s in states.items()], frozenset(files), kept, live)
        for action in plan:
            match action:
                case model.Index(name):
                    states[RecordingId(name + "~2") if name in states else name] = State.RUNNING
                    files.discard(name)  # stands for: it is now indexed as the next part
                case model.PutAway(name):
                    files.discard(name)
                    states[name], kept[name] = State.KEPT, "p"
                case model.Complete(name, _):
                    states[name] = State.KEPT
                case model.MarkMissing(name):
                    states[name] = State.KEPT if name in kept else State.MISSING
                case model.Remove(name, _):
                    kept.pop(name, None)
    assert all(name not in files or name in live for name in NAMES)
    assert all(name in kept for name, state in states.items() if state is State.KEPT)
    assert all(name in states for name in kept)


@given(
    st.lists(st.tuples(st.sampled_from(State), st.booleans(), st.integers(0, 100)), max_size=20),
    st.integers(1, 60),
    st.integers(0, 120),
)
def test_retention_spares_the_young_the_held_and_the_running(
    found: list[tuple[State, bool, int]], days: int, today: int
) -> None:
    all_rows = [
        row(f"r{n}", state, held=held, began_at=day * model.DAY, ended_at=day * model.DAY)
        for n, (state, held, day) in enumerate(found)
    ]
    due = model.past_retention(all_rows, Retention(days), today * model.DAY)
    expected = {
        r.id
        for r in all_rows
        if r.state is State.KEPT and not r.held and today - r.began_at // model.DAY > days
    }
    assert {r.id for r in due} == expected
    assert [r.began_at for r in due] == sorted(r.began_at for r in due)


def test_without_a_retention_everything_stays() -> None:
    assert model.past_retention([row("a")], Retention(None), 10**15) == []


def test_a_retention_of_no_days_is_refused() -> None:
    with pytest.raises(Refusal, match="at least 1 day"):
        Retention(0)
