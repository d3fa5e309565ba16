"""Help in the language of the session."""

from __future__ import annotations

from inspect import cleandoc

import click
from click.core import augment_usage_errors

from softswitch.cli.words import translate_help


class Spoken(click.Command):
    """A command whose help is in the language of the session."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Read the arguments; whatever is wrong with them names this command."""
        with augment_usage_errors(ctx):
            return super().parse_args(ctx, args)

    def get_short_help_str(self, limit: int = 45) -> str:
        """Return the first paragraph, for the list of commands."""
        return say_help(next(iter(paragraphs(self.help)), ""))

    def format_usage(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write how the command is typed."""
        words = " ".join(self.collect_usage_pieces(ctx))
        formatter.write_usage(ctx.command_path, words, prefix=say_help("Usage: "))

    def format_help_text(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write what the command does."""
        for paragraph in paragraphs(self.help):
            formatter.write_paragraph()
            with formatter.indentation():
                formatter.write_text(say_help(paragraph))

    def format_options(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the options, and the commands of a group."""
        options = (p for p in self.get_params(ctx) if isinstance(p, click.Option))
        found = (option.get_help_record(ctx) for option in options)
        rows = [(names, _say_option(text)) for names, text in filter(None, found)]
        with formatter.section(say_help("Options")):
            formatter.write_dl(rows)
        if isinstance(self, click.Group):
            listed = ((name, self.get_command(ctx, name)) for name in self.list_commands(ctx))
            with formatter.section(say_help("Commands")):
                formatter.write_dl([(n, c.get_short_help_str()) for n, c in listed if c])


def say_help(english: str) -> str:
    """Return a text of the help in the language of the session."""
    context = click.get_current_context(silent=True)
    session = context.find_root().obj if context else None
    return translate_help(getattr(session, "lang", "en"), english)


def _say_option(text: str) -> str:
    """Translate the help, not what click adds to it in brackets."""
    help_, bracket, rest = text.partition("  [")
    return say_help(help_) + bracket + rest.replace("default:", f"{say_help('default')}:")


def paragraphs(text: str | None) -> list[str]:
    """Return the paragraphs of a help, each on one line."""
    return [" ".join(each.split()) for each in cleandoc(text or "").split("\n\n") if each.strip()]
