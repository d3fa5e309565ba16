"""Calls with precedence on a real switch: whose line is taken, whose is not, and what everybody is told."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator

import pytest
import pytest_asyncio

from intercept.levels import Holder
from intercept.model import Levels, Precedence
from softswitch.app import System
from softswitch.testing.phone import Call
from softswitch.testing.system import sip_phone, until
from tests.intercept.kit import connected, talk

pytestmark = [pytest.mark.asterisk, pytest.mark.asyncio(loop_scope="module")]
RP = "Resource-Priority"


@pytest_asyncio.fixture(autouse=True, loop_scope="module")
async def allowed(system: System) -> None:
    """2003 may claim any level."""
    levels = Levels(precedence=Precedence.FLASH_OVERRIDE)
    await system.intercept.config.set_levels("test", Holder.EXTENSION, "2003", levels)


def view_of(system: System, call: Call) -> dict:
    shown = system.live.entities()["call"]
    legs = system.center.board.legs_of([call.phone.user])
    return dict(shown.get(legs[0].channel.linked_id, {})) if legs else {}


async def test_a_free_line_just_rings_and_the_level_shows(system: System) -> None:
    async with sip_phone(system, "2003", tone=650) as caller, sip_phone(system, "2001") as called:
        call = await caller.dial("*922001")
        incoming = await called.incoming()
        assert incoming.caller_name is not None
        assert incoming.caller_name.startswith("加急 · ")
        await until(lambda: view_of(system, call).get("precedence") == 2, what="the level shows")
        await incoming.answer()
        await incoming.hears(650)
        await call.hangup()
        await incoming.ended()


@pytest.mark.parametrize(
    ("level", "language", "shown"),
    [(0, "zh", "超特急 ·"), (1, "en", "Flash ·"), (3, "en", "Priority ·"), (4, "zh", "")],
)
async def test_the_phone_shows_the_level_in_the_language_of_the_system(
    system: System, level: int, language: str, shown: str
) -> None:
    await system.intercept.config.change("test", {"language": language})
    async with sip_phone(system, "2003") as caller, sip_phone(system, "2001") as called:
        call = await caller.dial(f"*9{level}2001")
        incoming = await called.incoming()
        name = incoming.caller_name or ""
        assert name.startswith(shown)
        assert ("·" in name) == bool(shown)
        await call.hangup()
        await incoming.ended()
    await system.intercept.config.change("test", {"language": "zh"})


@pytest.mark.parametrize(
    ("header", "level"),
    [({RP: "wps.0"}, 0), ({RP: "dsn.routine"}, 2), ({}, 2), ({RP: "foo.1"}, 2)],
)
async def test_an_emergency_call_that_claims_a_level_waits_with_it(
    system: System, header: dict[str, str], level: int
) -> None:
    """2003 may claim every level; the level that all emergency calls have stays the least."""
    async with sip_phone(system, "2003") as caller:
        call = await caller.dial("110", headers=header)
        waiting = await until(lambda: next(iter(system.center.intake.queue.values()), None))
        assert (waiting.precedence, waiting.level) == (level, level)
        shown = await until(lambda: system.live.entities().get("waiting", {}).get(waiting.call_id))
        assert (shown["precedence"], shown["level"]) == (level, level)
        await call.hangup()
        await until(lambda: not system.center.intake.queue)


async def test_an_emergency_call_with_a_level_that_is_not_granted_waits_like_all(
    system: System,
) -> None:
    async with sip_phone(system, "2002") as caller:
        await system.intercept.config.set_levels("test", Holder.EXTENSION, "2002", Levels())
        call = await caller.dial("110", headers={RP: "dsn.flash-override"})
        waiting = await until(lambda: next(iter(system.center.intake.queue.values()), None))
        assert waiting.precedence == 2
        await call.hangup()
        await until(lambda: not system.center.intake.queue)


async def test_the_queue_serves_the_highest_level_and_the_dispatcher_has_the_last_word(
    system: System,
) -> None:
    service, queue = system.center.intake, system.center.intake.queue
    async with (
        sip_phone(system, "2001") as first,
        sip_phone(system, "2003") as flash,
        sip_phone(system, "1001") as desk,
    ):
        early = await first.dial("120")
        await until(lambda: len(queue) == 1)
        (ordinary,) = queue
        late = await flash.dial("122", headers={RP: "dsn.flash"})
        await until(lambda: len(queue) == 2)
        (urgent,) = set(queue) - {ordinary}
        assert service.first_for("1001") == urgent
        await system.center.commands.prioritise(ordinary, 0)
        await system.center.commands.prioritise(urgent, 9)
        await until(lambda: queue[urgent].level == 2, what="moved down")
        assert service.first_for("1001") == ordinary
        taken = await desk.dial("*1")
        await until(lambda: list(queue) == [urgent], what="the ordinary call is taken")
        await taken.hangup()
        await early.ended()
        await late.hangup()
        await until(lambda: not queue)


def ways(level: Precedence) -> Iterator[tuple[str, dict[str, str]]]:
    """The ways to claim a level: the prefix and the four namespaces."""
    yield f"*9{level.value}", {}
    yield "", {RP: f"dsn.{level.word}"}
    for namespace in ("q735", "ets", "wps"):
        yield "", {RP: f"{namespace}.{level.value}"}


@pytest.mark.parametrize(("prefix", "headers"), list(ways(Precedence.FLASH)))
async def test_a_busy_line_is_taken_from_a_lower_call(
    system: System, prefix: str, headers: dict[str, str]
) -> None:
    async with talk(system) as lower, sip_phone(system, "2003", tone=850) as caller:
        call = await caller.dial(f"{prefix}2001", headers=headers)
        ends = await asyncio.gather(*(each.ended() for each in lower.calls.values()))
        assert [str(end.reasons[0]) for end in ends] == ["Q.850;cause=8"] * 2
        called = lower.calls["2001"].phone
        incoming = await called.incoming()
        await incoming.answer()
        await asyncio.gather(call.hears(650), incoming.hears(850))
        await call.hangup()
        await incoming.ended()


@pytest.mark.parametrize(("present", "new"), [(1, 1), (1, 2), (0, 0), (0, 4)])
async def test_an_equal_or_higher_call_keeps_its_line(
    system: System, present: int, new: int
) -> None:
    async with (
        sip_phone(system, "2003", tone=850) as first,
        sip_phone(system, "2001", tone=650) as called,
        sip_phone(system, "2002", tone=450) as second,
    ):
        levels = Levels(precedence=Precedence.FLASH_OVERRIDE)
        await system.intercept.config.set_levels("test", Holder.EXTENSION, "2002", levels)
        call = await first.dial(f"*9{present}2001")
        incoming = await called.incoming()
        await incoming.answer()
        await connected(system, "2003", 2)
        late = await second.dial(f"*9{new}2001")
        if new < Precedence.ROUTINE:
            await late.hears_sound()  # the blocked-precedence announcement
        end = await late.ended()
        assert end.cause == (46 if new < Precedence.ROUTINE else 17)
        await asyncio.gather(call.hears(650), incoming.hears(850))
        await call.hangup()
        await incoming.ended()


async def test_a_level_that_is_not_granted_is_refused_in_words(system: System) -> None:
    async with sip_phone(system, "1001") as caller, sip_phone(system, "2001") as called:
        call = await caller.dial("*902001")
        await call.hears_sound()
        assert (await call.ended()).cause == 50
        assert not called.arrived


async def test_a_line_that_cannot_be_written_down_is_not_taken(
    system: System, monkeypatch: pytest.MonkeyPatch
) -> None:
    from softswitch.errors import unavailable

    async with talk(system) as lower, sip_phone(system, "2003") as caller:

        async def down(*_args: object, **_more: object) -> None:
            raise unavailable("store_unavailable", "The disk is full.", "")

        monkeypatch.setattr(system.intercept.precedence._db, "write", down)
        call = await caller.dial("*912001")
        assert (await call.ended()).cause == 17
        monkeypatch.undo()
        for each in lower.calls.values():
            assert each.end is None
        await lower.end()


@pytest.mark.parametrize("header", ["foo.1", "dsn", "'\"$[1]${EXTEN}&;|", "x" * 500])
async def test_an_unknown_header_makes_an_ordinary_call(system: System, header: str) -> None:
    async with sip_phone(system, "2003", tone=650) as caller, sip_phone(system, "2001") as called:
        call = await caller.dial("2001", headers={RP: header})
        incoming = await called.incoming()
        await incoming.answer()
        await incoming.hears(650)
        await call.hangup()
        await incoming.ended()


@pytest.mark.parametrize("namespace", ["dsn.flash", "foo.1"])
async def test_require_is_answered_by_asterisk_itself(system: System, namespace: str) -> None:
    """Asterisk does not know the option tag: it refuses with 420 before any dialplan, where RFC 4412 wants 417."""
    async with sip_phone(system, "2003") as caller:
        call = await caller.dial("2001", headers={RP: namespace, "Require": "resource-priority"})
        end = await call.ended()
        assert end.status == 420


async def test_a_number_that_nobody_has(system: System) -> None:
    async with sip_phone(system, "2003") as caller:
        call = await caller.dial("*912999")
        assert (await call.ended()).cause == 1
        call = await caller.dial("*912001")  # nobody is registered there
        assert (await call.ended()).cause == 20
