"""One Asterisk process of one data folder: start it detached, find it again, tell when it dies."""

from __future__ import annotations

import asyncio
import os
import resource
import signal
import socket
import subprocess
from collections.abc import Sequence
from pathlib import Path

from softswitch.asterisk.settings import NodeSettings
from softswitch.errors import Refusal, unavailable

PID_FILE = "asterisk.pid"
_DATAGRAM_PORTS = ("sip_port", "iax_port")
_LOG_TAIL = 20_000


def raise_file_limit() -> int:
    """Let this process and its children open as many files as allowed; return how many."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if hard == resource.RLIM_INFINITY:
        hard = 1_048_576
    if soft < hard:
        resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    return min(hard, 1_048_576)


def running_pid(settings: NodeSettings) -> int | None:
    """Return the process id of the Asterisk of this data folder, if it runs."""
    try:
        pid = int((settings.run / PID_FILE).read_text().strip())
    except (OSError, ValueError):
        return None
    return pid if is_ours(pid, settings) else None


def is_ours(pid: int, settings: NodeSettings) -> bool:
    """Tell whether a process is the Asterisk of this data folder, and alive.

    A number in a file proves nothing: the command line must name our own configuration.
    """
    try:
        words = Path(f"/proc/{pid}/cmdline").read_bytes().split(b"\0")
    except OSError:
        return False
    return os.fsencode(settings.etc / "asterisk.conf") in words and is_alive(pid)


def is_alive(pid: int) -> bool:
    """Tell whether a process runs; one that has ended and waits to be reaped does not."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except (OSError, IndexError):
        return False


def spawn(words: Sequence[str], settings: NodeSettings) -> int:
    """Start Asterisk in a session of its own, so that it outlives us; return its process id."""
    with (settings.log / "console.log").open("ab") as output:
        process = subprocess.Popen(
            list(words),
            cwd=settings.folder,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            start_new_session=True,
            close_fds=True,
        )
    (settings.run / PID_FILE).write_text(f"{process.pid}\n")
    # The watch reaps it by its id; the object would only complain that it is still running.
    process.returncode = 0
    return process.pid


async def ended(pid: int) -> None:
    """Wait until a process has ended; reap it when it is our child."""
    try:
        handle = os.pidfd_open(pid)
    except ProcessLookupError:
        _reap(pid)
        return
    loop = asyncio.get_running_loop()
    gone = asyncio.Event()
    loop.add_reader(handle, gone.set)
    try:
        await gone.wait()
    finally:
        loop.remove_reader(handle)
        os.close(handle)
    _reap(pid)


def _reap(pid: int) -> None:
    try:
        os.waitpid(pid, os.WNOHANG)
    except ChildProcessError:
        return  # adopted: its parent is another


def send_signal(pid: int, number: signal.Signals) -> None:
    """Signal a process; one that is gone already is no error."""
    try:
        os.kill(pid, number)
    except ProcessLookupError:
        return


def check_ports(settings: NodeSettings, *, links: bool = False) -> None:
    """Refuse to start when a port is taken, and say which one; that of IAX2 is asked for with ``links`` alone."""
    for name, port in settings.ports():
        if name.startswith("rtp") or (name == "iax_port" and not links):
            continue
        address = "127.0.0.1" if name == "ami_port" else settings.bind
        kinds = [socket.SOCK_STREAM]
        if name in _DATAGRAM_PORTS:
            kinds.append(socket.SOCK_DGRAM)
        for kind in kinds:
            _check_port(name, address, port, kind)


def _check_port(name: str, address: str, port: int, kind: socket.SocketKind) -> None:
    with socket.socket(socket.AF_INET, kind) as probe:
        if kind == socket.SOCK_STREAM:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((address, port))
            if kind == socket.SOCK_STREAM:
                probe.listen(1)
        except OSError as error:
            raise port_refusal(name, address, port, error) from None


def port_refusal(name: str, address: str, port: int, error: OSError) -> Refusal:
    """Return the refusal to start on a port that cannot be had."""
    return unavailable(
        "port_in_use",
        f"Asterisk cannot listen on {address} port {port} ({name}): {error.strerror}.",
        f"End the program that uses port {port}, or set another {name}.",
    )


def put_long_logs_away(settings: NodeSettings, most_bytes: int = 20_000_000) -> None:
    """Keep one earlier log of each kind; to be called while Asterisk does not run."""
    for name in ("messages", "console.log"):
        log = settings.log / name
        if log.exists() and log.stat().st_size > most_bytes:
            log.replace(log.with_name(f"{name}.1"))


def log_size(settings: NodeSettings) -> int:
    """Return how long Asterisk's log is now."""
    try:
        return (settings.log / "messages").stat().st_size
    except OSError:
        return 0


def log_errors(settings: NodeSettings, since: int) -> list[str]:
    """Return the errors that Asterisk wrote into its log after ``since``."""
    try:
        with (settings.log / "messages").open("rb") as log:
            log.seek(since)
            text = log.read(_LOG_TAIL).decode(errors="replace")
    except OSError:
        return []
    return [line.split("ERROR", 1)[1] for line in text.splitlines() if "ERROR" in line]
