"""Control of the calls under dispatch: acts by ARI, each of which ends known.

An act that a cut interrupts is sent again after the reconnect, until its deadline: every id is chosen by the
caller, so a repeat finds its own work done. Two acts are not safe to repeat and are not: keys (they would be heard
twice) and placing a leg (the first may have rung and ended). After a cut, ``place`` looks whether the leg is
there, and if it is not, says so.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Mapping

from softswitch.asterisk import control
from softswitch.asterisk.link import AriLink
from softswitch.asterisk.render import safe_name
from softswitch.asterisk.rest import ControlCut, Request, path
from softswitch.ports import ActFailed, Leg

SILENCE = "1000"
"""Milliseconds without talking after which somebody counts as silent (TALK_DETECT)."""
_SETTLE_SECONDS = (0.0, 0.1, 0.3)
"""When to look for a leg after a cut: what Asterisk had already received it still carries out."""

_WORD = re.compile(r"[^,\"\\\x00-\x1f]*")
_NUMBER = re.compile(r"\+?[0-9*#]{0,32}")
_DIAL = re.compile(r"|(DAHDI/[gG][0-9]{1,2}|IAX2/[a-z][a-z0-9-]{1,23})/\+?[0-9*#]{1,32}")
_VARIABLE = re.compile(r"[A-Z][A-Z0-9_]{0,40}")
_VALUE = re.compile(r"[A-Za-z0-9/@*#+._-]{0,100}")
_ACCOUNT = re.compile(r"[A-Za-z0-9_-]{1,64}")


class AriControl(AriLink):
    """Implements ``ports.CallActs`` and tells ``ports.ControlFact`` (see :class:`AriLink`)."""

    async def place(self, leg: Leg) -> None:
        """Ring a phone; ``Entered`` follows when it answers, ``LegEnded`` when it does not."""
        request = place_request(leg)
        self._followed.add(leg.channel_id)
        try:
            await self._do(request, done=(409,), repeat=False)
        except ControlCut:
            await self._find(leg.channel_id)
        except ActFailed:
            self._followed.discard(leg.channel_id)
            raise

    async def _find(self, channel_id: str) -> None:
        for pause in _SETTLE_SECONDS:
            await asyncio.sleep(pause)
            found = await self._ask(Request("GET", path("channels", channel_id), {}))
            if found.ok:
                return
        raise ActFailed(f"Leg {channel_id} is not there after control was cut")

    async def answer(self, channel_id: str) -> None:
        """Answer a channel; one that is up already is no error."""
        await self._channel("POST", channel_id, "answer")

    async def ring(self, channel_id: str, on: bool = True) -> None:
        """Start or stop the ringing tone towards a channel."""
        await self._channel("POST" if on else "DELETE", channel_id, "ring")

    async def carried_location(self, channel_id: str) -> str:
        """Return the header Geolocation (RFC 6442) of a channel's INVITE, empty when there was none.

        The header is all that is read here: res_geolocation, which would read a PIDF-LO in the body too, ends the
        switch with some of them (22.10.1), and any caller may send one. Bodies come by ``copies``.
        """
        return await self._variable(channel_id, "PJSIP_HEADER(read,Geolocation)")

    async def sip_call_id(self, channel_id: str) -> str:
        """Return the Call-ID (RFC 3261 clause 8.1.1.4) of a channel's INVITE, empty when it is gone."""
        return await self._variable(channel_id, "CHANNEL(pjsip,call-id)")

    async def _variable(self, channel_id: str, name: str) -> str:
        query = {"variable": name}
        try:
            answer = await self._ask(
                Request("GET", path("channels", channel_id, "variable"), query)
            )
        except ActFailed:
            return ""
        value = answer.body.get("value") if isinstance(answer.body, dict) else None
        return str(value) if answer.ok and value else ""

    async def hangup(self, channel_id: str, cause: int = 16) -> None:
        """End a channel with a Q.850 cause; a channel that is gone already is no error."""
        query = {"reason_code": str(int(cause))}
        await self._do(Request("DELETE", path("channels", channel_id), query), done=(404,))

    async def open_bridge(self, bridge_id: str) -> None:
        """Make a mixing bridge; one that is there already is no error.

        It always mixes, also for two (that is what ``video_sfu`` means for calls without video): a recording of
        the one who stays would lose the next party otherwise, see docs/decisions/0003-always-mix.md.
        """
        kind = {"type": "mixing,video_sfu"}
        await self._do(Request("POST", path("bridges", bridge_id), kind), done=(409,))

    async def close_bridge(self, bridge_id: str) -> None:
        """Remove a bridge; one that is gone already is no error."""
        # 409: it is being taken down at this moment.
        await self._do(Request("DELETE", path("bridges", bridge_id), {}), done=(404, 409))

    async def join(self, bridge_id: str, *channel_ids: str) -> None:
        """Bring channels into a bridge, out of the one they are in."""
        await self._end_playbacks(*channel_ids)
        query = {"channel": ",".join(channel_ids)}
        await self._do(Request("POST", path("bridges", bridge_id, "addChannel"), query))

    async def leave(self, bridge_id: str, *channel_ids: str) -> None:
        """Take channels out of a bridge; those that are not in it are no error."""
        query = {"channel": ",".join(channel_ids)}
        uri = path("bridges", bridge_id, "removeChannel")
        await self._do(Request("POST", uri, query), done=(400, 404, 422))

    async def music(self, channel_id: str, on: bool) -> None:
        """Start or stop music on hold towards a channel that is in no bridge."""
        await self._channel("POST" if on else "DELETE", channel_id, "moh")

    async def bridge_music(self, bridge_id: str, on: bool) -> None:
        """Start or stop music on hold for everyone in a bridge."""
        uri = path("bridges", bridge_id, "moh")
        await self._do(Request("POST" if on else "DELETE", uri, {}), done=() if on else (409,))

    async def play(self, channel_id: str, playback_id: str, media: str) -> None:
        """Play ``media`` (``sound:…``, ``tone:…``) to a channel under an id of ours."""
        await self._end_playbacks(channel_id)
        uri = path("channels", channel_id, "play", playback_id)
        self._playing[channel_id] = playback_id
        await self._do(Request("POST", uri, {"media": media}), done=(409,))

    async def send_keys(self, channel_id: str, digits: str) -> None:
        """Send keys (RFC 4733); never repeated: after a cut the outcome is unknown and said to be so."""
        await self._end_playbacks(channel_id)
        uri = path("channels", channel_id, "dtmf")
        try:
            await self._do(Request("POST", uri, {"dtmf": digits}), repeat=False)
        except ControlCut as error:
            raise ActFailed(f"Keys to {channel_id}: {error}, unknown outcome") from None

    async def release(self, channel_id: str, context: str, exten: str) -> None:
        """Send a channel back into the dialplan."""
        await self._end_playbacks(channel_id)
        query = {"context": context, "extension": exten, "priority": "1"}
        await self._do(Request("POST", path("channels", channel_id, "continue"), query))

    async def set_variables(self, channel_id: str, variables: Mapping[str, str]) -> None:
        """Set variables of a channel; the connection keeps their order, so none waits for the one before."""
        uri = path("channels", channel_id, "variable")
        for name, value in variables.items():
            if not (_VARIABLE.fullmatch(name) and _VALUE.fullmatch(value)):
                raise ActFailed(f"{name} cannot be told to Asterisk")
        await asyncio.gather(
            *(
                self._do(Request("POST", uri, {"variable": name, "value": value}))
                for name, value in variables.items()
            )
        )

    async def transfer_result(self, channel_id: str, succeeded: bool) -> None:
        """Tell a phone that asked by REFER how its transfer went (RFC 3515 NOTIFY)."""
        state = "channel_answered" if succeeded else "channel_declined"
        uri = path("channels", channel_id, "transfer_progress")
        await self._do(Request("POST", uri, {"states": state}), done=(404,))

    async def mute(self, channel_id: str, on: bool) -> None:
        """Let nobody hear what comes from a channel; one that is muted, or not, already is no error."""
        uri = path("channels", channel_id, "mute")
        await self._do(Request("POST" if on else "DELETE", uri, {"direction": "in"}))

    async def watch_talking(self, channel_id: str) -> None:
        """Have talking told: it ends with ``SILENCE`` milliseconds below the threshold."""
        query = {"variable": "TALK_DETECT(set)", "value": SILENCE}
        await self._do(Request("POST", path("channels", channel_id, "variable"), query))

    async def join_aside(self, bridge_id: str, *channel_ids: str) -> None:
        """Bring channels into a bridge; their keys and their connected number stay with them."""
        await self._end_playbacks(*channel_ids)
        query = {
            "channel": ",".join(channel_ids),
            "absorbDTMF": "true",
            "inhibitConnectedLineUpdates": "true",
        }
        await self._do(Request("POST", path("bridges", bridge_id, "addChannel"), query))

    async def snoop(self, channel_id: str, snoop_id: str, args: tuple[str, ...]) -> None:
        """Make a channel that hears all at another and is heard by it alone; ``Entered`` follows."""
        query = {
            "app": control.APPLICATION,
            "appArgs": ",".join(args),
            "spy": "both",
            "whisper": "out",
        }
        uri = path("channels", channel_id, "snoop", snoop_id)
        await self._do(Request("POST", uri, query), done=(409,))

    async def play_to_bridge(self, bridge_id: str, playback_id: str, media: str) -> None:
        """Play ``media`` to all in a bridge under an id of ours."""
        uri = path("bridges", bridge_id, "play", playback_id)
        await self._do(Request("POST", uri, {"media": media}), done=(409,))

    async def stop_playback(self, playback_id: str) -> None:
        """End a playback; one that is over is no error."""
        await self._do(Request("DELETE", path("playbacks", playback_id), {}), done=(404, 409))

    async def _channel(self, method: str, channel_id: str, act: str) -> None:
        await self._end_playbacks(channel_id)
        await self._do(Request(method, path("channels", channel_id, act), {}))


def place_request(leg: Leg) -> Request:
    """Return the request that rings a phone, or a number behind a line account."""
    _check(leg)
    variables = dict(leg.variables)
    if not leg.dial:
        variables["PJSIP_TRANSFER_HANDLING()"] = "ari-only"
    if leg.auto_answer:
        # Set on the new channel before its INVITE goes out; both forms, for different makes of phones.
        variables["PJSIP_HEADER(add,Alert-Info)"] = "info=alert-autoanswer"
        variables["PJSIP_HEADER(add,Call-Info)"] = "<sip:softswitch>;answer-after=0"
    query = {
        "endpoint": _endpoint(leg),
        "app": control.APPLICATION,
        "appArgs": ",".join(leg.args),
        "timeout": str(leg.timeout_seconds),
    }
    if leg.caller_number:
        query["callerId"] = f'"{safe_name(leg.caller_name)}" <{leg.caller_number}>'
    if leg.originator:
        query["originator"] = leg.originator
    return Request("POST", path("channels", leg.channel_id), query, {"variables": variables})


def _endpoint(leg: Leg) -> str:
    if leg.dial:
        return leg.dial
    return f"PJSIP/{leg.number}@{leg.phone_id}" if leg.number else f"PJSIP/{leg.phone_id}"


def _check(leg: Leg) -> None:
    """Refuse a leg whose words would mean something else to Asterisk than they are."""
    fits = (
        _ACCOUNT.fullmatch(leg.phone_id)
        and _NUMBER.fullmatch(leg.number)
        and _NUMBER.fullmatch(leg.caller_number)
        and _DIAL.fullmatch(leg.dial)
        and all(_WORD.fullmatch(word) for word in leg.args)
    )
    if not fits:
        raise ActFailed(
            f"Leg {leg.channel_id} has a phone, number or word that cannot be given to Asterisk"
        )
