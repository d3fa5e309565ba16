"""The connection to Asterisk is cut at any message of a command: nothing is dialled twice, each command ends known."""

from __future__ import annotations

import asyncio
import contextlib
import os
import re
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass, replace
from typing import Any

import pytest
import pytest_asyncio

from softswitch import app
from softswitch.app import System
from softswitch.asterisk.ari import AriControl
from softswitch.asterisk.plain import AmiSwitch
from softswitch.errors import Refusal
from softswitch.ports import ActFailed
from softswitch.testing.phone import Phone
from softswitch.testing.system import no_channel_left, running_system, sip_phone, until
from tests.survival.proxy import Proxy, proxy

pytestmark = [pytest.mark.asterisk, pytest.mark.asyncio(loop_scope="module")]

ALL = bool(os.environ.get("SOFTSWITCH_TEST_ALL"))
"""Cut at every message (some minutes) in place of a sample."""

POINTS = range(1, 25) if ALL else (1, 2, 3, 5, 8, 13)
KNOWN_SECONDS = 15.0


@dataclass
class Rig:
    system: System
    ari: Proxy
    ami: Proxy

    @property
    def up(self) -> bool:
        return self.system.center.switch_up and self.system.center.engine.control_up

    async def whole(self) -> None:
        """Wait until both connections are there."""
        await until(lambda: self.up, what="AMI and ARI are connected again")


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def rig(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Rig]:
    """A system that reaches its Asterisk through two proxies."""
    patch = pytest.MonkeyPatch()
    async with proxy() as ari, proxy() as ami:

        def control(where: Any, secrets: Any) -> AriControl:
            ari.upstream = where.http_port
            return AriControl(replace(where, http_port=ari.port), secrets)

        def switch(where: Any, secrets: Any) -> AmiSwitch:
            ami.upstream = where.ami_port
            return AmiSwitch(replace(where, ami_port=ami.port), secrets)

        patch.setattr(app, "AriControl", control)
        patch.setattr(app, "AmiSwitch", switch)
        async with running_system(tmp_path_factory.mktemp("cut")) as system:
            yield Rig(system, ari, ami)
    patch.undo()


@dataclass
class Scene:
    """The phones: a dispatcher, somebody who is called, and a third."""

    rig: Rig
    desk: Phone
    called: Phone
    third: Phone

    def __post_init__(self) -> None:
        self.to_desk, self.to_called, self.to_third = (
            Invitations(phone) for phone in (self.desk, self.called, self.third)
        )

    @property
    def commands(self) -> Any:
        return self.rig.system.center.commands

    async def dial(self) -> str:
        """Return the call between the dispatcher and the called."""
        call_id: str = await self.commands.dial("1001", "2001")
        await until(lambda: self.state(call_id) == "talking", what="they talk")
        return call_id

    def state(self, call_id: str) -> str:
        view = self.rig.system.live.entities().get("call", {}).get(call_id)
        return view["state"] if view else "none"


@pytest_asyncio.fixture(loop_scope="module")
async def scene(rig: Rig) -> AsyncIterator[Scene]:
    system = rig.system
    await rig.whole()
    async with (
        sip_phone(system, "1001", tone=450) as desk,
        sip_phone(system, "2001", tone=650, auto_answer=True) as called,
        sip_phone(system, "2002", tone=850, auto_answer=True) as third,
    ):
        await until(lambda: system.center.engine.reachable("2002"), what="phones are registered")
        before = set((await system.node.command("bridge show all")).splitlines())
        yield Scene(rig, desk, called, third)
        rig.ari.disarm()
        rig.ami.disarm()
        await rig.whole()
        for phone in (desk, called, third):
            for call in list(phone.calls):
                with contextlib.suppress(Exception):
                    await call.hangup()
        center = system.center
        await until(lambda: not center.board.legs, what="no channel is left")
        await until(lambda: not center.engine.calls, what="no call is under dispatch")
        await until(lambda: not center.engine._locks, what="no command is under way")
        await no_channel_left(system.node)
        after = (await system.node.command("bridge show all")).splitlines()
        names = {line.split()[0] for line in before if line}
        assert [line for line in after if line and line.split()[0] not in names] == []


Command = Callable[[Scene, str], Awaitable[Any]]
COMMANDS: dict[str, Command] = {
    "hold": lambda scene, call: scene.commands.hold("1001", call),
    "park": lambda scene, call: scene.commands.park("1001", call),
    "blind transfer": lambda scene, call: scene.commands.transfer(
        "1001", call, "2002", attended=False
    ),
    "attended transfer": lambda scene, call: scene.commands.transfer(
        "1001", call, "2002", attended=True
    ),
    "hangup": lambda scene, call: scene.commands.hangup(None, call),
}


async def outcome(command: Awaitable[Any]) -> str:
    """Return how a command ended: it must."""
    try:
        async with asyncio.timeout(KNOWN_SECONDS):
            await command
    except Refusal:
        return "refused"
    except ActFailed:
        return "failed"
    return "done"


class Invitations:
    """Counts the calls that come to a phone: INVITEs that begin a dialog, repeats aside (RFC 3261 section 12)."""

    def __init__(self, phone: Phone) -> None:
        self._seen: set[bytes] = set()
        phone.lose_incoming = self._look

    def __len__(self) -> int:
        return len(self._seen)

    def _look(self, data: bytes) -> bool:
        if data.startswith(b"INVITE "):
            fields = dict(re.findall(rb"(?im)^(to|call-id) *: *(.*?)\r$", data))
            fields = {name.lower(): value for name, value in fields.items()}
            if b"tag=" not in fields.get(b"to", b""):
                self._seen.add(fields.get(b"call-id", data))
        return False


@pytest.mark.parametrize("passes", [False, True], ids=["lost", "passed"])
@pytest.mark.parametrize("point", POINTS)
async def test_a_dial_that_is_cut_rings_each_phone_at_most_once(
    scene: Scene, point: int, passes: bool
) -> None:
    rig = scene.rig
    rig.ari.arm(point, passes=passes)
    how = await outcome(scene.commands.dial("1001", "2001"))
    await rig.whole()
    center = rig.system.center

    def at_rest() -> bool:
        begun = how != "done" or len(scene.to_desk) > 0
        nobody = not center.board.legs and not center.engine.rings
        return begun and (nobody or _all_talk(rig))

    await until(at_rest, what=f"after {how}: they talk, or nobody rings any more")
    assert len(scene.to_desk) <= 1
    assert len(scene.to_called) <= 1
    if how == "done":
        assert len(scene.to_desk) == 1


@pytest.mark.parametrize("name", COMMANDS)
@pytest.mark.parametrize("point", POINTS if ALL else (1, 2, 4))
async def test_a_command_that_is_cut_ends_known(scene: Scene, name: str, point: int) -> None:
    call_id = await scene.dial()
    rig = scene.rig
    rig.ari.arm(point, passes=point % 2 == 0)
    how = await outcome(COMMANDS[name](scene, call_id))
    await rig.whole()
    assert len(scene.to_third) <= 1
    assert len(scene.to_called) == 1
    if name == "hangup" and how == "done":
        await until(lambda: scene.state(call_id) == "none", what="the call has ended")
    if name == "hold" and how == "done":
        await until(
            lambda: scene.state(call_id) == "held", what=f"held, not {scene.state(call_id)}"
        )


@pytest.mark.parametrize("point", POINTS if ALL else (1, 2, 3))
async def test_taking_a_plain_call_over_while_ami_is_cut(scene: Scene, point: int) -> None:
    call = await scene.third.dial("2001")
    await call.answered()
    rig = scene.rig
    (call_id,) = await until(lambda: list(rig.system.center.board.calls), what="the call is seen")
    rig.ami.arm(point, passes=point % 2 == 0)
    how = await outcome(scene.commands.takeover("1001", call_id))
    await rig.whole()
    assert len(scene.to_desk) <= 1
    assert len(scene.to_called) == 1
    assert how in {"done", "refused", "failed"}
    assert not call.media.ear.closed or call.state.name == "ENDED"


def _all_talk(rig: Rig) -> bool:
    calls = rig.system.live.entities().get("call", {}).values()
    return bool(calls) and all(view["state"] == "talking" for view in calls)
