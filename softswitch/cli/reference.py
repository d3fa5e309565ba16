"""Writes ``docs/reference/cli.md`` from the commands themselves: ``python -m softswitch.cli.reference``."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from inspect import cleandoc

import click

from softswitch.cli.frame import Command, global_options
from softswitch.cli.main import root

INTRODUCTION = """
# The command `softswitch`

This page is made from the commands themselves: `python -m softswitch.cli.reference > docs/reference/cli.md`.

On the machine of the server no login is needed. The running server writes `cli.json` (mode 0600) into its data
folder; the command finds it by `--data`, `SOFTSWITCH_DATA` or `./data`, in this order. Elsewhere give `--url` and
`--token`, or set `SOFTSWITCH_URL` and `SOFTSWITCH_TOKEN`; `softswitch token add` makes a token. A token from
`cli.json` is sent to no other server than the one that wrote it.

## Answers and errors

Tables and sentences come in English, or in Chinese when `LANG` begins with `zh` or with `--lang zh`. With `--json`
a command prints what the API answered. Remarks and progress go to standard error.

An error is one line on standard error that says what is wrong and what to do next; with `--json` it is an object on
standard output:

```json
{
  "error": {
    "code": "extension_taken",
    "message": "Extension 1001 exists already.",
    "next_step": "Choose another number or change 1001.",
    "message_zh": "分机 1001 已存在。",
    "next_step_zh": "请选择其他号码，或修改 1001。"
  }
}
```

| exit code | means |
|---|---|
| 0 | done |
| 1 | refused; also: a check found a fault, an import refused rows, a part of the server does not work |
| 2 | wrong usage |
| 3 | the server cannot be reached |
| 130 | ended with Ctrl-C |

## Completion in the shell

Put one of these lines into the start file of your shell, then open a new one:

| shell | line |
|---|---|
| bash | `eval "$(_SOFTSWITCH_COMPLETE=bash_source softswitch)"` in `~/.bashrc` |
| zsh | `eval "$(_SOFTSWITCH_COMPLETE=zsh_source softswitch)"` in `~/.zshrc` |
| fish | `_SOFTSWITCH_COMPLETE=fish_source softswitch \\| source` in `~/.config/fish/config.fish` |

## Options of every command

They may stand before or after the command.
"""


def page() -> str:
    """Return the whole page."""
    options = _options(global_options(shown=True, desk=True))
    parts = [INTRODUCTION.strip(), "\n".join(options)]
    for path, command in commands():
        parts.append(_chapter(path, command))
    return "\n\n".join(parts) + "\n"


def commands() -> Iterator[tuple[str, click.Command]]:
    """Yield every command with the words that call it, groups before what is in them."""
    yield from _below("softswitch", root)


def _below(path: str, group: click.Group) -> Iterator[tuple[str, click.Command]]:
    context = click.Context(group, info_name=path)
    for name in group.list_commands(context):
        command = group.get_command(context, name)
        assert command is not None
        yield f"{path} {name}", command
        if isinstance(command, click.Group):
            yield from _below(f"{path} {name}", command)


def _chapter(path: str, command: click.Command) -> str:
    help_ = cleandoc(command.help or "")
    if isinstance(command, click.Group):
        return f"## `{path}`\n\n{help_}"
    level = "##" if path.count(" ") == 1 else "###"
    usage = " ".join([path, *_usage(command)])
    parts = [f"{level} `{path}`", help_, f"    {usage}"]
    own = [p for p in command.params if isinstance(p, click.Option) and p.expose_value]
    if own:
        parts.append("\n".join(_options(own)))
    if isinstance(command, Command) and command.examples:
        parts.append("```sh\n" + "\n".join(command.examples) + "\n```")
    return "\n\n".join(parts)


def _usage(command: click.Command) -> list[str]:
    context = click.Context(command, info_name=command.name)
    return [piece for piece in command.collect_usage_pieces(context) if piece]


def _options(options: list[click.Option]) -> list[str]:
    rows = ["| option | |", "|---|---|"]
    for option in options:
        if option.name == "help":
            continue
        names = " / ".join(f"`{name}`" for name in (*option.opts, *option.secondary_opts))
        value = "" if option.is_flag else f" {_metavar(option)}"
        help_ = option.help or ""
        if option.show_default and option.default is not None:
            help_ = f"{help_} [{option.default}]".strip()
        rows.append(f"| {names}{value} | {_cell(help_)} |")
    return rows


def _metavar(option: click.Option) -> str:
    context = click.Context(root, info_name="softswitch")
    return _cell(option.make_metavar(context)).replace("INTEGER RANGE", "NUMBER")


def _cell(text: str) -> str:
    return text.replace("|", "\\|")


if __name__ == "__main__":
    sys.stdout.write(page())
