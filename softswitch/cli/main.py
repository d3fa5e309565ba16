"""The entrance: runs a command and turns whatever goes wrong into one line and an exit code."""

from __future__ import annotations

import json
import os
import re
import sys
from collections.abc import Sequence

import click

from softswitch import __version__
from softswitch.cli.frame import LazyGroup
from softswitch.cli.session import NotReachableError, Session
from softswitch.cli.table import clean
from softswitch.errors import Kind, Refusal, invalid, unavailable
from softswitch.setup.progress import SetupError

REFUSED = 1
WRONG_USAGE = 2
NOT_REACHABLE = 3
INTERRUPTED = 130

COMMANDS = {
    "up": "server:up",
    "down": "server:down",
    "status": "server:status",
    "doctor": "doctor:doctor",
    "simulate": "simulate:simulate",
    "board": "board:board",
    "queue": "board:queue",
    "desk": "desk:desk",
    "call": "call_acts:call",
    "intercept": "intercept:intercept",
    "conference": "conference:conference",
    "group": "group:group",
    "rollcall": "rollcall:rollcall",
    "notify": "notify:notify",
    "sms": "sms:sms",
    "camp": "camp:camp",
    "intercom": "intercom:intercom",
    "night": "night:night",
    "trunk": "trunk:trunk",
    "lab": "lab:lab",
    "task": "task:task",
    "incident": "incident:incident",
    "map": "map:map_",
    "resource": "resource:resource",
    "plan": "plan:plan",
    "duty": "duty_log:duty",
    "recording": "recording:recording",
    "speed-dial": "speed_dial:speed_dial",
    "extension": "extension:extension",
    "phone": "phone:phone",
    "emergency": "emergency:emergency",
    "registry": "registry:registry",
    "intake": "intake:intake",
    "user": "user:user",
    "token": "token:token",
    "audit": "audit:audit",
}


@click.group(cls=LazyGroup, places=COMMANDS, name="softswitch")
@click.version_option(__version__, prog_name="softswitch")
def root() -> None:
    """Run and use a softswitch dispatch server.

    On the machine of the server no login is needed: the command reads the data folder of the server.
    Elsewhere give --url and --token.
    """


def main(args: Sequence[str] | None = None) -> None:
    """Run the command line and end the process with its exit code."""
    sys.exit(run(sys.argv[1:] if args is None else args))


def run(args: Sequence[str]) -> int:
    """Run the command line and return the exit code: 0, 1 refused, 2 wrong usage, 3 not reachable."""
    session = Session.from_environment(os.environ)
    try:
        result = root.main(list(args), prog_name="softswitch", obj=session, standalone_mode=False)
        sys.stdout.flush()
        return result if isinstance(result, int) else 0
    except BrokenPipeError:
        # Who read our answer has seen enough; nothing more may be written at exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return REFUSED
    except (click.Abort, KeyboardInterrupt):
        return INTERRUPTED
    except click.exceptions.NoArgsIsHelpError as error:
        with error.ctx.scope(cleanup=False):  # in the language that it names
            click.echo(error.ctx.get_help(), err=True)
        return WRONG_USAGE
    except click.UsageError as error:
        session.json = "--json" in args  # the options behind the mistake were not read
        session.lang = _language(args) or session.lang
        return _tell(_usage(error), session, WRONG_USAGE)
    except NotReachableError as error:
        return _tell(error, session, NOT_REACHABLE)
    except Refusal as error:
        return _tell(error, session, REFUSED)
    except click.ClickException as error:
        return _tell(
            invalid("refused", error.format_message(), "See softswitch --help."),
            session,
            REFUSED,
        )
    except SetupError as error:
        missing = unavailable("not_set_up", str(error), "See: softswitch doctor")
        return _tell(missing, session, REFUSED)
    except OSError as error:
        return _tell(_of_system(error), session, REFUSED)
    except UnicodeError as error:
        return _tell(_of_text(error), session, REFUSED)


def _language(args: Sequence[str]) -> str | None:
    """Return the language that is asked for, wherever the options were no longer read."""
    named = re.search(r"--lang[ =](zh|en)\b", " ".join(args))
    return named[1] if named else None


def _usage(error: click.UsageError) -> Refusal:
    path = error.ctx.command_path if error.ctx else "softswitch"
    message = " ".join(error.format_message().split())
    if message[-1:] not in ".?)":
        message += "."
    return invalid("wrong_usage", message, f"See: {path} --help")


def _of_system(error: OSError) -> Refusal:
    said = error.strerror or str(error)
    message = f"{error.filename} cannot be used: {said}." if error.filename else f"{said}."
    return Refusal(Kind.UNAVAILABLE, "system_error", message, "Mend that and try again.")


def _of_text(error: UnicodeError) -> Refusal:
    """Tell which text has another encoding: that of a file, of the arguments, or of the terminal."""
    if isinstance(error, UnicodeDecodeError):
        return invalid("bad_encoding", "The file is no UTF-8 text.", "Save it as UTF-8.")
    # Octets that are no text stand as surrogates in arguments.
    if isinstance(error, UnicodeEncodeError) and re.search("[\ud800-\udfff]", error.object):
        next_step = "Set the terminal to UTF-8 and type it again."
        return invalid("bad_encoding", "What was typed is no UTF-8 text.", next_step)
    return invalid("bad_encoding", "The terminal cannot show the answer.", "Set it to UTF-8.")


def _tell(refusal: Refusal, session: Session, code: int) -> int:
    if session.json:
        click.echo(json.dumps(refusal.as_json(), ensure_ascii=False, indent=2))
    else:
        said = "".join(refusal.in_chinese) if session.lang == "zh" else str(refusal)
        click.echo(clean(f"softswitch: {said}"), err=True)
    return code
