"""What all commands have in common: global options everywhere, examples, the nearest word for a wrong one."""

from __future__ import annotations

import difflib
import importlib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import click

from softswitch.cli.spoken import Spoken, say_help
from softswitch.numbers import bare

_SETTINGS = {"help_option_names": ["-h", "--help"], "max_content_width": 100}


def global_options(*, shown: bool, desk: bool) -> list[click.Option]:
    """Return the options that may stand before or after the command.

    The help of a command shows --json, and --desk where it acts for one.
    """
    return [
        _option("--url", "URL", "Address of the server (SOFTSWITCH_URL).", hidden=not shown),
        _option("--token", "TOKEN", "API token (SOFTSWITCH_TOKEN).", hidden=not shown),
        _option(
            "--data",
            "FOLDER",
            "Data folder of a server on this machine (SOFTSWITCH_DATA, else ./data).",
            hidden=not shown,
            type=click.Path(path_type=Path),
        ),
        _option(
            "--lang",
            "zh|en",
            "Language of the answers (from LANG).",
            hidden=not shown,
            type=click.Choice(["zh", "en"]),
        ),
        _option("--desk", "NUMBER", "Act for this desk.", hidden=not desk, type=bare),
        _option("--json", None, "Answer in JSON.", is_flag=True, default=False),
    ]


def _option(name: str, metavar: str | None, help_: str, **more: Any) -> click.Option:
    return click.Option(
        [name],
        metavar=metavar,
        help=help_,
        expose_value=False,
        callback=_remember,
        is_eager=True,
        **more,
    )


def _remember(context: click.Context, option: click.Parameter, value: object) -> object:
    if value not in {None, False}:
        setattr(context.find_root().obj, option.name or "", value)
    return value


class Command(Spoken):
    """A command with the global options, and with examples that a test runs through the parser."""

    def __init__(
        self, *args: Any, examples: Sequence[str] = (), desk: bool = False, **more: Any
    ) -> None:
        super().__init__(*args, **more)
        self.examples = tuple(examples)
        self.context_settings = {**_SETTINGS, **self.context_settings}
        own = {option for parameter in self.params for option in parameter.opts}
        self.params += [
            option
            for option in global_options(shown=False, desk=desk)
            if not own & set(option.opts)
        ]

    def format_epilog(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the examples as they are typed."""
        if self.examples:
            with formatter.section(say_help("Examples")):
                for example in self.examples:
                    formatter.write(f"  {example}\n")


class Group(Spoken, click.Group):
    """A word with commands under it; a wrong one is answered with the nearest."""

    command_class = Command

    def __init__(self, *args: Any, desk: bool = False, **more: Any) -> None:
        super().__init__(*args, **more)
        self._desk = desk
        self.context_settings = {**_SETTINGS, **self.context_settings}
        self.params += global_options(shown=False, desk=False)

    def add_command(self, cmd: click.Command, name: str | None = None) -> None:
        """Add a command; where the group acts for a desk, its help shows --desk."""
        for option in cmd.params:
            if self._desk and isinstance(option, click.Option) and option.name == "desk":
                option.hidden = False
        super().add_command(cmd, name)

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Return the commands in the order in which they were written."""
        return list(self.commands)

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Find the command or suggest the nearest."""
        name = args[0]
        if self.get_command(ctx, name) is None and not name.startswith("-"):
            near = difflib.get_close_matches(name, self.list_commands(ctx), 1, 0.5)
            hint = f"Did you mean {near[0]}?" if near else ""
            raise click.UsageError(
                f"{ctx.command_path} has no command {name[:40]!r}. {hint}".strip(), ctx
            )
        return super().resolve_command(ctx, args)


class LazyGroup(Group):
    """The first word: commands are loaded when they are needed, so that help comes quickly."""

    def __init__(self, *args: Any, places: Mapping[str, str], **more: Any) -> None:
        super().__init__(*args, **more)
        self._places = places
        self.params = [p for p in self.params if p.expose_value or p.name == "version"]
        self.params += global_options(shown=True, desk=True)

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Return all commands in the order of the table."""
        return list(self._places)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Load one command: ``module:name``."""
        place = self._places.get(cmd_name)
        if place is None:
            return None
        module, _, name = place.partition(":")
        command = getattr(importlib.import_module(f"softswitch.cli.commands.{module}"), name)
        assert isinstance(command, click.Command)
        return command
