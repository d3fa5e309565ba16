"""The node: start, adopt, bring back, refuse; on a real Asterisk of its own."""

from __future__ import annotations

import asyncio
import errno
import os
import signal
import socket
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import pytest

from softswitch.asterisk import configuration, process
from softswitch.asterisk import node as node_module
from softswitch.asterisk.configuration import RELOADS
from softswitch.asterisk.modules import NEEDED
from softswitch.asterisk.node import AsteriskNode
from softswitch.asterisk.probe import ari_answers
from softswitch.errors import Refusal
from softswitch.ports import ActFailed, Connected, Disconnected
from softswitch.setup.asterisk import find_asterisk
from softswitch.setup.cache import cache_folder
from softswitch.testing.node import directory, line, live, node_settings
from softswitch.testing.patience import PATIENCE
from softswitch.testing.phone import Phone, RegistrationFailed

pytestmark = pytest.mark.asterisk


def make(data: Path, **changes: object) -> AsteriskNode:
    settings = node_settings(data, **changes)
    return AsteriskNode(settings, find_asterisk(cache_folder()), directory())


def again(node: AsteriskNode) -> AsteriskNode:
    """The node as the next process of the server makes it."""
    return AsteriskNode(node.settings, node.install, node.directory)


@pytest.fixture
async def own(tmp_path: Path) -> AsyncIterator[AsteriskNode]:
    node = make(tmp_path)
    await node.start()
    yield node
    await node.stop()


async def test_a_killed_asterisk_is_back_within_ten_seconds(own: AsteriskNode) -> None:
    async with live(own) as switch:
        first = own.pid
        assert first is not None
        connected = switch.switch_facts.facts[0]
        assert isinstance(connected, Connected)
        os.kill(first, signal.SIGKILL)
        await switch.switch_facts.wait_for(Disconnected)
        back = await switch.switch_facts.wait_for(Connected, after=1)
        assert back.started_at >= connected.started_at
        assert own.pid != first
        assert own.starts == 2


async def test_asterisk_outlives_the_server_and_is_adopted(tmp_path: Path) -> None:
    node = make(tmp_path)
    await node.start()
    pid = node.pid
    await node.detach()
    assert process.running_pid(node.settings) == pid
    told: list[str] = []
    next_server = AsteriskNode(node.settings, node.install, node.directory, progress=told.append)
    await next_server.start()
    try:
        assert next_server.pid == pid, told
        assert next_server.starts == 0
        assert "adopting" in told[0]
    finally:
        await next_server.stop()
    assert process.running_pid(node.settings) is None


async def test_it_is_detached_from_our_session(own: AsteriskNode) -> None:
    assert own.pid is not None
    assert os.getsid(own.pid) != os.getsid(0)


async def test_an_adopted_one_is_watched_too(own: AsteriskNode) -> None:
    await own.detach()
    adopted = again(own)
    await adopted.start()
    try:
        assert adopted.pid is not None
        os.kill(adopted.pid, signal.SIGKILL)
        async with asyncio.timeout(PATIENCE):
            while adopted.starts == 0 or not await ari_answers(own.settings, own.secrets):
                await process.ended(adopted.pid) if adopted.starts == 0 else None
                await asyncio.sleep(0.05)
    finally:
        await adopted.stop()


async def test_a_changed_port_restarts_an_adopted_one_without_calls(tmp_path: Path) -> None:
    node = make(tmp_path)
    await node.start()
    await node.detach()
    moved = AsteriskNode(node_settings(tmp_path), node.install, node.directory)
    await moved.start()
    try:
        assert moved.starts == 1
        assert await ari_answers(moved.settings, moved.secrets)
        assert not await ari_answers(node.settings, node.secrets)
    finally:
        await moved.stop()


async def test_a_stale_pid_file_of_another_process_is_not_ours(tmp_path: Path) -> None:
    node = make(tmp_path)
    (node.settings.run / process.PID_FILE).write_text(f"{os.getpid()}\n")
    assert process.running_pid(node.settings) is None


@pytest.mark.parametrize("name", ["sip_port", "sips_port", "http_port", "https_port", "ami_port"])
async def test_a_port_in_use_is_named_with_the_next_step(tmp_path: Path, name: str) -> None:
    node = make(tmp_path)
    port = dict(node.settings.ports())[name]
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", port))
        taken.listen()
        with pytest.raises(Refusal) as refused:
            await node.start()
    assert refused.value.code == "port_in_use"
    assert str(port) in refused.value.message
    assert name in refused.value.next_step


async def test_a_second_server_on_the_same_folder_is_refused(own: AsteriskNode) -> None:
    second = again(own)
    with pytest.raises(Refusal) as refused:
        await second.start()
    assert refused.value.code == "data_folder_in_use"


async def test_an_asterisk_that_lacks_something_is_refused(tmp_path: Path) -> None:
    node = make(tmp_path / "data")
    old = tmp_path / "modules"
    old.mkdir()
    node.install = replace(node.install, modules=old, version="20.6.0")
    for expected in ("chan_pjsip", "WebSocket"):
        with pytest.raises(Refusal, match=expected) as refused:
            await node.start()
        assert refused.value.code == "asterisk_lacks"
        for name in NEEDED:
            (old / f"{name}.so").write_bytes(b"a module of an older version")


async def test_a_start_that_fails_says_what_asterisk_says(tmp_path: Path) -> None:
    node = make(tmp_path)
    (tmp_path / "asterisk" / "etc").mkdir(exist_ok=True)
    broken = replace(node.install, command=("/bin/false",))
    node = AsteriskNode(node.settings, broken, node.directory)
    with pytest.raises(Refusal) as refused:
        await node.start()
    assert refused.value.code == "asterisk_does_not_start"
    assert "messages" in refused.value.next_step


async def test_a_start_that_fails_leaves_no_process(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    node = make(tmp_path)
    monkeypatch.setattr(node_module, "START_SECONDS", 0.0)
    with pytest.raises(Refusal, match="did not answer"):
        await node.start()
    assert process.running_pid(node.settings) is None


async def test_secrets_and_configuration_are_for_the_owner_only(own: AsteriskNode) -> None:
    files = [*own.settings.etc.iterdir(), own.settings.folder / "secrets.json"]
    assert {path.stat().st_mode & 0o077 for path in files} == {0}
    assert (own.settings.tls / "key.pem").stat().st_mode & 0o077 == 0


async def test_a_clean_start_writes_no_warning(own: AsteriskNode) -> None:
    log = (own.settings.log / "messages").read_text()
    assert [line for line in log.splitlines() if " WARNING[" in line or " ERROR[" in line] == []


async def test_a_new_extension_works_at_once_and_a_call_goes_on(own: AsteriskNode) -> None:
    server = own.settings.bind, own.settings.sip_port
    async with (
        Phone.register(server, "p1003", "secret1003", tone=450) as alice,
        Phone.register(server, "p1004", "secret1004", tone=650) as bob,
    ):
        call = await alice.dial("1004")
        incoming = await bob.incoming()
        await incoming.answer()
        await call.hears(650)
        before = own.directory
        await own.apply(replace(before, lines=(*before.lines, line("2001"))))
        async with Phone.register(server, "p2001", "secret2001") as carol:
            second = await carol.dial("1001")
            assert (await second.ended()).status == 480
        await call.hears(650)
        await incoming.hears(450)
        await own.apply(before)
        with pytest.raises(RegistrationFailed):
            async with Phone.register(server, "p2001", "secret2001"):
                pass
        await call.hears(650)


async def test_a_refused_directory_changes_nothing(own: AsteriskNode) -> None:
    before = (own.settings.etc / "pjsip.conf").read_text()
    with pytest.raises(Refusal):
        await own.apply(replace(own.directory, lines=(line("700"),), desks=()))
    assert (own.settings.etc / "pjsip.conf").read_text() == before


async def test_a_change_while_asterisk_is_down_is_in_force_when_it_is_back(
    own: AsteriskNode,
) -> None:
    assert own.pid is not None
    os.kill(own.pid, signal.SIGKILL)
    await own.apply(replace(own.directory, lines=(*own.directory.lines, line("2001"))))
    await eventually_ready(own)
    assert "2001" in await own.command("dialplan show 2001@extensions")


async def test_configuration_that_cannot_be_written_is_one_clear_refusal(
    own: AsteriskNode, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    before = own.directory
    monkeypatch.setattr(configuration, "write_private", full)
    with pytest.raises(Refusal, match="No space left") as refused:
        await own.apply(replace(before, lines=(*before.lines, line("2001"))))
    assert refused.value.next_step
    assert own.directory is before
    assert await ari_answers(own.settings, own.secrets)


async def test_many_changes_while_asterisk_dies_leave_the_last_in_force(own: AsteriskNode) -> None:
    assert own.pid is not None
    plans = [
        replace(own.directory, lines=(*own.directory.lines, line(str(2000 + n)))) for n in range(6)
    ]
    changes = [own.apply(plan) for plan in plans[:3]]
    os.kill(own.pid, signal.SIGKILL)
    await asyncio.gather(*changes, *(own.apply(plan) for plan in plans[3:]))
    await eventually_ready(own)
    shown = await own.command("dialplan show extensions")
    last = own.directory.lines[-1].number
    assert f"'{last}' =>" in shown
    assert sum(f"'{2000 + n}' =>" in shown for n in range(6)) == 1


async def test_what_asterisk_refuses_is_taken_back(
    own: AsteriskNode, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = own.directory
    monkeypatch.setitem(RELOADS, "extensions.conf", "core show error fail")
    with pytest.raises(Refusal) as refused:
        await own.apply(replace(before, lines=(*before.lines, line("2001"))))
    assert refused.value.code == "reload_failed"
    assert own.directory is before
    assert "2001" not in (own.settings.etc / "extensions.conf").read_text()


async def eventually_ready(node: AsteriskNode) -> None:
    async with live(node) as switch:
        await switch.control_facts.first()


async def test_a_long_data_folder_still_starts(tmp_path: Path) -> None:
    node = make(tmp_path / ("x" * 100))
    await node.start()
    try:
        assert "System uptime" in await node.command("core show uptime")
    finally:
        await node.stop()


async def test_long_logs_are_put_away_before_a_start(tmp_path: Path) -> None:
    node = make(tmp_path)
    log = node.settings.log / "messages"
    log.write_text("x" * 101)
    process.put_long_logs_away(node.settings, most_bytes=1000)
    assert log.exists()
    process.put_long_logs_away(node.settings, most_bytes=100)
    assert not log.exists()
    assert log.with_name("messages.1").stat().st_size == 101


async def test_acts_without_a_connection_fail_at_once(tmp_path: Path) -> None:
    node = make(tmp_path)
    from softswitch.asterisk.plain import AmiSwitch

    with pytest.raises(ActFailed):
        await AmiSwitch(node.settings, node.secrets).snapshot()
