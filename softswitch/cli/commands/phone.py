"""`softswitch phone`."""

from __future__ import annotations

import click

from softswitch.cli import show
from softswitch.cli.frame import Group
from softswitch.cli.helpers import changes, given, part
from softswitch.cli.session import Session

_KINDS = click.Choice(["sip", "browser", "gateway"])
_TRANSPORTS = click.Choice(["udp", "tcp", "tls", "ws"])
_COLUMNS = (
    show.text("id"),
    show.text("extension"),
    show.word("kind"),
    show.text("transport"),
    show.text("enabled"),
)
_LOCKOUTS = (show.text("account"), show.text("address"), show.at("until"))


@click.group(cls=Group)
def phone() -> None:
    """SIP accounts of devices and browsers."""


@phone.command("list", examples=("softswitch phone list", "softswitch phone list --extension 1001"))
@click.option("--extension", metavar="NUMBER", help="Only those of one extension.")
@click.pass_obj
def list_phones(session: Session, extension: str | None) -> None:
    """List phones."""
    path = f"/api/extensions/{part(extension)}/phones" if extension else "/api/phones"
    show.rows(session, session.api.get(path), _COLUMNS)


@phone.command(
    "add",
    examples=(
        "softswitch phone add 1004-sip --extension 1004",
        "softswitch phone add 1004-web --extension 1004 --kind browser",
        "softswitch phone add radio --kind gateway --transport tcp",
    ),
)
@click.argument("phone_id", metavar="ID")
@click.option("--extension", metavar="NUMBER", help="Whose phone it is; a gateway has none.")
@click.option("--kind", type=_KINDS, help="sip unless given.")
@click.option("--transport", type=_TRANSPORTS, help="udp unless given; browsers use ws.")
@click.pass_obj
def add_phone(
    session: Session,
    phone_id: str,
    extension: str | None,
    kind: str | None,
    transport: str | None,
) -> None:
    """Add a phone and print its secret."""
    body = given(id=phone_id, extension=extension, kind=kind, transport=transport)
    _tell_secret(session, session.api.post("/api/phones", body))


@phone.command("set", examples=("softswitch phone set 1004-sip --transport tls",))
@click.argument("phone_id", metavar="ID")
@click.option("--extension", metavar="NUMBER", help="Move it to this extension.")
@click.option("--kind", type=_KINDS, help="What registers.")
@click.option("--transport", type=_TRANSPORTS, help="How its signalling travels.")
@click.option("--enabled/--disabled", default=None, help="Whether it may register.")
@click.pass_obj
def set_phone(
    session: Session,
    phone_id: str,
    extension: str | None,
    kind: str | None,
    transport: str | None,
    enabled: bool | None,
) -> None:
    """Change a phone; what is not given stays."""
    body = changes(extension=extension, kind=kind, transport=transport, enabled=enabled)
    answer = session.api.patch(f"/api/phones/{part(phone_id)}", body)
    show.done(session, answer, "Changed {what}.", what=phone_id)


@phone.command("remove", examples=("softswitch phone remove 1004-sip",))
@click.argument("phone_id", metavar="ID")
@click.pass_obj
def remove_phone(session: Session, phone_id: str) -> None:
    """Remove a phone."""
    answer = session.api.delete(f"/api/phones/{part(phone_id)}")
    show.done(session, answer, "Removed {what}.", what=phone_id)


@phone.command(
    "secret",
    examples=("softswitch phone secret 1004-sip", "softswitch phone secret 1004-sip --new"),
)
@click.argument("phone_id", metavar="ID")
@click.option("--new", is_flag=True, help="Make a new one; the device must be set up again.")
@click.pass_obj
def secret(session: Session, phone_id: str, new: bool) -> None:
    """Show the secret of a phone.

    It is needed to set up the device; who looked is in the audit log.
    """
    path = f"/api/phones/{part(phone_id)}/secret"
    _tell_secret(session, session.api.post(path) if new else session.api.get(path))


@phone.command("lockouts", examples=("softswitch phone lockouts",))
@click.pass_obj
def lockouts(session: Session) -> None:
    """List the accounts that are locked out.

    A phone that registers with a wrong secret again and again is locked out for a while.
    """
    show.rows(session, session.api.get("/api/sip-lockouts"), _LOCKOUTS)


@phone.command("unlock", examples=("softswitch phone unlock 1004-sip 192.0.2.7",))
@click.argument("account")
@click.argument("address")
@click.pass_obj
def unlock(session: Session, account: str, address: str) -> None:
    """Let a locked-out account try again."""
    body = {"account": account, "address": address}
    answer = session.api.post("/api/sip-lockouts/unlock", body)
    show.done(session, answer, "Unlocked {what}.", what=account)


def _tell_secret(session: Session, answer: dict[str, str]) -> None:
    show.done(session, answer, "Secret: {secret}", secret=answer["secret"])
