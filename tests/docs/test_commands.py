"""What the pages tell to type exists: commands, their options, scripts, settings."""

from __future__ import annotations

import re
import shlex
import tomllib

import click
import pytest

from softswitch.cli.main import root
from softswitch.cli.session import Session
from softswitch.settings import KEYS
from tests.docs.pages import PAGES, ROOT, Command, commands
from trunk.config import TABLES, read

COMMANDS = sorted(set(commands()), key=lambda each: (each.page, each.line))
_NEEDS_FILE = ("import",)


def parsed(words: list[str]) -> click.Command:
    """Follow words through the tree of commands and parse the rest; click's errors tell what is wrong."""
    command: click.Command = root
    context = root.make_context("softswitch", [], resilient_parsing=True, obj=Session())
    while isinstance(command, click.Group):
        index = _first_name(words, command, context)
        if index is None:
            return command
        found = command.get_command(context, words.pop(index))
        assert found is not None
        command = found
    for word in words:
        if word.startswith("--"):
            names = {name for p in command.params for name in (*p.opts, *p.secondary_opts)}
            assert word in names, f"{command.name} has no option {word}"
    return command


def _first_name(words: list[str], group: click.Group, context: click.Context) -> int | None:
    """Return where the name of a command stands; options of every command may stand before it."""
    skip = False
    for index, word in enumerate(words):
        if skip:
            skip = False
        elif word in {"--data", "--url", "--token", "--desk", "--lang"}:
            skip = True
        elif word != "--json":
            known = group.get_command(context, word)
            assert known is not None, f"there is no command {word!r} in {group.name}"
            return index
    return None


@pytest.mark.parametrize("command", COMMANDS, ids=lambda c: f"{c.page}: {c.line}"[:90])
def test_the_command_exists(command: Command) -> None:
    words = shlex.split(command.line)[1:]
    for sign in ("<", ">", "|", "&&"):
        if sign in words:
            words = words[: words.index(sign)]
    parsed(words)


def test_enough_commands_are_told() -> None:
    assert len(COMMANDS) > 100
    assert {each.page for each in COMMANDS} >= {"README.md", "docs/tutorial/first-call.md"}


def test_every_script_that_is_named_exists() -> None:
    for page in PAGES:
        for name in re.findall(r"\b(scripts/[\w.]+\w)", page.read_text("utf-8")):
            assert (ROOT / name).is_file(), f"{page.name} names {name}"


def test_settings_in_examples_exist() -> None:
    blocks = [
        (page, block)
        for page in PAGES
        for block in re.findall(
            r"^ *```toml\n(.*?)^ *```$", page.read_text("utf-8"), re.MULTILINE | re.DOTALL
        )
    ]
    assert blocks
    for page, block in blocks:
        keys = set(tomllib.loads(block))
        if keys & set(TABLES):
            assert read(block, ("110", "119", "120", "122")).trunks, page
        else:
            assert keys <= set(KEYS), page


def test_csv_examples_have_columns_that_the_import_takes() -> None:
    from softswitch.access.users_csv import COLUMNS as USERS
    from softswitch.directory.csv_extensions import COLUMNS as EXTENSIONS
    from softswitch.directory.importing import REGISTRY_COLUMNS

    text = (ROOT / "docs" / "how-to" / "import-csv.md").read_text("utf-8")
    headers = re.findall(r"```csv\n(.*)\n", text)
    known = [{*USERS, "password"}, set(EXTENSIONS), set(REGISTRY_COLUMNS)]
    assert len(headers) == 3
    for header in headers:
        assert any(set(header.split(",")) <= columns for columns in known), header
