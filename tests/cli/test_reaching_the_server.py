"""No server, a wrong address, a wrong token, a damaged file: one line, and the exit code of the contract."""

from __future__ import annotations

from pathlib import Path

import pytest

from softswitch.testing.node import free_ports
from tests.cli.conftest import Softswitch, is_one_line

UNREACHABLE = [
    "status", "board", "board --watch", "queue", "extension list", "phone list", "user list",
    "emergency list", "registry list", "intake show", "audit list", "audit verify", "call list",
    "call dial 1", "task list", "incident list", "recording list", "token list", "desk show",
    "speed-dial list", "simulate", "registry export",
]  # fmt: skip


@pytest.mark.parametrize("line", UNREACHABLE)
def test_without_a_server_the_exit_code_is_3(typed: Softswitch, line: str) -> None:
    for words in (
        line.split(),
        [*line.split(), "--url", f"http://127.0.0.1:{free_ports(1)[0]}", "--token", "x"],
    ):
        result = typed(*words)
        assert (result.code, result.out) == (3, "")
        assert is_one_line(result.err)
        assert typed(*words, "--json").json["error"]["code"] == "not_reachable"


@pytest.mark.parametrize(
    ("content", "mode"),
    [("{", 0o600), ("[]", 0o600), ('{"url": "http://127.0.0.1:1"}', 0o600),
     ('{"url": "http://127.0.0.1:1", "token": "x"}', 0o644)],
)  # fmt: skip
def test_a_damaged_or_open_file_of_the_server(
    typed: Softswitch, tmp_path: Path, content: str, mode: int
) -> None:
    file = tmp_path / "data" / "cli.json"
    file.parent.mkdir()
    file.write_text(content)
    file.chmod(mode)
    result = typed("status")
    assert result.code == 3
    assert str(file) in result.err


def test_a_wrong_token_is_refused(cli: Softswitch, server: object) -> None:
    result = cli("extension", "list", "--token", "wrong")
    assert result.code == 1
    assert "token" in result.err


@pytest.mark.parametrize("url", ["nonsense", "ftp://127.0.0.1", "http://[::bad"])
def test_a_wrong_url(typed: Softswitch, url: str) -> None:
    result = typed("status", "--url", url)
    assert result.code == 1
    assert is_one_line(result.err)
