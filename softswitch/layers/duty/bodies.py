"""The bodies of the routes of duty."""

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

from softswitch.clock import LATEST

Instant = Annotated[int, Field(ge=0, le=LATEST)]


class Body(BaseModel):
    """Nothing that is not known."""

    model_config = ConfigDict(extra="forbid")


class PersonBody(Body):
    """One of the address book; ``numbers`` in the order in which they are rung."""

    name: str = Field(max_length=200)
    title: str = Field("", max_length=200)
    unit: str = Field("", max_length=200)
    numbers: list[str] = Field(default_factory=list, max_length=20)
    deputy: str = Field("", max_length=40)
    note: str = Field("", max_length=1000)
    left: bool = False


class RosterBody(Body):
    """A post: its time zone, how many must be there, and who asks it by itself."""

    name: str = Field(max_length=200)
    zone: str = Field("Asia/Shanghai", max_length=64)
    need: int = 1
    uses: list[Literal["intake", "night"]] = Field(default_factory=list, max_length=2)


class ShiftBody(Body):
    """A shift in the local time of its roster; an end at or before the beginning is of the next day."""

    roster: str = Field(max_length=40)
    person: str = Field(max_length=40)
    date: str = Field(max_length=10)
    begin: str = Field(max_length=5)
    end: str = Field(max_length=5)
    deputy: str = Field("", max_length=40)
    position: int = 1


class LeaveBody(Body):
    """Somebody is away between two instants (milliseconds since 1970 UTC)."""

    person: str = Field(max_length=40)
    begin: Instant
    end: Instant
    deputy: str = Field("", max_length=40)
    reason: str = Field("", max_length=400)


class HandoverBody(Body):
    """What the next must know. ``id`` chosen by the sender makes a repeat harmless."""

    roster: str = Field(max_length=40)
    text: str = Field(max_length=20_000)
    id: str | None = Field(None, pattern=r"^[a-f0-9]{1,32}$")
