"""The addresses of this machine that the door speaks from and to."""

from __future__ import annotations

import socket
from dataclasses import dataclass

from intercept.door.message import Drop, Malformed
from intercept.door.via import Place

ANY = "0.0.0.0"
_DISCARD = 9


@dataclass(frozen=True, slots=True)
class Places:
    """Where the door listens and where the switch does; ``0.0.0.0`` is every address of this machine."""

    door: Place
    switch: Place

    def facing(self, host: str) -> Place:
        """Return the door as the one at ``host`` reaches it."""
        return self._facing(self.door[0], host), self.door[1]

    def switch_for(self, host: str) -> Place:
        """Return the switch on the address at which ``host`` reaches us.

        It then writes this one into Contact and SDP, and the one at ``host`` reaches that too.
        """
        if self.switch[0] != ANY:
            return self.switch
        return self.facing(host)[0], self.switch[1]

    def is_switch(self, place: Place) -> bool:
        """Tell whether the switch sends from there."""
        host, port = place
        return port == self.switch[1] and self._is_at(self.switch[0], host)

    def is_own(self, host: str) -> bool:
        """Tell whether an address is one from which the door speaks to the switch."""
        return self._is_at(self.door[0], host)

    def _facing(self, bound: str, host: str) -> str:
        return bound if bound != ANY else _local_towards(host)

    def _is_at(self, bound: str, host: str) -> bool:
        if bound != ANY:
            return host == bound
        try:
            return _local_towards(host) == host
        except Malformed:
            return False


def _local_towards(host: str) -> str:
    """Return the address of this machine towards another; towards one of its own, that one. Nothing is sent."""
    try:
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
            probe.connect((host, _DISCARD))
            return str(probe.getsockname()[0])
    except OSError as error:
        raise Malformed(Drop.UNREACHABLE) from error
