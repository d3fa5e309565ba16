"""Who hears whom when legs are browsers: as a party of the call, and as the one who comes in."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import pytest
import pytest_asyncio
from playwright.async_api import Browser, async_playwright

from intercept.model import Act
from intercept.session import Session
from softswitch.app import System
from softswitch.setup.console import prepare_console
from softswitch.setup.turn import one_at_a_time
from softswitch.testing.phone import Call, Phone
from softswitch.testing.system import running_system, sip_phone, until
from tests.console import kit as web
from tests.intercept.kit import GUEST, TONES, connected, requester

pytestmark = [
    pytest.mark.asterisk,
    pytest.mark.browser,
    pytest.mark.asyncio(loop_scope="module"),
]
ROOT = Path(__file__).resolve().parents[2]
DESK, FIELD = "1001", "2001"
"""The two parties: a desk, by browser or by SIP, and a SIP phone; desk 1002 comes in."""

PAIRS = [("sip", "browser"), ("browser", "sip"), ("browser", "browser")]
"""What the desk in the call is, and what the one who comes in."""


class Ear(Protocol):
    """A leg as the matrix sees it."""

    async def hears(self, *tones: int) -> None: ...
    async def hears_none(self, *tones: int) -> None: ...
    async def ended(self) -> None: ...


@dataclass
class SipEar:
    """A SIP phone."""

    call: Call

    async def hears(self, *tones: int) -> None:
        await self.call.hears(*tones)

    async def hears_none(self, *tones: int) -> None:
        await self.call.stops_hearing(*tones, frames=25)

    async def ended(self) -> None:
        await self.call.ended()


@dataclass
class BrowserEar:
    """The browser phone of a console."""

    console: web.Console

    async def hears(self, *tones: int) -> None:
        await self.console.hears(*tones)

    async def hears_none(self, *tones: int) -> None:
        await self.console.hears_none(*tones)

    async def ended(self) -> None:
        await self.console.page.wait_for_function(
            "() => window.liveConnections() === 0", timeout=15_000
        )


@dataclass
class Scene:
    """The consoles that are open: none where a desk is a SIP phone."""

    system: System
    desk: web.Console | None
    guest: web.Console | None


@dataclass
class Talk:
    """The desk and the field phone talk; the third is there once he has come in."""

    scene: Scene
    call_id: str
    field: SipEar
    desk: Ear
    guest_phone: Phone | None

    @property
    def parties(self) -> tuple[Ear, Ear]:
        return self.desk, self.field

    def leg(self, extension: str) -> str:
        phones = {DESK: (DESK, f"{DESK}-web"), FIELD: (FIELD,)}[extension]
        legs = self.scene.system.center.board.legs_of(phones)
        assert legs, f"{extension} is in no call"
        return legs[0].channel.id

    async def begin(self, act: Act, target: str | None = None) -> Session:
        leg = self.leg(target) if target else None
        service = self.scene.system.intercept.service
        me = requester(self.scene.system)
        return await service.begin(me, act, self.call_id, reason="drill", target=leg)

    async def switch(self, session: Session, act: Act, target: str | None = None) -> None:
        leg = self.leg(target) if target else None
        me = requester(self.scene.system)
        await self.scene.system.intercept.service.switch(me, session.id, act, target=leg)

    async def guest(self) -> Ear:
        """The one who comes in: his phone answers by itself."""
        if self.scene.guest is not None:
            return BrowserEar(self.scene.guest)
        assert self.guest_phone is not None
        return SipEar(await self.guest_phone.incoming())

    async def all_end(self) -> None:
        await self.field.call.hangup()
        await self.desk.ended()


async def open_console(
    browser: Browser, stack: AsyncExitStack, system: System, desk: str
) -> web.Console:
    opened = await stack.enter_async_context(web.console(browser, system.url))
    await opened.sign_in("li" if desk == DESK else "wang")
    await opened.sit(desk)
    return opened


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def shared(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[System]:
    with one_at_a_time(ROOT, print):
        prepare_console(ROOT, print)
    folder = tmp_path_factory.mktemp("system")
    async with running_system(folder, console=web.console_dist()) as system:
        await web.furnish(system)
        yield system


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def browsers(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[dict[str, Browser]]:
    """One browser for each desk, each with a voice of its own."""
    folder = tmp_path_factory.mktemp("voices")
    async with async_playwright() as playwright:
        found = {}
        for desk in (DESK, GUEST):
            voice = folder / f"{desk}.wav"
            web.write_voice(voice, TONES[desk])
            found[desk] = await web.launch(playwright, voice)
        yield found
        for browser in found.values():
            await browser.close()


@pytest_asyncio.fixture(
    scope="module", loop_scope="module", params=PAIRS, ids=["-".join(pair) for pair in PAIRS]
)
async def scene(
    request: pytest.FixtureRequest, shared: System, browsers: dict[str, Browser]
) -> AsyncIterator[Scene]:
    """Two desks, each a browser or none: then the test registers a SIP phone there."""
    desk, guest = request.param
    async with AsyncExitStack() as stack:
        opened = {
            number: await open_console(browsers[number], stack, shared, number)
            for number, kind in ((DESK, desk), (GUEST, guest))
            if kind == "browser"
        }
        yield Scene(shared, opened.get(DESK), opened.get(GUEST))
    for login in ("li", "wang"):
        shared.center.desks.leave(login)
    await until(
        lambda: not shared.center.board.is_registered([f"{DESK}-web", f"{GUEST}-web"]),
        what="no browser is registered",
    )


@asynccontextmanager
async def talk(scene: Scene, *, dispatch: bool = False) -> AsyncIterator[Talk]:
    """The field phone calls the desk: a plain call, or one that dispatch has taken in."""
    system = scene.system
    async with AsyncExitStack() as stack:

        async def sip(number: str, **more: bool) -> Phone:
            return await stack.enter_async_context(
                sip_phone(system, number, tone=TONES[number], **more)
            )

        field = await sip(FIELD)
        guest = await sip(GUEST, auto_answer=True) if scene.guest is None else None
        answering = await sip(DESK) if scene.desk is None else None
        call = await field.dial(DESK)
        desk = await answer(scene, answering)
        call_id = await connected(system, FIELD, 2)
        if dispatch:
            async with system.center.engine.locked(call_id):
                await system.center.engine.take_in(call_id)
            await connected(system, FIELD, 2)
        await asyncio.gather(desk.hears(TONES[FIELD]), call.hears(TONES[DESK]))
        yield Talk(scene, call_id, SipEar(call), desk, guest)


async def answer(scene: Scene, phone: Phone | None) -> Ear:
    if scene.desk is not None:
        await scene.desk.own_call("ringing")
        await scene.desk.press("F2")
        return BrowserEar(scene.desk)
    assert phone is not None
    incoming = await phone.incoming()
    await incoming.answer()
    return SipEar(incoming)


async def together(talk_: Talk, guest: Ear, heard_by: tuple[Ear, ...]) -> None:
    """The parties hear each other and the guest hears both; he is heard by these and by nobody else."""
    own = TONES[GUEST]
    other = {id(talk_.desk): TONES[FIELD], id(talk_.field): TONES[DESK]}
    must = [
        each.hears(other[id(each)], *([own] if each in heard_by else [])) for each in talk_.parties
    ]
    await asyncio.gather(guest.hears(TONES[DESK], TONES[FIELD]), *must)
    away = [each for each in talk_.parties if each not in heard_by]
    await asyncio.gather(*(each.hears_none(own) for each in away))


@pytest.mark.parametrize("dispatch", [False, True], ids=["plain", "dispatch"])
async def test_monitor_whisper_and_insert(system: System, scene: Scene, dispatch: bool) -> None:
    async with talk(scene, dispatch=dispatch) as call:
        session = await call.begin(Act.MONITOR)
        guest = await call.guest()
        await together(call, guest, ())
        await call.switch(session, Act.WHISPER, DESK)
        await together(call, guest, (call.desk,))
        await call.switch(session, Act.WHISPER, FIELD)
        await together(call, guest, (call.field,))
        await call.switch(session, Act.INSERT)
        await call.field.hears(950)
        await together(call, guest, call.parties)
        await call.switch(session, Act.MONITOR)
        await together(call, guest, ())
        await system.intercept.service.leave(requester(system), session.id)
        await guest.ended()
        await asyncio.gather(call.desk.hears(TONES[FIELD]), call.field.hears(TONES[DESK]))
        await call.all_end()


@pytest.mark.parametrize("target", [DESK, FIELD])
async def test_a_whisper_from_the_start_is_heard_by_one_alone(
    system: System, scene: Scene, target: str
) -> None:
    async with talk(scene) as call:
        await call.begin(Act.WHISPER, target)
        guest = await call.guest()
        await together(call, guest, (call.desk if target == DESK else call.field,))
        await call.all_end()
        await guest.ended()


async def test_an_insert_from_the_start(system: System, scene: Scene) -> None:
    async with talk(scene) as call:
        await call.begin(Act.INSERT)
        guest = await call.guest()
        await together(call, guest, call.parties)
        await call.begin(Act.RELEASE)
        await asyncio.gather(*(each.ended() for each in (*call.parties, guest)))


@pytest.mark.parametrize("dispatch", [False, True], ids=["plain", "dispatch"])
async def test_takeover(system: System, scene: Scene, dispatch: bool) -> None:
    async with talk(scene, dispatch=dispatch) as call:
        await call.begin(Act.TAKEOVER)
        guest = await call.guest()
        await call.desk.ended()
        await asyncio.gather(guest.hears(TONES[FIELD]), call.field.hears(TONES[GUEST]))
        await asyncio.gather(guest.hears_none(TONES[DESK]), call.field.hears_none(TONES[DESK]))
        await call.field.call.hangup()
        await guest.ended()


@pytest.mark.parametrize("dispatch", [False, True], ids=["plain", "dispatch"])
async def test_release(system: System, scene: Scene, dispatch: bool) -> None:
    async with talk(scene, dispatch=dispatch) as call:
        await call.begin(Act.RELEASE)
        await asyncio.gather(*(each.ended() for each in call.parties))
        end = call.field.call.end
        assert end is not None
        assert str(end.reasons[0]) == "Q.850;cause=8"


@pytest.mark.parametrize("kept", [DESK, FIELD])
async def test_release_and_connect_me(system: System, scene: Scene, kept: str) -> None:
    async with talk(scene) as call:
        stays, goes = (call.desk, call.field) if kept == DESK else (call.field, call.desk)
        lost = TONES[FIELD if kept == DESK else DESK]
        await call.begin(Act.RELEASE, kept)
        guest = await call.guest()
        await asyncio.gather(guest.hears(TONES[kept]), stays.hears(TONES[GUEST]))
        await asyncio.gather(guest.hears_none(lost), stays.hears_none(lost))
        await goes.ended()
        await asyncio.gather(guest.hears(TONES[kept]), stays.hears(TONES[GUEST]))
        await call.begin(Act.RELEASE)
        await asyncio.gather(stays.ended(), guest.ended())
