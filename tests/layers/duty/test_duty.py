"""The books of duty: import, who is on duty now, gaps told before they begin, the sealed hand-over log."""

from __future__ import annotations

import pytest
from sqlalchemy import update

from softswitch.csvio import RowStatus
from softswitch.errors import Refusal
from softswitch.events import CallAbandoned, CallAnswered, CallStarted
from softswitch.layers.duty import entries, handover_store, report
from softswitch.layers.duty.localtime import day_of, month_of
from softswitch.layers.duty.model import Use
from softswitch.layers.duty.tables import entries as log_entries
from softswitch.layers.duty.tables import signatures
from softswitch.store.event_log import append
from tests.layers.duty.conftest import SHANGHAI, Rig, at

PEOPLE = """key,name,title,unit,numbers,deputy
liming,李明,主任,指挥中心,13800000001 2001,wang
wang,王芳,副主任,指挥中心,13800000002,
zhao,赵强,值班员,指挥中心,13800000003;2003,wang
""".encode()
SHIFTS = b"""roster,person,date,begin,end,deputy,position
chief,liming,2026-11-22,08:00,20:00,,1
chief,zhao,2026-11-22,20:00,08:00,,1
chief,liming,2026-11-23,08:00,20:00,,1
"""


async def fill(rig: Rig) -> None:
    roster = entries.roster("chief", "值班主任", "Asia/Shanghai", 1, [Use.INTAKE, Use.NIGHT])
    await rig.changes.put_roster("boss", roster)
    people = await rig.changes.import_people("boss", PEOPLE, dry_run=False)
    shifts = await rig.changes.import_shifts("boss", SHIFTS, dry_run=False)
    assert people.count(RowStatus.ADDED) == shifts.count(RowStatus.ADDED) == 3


async def test_who_is_on_duty_follows_the_clock_to_the_millisecond(rig: Rig) -> None:
    await fill(rig)
    assert rig.service.numbers(Use.INTAKE) == ("13800000001", "2001")
    rig.time[0] = at(22, 20) - 1
    assert [one.person.key for one in rig.service.on_duty("chief")] == ["liming"]
    rig.time[0] = at(22, 20)
    assert rig.service.numbers(Use.NIGHT) == ("13800000003", "2003")
    rig.time[0] = at(23, 20)
    assert rig.service.numbers(Use.NIGHT) == ()
    rig.time[0] = at(
        30, 0
    )  # the book was not read for a week: nobody rather than somebody off duty
    assert rig.service.on_duty("chief") == ()
    assert rig.service.on_duty("nobody") == ()


async def test_a_change_of_the_guard_is_told_once_and_survives_a_restart(rig: Rig) -> None:
    woken: list[int] = []
    rig.service.changed = lambda: woken.append(1)
    await fill(rig)
    await rig.move(at(22, 20))
    await rig.move(at(22, 20, 1))
    await rig.service.reload()
    await rig.service.look()
    told = [(fact.roster, fact.people) for fact in await rig.facts("duty.changed")]
    assert told == [("chief", ("liming",)), ("chief", ("zhao",))]
    assert len(woken) == 2
    shown = rig.screen.shown[("duty", "chief")]
    assert [one["name"] for one in shown["people"]] == ["赵强"]
    assert shown["people"][0]["deputy"] == "wang"


async def test_leave_puts_the_deputy_in_and_its_end_takes_him_out(rig: Rig) -> None:
    await fill(rig)
    away = entries.leave("liming", at(22, 11), at(22, 14), "", "开会")
    await rig.changes.put_leave("boss", away)
    (one,) = rig.service.on_duty("chief")
    assert (one.person.key, one.instead_of) == ("wang", "liming")
    rig.time[0] = at(22, 14)
    assert rig.service.on_duty("chief")[0].person.key == "liming"
    await rig.changes.drop_leave("boss", away.id)
    rig.time[0] = at(22, 12)
    assert rig.service.on_duty("chief")[0].person.key == "liming"


async def test_a_clock_that_is_set_names_who_is_on_duty_then(rig: Rig) -> None:
    """The clock of the machine was wrong by hours or by weeks, and is set right: forward, back, and far."""
    await fill(rig)
    for instant, who in (
        (at(22, 21), ["zhao"]),
        (at(22, 9), ["liming"]),
        (at(23, 9), ["liming"]),
        (at(22, 21), ["zhao"]),
        (at(1, 0), []),
        (at(22, 21), ["zhao"]),
        (at(30, 0), []),
        (at(22, 12), ["liming"]),
    ):
        await rig.move(instant)
        assert [one.person.key for one in rig.service.on_duty("chief")] == who
        shown = rig.screen.shown[("duty", "chief")]["people"]
        assert [one["key"] for one in shown] == who
    assert (await rig.facts("duty.changed"))[-1].people == ("liming",)


async def test_a_gap_is_announced_a_day_before_and_only_once(rig: Rig) -> None:
    await fill(rig)
    before = len(await rig.facts("duty.gap"))  # the roster was empty when it was made
    assert rig.screen.shown[("duty", "chief")]["gap"] is None
    await rig.move(at(22, 20, 1))  # less than a day before 20:00 of the 23rd
    await rig.move(at(22, 21))
    await rig.move(at(23, 20, 30))  # it has begun: still the same
    (gap,) = (await rig.facts("duty.gap"))[before:]
    assert (gap.roster, gap.begin, gap.there, gap.need) == ("chief", at(23, 20), 0, 1)
    assert ("alarm", "duty_gap:chief") in rig.screen.shown
    row = entries.shift("chief", "wang", at(23, 20), at(25, 20))
    await rig.changes.put_shift("boss", row)
    assert ("alarm", "duty_gap:chief") not in rig.screen.shown
    assert rig.screen.shown[("duty", "chief")]["gap"] is None


async def test_each_row_of_a_file_has_its_report(rig: Rig) -> None:
    await fill(rig)
    data = b"""roster,person,date,begin,end,deputy,position
chief,liming,2026-11-22,08:00,20:00,,1
chief,liming,2026-11-22,12:00,14:00,,1
chief,nobody,2026-11-24,08:00,20:00,,1
none,wang,2026-11-24,08:00,20:00,,1
chief,wang,2026-11-31,08:00,20:00,,1
chief,wang,2026-11-24,8am,20:00,,1
chief,wang,2026-11-24,08:00,20:00,wang,1
chief,wang,2026-11-24,08:00,20:00,zhao,1
chief,wang,2026-11-24,19:00,21:00,,1
"""
    trial = await rig.changes.import_shifts("boss", data, dry_run=True)
    done = await rig.changes.import_shifts("boss", data, dry_run=False)
    for found in (trial, done):
        statuses = [row.status.value for row in found.rows]
        assert statuses == ["unchanged", *["refused"] * 6, "added", "refused"]
        assert "on duty at chief" in (found.rows[1].message or "")
        assert "on duty at chief" in (found.rows[8].message or "")
    again = await rig.changes.import_shifts("boss", data, dry_run=False)
    assert again.count(RowStatus.ADDED) == 0
    exported = await rig.changes.export_shifts(at(20, 0), at(30, 0))
    back = await rig.changes.import_shifts("boss", exported, dry_run=False)
    assert back.count(RowStatus.UNCHANGED) == 4
    people = await rig.changes.export_people()
    assert (await rig.changes.import_people("boss", people, dry_run=False)).count(
        RowStatus.UNCHANGED
    ) == 3
    bad = b"key,name,numbers\nx,X,110\nx y,X,1\nliming,,1\nzhao,Z,1\nzhao,Z,1\n"
    statuses = [
        row.status.value
        for row in (await rig.changes.import_people("boss", bad, dry_run=True)).rows
    ]
    assert statuses == ["refused", "refused", "refused", "changed", "refused"]


async def test_who_has_left_cannot_be_put_on_a_roster(rig: Rig) -> None:
    await fill(rig)
    gone = entries.person("zhao", "赵强", ["13800000003"], lambda number: False, left=True)
    await rig.changes.put_person("boss", gone)
    with pytest.raises(Refusal) as refused:
        await rig.changes.put_shift("boss", entries.shift("chief", "zhao", at(24, 8), at(24, 20)))
    assert refused.value.code == "person_left"
    rig.time[0] = at(22, 21)
    assert rig.service.on_duty("chief") == ()  # his shift is a gap now, and is told as one
    assert (await report.troubles(rig.service, at(22, 12), at(23, 8)))["gaps"][0]["begin"] == at(
        22, 20
    )


async def test_the_hand_over_is_signed_by_two_and_sealed(rig: Rig) -> None:
    await fill(rig)
    made = await rig.changes.give("liming", "chief", "二号线路故障，已报修。", "ab12")
    assert await rig.changes.give("liming", "chief", "另一段", "ab12") == made  # a repeat
    with pytest.raises(Refusal) as own:
        await rig.changes.take("liming", made)
    assert own.value.code == "own_handover"
    await rig.changes.take("zhao", made)
    with pytest.raises(Refusal) as twice:
        await rig.changes.take("wang", made)
    assert twice.value.code == "handover_signed"
    (entry,) = await rig.db.read(handover_store.page, "chief", None, 10)
    assert entry["text"] == "二号线路故障，已报修。"
    assert [(s["part"], s["login"]) for s in entry["signatures"]] == [("gave", "liming"), ("took", "zhao")]  # fmt: skip
    assert (await rig.db.read(handover_store.verify)) == {"lines": 2, "ok": True, "broken": None}


@pytest.mark.parametrize("what", ["text", "login", "entry", "removed"])
async def test_a_change_of_the_log_is_found(rig: Rig, what: str) -> None:
    await fill(rig)
    made = await rig.changes.give("liming", "chief", "一切正常")
    await rig.changes.take("zhao", made)

    def forge(conn) -> None:  # type: ignore[no-untyped-def]
        if what == "removed":
            conn.execute(signatures.delete().where(signatures.c.seq == 1))
        elif what == "entry":
            conn.execute(update(log_entries).values(text="什么都没有"))
        else:
            conn.execute(update(signatures).where(signatures.c.seq == 1).values({what: "x"}))

    await rig.db.write(forge)
    found = await rig.db.read(handover_store.verify)
    assert not found["ok"]
    assert found["broken"] == 1


async def test_the_daily_report_counts_what_happened_on_that_local_day(rig: Rig) -> None:
    await fill(rig)
    facts = [
        CallStarted("1", at(22, 0), "emergency", "138", "120", "120"),
        CallStarted("2", at(22, 23, 59), "emergency", "139", "120", "120"),
        CallStarted("3", at(23, 0), "emergency", "139", "120", "120"),
        CallAnswered("1", at(22, 0, 1)),
        CallAbandoned("2", at(22, 23, 59), "120", "139"),
    ]
    await rig.db.write(append, *facts)
    await rig.log.drained()
    await rig.changes.give("liming", "chief", "交班")
    found = await report.daily(rig.service, day_of("2026-11-22"), SHANGHAI)
    assert found["counts"] == {"emergency_calls": 2, "answered_calls": 1, "abandoned_calls": 1}
    (post,) = found["rosters"]
    assert [shift["person"] for shift in post["shifts"]] == ["liming", "zhao"]
    assert [(gap["begin"], gap["end"]) for gap in post["gaps"]] == [(at(22, 0), at(22, 8))]
    assert [entry["text"] for entry in found["handovers"]] == ["交班"]
    month = await report.month(rig.service, rig.service.roster("chief"), *month_of("2026-11"))
    assert len(month["days"]) == 30
    assert [s["person"] for s in month["days"][21]["shifts"]] == ["liming", "zhao"]
