"""`softswitch doctor`."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

import click

from softswitch.cli import show
from softswitch.cli.frame import Command
from softswitch.cli.session import Session

if TYPE_CHECKING:
    from softswitch.settings import Settings
    from softswitch.setup.doctor import Port

SICK = 1
_COLUMNS = (
    show.word("state"),
    show.text("name", "check"),
    show.phrase("what", "details"),
    show.phrase("mend", "next step"),
)


@click.command(
    cls=Command, examples=("softswitch doctor", "softswitch doctor --config /etc/softswitch.toml")
)
@click.option(
    "--config", metavar="FILE", type=click.Path(path_type=Path), help="Settings of the server."
)
@click.option(
    "--calls", type=click.IntRange(1, 10_000), default=100, show_default=True, help="Calls at once."
)
@click.pass_obj
def doctor(session: Session, config: Path | None, calls: int) -> int:
    """Look for what is missing on this machine.

    Each line says what to do about it. The exit code is 1 when something must be mended.
    """
    from softswitch import settings
    from softswitch.asterisk.modules import MODULES
    from softswitch.setup.cache import cache_folder
    from softswitch.setup.doctor import State, run_checks

    meant = settings.load(
        config=config, environment=os.environ, command_line={"data": session.data}
    )
    checks = run_checks(
        root=Path(__file__).resolve().parents[3],
        cache=cache_folder(),
        data=meant.data,
        ports=_ports(meant),
        modules=MODULES,
        calls=calls,
    )
    sick = any(check.state is State.FAIL for check in checks)
    rows = [check.as_dict() for check in checks]
    show.rows(session, {"ok": not sick, "checks": rows}, _COLUMNS)
    show.note(session, "Something must be mended." if sick else "All is well.")
    return SICK if sick else 0


def _ports(meant: Settings) -> list[Port]:
    from softswitch.setup.doctor import Port

    addresses = {
        "http": meant.http,
        "https": meant.https,
        "sip": meant.sip,
        "sips": meant.sips_address(),
        "switch_http": meant.switch_http_address(),
        "switch_https": meant.switch_https_address(),
        "ami": meant.ami_address(),
    }
    found = [Port(name, a.port, a.host) for name, a in addresses.items() if a is not None]
    udp = {
        "sip": meant.sip,
        "sip_copies": meant.sip_copies_address(),
        "precedence_door": meant.precedence_door,
    }
    return [*found, *(Port(name, a.port, a.host, udp=True) for name, a in udp.items() if a)]
