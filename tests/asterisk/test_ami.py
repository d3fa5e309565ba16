"""The AMI client against a scripted server: cuts, refusals, lists, overflow; and other clients on ours."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
from collections.abc import AsyncIterator, Callable

import pytest
from asterisk.ami import AMIClient, SimpleAction
from panoramisk import Manager

from softswitch.asterisk.ami import AmiConnection, ConnectionCut, connect, reconnect_pause
from softswitch.asterisk.node import AsteriskNode
from softswitch.asterisk.plain import AmiSwitch, channel_name, commandable, started_at
from softswitch.asterisk.secrets import USER
from softswitch.asterisk.wire import BadField
from softswitch.ports import ActFailed, Connected, Disconnected
from softswitch.testing.facts import FactLog

Script = Callable[[dict[str, str]], bytes | None]


class Server:
    """Answers each action by a script; None cuts the connection. ``actions`` is what came."""

    def __init__(self, script: Script) -> None:
        self.actions: list[dict[str, str]] = []
        self.port = 0
        self._script = script

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"Asterisk Call Manager/11.0.0\r\n")
        with contextlib.suppress(asyncio.IncompleteReadError, ConnectionError):
            while True:
                text = (await reader.readuntil(b"\r\n\r\n")).decode()
                action = dict(line.split(": ", 1) for line in text.strip().split("\r\n"))
                self.actions.append(action)
                answer = (
                    b"Response: Success\r\nActionID: %s\r\n\r\n" % action["ActionID"].encode()
                    if action["Action"] == "Login"
                    else self._script(action)
                )
                if answer is None:
                    break
                writer.write(answer)
        writer.close()


@contextlib.asynccontextmanager
async def scripted(
    script: Script, **options: object
) -> AsyncIterator[tuple[Server, AmiConnection]]:
    server = Server(script)
    listening = await asyncio.start_server(server.serve, "127.0.0.1", 0)
    port = listening.sockets[0].getsockname()[1]
    connection = await connect("127.0.0.1", port, "user", "secret", **options)  # type: ignore[arg-type]
    try:
        yield server, connection
    finally:
        await connection.close()
        listening.close()
        await listening.wait_closed()


def ok(action: dict[str, str], more: str = "") -> bytes:
    return f"Response: Success\r\nActionID: {action['ActionID']}\r\n{more}\r\n".encode()


async def test_a_cut_ends_an_action_as_unknown_and_sends_it_never_again() -> None:
    async with scripted(lambda action: None) as (server, connection):
        with pytest.raises(ConnectionCut, match="unknown outcome"):
            await connection.act("Redirect", {"Channel": "PJSIP/a-1"})
        with pytest.raises(ActFailed, match="not connected"):
            await connection.act("Redirect", {"Channel": "PJSIP/a-1"})
        assert [action["Action"] for action in server.actions] == ["Login", "Redirect"]


async def test_an_action_without_answer_ends_at_its_deadline() -> None:
    async with scripted(lambda action: b"") as (_, connection):
        with pytest.raises(ActFailed, match="unknown outcome"):
            await connection.act("Ping", seconds=0.05)


async def test_answers_may_come_in_any_order() -> None:
    waiting: list[dict[str, str]] = []

    def script(action: dict[str, str]) -> bytes:
        waiting.append(action)
        if len(waiting) < 2:
            return b""
        return b"".join(ok(a, f"Echo: {a['Value']}\r\n") for a in reversed(waiting))

    async with scripted(script) as (_, connection):
        answers = await asyncio.gather(
            connection.act("Ping", {"Value": "one"}), connection.act("Ping", {"Value": "two"})
        )
    assert [answer["Echo"] for answer in answers] == ["one", "two"]


async def test_a_refusal_carries_the_words_of_asterisk() -> None:
    def script(action: dict[str, str]) -> bytes:
        return f"Response: Error\r\nActionID: {action['ActionID']}\r\nMessage: No such channel\r\n\r\n".encode()

    async with scripted(script) as (_, connection):
        with pytest.raises(ActFailed, match="No such channel") as refused:
            await connection.act("Hangup", {"Channel": "PJSIP/a-1"})
    assert refused.value.status == 404


async def test_a_list_is_collected_and_events_between_are_kept() -> None:
    def script(action: dict[str, str]) -> bytes:
        key = action["ActionID"]
        return (
            f"Response: Success\r\nActionID: {key}\r\nEventList: start\r\n\r\n"
            f"Event: CoreShowChannel\r\nActionID: {key}\r\nUniqueid: 1\r\n\r\n"
            "Event: Hangup\r\nUniqueid: 2\r\n\r\n"
            f"Event: CoreShowChannel\r\nActionID: {key}\r\nUniqueid: 3\r\n\r\n"
            f"Event: CoreShowChannelsComplete\r\nActionID: {key}\r\nEventList: Complete\r\n\r\n"
        ).encode()

    async with scripted(script) as (_, connection):
        items = await connection.listing("CoreShowChannels")
        assert [item["Uniqueid"] for item in items] == ["1", "3"]
        assert (await anext(connection.events()))["Event"] == "Hangup"


async def test_a_channel_that_is_listed_and_that_nobody_finds_is_not_there() -> None:
    rows = {"CoreShowChannels": ("CoreShowChannel", "1", "3"), "Status": ("Status", "1", "4")}

    def script(action: dict[str, str]) -> bytes:
        end = f"ActionID: {action['ActionID']}\r\n"
        event, *ids = rows[action["Action"]]
        told = "".join(f"Event: {event}\r\n{end}Uniqueid: {each}\r\n\r\n" for each in ids)
        return (
            f"Response: Success\r\n{end}EventList: start\r\n\r\n{told}"
            f"Event: {action['Action']}Complete\r\n{end}EventList: Complete\r\n\r\n"
        ).encode()

    async with scripted(script) as (_, connection):
        assert [row["Uniqueid"] for row in await commandable(connection)] == ["1"]


async def test_too_many_waiting_events_end_the_connection_with_a_reason() -> None:
    flood = b"Event: Hangup\r\nUniqueid: 1\r\n\r\n" * 50
    async with scripted(lambda action: flood, most_waiting=20) as (_, connection):
        with pytest.raises(ActFailed):
            await connection.act("Ping")
        assert "snapshot" in connection.closed_because
        assert [event async for event in connection.events()] == []


async def test_a_bad_field_is_refused_before_anything_is_sent() -> None:
    async with scripted(ok) as (server, connection):
        with pytest.raises(BadField):
            await connection.act("Redirect", {"Channel": "x\r\n\r\nAction: Originate"})
        await connection.act("Ping")
        assert [action["Action"] for action in server.actions] == ["Login", "Ping"]


async def test_what_is_no_ami_is_refused() -> None:
    async def talk(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"x" * 5000 + b"\r\n")
        writer.close()

    listening = await asyncio.start_server(talk, "127.0.0.1", 0)
    with pytest.raises(ActFailed, match="no AMI"):
        await connect("127.0.0.1", listening.sockets[0].getsockname()[1], "u", "s")
    listening.close()


def test_clients_do_not_reconnect_in_step() -> None:
    pauses = [reconnect_pause(attempt) for attempt in range(200)]
    assert max(pauses) <= 2.0
    assert len(set(pauses)) > 150


@pytest.mark.parametrize(
    "name", ["/PJSIP/", "PJSIP", "", "PJSIP/a\r\nx", "PJSIP/a b", "/^PJSIP.*/", "PJSIP/${x}"]
)
def test_only_full_channel_names_are_acted_on(name: str) -> None:
    with pytest.raises(ActFailed):
        channel_name(name)


def test_a_start_time_that_makes_no_sense_is_refused() -> None:
    with pytest.raises(ActFailed):
        started_at({"CoreStartupDate": "yesterday"})


@pytest.mark.asterisk
async def test_an_asterisk_that_hangs_is_told_and_found_again(node: AsteriskNode) -> None:
    """SIGSTOP: the connection stays open and nothing comes any more."""
    facts = FactLog(AmiSwitch(node.settings, node.secrets, ping_seconds=0.3).facts())
    await facts.first()
    assert node.pid is not None
    os.kill(node.pid, signal.SIGSTOP)
    try:
        told = await facts.wait_for(Disconnected)
    finally:
        os.kill(node.pid, signal.SIGCONT)
    assert "does not answer" in told.reason
    await facts.wait_for(Connected, after=1)
    await facts.close()


# ---- on the real Asterisk: other clients check our side ---------------------------------------------


@pytest.mark.asterisk
async def test_panoramisk_logs_in_and_may_only_what_we_allow(node: AsteriskNode) -> None:
    manager = Manager(
        host="127.0.0.1", port=node.settings.ami_port, username=USER, secret=node.secrets.ami
    )
    await manager.connect()
    try:
        assert (await manager.send_action({"Action": "Ping"})).Response == "Success"
        for forbidden in ("Command", "Originate", "UpdateConfig", "UserEvent", "AOCMessage"):
            answer = await manager.send_action({"Action": forbidden, "Command": "core stop now"})
            assert answer.Response == "Error", forbidden
    finally:
        manager.close()


@pytest.mark.asterisk
@pytest.mark.filterwarnings("ignore::DeprecationWarning:asterisk.ami")
async def test_asterisk_ami_logs_in_and_a_wrong_secret_is_refused(node: AsteriskNode) -> None:
    def ask(secret: str) -> list[bool]:
        """Whether the login, and then a question, is refused."""
        client = AMIClient(address="127.0.0.1", port=node.settings.ami_port, timeout=2)
        try:
            login = client.login(username=USER, secret=secret).response
            if login.is_error():
                return [True]
            return [False, client.send_action(SimpleAction("CoreStatus")).response.is_error()]
        finally:
            client.disconnect()

    assert await asyncio.to_thread(ask, node.secrets.ami) == [False, False]
    assert await asyncio.to_thread(ask, "wrong") == [True]


@pytest.mark.asterisk
async def test_ami_listens_on_the_loopback_only(node: AsteriskNode) -> None:
    shown = await node.command("manager show settings")
    assert "127.0.0.1" in shown
    user = await node.command(f"manager show user {USER}")
    written = next(line for line in user.splitlines() if "write perm" in line.lower())
    assert not {"command", "originate", "config", "user", "agi"} & set(
        written.split(":", 1)[1].replace(",", " ").split()
    )


@pytest.mark.asterisk
async def test_a_snapshot_without_any_phone_is_empty_not_an_error(node: AsteriskNode) -> None:
    switch = AmiSwitch(node.settings, node.secrets)
    stream = switch.facts()
    await anext(stream)
    assert {phone.reachable for phone in (await switch.snapshot()).phones} <= {False}
    await stream.aclose()  # type: ignore[attr-defined]
