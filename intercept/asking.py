"""What is asked for and whether it is allowed: builds the request from what is true now, and decides."""

from __future__ import annotations

from typing import Any

from intercept.books import Books
from intercept.config import Config
from intercept.look import Look
from intercept.model import Act, Allowed, Decision, Refused, Request, decide
from intercept.place import Places
from intercept.refusing import refusal
from intercept.session import Requester, Session
from softswitch.calls.engine import Engine
from softswitch.errors import conflict
from softswitch.ports import Channel


class Asking:
    """Decides on requests; a refused one is in the audit log."""

    def __init__(
        self, engine: Engine, config: Config, books: Books, look: Look, places: Places
    ) -> None:
        self._engine = engine
        self._places = places
        self._config = config
        self._books = books
        self._look = look

    def options(self, requester: Requester, call_id: str) -> list[dict[str, Any]]:
        """Return for each act whether it is allowed now, and if not why, in both languages."""
        found = []
        call_id = self._places.key(call_id)
        own = self._books.of_desk(requester.desk)
        within = own if own is not None and own.key == call_id else None
        for act in Act:
            seen = self._look.call(call_id, within.channel_id if within else None)
            target = seen.parties[0].channel_id if seen.parties else None
            session = Session("", call_id, act, requester, "-", 0, target)
            session.second = within.second if within else ""
            decision = decide(self._request(session, within), self._config.settings.rules)
            found.append(option(act, decision))
        return found

    def _request(self, session: Session, within: Session | None = None) -> Request:
        """Return what the decision is made from. ``within``: the session that would be switched."""
        own = within.channel_id if within else None
        seen = self._look.call(session.key, own)
        desk = session.requester.desk
        return Request(
            session.act,
            session.requester.rights,
            session.requester.levels,
            seen.parties,
            seen.phase,
            seen.precedence,
            conference=seen.conference,
            in_call=any(party.number == desk for party in seen.parties),
            reason=session.reason,
            target=session.target,
            waive_tone=session.waive_tone,
            confirmed=bool(session.second),
        )

    async def decided(self, session: Session, within: Session | None = None) -> Allowed:
        decision = decide(self._request(session, within), self._config.settings.rules)
        if isinstance(decision, Refused):
            await self._books.refused(session, decision.code)
            raise refusal(decision)
        return decision

    def check_desk(self, session: Session, own: Session | None, channel: Channel | None) -> None:
        desk = session.requester.desk
        if session.act is Act.RELEASE and session.target is None:
            return
        if own is not None:
            raise conflict(
                "already_intercepting",
                f"Desk {desk} is in call {own.call_id} of others already.",
                "Leave that call first.",
            )
        in_call = any(p.number == desk for p in self._look.call(session.key).parties)
        if channel is None and not in_call and not self._engine.is_free(desk):
            raise conflict(
                "desk_busy", f"Desk {desk} is in a call.", "End or hold that call first."
            )
        if channel is None:
            self._engine.destinations(desk)


def option(act: Act, decision: Decision) -> dict[str, Any]:
    """Return the JSON of one act that is allowed or not."""
    if isinstance(decision, Refused):
        return {
            "act": act.value,
            "allowed": False,
            "code": decision.code,
            "reason_zh": decision.zh,
            "reason_en": decision.en,
        }
    return {
        "act": act.value,
        "allowed": True,
        "warning_tone": decision.warning_tone,
        "second_person": decision.second_person,
    }
