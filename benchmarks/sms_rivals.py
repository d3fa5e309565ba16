"""Kannel and smpplib as senders to the sink of the SMS benchmarks: each in the way that suits it best."""

from __future__ import annotations

import shutil
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import quote

TEXT = "台风来了，请立即转移到安全的地方。"
_CONF = """
group = core
admin-port = {admin}
admin-password = x
smsbox-port = {boxport}
box-allow-ip = 127.0.0.1
log-file = {folder}/kannel.log
log-level = 3
store-type = spool
store-location = {folder}/spool

group = smsc
smsc = smpp
smsc-id = sink
host = 127.0.0.1
port = {sink}
transceiver-mode = true
smsc-username = x
smsc-password = y
system-type = x
max-pending-submits = {window}
enquire-link-interval = 30
reconnect-delay = 1

group = smsbox
bearerbox-host = 127.0.0.1
sendsms-port = {send}
log-file = {folder}/smsbox.log
log-level = 3

group = sendsms-user
username = x
password = y
max-messages = 10
"""


def kannel_is_there() -> bool:
    """Tell whether Kannel is installed (Debian: ``apt install kannel``)."""
    return Path("/usr/sbin/bearerbox").exists() or shutil.which("bearerbox") is not None


def free_port() -> int:
    """Return a port that nobody has."""
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        port: int = sock.getsockname()[1]
        return port


def _get(port: int, path: str) -> str:
    with urllib.request.urlopen(f"http://127.0.0.1:{port}/{path}", timeout=10) as answer:
        return str(answer.read(), "utf-8", "replace")


@contextmanager
def kannel(sink: int, window: int, count: int) -> Iterator[None]:
    """Run Kannel with ``count`` messages in its spool; they go out as soon as somebody listens on ``sink``."""
    bearerbox = shutil.which("bearerbox", path="/usr/sbin:/usr/bin") or "bearerbox"
    smsbox = shutil.which("smsbox", path="/usr/sbin:/usr/bin") or "smsbox"
    with tempfile.TemporaryDirectory() as name:
        folder, admin, send = Path(name), free_port(), free_port()
        (folder / "spool").mkdir()
        conf = folder / "kannel.conf"
        conf.write_text(
            _CONF.format(
                admin=admin, boxport=free_port(), send=send, folder=name, sink=sink, window=window
            )
        )
        quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
        boxes = [subprocess.Popen([bearerbox, str(conf)], **quiet)]  # type: ignore[call-overload]
        try:
            _wait_for(admin)
            boxes.append(subprocess.Popen([smsbox, str(conf)], **quiet))  # type: ignore[call-overload]
            _wait_for(send)
            with ThreadPoolExecutor(16) as threads:
                list(threads.map(lambda n: _feed(send, n), range(count)))
            yield
        finally:
            for box in reversed(boxes):
                box.terminate()
            for box in boxes:
                try:
                    box.wait(10)
                except subprocess.TimeoutExpired:
                    box.kill()
                    box.wait()


def _wait_for(port: int) -> None:
    end = time.monotonic() + 20
    while True:
        try:
            socket.create_connection(("127.0.0.1", port), 1).close()
            return
        except OSError:
            if time.monotonic() > end:
                raise
            time.sleep(0.05)


def _feed(port: int, number: int) -> None:
    text = quote(TEXT.encode("utf-16-be"))
    query = f"username=x&password=y&from=10690&to=86138{number:08}&coding=2&text={text}"
    told = _get(port, f"cgi-bin/sendsms?{query}")
    if not told.startswith(("0:", "3:")):
        raise RuntimeError(f"Kannel: {told}")


def smpplib_sends(sink: int, window: int, count: int) -> None:
    """Send with smpplib: nothing stored, nothing planned, the window kept by hand."""
    import logging

    import smpplib.client

    logging.disable(logging.CRITICAL)
    client = smpplib.client.Client("127.0.0.1", sink, allow_unknown_opt_params=True)
    client.connect()
    client._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)  # noqa: SLF001
    client.bind_transceiver(system_id="x", password="y")
    text = TEXT.encode("utf-16-be")
    out = 0
    for number in range(count):
        while out >= window:
            client.read_once()
            out -= 1
        client.send_message(
            source_addr="10690",
            dest_addr_ton=1,
            dest_addr_npi=1,
            destination_addr=f"86138{number:08}",
            short_message=text,
            data_coding=8,
            registered_delivery=0,
        )
        out += 1
    while out:
        client.read_once()
        out -= 1
    client.unbind()
    client.disconnect()


def smpplib_process(sink: int, window: int, count: int) -> None:
    """Do so in a process of its own."""
    code = (
        f"from benchmarks.sms_rivals import smpplib_sends; smpplib_sends({sink}, {window}, {count})"
    )
    subprocess.run([sys.executable, "-c", code], check=True, timeout=300)
