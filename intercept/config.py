"""What the command centre has set for intercept: levels, tone, confirmation. In memory, written through."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from typing import Any

from intercept import store
from intercept.levels import Holder, LevelTable
from intercept.model import Act, Levels, Precedence, Rules
from intercept.tones import Cadence, cadence
from softswitch.errors import invalid, not_found
from softswitch.store.database import Database

_CONFIRMABLE = (Act.MONITOR, Act.WHISPER, Act.INSERT, Act.RELEASE)


@dataclass(frozen=True, slots=True)
class Settings:
    """The settings by name, as the API shows them.

    ``tone`` is a zone (cn, us, itu) or a cadence; ``two_person`` the acts on citizens' calls that a second
    supervisor confirms within ``confirm_seconds``; ``emergency_precedence`` the level of emergency calls.
    """

    tone: str = "cn"
    two_person: tuple[str, ...] = tuple(act.value for act in _CONFIRMABLE)
    confirm_seconds: int = 30
    reason_required: bool = True
    phone_reason: bool = True
    emergency_precedence: int = int(Precedence.IMMEDIATE)
    language: str = "zh"

    @property
    def rules(self) -> Rules:
        """The part that decisions are made from."""
        return Rules(frozenset(Act(word) for word in self.two_person), self.reason_required)

    def view(self) -> dict[str, Any]:
        """Return the settings as JSON."""
        shown = {each.name: getattr(self, each.name) for each in fields(self)}
        return {**shown, "two_person": list(self.two_person)}


def checked(settings: Settings, changes: Mapping[str, Any]) -> Settings:
    """Return the settings with changes, or refuse them."""
    new = replace(settings, **changes)
    cadence(new.tone, "tone")
    unknown = [word for word in new.two_person if word not in {act.value for act in _CONFIRMABLE}]
    if unknown:
        raise invalid(
            "unknown_act",
            f"{unknown[0][:40]!r} cannot be confirmed by a second person.",
            f"Give some of {', '.join(act.value for act in _CONFIRMABLE)}.",
            field="two_person",
        )
    for name, lowest, highest in (("confirm_seconds", 5, 600), ("emergency_precedence", 0, 4)):
        if not lowest <= getattr(new, name) <= highest:
            raise invalid(
                "out_of_range",
                f"{name} cannot be {getattr(new, name)}.",
                f"Give {lowest} to {highest}.",
                field=name,
            )
    if new.language not in ("zh", "en"):
        raise invalid(
            "bad_language", "There is no such language.", "Give zh or en.", field="language"
        )
    return replace(new, two_person=tuple(dict.fromkeys(new.two_person)))


class Config:
    """The settings and levels as they are now."""

    def __init__(self, db: Database) -> None:
        self._db = db
        self.settings = Settings()
        self.levels = LevelTable()
        self.tone: Cadence = cadence(self.settings.tone)

    async def load(self) -> None:
        """Read what is stored; what this release does not know is passed over."""
        body = await self._db.read(store.get_settings)
        known = {each.name for each in fields(Settings)}
        body = {name: value for name, value in body.items() if name in known}
        if "two_person" in body:
            body["two_person"] = tuple(body["two_person"])
        self._take(checked(Settings(), body))
        self.levels.rows = await self._db.read(store.all_levels)

    def _take(self, settings: Settings) -> None:
        self.settings = settings
        self.tone = cadence(settings.tone)

    async def change(self, login: str, changes: Mapping[str, Any]) -> Settings:
        """Change settings: stored and audited, then in force."""
        new = checked(self.settings, changes)
        await self._db.write(store.put_settings, login, new.view())
        self._take(new)
        return new

    async def set_levels(self, login: str, kind: Holder, key: str, levels: Levels) -> None:
        """Set the levels of a user, an extension or a line."""
        await self._db.write(store.put_levels, login, kind, key, levels)
        self.levels.rows[kind, key] = levels

    async def drop_levels(self, login: str, kind: Holder, key: str) -> None:
        """Remove a row; the levels of the role, or none, stand again."""
        if not await self._db.write(store.drop_levels, login, kind, key):
            raise not_found("row of levels", f"{kind.value} {key}", "Look at the table of levels.")
        self.levels.rows.pop((kind, key), None)
