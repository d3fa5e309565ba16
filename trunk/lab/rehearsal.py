"""A laboratory that goes on when its starter has ended: one for each folder, found again by what is written there."""

from __future__ import annotations

import json
import os
import secrets
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from softswitch.errors import Refusal, conflict, invalid, unavailable
from softswitch.ports import ActFailed
from softswitch.setup.lab.build import Lab
from trunk.lab.agent import Agent, GuestFailed
from trunk.lab.files import Orders, job_files
from trunk.lab.laboratory import Laboratory
from trunk.lab.machine import PID, SOCKET, Machine, end_process, is_running
from trunk.lab.ports import IAX, Ports, choose
from trunk.model import Link

STATE = "running.json"
_LONGEST_PATH = 100
"""The name of a socket has 107 bytes (unix(7))."""


class Rehearsal:
    """The laboratory of one folder. What goes wrong in it is told as a refusal."""

    def __init__(self, lab: Lab, folder: Path) -> None:
        self._lab = lab
        self.folder = folder

    def orders(self) -> Orders | None:
        """Return how the laboratory that runs was set up; None when none runs."""
        try:
            told = json.loads((self.folder / STATE).read_text("utf-8"))
            orders = Orders(
                Ports(**told["ports"]),
                told["secret"],
                told["core_sip"],
                Link(told["link"]),
                told["core_iax"],
            )
        except FileNotFoundError:
            return None
        except (ValueError, KeyError, TypeError):
            raise conflict(
                "lab_damaged", f"{self.folder / STATE} is damaged.", "Remove that folder."
            ) from None
        return orders if is_running(self.folder) else None

    async def start(self, core_sip: int, core_iax: int = IAX, link: Link = Link.IAX2) -> Laboratory:
        """Start a laboratory whose node sends its calls to a port of this host; its lines may not be up yet."""
        if self.orders() is not None:
            raise conflict(
                "lab_running",
                f"A trunk laboratory runs on {self.folder} already.",
                "Use it, or end it: softswitch lab stop.",
            )
        if len(str(self.folder / SOCKET)) > _LONGEST_PATH:
            raise invalid("path_too_long", f"{self.folder} is too long.", "Give a shorter --data.")
        self.folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        orders = Orders(choose(), secrets.token_hex(12), core_sip, link, core_iax)
        machine = Machine(self._lab, self.folder, orders.ports)
        try:
            agent = await machine.start(job_files(orders), tied=False)
        except GuestFailed as error:
            raise self._failed(error) from None
        self._write(orders)
        return Laboratory(machine, agent, orders)

    @asynccontextmanager
    async def attached(self) -> AsyncIterator[Laboratory]:
        """Reach the laboratory that runs; it goes on after the block."""
        orders = self.orders()
        if orders is None:
            raise conflict(
                "lab_not_running",
                f"No trunk laboratory runs on {self.folder}.",
                "Start one: softswitch lab start.",
            )
        machine = Machine(self._lab, self.folder, orders.ports)
        try:
            found = Laboratory(machine, await Agent.connect(self.folder / SOCKET), orders)
            try:
                yield found
            finally:
                await found.close()
        except (GuestFailed, ActFailed, OSError) as error:
            raise self._failed(error) from None

    def stop(self) -> bool:
        """End the laboratory, and its calls; tell whether one ran."""
        ran = is_running(self.folder)
        if ran:
            end_process(int((self.folder / PID).read_text()))
        (self.folder / STATE).unlink(missing_ok=True)
        return ran

    def _write(self, orders: Orders) -> None:
        told = {
            "ports": orders.ports.as_dict(),
            "secret": orders.secret,
            "core_sip": orders.core_sip,
            "link": orders.link,
            "core_iax": orders.core_iax,
        }
        # It holds a secret: nobody else may read it at any moment.
        opened = os.open(self.folder / STATE, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(opened, "w", encoding="utf-8") as file:
            json.dump(told, file, indent=1)

    def _failed(self, error: Exception) -> Refusal:
        return unavailable(
            "lab_failed",
            f"The trunk laboratory does not do it: {' '.join(str(error).split())}",
            f"Look into {self.folder}, then begin anew: softswitch lab stop, softswitch lab start.",
        )
