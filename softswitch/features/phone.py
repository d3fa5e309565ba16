"""What a plain phone can ask for: camp-on by code or by key at a busy extension, intercom, the night switch."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol

from softswitch.calls.center import CallCenter
from softswitch.calls.core import new_id
from softswitch.errors import Refusal, conflict, forbidden
from softswitch.features.camps import CampService
from softswitch.features.intercom import Intercom
from softswitch.features.nights import NightService
from softswitch.ports import ActFailed, Channel, ChannelState

log = logging.getLogger(__name__)

CAMP_KEY = "5"
BUSY, REFUSED = 17, 21
"""Q.850: user busy; call rejected."""
WAIT_FOR_KEY = 5.0
"""Seconds after the offer in which the key may be pressed."""


class Spoken(Protocol):
    """Something to play, and how long it lasts."""

    @property
    def media(self) -> str: ...
    @property
    def milliseconds(self) -> int: ...


class Voice(Protocol):
    """Makes text into sound."""

    async def speak(self, text: str, language: str) -> Spoken: ...


TEXTS: Mapping[str, str] = {
    "offer": "对方正忙。如需空闲时回叫，请按5。",
    "camped": "已登记，对方空闲时回叫您。",
    "uncamped": "已取消全部回叫。",
    "none": "没有登记的回叫。",
    "refused": "操作未成功。",
    "night": "夜服已开启。",
    "day": "夜服已关闭。",
}


@dataclass(slots=True)
class Offer:
    """A caller at a busy extension, who may press the key."""

    channel: Channel
    caller: str
    target: str
    timer: asyncio.TimerHandle | None = None


class FeaturePhones:
    """Codes and keys of telephone features."""

    def __init__(
        self,
        center: CallCenter,
        camps: CampService,
        intercom: Intercom,
        nights: NightService,
        voice: Voice,
    ) -> None:
        self._center = center
        self._engine = center.engine
        self._camps = camps
        self._intercom = intercom
        self._nights = nights
        self._voice = voice
        self.offers: dict[str, Offer] = {}

    def takes(self, args: tuple[str, ...]) -> bool:
        """Tell whether the words of a channel are for us."""
        codes = ("camp", "uncamp", "intercom", "night")
        return args[:1] == ("busy",) or (
            args[:1] == ("feature",) and len(args) > 1 and args[1] in codes
        )

    async def entered(self, channel: Channel, args: tuple[str, ...]) -> None:
        """A phone dialled a code, or met a busy extension."""
        caller = self._engine.book.extension_of(channel.endpoint)
        try:
            if caller is None:
                raise conflict("no_extension", f"{channel.endpoint} belongs to no extension.", "")
            if args[0] == "busy":
                await self._offer(channel, caller, args[1])
            elif args[1] == "intercom":
                await self._intercom.dialled(channel, caller, args[2])
            else:
                await self._end(channel, await self._carry_out(caller, args))
        except Refusal as refusal:
            log.info("extension %s asked for %s: %s", caller, args, refusal)
            await self._end(channel, "refused", BUSY if refusal.code == "busy" else REFUSED)

    async def _carry_out(self, caller: str, args: tuple[str, ...]) -> str:
        """Do what a code asks for; return the text that tells it."""
        if args[1] == "camp":
            await self._camps.add(caller, caller, args[2])
            return "camped"
        if args[1] == "uncamp":
            return "uncamped" if await self._camps.cancel_of(caller, caller) else "none"
        if not self._engine.book.is_desk(caller):
            raise forbidden(
                "not_a_desk", f"Extension {caller} is no desk.", "Use the phone of a desk."
            )
        return "night" if await self._nights.toggle(caller) else "day"

    # ---- a busy extension

    async def _offer(self, channel: Channel, caller: str, target: str) -> None:
        """Say that the key camps on; who presses nothing hears the end of a busy call."""
        if caller == target or self._engine.is_free(target):
            await self._hang_up(channel, BUSY)  # turned away by hand, it is not busy
            return
        offer = self.offers[channel.id] = Offer(channel, caller, target)
        spoken = await self._voice.speak(TEXTS["offer"], "zh")
        await self._engine.quietly(self._engine.acts.play(channel.id, new_id(), spoken.media))
        if channel.id in self.offers:
            seconds = spoken.milliseconds / 1000 + WAIT_FOR_KEY
            offer.timer = asyncio.get_running_loop().call_later(seconds, self._nothing, channel)

    def _nothing(self, channel: Channel) -> None:
        if self.offers.pop(channel.id, None) is not None:
            self._center.spawn(self._hang_up(channel, BUSY))

    def key(self, channel_id: str, digit: str) -> bool:
        """Take a key; return whether it came from one who was offered to camp on."""
        offer = self.offers.get(channel_id)
        if offer is None:
            return False
        if digit == CAMP_KEY:
            self._forget(channel_id)
            self._center.spawn(self._camp(offer))
        return True

    async def _camp(self, offer: Offer) -> None:
        try:
            await self._camps.add(offer.caller, offer.caller, offer.target)
        except Refusal as refusal:
            log.info("extension %s camps on %s: %s", offer.caller, offer.target, refusal)
            await self._end(offer.channel, "refused", BUSY)
        else:
            await self._end(offer.channel, "camped", BUSY)

    def gone(self, channel_id: str) -> None:
        """A channel is over."""
        self._forget(channel_id)

    def _forget(self, channel_id: str) -> None:
        offer = self.offers.pop(channel_id, None)
        if offer is not None and offer.timer is not None:
            offer.timer.cancel()

    # ---- the end

    async def _end(self, channel: Channel, text: str, cause: int = 16) -> None:
        """Say how it went, then let the phone go."""
        acts = self._engine.acts
        spoken = await self._voice.speak(TEXTS[text], "zh")
        try:
            if channel.state is not ChannelState.UP and cause == 16:
                await acts.answer(channel.id)
            await acts.play(channel.id, new_id(), spoken.media)
        except ActFailed as error:
            log.info("nothing could be said to %s: %s", channel.name, error)
        else:
            await asyncio.sleep(spoken.milliseconds / 1000)
        await self._hang_up(channel, cause)

    async def _hang_up(self, channel: Channel, cause: int) -> None:
        await self._engine.drop(channel.id, cause)
