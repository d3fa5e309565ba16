"""`softswitch up`, `softswitch down` and `softswitch status`."""

from __future__ import annotations

import gc
import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from softswitch import keeper
from softswitch.cli import show
from softswitch.cli.frame import Command
from softswitch.cli.process import end_left_switch, end_server
from softswitch.cli.session import Session
from softswitch.errors import Refusal

if TYPE_CHECKING:
    from softswitch.settings import Settings

DEGRADED = 1
F = TypeVar("F", bound=Callable[..., Any])

SETTINGS = {
    "database": ("URL", "Database; SQLite in the data folder unless given."),
    "http": ("HOST:PORT", "Where console and API listen. [127.0.0.1:8080]"),
    "https": ("HOST:PORT", "The same over TLS; needs --certificate."),
    "http_names": ("NAMES", "Other names under which this server is reached, with commas."),
    "certificate": ("FILE", "Certificate of https (PEM)."),
    "private_key": ("FILE", "Its private key (PEM)."),
    "console": ("FOLDER", "The built console."),
    "sip": ("[HOST:]PORT", "SIP over UDP and TCP; other ports follow it. [0.0.0.0:5060]"),
    "sips": ("[HOST:]PORT", "SIP over TLS."),
    "switch_http": ("[HOST:]PORT", "SIP over WebSocket, for browsers."),
    "switch_https": ("[HOST:]PORT", "SIP over secure WebSocket."),
    "ami": ("[HOST:]PORT", "AMI of the switch, for the server alone."),
    "iax": ("[HOST:]PORT", "IAX2, for nodes that are reached so."),
    "sip_copies": ("[127.0.0.1:]PORT", "Copies of SIP, for the server alone."),
    "precedence_door": ("[HOST:]PORT", "SIP over UDP for calls that require Resource-Priority."),
    "rtp": ("FIRST-LAST", "UDP ports of the voice. [10000-14999]"),
    "media_address": ("ADDRESS", "Address of the voice in SDP, behind NAT."),
    "sms_database": ("URL", "Queue of mass SMS; SQLite unless given."),
    "recording_days": ("DAYS", "How long recordings are kept. [180]"),
    "session_idle_minutes": ("MINUTES", "Sign out who does nothing. [240]"),
    "session_hours": ("HOURS", "Sign in again after this. [24]"),
    "wall_days": ("DAYS", "Keep an unseen wall signed in so long. [30]"),
    "map_url": ("URL", "Tiles of the map, with {z}, {x} and {y}."),
    "map_labels": ("URL", "Tiles with names above them."),
    "map_coordinates": ("wgs84|gcj02", "What the tiles are drawn in. [wgs84]"),
    "location_servers": ("NAMES", "Servers that are asked for a caller's place."),
    "layers": ("NAMES", "Which layers run, with commas; or none. [all]"),
    "log_level": ("LEVEL", "debug, info, warning or error. [info]"),
}
"""Every setting that takes a value, with its help. A test holds this equal to softswitch.settings."""


def _settings_options(function: F) -> F:
    for name, (metavar, help_) in reversed(SETTINGS.items()):
        option = click.option(f"--{name.replace('_', '-')}", name, metavar=metavar, help=help_)
        function = option(function)
    return function


@click.command(
    cls=Command,
    examples=(
        "softswitch up --demo",
        "softswitch up --data /srv/one --http 0.0.0.0:8443 --sip 5070",
        "softswitch up --config /etc/softswitch.toml",
    ),
)
@click.option("--config", metavar="FILE", type=click.Path(path_type=Path), help="Settings in TOML.")
@click.option("--demo", is_flag=True, default=None, help="Fill an empty database with a centre.")
@_settings_options
@click.pass_obj
def up(session: Session, /, config: Path | None, demo: bool | None, **given: str | None) -> int:
    """Start the server and stay until Ctrl-C.

    Settings come from the command line, else from the environment (SOFTSWITCH_HTTP, ...), else from
    --config, else they have their defaults.
    """
    from softswitch import settings

    command_line = {**given, "demo": demo, "data": session.data}

    def read() -> Settings:
        return settings.load(config=config, environment=os.environ, command_line=command_line)

    if not keeper.is_worker():
        read()  # what is wrong there is told before anything starts
        return keeper.keep(keeper.own_command(), click.echo)
    # What is loaded stays: looking for garbage in it costs a second of the start (2.3 s in place of 3.2).
    gc.disable()
    from softswitch.run import run

    gc.freeze()
    gc.enable()

    keeper.await_turn()
    return run(read())


@click.command(
    cls=Command, examples=("softswitch down", "softswitch down --data /srv/one --keep-calls")
)
@click.option("--keep-calls", is_flag=True, help="Let the switch and its calls go on.")
@click.option(
    "--wait",
    metavar="SECONDS",
    type=click.IntRange(1, 600),
    default=30,
    show_default=True,
    help="How long its end may take.",
)
@click.pass_obj
def down(session: Session, keep_calls: bool, wait: int) -> None:
    """End the server with its switch.

    The server is the one on the data folder. When it is gone already, the switch that it left to its calls
    ends; when neither runs, nothing happens.
    """
    data = session.data_folder.absolute()

    def tell(pid: int) -> None:
        show.note(session, "Ending the server (process {pid})", pid=pid)

    pid = end_server(data, keep_calls=keep_calls, wait_seconds=wait, tell=tell)
    left = None if pid or keep_calls else end_left_switch(data, wait_seconds=wait)
    sentence = "No server runs on {data}."
    if pid or left:
        sentence = (
            "The server on {data} has ended." if pid else "The switch left on {data} has ended."
        )
    answer = {"stopped": pid is not None or left is not None, "pid": pid or left}
    show.done(session, answer, sentence, data=data)


@click.command(cls=Command, examples=("softswitch status", "softswitch status --json"))
@click.pass_obj
def status(session: Session) -> int:
    """Show whether all parts work.

    The exit code is 1 when one does not.
    """
    found = _status(session)
    if session.json:
        show.as_json(found)
    else:
        _print_status(session, found)
    return 0 if found["status"] == "ok" else DEGRADED


def _status(session: Session) -> dict[str, Any]:
    """Who may not read the state may still know whether it is well."""
    try:
        answer: dict[str, Any] = session.api.get("/api/status")
    except Refusal as refusal:
        if refusal.kind not in {401, 403}:
            raise
        answer = session.api.get("/api/health")
    return answer


def _print_status(session: Session, found: dict[str, Any]) -> None:
    # Who is not signed in is not told the version.
    sentence = "softswitch {version}, {status}" if "version" in found else "softswitch: {status}"
    state = session.say(str(found["status"]))
    click.echo(session.say(sentence, version=found.get("version", ""), status=state))
    if found.get("started_at"):
        click.echo(session.say("running since {time}", time=show.instant(found["started_at"])))
    rows = [
        {"part": name, "state": "ok" if part["ok"] else "fail", "details": _details(session, part)}
        for name, part in found.get("parts", {}).items()
    ]
    if rows:
        columns = (show.text("part"), show.word("state"), show.text("details"))
        click.echo(show.grid(session, rows, columns))


def _flat(part: dict[str, Any]) -> Iterator[tuple[str, Any]]:
    for name, value in part.items():
        if isinstance(value, dict):
            yield from _flat(value)
        else:
            yield name, value


def _details(session: Session, part: dict[str, Any]) -> str:
    return ", ".join(
        f"{session.say(name)} {show.plain(session, name, value)}"
        for name, value in _flat(part)
        if name != "ok" and value not in (None, 0, "", [])
    )
