"""`softswitch simulate` against the running server: real SIP, spoken voice."""

from __future__ import annotations

import pytest

from softswitch.testing.system import LINE, sip_phone
from tests.cli.conftest import Server, Softswitch


def test_citizens_call_and_become_tasks_when_nobody_answers(
    cli: Softswitch, server: Server
) -> None:
    calls = ("--calls", "2", "--interval", "0.1", "--patience", "1", "--seed", "3")
    report = cli("simulate", *calls, "--gateway", LINE, "--no-field", "--voice", "en", "--json")
    assert report.code == 0, report.out
    assert report.json["outcomes"] == {"not answered": 2}
    callers = {call["caller"] for call in report.json["calls"]}
    tasks = cli("task", "list", "--json").json["tasks"]
    assert callers <= {task["number"] for task in tasks}
    for task in tasks:
        assert cli("task", "close", task["id"], "simulated").code == 0


def test_field_phones_answer_unless_a_device_is_registered(cli: Softswitch, server: Server) -> None:
    async def with_one_device() -> None:
        import asyncio

        async with sip_phone(server.system, "2001"):
            result = await asyncio.to_thread(
                cli, "simulate", "--calls", "0", "--stay", "0.1", "--gateway", LINE
            )
        assert result.code == 0, result.err
        assert "2002" in result.err
        assert "2001" not in result.err

    server.do(with_one_device())


@pytest.mark.parametrize(
    "words",
    [("--gateway", "nobody"), ("--sip", "127.0.0.1:1", "--gateway", LINE, "--no-field")],
)
def test_what_cannot_be_simulated(cli: Softswitch, words: tuple[str, ...]) -> None:
    result = cli("simulate", "--calls", "1", *words)
    assert result.code in {1, 3}
    assert result.err.splitlines()[-1].startswith("softswitch: ")
