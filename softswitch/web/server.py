"""Runs the application in our own event loop: sockets first, a clear error when a port is taken, a soft end."""

from __future__ import annotations

import asyncio
import contextlib
import errno
import logging
import socket
import ssl
from collections.abc import Iterator
from pathlib import Path

import uvicorn
from starlette.types import ASGIApp

from softswitch.errors import Refusal, unavailable

log = logging.getLogger(__name__)

STOP_SECONDS = 3
"""How long open requests may take at the end."""

WEBSOCKET_PING = 15.0
"""Seconds between pings of RFC 6455 section 5.5.2, and how long the answer may take."""


class WebServer:
    """One listening socket with the application behind it. ``port`` 0 takes a free one."""

    def __init__(
        self,
        app: ASGIApp,
        host: str,
        port: int,
        *,
        certificate: Path | None = None,
        private_key: Path | None = None,
    ) -> None:
        self._host = host
        self._port = port
        self._tls = None if certificate is None else (certificate, private_key or certificate)
        self._app = app
        self._server: _Server | None = None
        self._task: asyncio.Task[None] | None = None

    @property
    def port(self) -> int:
        """Return the port that is listened on."""
        return self._port

    async def start(self) -> None:
        """Listen and serve. Raises the :class:`Refusal` ``port_in_use``, ``cannot_listen`` or ``bad_certificate``."""
        listener = listen(self._host, self._port)
        self._port = int(listener.getsockname()[1])
        try:
            self._server = _Server(self._config())
        except (OSError, ssl.SSLError) as error:
            listener.close()
            raise _bad_certificate(error) from error
        self._task = asyncio.create_task(self._server.serve([listener]), name="web server")
        began = asyncio.create_task(self._server.began.wait())
        await asyncio.wait({self._task, began}, return_when=asyncio.FIRST_COMPLETED)
        began.cancel()
        if self._task.done():
            listener.close()
            self._task.result()
            raise unavailable("web_server", "The web server did not start.", "See the log.")

    async def stop(self) -> None:
        """Finish open requests, close sockets and end."""
        if self._server is None or self._task is None:
            return
        self._server.should_exit = True
        await self._task
        self._server = self._task = None

    async def wait(self) -> None:
        """Wait until the server has ended."""
        if self._task is not None:
            await asyncio.shield(self._task)

    def _config(self) -> uvicorn.Config:
        config = uvicorn.Config(
            self._app,
            http="httptools",
            ws="websockets-sansio",
            ws_max_size=65_536,
            ws_ping_interval=WEBSOCKET_PING,
            ws_ping_timeout=WEBSOCKET_PING,
            ws_per_message_deflate=False,  # compressing for each console costs more than it saves
            lifespan="off",
            log_config=None,
            access_log=False,
            server_header=False,
            proxy_headers=False,  # an address in a header could be anybody's
            timeout_keep_alive=30,
            timeout_graceful_shutdown=STOP_SECONDS,
            h11_max_incomplete_event_size=65_536,
            ssl_certfile=self._tls and self._tls[0],
            ssl_keyfile=self._tls and self._tls[1],
        )
        config.load()
        return config


class _Server(uvicorn.Server):
    """Leaves the signals to us and tells when it serves."""

    def __init__(self, config: uvicorn.Config) -> None:
        super().__init__(config)
        self.began = asyncio.Event()

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        self.began.set()


def listen(host: str, port: int) -> socket.socket:
    """Return a listening TCP socket, or refuse with what to do."""
    try:
        family, _, _, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
        # With the protocol named, asyncio sets TCP_NODELAY; without, every answer waits for a delayed ACK of 40 ms.
        listener = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    except OSError as error:
        raise _cannot_listen(host, port, error) from error
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind(address)
        listener.listen(1_024)
        listener.setblocking(False)
    except OSError as error:
        listener.close()
        raise _cannot_listen(host, port, error) from error
    return listener


def _cannot_listen(host: str, port: int, error: OSError) -> Refusal:
    where = f"{host}:{port}"
    if error.errno == errno.EADDRINUSE:
        return unavailable(
            "port_in_use",
            f"Another program listens on {where} already.",
            "End it, or give another port with --http HOST:PORT.",
        )
    return unavailable(
        "cannot_listen",
        f"The server cannot listen on {where}: {error.strerror or error}.",
        "Give an address of this machine and a port from 1024 with --http HOST:PORT.",
    )


def _bad_certificate(error: Exception) -> Refusal:
    return unavailable(
        "bad_certificate",
        f"The certificate or its key cannot be used: {error}.",
        "Give PEM files with the keys certificate and private_key in the configuration.",
    )
