"""The keys of the console for docs/reference/console-keys.md, as its own tables and messages tell them."""

from __future__ import annotations

import re
from pathlib import Path

CONSOLE = Path(__file__).resolve().parents[1] / "console" / "src"
_OTHERS = {"speed": "Alt+1 … 9", "arrows": "↑ ↓ ← →", "enter": "Enter", "digits": "0 … 9"}
"""What `HelpOverlay.vue` shows besides the table of keys."""

_BINDING = re.compile(r"\{ keys: \[([^\]]+)\], action: '(\w+)', always: (true|false) \}")
_CONFERENCE = re.compile(r"\{ key: '(.)', action: '(\w+)' \}")
_MESSAGE = re.compile(r"^ +(\w+): '((?:[^'\\]|\\.)*)',$", re.MULTILINE)


def console_keys() -> str:
    """Return the two tables: keys of every page, keys of the page of conferences."""
    found = _BINDING.findall(_source("keys/bindings.ts"))
    rows = [
        (" ".join(_shown(key) for key in re.findall(r"'([^']+)'", keys)), action, always == "true")
        for keys, action, always in found
    ]
    rows += [(keys, action, False) for action, keys in _OTHERS.items()]
    told = _table(rows, {language: _messages(language) for language in ("en", "zh")})
    keys = _CONFERENCE.findall(_source("conference/keys.ts"))
    pages = {language: _block(f"i18n/{language}.conference.ts", "key") for language in ("en", "zh")}
    here = _table([(_shown(key), action, False) for key, action in keys], pages)
    return f"{told}\n\n## On the page of conferences\n\n{here}"


def _table(rows: list[tuple[str, str, bool]], words: dict[str, dict[str, str]]) -> str:
    head = ["| key | does | 中文 |", "|---|---|---|"]
    return "\n".join(
        head
        + [
            f"| {'**' if always else ''}{keys}{'**' if always else ''} "
            f"| {words['en'][action]} | {words['zh'][action]} |"
            for keys, action, always in rows
        ]
    )


def _shown(key: str) -> str:
    name = {"Escape": "Esc"}.get(key, key)
    return re.sub(r"(?:(?<=^)|(?<=\+))[a-z]$", lambda letter: letter[0].upper(), name)


def _messages(language: str) -> dict[str, str]:
    intercept = _block(f"i18n/{language}.intercept.ts", f"{language}InterceptKeys")
    return intercept | _block(f"i18n/{language}.ts", "keys")


def _block(path: str, name: str) -> dict[str, str]:
    """Return the messages of one object of a file, which ends where its own line's indent comes again."""
    found = re.search(
        rf"^( *)(?:export const )?{name}\b[^\n]*\{{\n(.*?)^\1\}}",
        _source(path),
        re.MULTILINE | re.DOTALL,
    )
    assert found, f"{path} has no {name}"
    return dict(_MESSAGE.findall(found[2]))


def _source(path: str) -> str:
    return (CONSOLE / path).read_text("utf-8")
