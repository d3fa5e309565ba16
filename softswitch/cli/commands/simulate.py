"""`softswitch simulate`."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Mapping
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

import click

from softswitch.cli import show
from softswitch.cli.frame import Command
from softswitch.cli.helpers import given, part
from softswitch.cli.session import NotReachableError, Session
from softswitch.errors import conflict, invalid

if TYPE_CHECKING:
    from softswitch.simulate import Account, Happening, Options, Report

FAILED = 1
_LANGUAGES = {"zh": "cmn", "en": "en"}


def _mix(_context: click.Context, _option: click.Parameter, text: str | None) -> dict[str, float]:
    """Return ``120=3,110=1`` as shares."""
    shares = {}
    for word in (text or "").replace(",", " ").split():
        digits, _, share = word.partition("=")
        try:
            shares[digits] = float(share or 1)
        except ValueError as error:
            raise click.BadParameter(f"{word[:40]!r} is no share; give 120=3,110=1.") from error
    return shares


@click.command(
    cls=Command,
    examples=(
        "softswitch simulate",
        "softswitch simulate --calls 20 --interval 1 --mix 120=3,110=1 --give-up 0.2",
        "softswitch simulate --calls 0 --stay 600",
    ),
)
@click.option(
    "--calls", type=click.IntRange(0, 10_000), default=4, show_default=True, help="How many calls."
)
@click.option("--interval", type=float, metavar="SECONDS", help="Mean time between calls. [2]")
@click.option("--mix", metavar="SHARES", callback=_mix, help="Which numbers, such as 120=3,110=1.")
@click.option("--give-up", type=float, metavar="SHARE", help="Share of callers who give up. [0]")
@click.option("--patience", type=float, metavar="SECONDS", help="How long callers wait. [120]")
@click.option("--talk", type=float, metavar="SECONDS", help="How long they talk. [60]")
@click.option("--stay", type=float, metavar="SECONDS", help="How long field phones stay on.")
@click.option("--field/--no-field", default=True, help="Answer as the field phones too.")
@click.option("--voice", type=click.Choice(["zh", "en"]), help="Language that is spoken.")
@click.option("--seed", type=int, help="The same seed gives the same calls.")
@click.option(
    "--gateway",
    metavar="ID",
    default="citizens",
    show_default=True,
    help="Account that they call from.",
)
@click.option("--sip", metavar="HOST:PORT", help="Where the server takes SIP. [127.0.0.1:5060]")
@click.pass_obj
def simulate(
    session: Session,
    /,
    field: bool,
    voice: str | None,
    gateway: str,
    sip: str | None,
    **wishes: Any,
) -> int:
    """Call as citizens and answer as field phones.

    The calls are real SIP with a spoken voice: answer them in the console or at a desk phone. Field phones
    that are registered already are left alone. Ends by itself or with Ctrl-C.
    """
    from softswitch.simulate import Options

    wishes["give_up_share"] = wishes.pop("give_up")
    try:
        options = Options(
            server=_server(session, sip),
            citizens=(_account(session, gateway),) if wishes["calls"] else (),
            field_phones=_field_phones(session) if field else (),
            language=_LANGUAGES[voice or session.lang],
            identity="from",  # a gateway tells the caller there; what it asserts is not trusted
            **given(**wishes),
        )
    except ValueError as error:
        raise click.UsageError(f"{error}.", click.get_current_context()) from error
    report = _run(session, options)
    if session.json:
        show.as_json({**asdict(report), "outcomes": report.outcomes})
    else:
        click.echo(report.text())
    return FAILED if report.failed else 0


def _run(session: Session, options: Options) -> Report:
    from softswitch.simulate import simulate as play
    from softswitch.testing.phone import PhoneError

    def tell(happening: Happening) -> None:
        if not session.json:
            click.echo(str(happening), err=True)

    try:
        return asyncio.run(play(options, progress=tell))
    except ValueError as error:
        raise click.UsageError(f"{error}.", click.get_current_context()) from error
    except (PhoneError, OSError) as error:
        host, port = options.server
        why = getattr(error, "strerror", None) or error
        raise NotReachableError(
            f"The SIP server at {host}:{port} does not take our phones: {why}.",
            "Give its address with --sip HOST:PORT.",
        ) from error


def _server(session: Session, text: str | None) -> tuple[str, int]:
    """Where SIP is taken: as given, else as the running server wrote it down, else the usual port."""
    host, _, port = (text or session.sip() or "127.0.0.1:5060").rpartition(":")
    if not port.isdecimal() or not 0 < int(port) < 65_536:
        raise invalid("bad_address", f"{text!r} is no address.", "Give HOST:PORT.", field="sip")
    return (_reachable(host), int(port))


def _reachable(host: str) -> str:
    return "127.0.0.1" if host in {"", "0.0.0.0"} else host


def _account(session: Session, phone_id: str) -> Account:
    from softswitch.simulate import Account

    return Account(phone_id, session.api.get(f"/api/phones/{part(phone_id)}/secret")["secret"])


def _field_phones(session: Session) -> tuple[Account, ...]:
    """The SIP phones over UDP, not at desks, that no device is registered with."""
    entities = session.api.get("/api/board")["entities"]
    accounts = {row["id"]: row for row in show.list_of(session.api.get("/api/phones"))}
    free = _free_phones(entities.get("extension", {}).values())
    usable = [name for name in free if name in accounts and _speaks_udp(accounts[name])]
    if not usable:
        raise conflict(
            "no_field_phones",
            "There are no field phones to answer with.",
            "Add phones, start the server with --demo, or give --no-field.",
        )
    return tuple(_account(session, name) for name in usable)


def _free_phones(extensions: Iterable[Mapping[str, Any]]) -> list[str]:
    return [
        phone["id"]
        for extension in extensions
        if extension["kind"] == "phone"
        for phone in extension["phones"]
        if not phone["registered"]
    ]


def _speaks_udp(phone: Mapping[str, Any]) -> bool:
    return bool(phone["enabled"]) and (phone["kind"], phone["transport"]) == ("sip", "udp")
