"""`softswitch user`."""

from __future__ import annotations

import sys
from typing import Any

import click

from softswitch.cli import show
from softswitch.cli.commands.csv_files import add_csv
from softswitch.cli.frame import Group
from softswitch.cli.helpers import changes, given, part
from softswitch.cli.session import Session

_ROLES = click.Choice(["dispatcher", "supervisor", "operator", "auditor", "wall"])
_LANGUAGES = click.Choice(["zh", "en"])
_COLUMNS = (
    show.text("login"),
    show.text("name"),
    show.word("role"),
    show.text("language"),
    ("enabled", lambda session, row: session.say("no" if row["disabled"] else "yes")),
    show.at("locked_until", "locked"),
)


@click.group(cls=Group)
def user() -> None:
    """Who may sign in, and as what."""


@user.command("list", examples=("softswitch user list",))
@click.pass_obj
def list_users(session: Session) -> None:
    """List users."""
    show.rows(session, session.api.get("/api/users"), _COLUMNS)


@user.command("show", examples=("softswitch user show liming",))
@click.argument("login")
@click.pass_obj
def show_user(session: Session, login: str) -> None:
    """Show one user."""
    show.one(session, session.api.get(f"/api/users/{part(login)}"))


@user.command(
    "add",
    examples=(
        "softswitch user add liming --name 李明 --role dispatcher",
        "softswitch user add anna --role auditor --language en --password-stdin < secret.txt",
    ),
)
@click.argument("login")
@click.option("--name", help="Name that others see.")
@click.option(
    "--role", type=_ROLES, default="dispatcher", show_default=True, help="What the user may do."
)
@click.option("--language", type=_LANGUAGES, help="Language of the console.")
@click.option("--password-stdin", is_flag=True, help="Read the password from standard input.")
@click.pass_obj
def add_user(
    session: Session,
    login: str,
    name: str | None,
    role: str,
    language: str | None,
    password_stdin: bool,
) -> None:
    """Add a user.

    Without --password-stdin a password is made and printed.
    """
    password = _read_password() if password_stdin else _make_password()
    body = given(login=login, name=name, role=role, language=language, password=password)
    answer = session.api.post("/api/users", body)
    _tell(session, answer, "Added {what}.", login, None if password_stdin else password)


@user.command("set", examples=("softswitch user set liming --role supervisor",))
@click.argument("login")
@click.option("--name", help="Name that others see.")
@click.option("--role", type=_ROLES, help="What the user may do.")
@click.option("--language", type=_LANGUAGES, help="Language of the console.")
@click.option("--enabled/--disabled", default=None, help="Whether the user may sign in.")
@click.pass_obj
def set_user(
    session: Session,
    login: str,
    name: str | None,
    role: str | None,
    language: str | None,
    enabled: bool | None,
) -> None:
    """Change a user; what is not given stays."""
    disabled = None if enabled is None else not enabled
    body = changes(name=name, role=role, language=language, disabled=disabled)
    answer = session.api.patch(f"/api/users/{part(login)}", body)
    show.done(session, answer, "Changed {what}.", what=login)


@user.command(
    "passwd",
    examples=(
        "softswitch user passwd liming",
        "softswitch user passwd liming --password-stdin < secret.txt",
    ),
)
@click.argument("login")
@click.option("--password-stdin", is_flag=True, help="Read the password from standard input.")
@click.pass_obj
def passwd(session: Session, login: str, password_stdin: bool) -> None:
    """Give a user a new password.

    It is made and printed unless it is read with --password-stdin. Open sessions end.
    """
    password = _read_password() if password_stdin else _make_password()
    answer = session.api.patch(f"/api/users/{part(login)}", {"password": password})
    _tell(session, answer, "Changed {what}.", login, None if password_stdin else password)


@user.command("unlock", examples=("softswitch user unlock liming",))
@click.argument("login")
@click.pass_obj
def unlock(session: Session, login: str) -> None:
    """Let a user who was locked out try again."""
    answer = session.api.post(f"/api/users/{part(login)}/unlock")
    show.done(session, answer, "Unlocked {what}.", what=login)


@user.command("remove", examples=("softswitch user remove liming",))
@click.argument("login")
@click.pass_obj
def remove_user(session: Session, login: str) -> None:
    """Remove a user with sessions and tokens."""
    session.api.delete(f"/api/users/{part(login)}")
    show.done(session, {"removed": login}, "Removed {what}.", what=login)


add_csv(user, "users", "login, name, role, language, disabled, password")


def _make_password() -> str:
    """Here and not on the server: its answers never hold a password."""
    import secrets

    letters = "abcdefghijkmnpqrstuvwxyz23456789"  # none that looks like another
    return "-".join("".join(secrets.choice(letters) for _ in range(4)) for _ in range(4))


def _read_password() -> str:
    if sys.stdin.isatty():
        text: str = click.prompt("Password", hide_input=True, confirmation_prompt=True, err=True)
        return text
    return sys.stdin.readline().rstrip("\r\n")


def _tell(
    session: Session, answer: dict[str, Any], sentence: str, login: str, password: str | None
) -> None:
    if password is None:
        show.done(session, answer, sentence, what=login)
        return
    show.done(session, {**answer, "password": password}, sentence, what=login)
    if not session.json:
        click.echo(session.say("Password: {secret}", secret=password))
        show.note(session, "It is shown only now: write it down.")
