"""The switch of a running system: where it lives, what it is configured with, and whom it keeps out."""

from __future__ import annotations

import contextlib
import logging
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from softswitch.access.sip_lockout import EVERY_ACCOUNT, Blocked
from softswitch.asterisk.model import Lockout
from softswitch.asterisk.settings import NodeSettings
from softswitch.directory.switch import for_switch
from softswitch.errors import Refusal
from softswitch.settings import Settings
from trunk.build import Trunks
from trunk.model import Plan
from trunk.switch import caller_class, outside

if TYPE_CHECKING:
    from softswitch.app import System

log = logging.getLogger(__name__)


def node_settings(settings: Settings) -> NodeSettings:
    """Return where the switch of this instance lives and listens."""
    return NodeSettings(
        data=settings.data,
        bind=settings.sip.host,
        sip_port=settings.sip.port,
        sips_port=settings.sips_address().port,
        http_port=settings.switch_http_address().port,
        https_port=settings.switch_https_address().port,
        ami_port=settings.ami_address().port,
        iax_port=settings.iax_address().port,
        copies=str(settings.sip_copies_address()) if "gis" in settings.layers else "",
        rtp_first=settings.rtp.first,
        rtp_last=settings.rtp.last,
        external_address=settings.media_address,
    )


class SwitchPlan:
    """What the switch is to be: directory, night service, trunks, and who is locked out."""

    def __init__(self, system: System, trunks: Plan) -> None:
        self._system = system
        self._stored = trunks
        self.blocked: frozenset[Blocked] = frozenset()

    def now(self) -> Any:
        """Return it as it is now."""
        system = self._system
        trunks: Trunks | None = getattr(system, "trunks", None)
        plan = self._stored if trunks is None else trunks.books.written
        return for_switch(
            system.directory.snapshot(),
            tuple(self._blocked_phones()),
            system.nights.sent_on(),
            outside(plan),
            lambda extension: caller_class(plan, extension),
        )

    async def apply(self) -> None:
        """Let the switch follow; raises the :class:`Refusal` of a switch that cannot."""
        await self._system.node.apply(self.now())

    async def block(self, blocked: frozenset[Blocked]) -> None:
        """Lock out exactly these."""
        self.blocked = blocked
        try:
            await self.apply()
        except Refusal as refusal:
            log.error("the SIP lock-out could not be applied: %s", refusal)

    def is_spared(self, key: Blocked) -> bool:
        """The door's own address is everybody's behind it: the door tells who failed, and keeps him out itself."""
        door = self._system.door
        behind = door is not None and door.is_own(key.address)
        return behind or self._is_phone(key)

    def _blocked_phones(self) -> Iterator[Lockout]:
        """Give the lock-outs that the switch can know; a stranger's account is any text and stands nowhere in it."""
        phone = self._system.directory.snapshot().phone
        for one in sorted(self.blocked):
            if one.account == EVERY_ACCOUNT or phone(one.account):
                with contextlib.suppress(Refusal):  # an IPv6 address: nothing listens there
                    yield Lockout("" if one.account == EVERY_ACCOUNT else one.account, one.address)

    def _is_phone(self, key: Blocked) -> bool:
        """Tell whether a registered phone, which knows its password, speaks from there."""
        return any(
            told.reachable
            and told.address.rpartition(":")[0] == key.address
            and key.account in (EVERY_ACCOUNT, told.phone_id)
            for told in self._system.center.board.reachable.values()
        )
