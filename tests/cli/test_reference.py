"""The page of the commands is current, its examples are valid, and every command speaks JSON."""

from __future__ import annotations

import os
import shlex
import subprocess
import sys
from dataclasses import fields
from pathlib import Path

import click
import pytest

from softswitch.calls.keys import KeyReader
from softswitch.cli.commands.server import SETTINGS
from softswitch.cli.frame import Command
from softswitch.cli.main import root
from softswitch.cli.reference import commands, page
from softswitch.cli.session import Session
from softswitch.cli.spoken import paragraphs
from softswitch.cli.words import translate_help
from softswitch.cli.words_help import ZH_HELP
from softswitch.directory import features
from softswitch.settings import Settings
from tests.cli.conftest import Softswitch

DOCS = Path(__file__).resolve().parents[2] / "docs" / "reference"
LEAVES = [(path, each) for path, each in commands() if not isinstance(each, click.Group)]
EXAMPLES = [(path, example) for path, each in LEAVES for example in each.examples]  # type: ignore[attr-defined]


FILES = (
    "users.csv", "extensions.csv", "registry.csv", "people.csv", "shifts.csv", "flood.yaml", "alert.xml",
    "resources.csv", "resources.geojson", "points.csv", "区界.geojson", "roads.zip", "area.geojson",
)  # fmt: skip


def test_the_page_is_current() -> None:
    assert (DOCS / "cli.md").read_text("utf-8") == page(), (
        "type: python -m softswitch.cli.reference > docs/reference/cli.md"
    )


@pytest.mark.parametrize(("path", "command"), LEAVES)
def test_every_command_has_json_help_and_examples(path: str, command: click.Command) -> None:
    assert isinstance(command, Command)
    assert command.examples
    assert all(example.startswith(path) for example in command.examples)
    names = {name for parameter in command.params for name in parameter.opts}
    assert {"--json", "--url", "--token", "--data", "--lang", "--desk"} <= names
    assert command.help
    assert len(command.get_short_help_str(100)) <= 50
    own = [p for p in command.params if isinstance(p, click.Option) and p.expose_value]
    assert [p.name for p in own if not p.help] == []


@pytest.mark.parametrize(("path", "example"), EXAMPLES)
def test_every_example_is_valid(
    path: str, example: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    for name in FILES:
        Path(name).touch()
    words = shlex.split(example)
    for sign in "<>":
        if sign in words:  # for the shell
            words = words[: words.index(sign)]
    context: click.Context | None = None
    command: click.Command = root
    rest = words[1:]
    for word in path.split()[1:]:
        context = click.Context(command, parent=context, obj=Session())
        assert isinstance(command, click.Group)
        found = command.get_command(context, word)
        assert found is not None
        assert rest.pop(0) == word
        command = found
    made = command.make_context(words[-1], rest, parent=context, obj=Session())
    made.close()


def test_all_help_is_there_in_chinese() -> None:
    texts = {*paragraphs(root.help), *(option.help or "" for option in root_options())}
    for _, command in commands():
        texts |= {*paragraphs(command.help)}
        texts |= {p.help or "" for p in command.params if isinstance(p, click.Option)}
    missing = [text for text in texts if text and translate_help("zh", text) == text]
    assert missing == []
    unused = [text for text in ZH_HELP if not any(each.startswith(text) for each in texts)]
    assert set(unused) <= {"Usage: ", "Options", "Commands", "Examples", "default", *CLICKS_OWN}


CLICKS_OWN = {"Show this message and exit.", "Show the version and exit."}


def root_options() -> list[click.Option]:
    return [p for p in root.params if isinstance(p, click.Option)]


def test_help_follows_the_language(typed: Softswitch) -> None:
    shown = typed("--lang", "zh", "call", "list", "--help").out
    for text in ("用法：softswitch call list", "列出历史呼叫", "选项", "示例", "[默认: 50;"):
        assert text in shown
    assert "Usage: softswitch call list" in typed("call", "list", "--help").out
    assert "拨号、接听" in typed("--lang", "zh", "--help").out


def test_up_takes_every_setting() -> None:
    settings = {field.name for field in fields(Settings)}
    assert {*SETTINGS, "data", "demo"} == settings


def test_the_page_of_feature_codes_names_every_code() -> None:
    text = (DOCS / "feature-codes.md").read_text("utf-8")
    for feature in features.FEATURE_CODES:
        assert f"| `{feature.code}`" in text
        assert feature.name_zh in text
    for number in (features.PARK_HERE, features.PARK_FIRST, features.PARK_LAST):
        assert f"`{number}`" in text
    for keys in ("*2#", "*0#", "*3#", "#72"):
        reader = KeyReader()
        assert [reader.press(key, 0) for key in keys][-1] is not None
        assert f"`{keys}`" in text


@pytest.mark.parametrize(
    ("words", "completed"),
    [
        ("softswitch ext", "extension"),
        ("softswitch call tr", "transfer"),
        ("softswitch st", "status"),
    ],
)
def test_the_shell_completes(words: str, completed: str) -> None:
    environment = {
        **os.environ,
        "_SOFTSWITCH_COMPLETE": "bash_complete",
        "COMP_WORDS": words,
        "COMP_CWORD": str(len(words.split()) - 1),
    }
    program = [sys.executable, "-c", "from softswitch.cli.main import main; main()"]
    done = subprocess.run(
        program, env=environment, capture_output=True, text=True, timeout=30, check=False
    )
    assert f"plain,{completed}" in done.stdout
