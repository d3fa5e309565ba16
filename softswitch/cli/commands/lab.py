"""`softswitch lab`: the trunk laboratory, on this machine, without a server."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Any

import click

from softswitch.cli import show
from softswitch.cli.frame import Group
from softswitch.cli.session import NotReachableError, Session

if TYPE_CHECKING:
    from trunk.lab.laboratory import Laboratory
    from trunk.lab.rehearsal import Rehearsal

FOLDER = "lab"
"""In the data folder."""
SIP_PORT, IAX_PORT = 5060, 4569
_PORT = click.IntRange(1, 65_535)
_CABLES = click.Choice(["pri", "ss7"])
_SWITCHES = click.Choice(["exchange", "node"])
_LINES = (show.text("cable"), show.text("switch"), show.word("state"))


def _rehearsal(session: Session) -> Rehearsal:
    from softswitch.setup.cache import cache_folder
    from softswitch.setup.lab.build import find_lab
    from trunk.lab.rehearsal import Rehearsal

    return Rehearsal(find_lab(cache_folder()), session.data_folder / FOLDER)


def _do(session: Session, what: str, act: Callable[[Laboratory], Awaitable[object]]) -> None:
    """Do something in the laboratory that runs, and say so."""

    async def work() -> None:
        async with _rehearsal(session).attached() as running:
            await act(running)

    asyncio.run(work())
    show.done(session, {"done": what}, "Done: {what}.", what=what)


@click.group(cls=Group)
def lab() -> None:
    """Rehearse with 2M lines, without hardware.

    An exchange and a 2M node in a virtual machine, joined by a PRI and an SS7 line.
    """


@lab.command("build", examples=("softswitch lab build",))
@click.pass_obj
def build(session: Session) -> None:
    """Build the laboratory, once on a machine."""
    from softswitch.setup.cache import cache_folder
    from softswitch.setup.lab.build import install_lab

    made = install_lab(cache_folder(), lambda line: show.note(session, "{message}", message=line))
    show.done(
        session, {"kernel": made.release}, "The laboratory is built: {kernel}.", kernel=made.release
    )


@lab.command("start", examples=("softswitch lab start > lab.toml",))
@click.option(
    "--link",
    type=click.Choice(["iax2", "sip"]),
    default="iax2",
    show_default=True,
    help="What server and node speak with each other.",
)
@click.option("--core-sip", type=_PORT, metavar="PORT", help="Where the server takes SIP.")
@click.option("--core-iax", type=_PORT, metavar="PORT", help="Where the server takes IAX2.")
@click.pass_obj
def start(session: Session, link: str, core_sip: int | None, core_iax: int | None) -> None:
    """Start it; prints the trunks to apply.

    It goes on until softswitch lab stop. Let the server that runs have its trunks by softswitch trunk apply.
    """
    sip = core_sip or _port(session.sip, SIP_PORT)
    iax = core_iax or _port(session.iax, IAX_PORT)

    async def work() -> tuple[str, dict[str, int]]:
        from trunk.lab.files import node_description
        from trunk.model import Link

        running = await _rehearsal(session).start(sip, iax, Link(link))
        try:
            show.note(session, "The guest runs; waiting for its lines.")
            await running.links_up()
            return node_description(running.orders), running.ports.as_dict()
        finally:
            await running.close()

    text, ports = asyncio.run(work())
    if session.json:
        told = {"link": link, "core_sip": sip, "core_iax": iax}
        show.as_json({**told, "ports": ports, "description": text})
    else:
        click.echo(text, nl=False)


@lab.command("stop", examples=("softswitch lab stop",))
@click.pass_obj
def stop(session: Session) -> None:
    """End it with its calls."""
    ran = _rehearsal(session).stop()
    sentence = "The laboratory has ended." if ran else "No laboratory runs."
    show.done(session, {"stopped": ran}, sentence)


@lab.command("status", examples=("softswitch lab status",))
@click.pass_obj
def status(session: Session) -> int:
    """Show whether its lines are up, at both ends.

    The exit code is 1 when one is not.
    """
    from trunk.lab.laboratory import Switch
    from trunk.lab.wiring import Cable

    rehearsal = _rehearsal(session)
    orders = rehearsal.orders()
    if orders is None:
        show.done(session, {"running": False, "lines": []}, "No laboratory runs.")
        return 0

    async def look() -> list[dict[str, Any]]:
        async with rehearsal.attached() as running:
            return [
                {"cable": cable, "switch": switch, "state": await running.line(switch, cable)}
                for cable in Cable
                for switch in Switch
            ]

    lines = asyncio.run(look())
    answer = {"running": True, "ports": orders.ports.as_dict(), "lines": lines}
    if session.json:
        show.as_json(answer)
    else:
        click.echo(show.grid(session, lines, _LINES))
    return int(any(line["state"] != "up" for line in lines))


@lab.command("cut", examples=("softswitch lab cut pri",))
@click.argument("cable", type=_CABLES)
@click.pass_obj
def cut(session: Session, cable: str) -> None:
    """Pull a cable."""
    from trunk.lab.wiring import Cable

    _do(session, f"cut {cable}", lambda running: running.cut(Cable(cable)))


@lab.command("mend", examples=("softswitch lab mend pri",))
@click.argument("cable", type=_CABLES)
@click.pass_obj
def mend(session: Session, cable: str) -> None:
    """Plug a cable in again."""
    from trunk.lab.wiring import Cable

    _do(session, f"mend {cable}", lambda running: running.mend(Cable(cable)))


@lab.command("kill", examples=("softswitch lab kill exchange",))
@click.argument("switch", type=_SWITCHES)
@click.pass_obj
def kill(session: Session, switch: str) -> None:
    """End a switch as a crash does."""
    from trunk.lab.laboratory import Switch

    _do(session, f"kill {switch}", lambda running: running.kill(Switch(switch)))


@lab.command("revive", examples=("softswitch lab revive exchange",))
@click.argument("switch", type=_SWITCHES)
@click.pass_obj
def revive(session: Session, switch: str) -> None:
    """Start a switch that was killed."""
    from trunk.lab.laboratory import Switch

    _do(session, f"revive {switch}", lambda running: running.revive(Switch(switch)))


@lab.command("call", examples=("softswitch lab call 110 --over ss7 --caller 13900000001",))
@click.argument("number")
@click.option("--over", type=_CABLES, default="pri", show_default=True, help="Which line.")
@click.option("--caller", default="13900000001", show_default=True, help="Who calls.")
@click.option(
    "--seconds",
    type=click.IntRange(1, 3600),
    default=60,
    show_default=True,
    help="How long at most.",
)
@click.pass_obj
def call(session: Session, number: str, over: str, caller: str, seconds: int) -> None:
    """Let the exchange call us; an echo answers.

    It rings for these seconds at most, and whoever answers hears himself.
    """
    from trunk.lab.wiring import Cable

    called, calling = _digits(number, "number"), _digits(caller, "caller")
    _do(
        session,
        f"{calling} → {called}, {over}",
        lambda running: running.call_us(Cable(over), called, calling, seconds),
    )


def _digits(text: str, field: str) -> str:
    from softswitch.errors import invalid

    if not text.isascii() or not text.isdigit() or len(text) > 24:
        raise invalid("bad_number", f"{text[:40]!r} is no number.", "Give digits.", field=field)
    return text


def _port(told: Callable[[], str | None], usual: int) -> int:
    """Return the port that the server of this data folder has told, else the usual one."""
    try:
        found = told() or ""
    except NotReachableError:
        found = ""
    port = found.rpartition(":")[2]
    return int(port) if port.isdecimal() else usual
