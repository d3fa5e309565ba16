"""`softswitch conference`."""

from __future__ import annotations

from typing import Any

import click

from softswitch.cli import show
from softswitch.cli.frame import Group
from softswitch.cli.helpers import acting, given, part
from softswitch.cli.session import Session
from softswitch.cli.times import INSTANT
from softswitch.errors import not_found

_ROOMS = (
    show.text("number"),
    show.text("name"),
    show.word("state"),
    show.text("present"),
    show.text("pending"),
    show.text("locked"),
    show.text("lecture"),
    show.text("recording"),
    show.lasting("since"),
)
_MEMBERS = (
    show.text("number"),
    show.text("name"),
    show.word("role"),
    show.word("state"),
    show.text("heard"),
    show.text("hand"),
    show.lasting("since"),
)

_RECORDINGS = (
    show.text("id"),
    show.text("number"),
    show.word("state"),
    show.at("began_at", "started"),
)


@click.group(cls=Group, desk=True)
def conference() -> None:
    """Conference rooms and who is in them."""


def room_id(session: Session, room: str) -> str:
    """Return the id of a room that is named by its number or its id."""
    rooms = session.api.get("/api/rooms", limit=1000)["rooms"]
    for row in rooms:
        if room in (row["number"], row["id"]):
            return part(row["id"])
    raise not_found("room", room, "See: softswitch conference list")


@conference.command("list", examples=("softswitch conference list",))
@click.option("--past", is_flag=True, help="Those that are over.")
@click.pass_obj
def list_rooms(session: Session, past: bool) -> None:
    """List rooms."""
    show.rows(session, session.api.get("/api/rooms", past="true" if past else None), _ROOMS)


@conference.command("show", examples=("softswitch conference show 801",))
@click.argument("room")
@click.pass_obj
def show_room(session: Session, room: str) -> None:
    """Show who is in a room."""
    answer = session.api.get(f"/api/rooms/{room_id(session, room)}")
    show.rows(session, answer if session.json else answer["member_list"], _MEMBERS)


@conference.command("past", examples=("softswitch conference past 5f3a9c",))
@click.argument("room")
@click.pass_obj
def past_room(session: Session, room: str) -> None:
    """Show who was in a room that is over."""
    rooms = session.api.get("/api/rooms", past="true", limit=1000)["rooms"]
    found = next((row["id"] for row in rooms if room in (row["id"], row["number"])), None)
    if found is None:
        raise not_found("room", room, "See: softswitch conference list --past")
    answer = session.api.get(f"/api/rooms/{part(found)}/past")
    show.rows(session, answer if session.json else answer["member_list"], _MEMBERS)
    recordings = answer.get("recordings", [])
    if recordings and not session.json:
        show.rows(session, recordings, _RECORDINGS)


@conference.command(
    "create",
    examples=(
        "softswitch conference create 801 --name 指挥",
        "softswitch conference create --pin 4711 --chair 1001",
    ),
)
@click.argument("number", required=False, default="")
@click.option("--name", default="", help="What it is called.")
@click.option("--pin", default="", help="4 to 16 digits that are asked for.")
@click.option("--most", type=int, default=50, show_default=True, help="How many fit in.")
@click.option("--chair", "chairs", multiple=True, help="Number of a chair; may be repeated.")
@click.option("--from", "starts", type=INSTANT, help="Beginning of a scheduled room.")
@click.option("--to", "ends", type=INSTANT, help="End of a scheduled room.")
@click.option("--invite", "invited", multiple=True, help="Rung when it begins; may be repeated.")
@click.option("--group", "groups", multiple=True, help="Group that is rung when it begins.")
@click.pass_obj
def create(
    session: Session,
    number: str,
    name: str,
    pin: str,
    most: int,
    chairs: tuple[str, ...],
    starts: int | None,
    ends: int | None,
    invited: tuple[str, ...],
    groups: tuple[str, ...],
) -> None:
    """Make a room; people dial *5 and its number."""
    body = given(
        number=number, name=name, pin=pin, most=most, chairs=list(chairs),
        starts_at=starts, ends_at=ends, invited=list(invited), groups=list(groups),
    )  # fmt: skip
    if starts or ends:
        body["kind"] = "scheduled"
    answer = session.api.post("/api/rooms", body)
    show.done(session, answer, "Added {what}.", what=answer["number"])


@conference.command("close", examples=("softswitch conference close 801",))
@click.argument("room")
@click.pass_obj
def close(session: Session, room: str) -> None:
    """End a room and clear its calls."""
    session.api.delete(f"/api/rooms/{room_id(session, room)}")
    show.done(session, {"room": room}, "Removed {what}.", what=room)


@conference.command(
    "invite",
    examples=(
        "softswitch conference invite 801 2001 2002",
        "softswitch conference invite 801 --group 消防 --auto-answer",
    ),
)
@click.argument("room")
@click.argument("numbers", nargs=-1)
@click.option("--group", "groups", multiple=True, help="A stored group; may be repeated.")
@click.option(
    "--role",
    type=click.Choice(["chair", "speaker", "member", "listener"]),
    default="member",
    show_default=True,
    help="Which part they play.",
)
@click.option("--auto-answer", is_flag=True, help="Own phones that allow it answer by themselves.")
@click.pass_obj
def invite(
    session: Session,
    room: str,
    numbers: tuple[str, ...],
    groups: tuple[str, ...],
    role: str,
    auto_answer: bool,
) -> None:
    """Ring numbers or groups for a room."""
    body = {
        "numbers": list(numbers), "groups": list(groups), "role": role, "auto_answer": auto_answer,
    }  # fmt: skip
    _report(session, session.api.post(f"/api/rooms/{room_id(session, room)}/invite", body))


def _report(session: Session, answer: Any) -> None:
    show.done(
        session,
        answer,
        "Ringing {count}; repeated: {repeated}; refused: {refused}",
        count=len(answer["invited"]),
        repeated=" ".join(answer["repeated"]) or "-",
        refused=" ".join(answer["refused"]) or "-",
    )


@conference.command("join", examples=("softswitch conference join 801 --desk 1001",))
@click.argument("room")
@click.pass_obj
def join(session: Session, room: str) -> None:
    """Come into a room with the own desk."""
    answer = session.api.post(f"/api/rooms/{room_id(session, room)}/join", acting(session))
    show.done(session, answer, "Done.")


@conference.command(
    "redial", examples=("softswitch conference redial 801", "softswitch conference redial 801 2001")
)
@click.argument("room")
@click.argument("member", required=False)
@click.pass_obj
def redial(session: Session, room: str, member: str | None) -> None:
    """Ring the missing again, or one member."""
    place = f"/api/rooms/{room_id(session, room)}"
    place += f"/members/{part(member)}/redial" if member else "/redial"
    show.done(session, session.api.post(place, {}), "Done.")


def _add_mute(name: str, help_: str) -> None:
    calls = tuple(f"softswitch conference {name} 801{who}" for who in (" 2001", ""))

    @conference.command(name, help=help_, examples=calls)
    @click.argument("room")
    @click.argument("member", required=False)
    @click.pass_obj
    def act(session: Session, room: str, member: str | None) -> None:
        place = f"/api/rooms/{room_id(session, room)}"
        place += f"/members/{part(member)}/{name}" if member else f"/{name}"
        show.done(session, session.api.post(place, {}), "Done.")


_add_mute("mute", "Mute a member, or all but the chairs.")
_add_mute("unmute", "Let the others hear a member, or all.")


@conference.command("kick", examples=("softswitch conference kick 801 2001",))
@click.argument("room")
@click.argument("member")
@click.pass_obj
def kick(session: Session, room: str, member: str) -> None:
    """Put a member out."""
    place = f"/api/rooms/{room_id(session, room)}/members/{part(member)}/kick"
    show.done(session, session.api.post(place, {}), "Done.")


@conference.command("lower", examples=("softswitch conference lower 801 2001",))
@click.argument("room")
@click.argument("member")
@click.pass_obj
def lower(session: Session, room: str, member: str) -> None:
    """Lower a hand without giving the floor."""
    place = f"/api/rooms/{room_id(session, room)}/members/{part(member)}/hand"
    show.done(session, session.api.delete(place) or {"member": member}, "Done.")


@conference.command(
    "floor",
    examples=("softswitch conference floor 801", "softswitch conference floor 801 2001 --back"),
)
@click.argument("room")
@click.argument("member", required=False)
@click.option("--back", is_flag=True, help="Take the floor back.")
@click.pass_obj
def floor(session: Session, room: str, member: str | None, back: bool) -> None:
    """Give the floor to the first hand, or a member."""
    body = given(member=member, on=not back)
    answer = session.api.post(f"/api/rooms/{room_id(session, room)}/floor", body)
    show.done(session, answer, "Changed {what}.", what=answer.get("number", room))


def _add_switch(name: str, field: str, help_: str) -> None:
    @conference.command(name, help=help_, examples=(f"softswitch conference {name} 801 on",))
    @click.argument("room")
    @click.argument("on", type=click.Choice(["on", "off"]))
    @click.pass_obj
    def act(session: Session, room: str, on: str) -> None:
        answer = session.api.patch(f"/api/rooms/{room_id(session, room)}", {field: on == "on"})
        show.done(session, answer, "Changed {what}.", what=room)


_add_switch("lock", "locked", "Let in only who was invited, or all.")
_add_switch("lecture", "lecture", "Let only chair and speakers be heard.")
_add_switch("record", "recording", "Record a room.")


@conference.command("merge", examples=("softswitch conference merge 801 802",))
@click.argument("room")
@click.argument("other")
@click.pass_obj
def merge(session: Session, room: str, other: str) -> None:
    """Let those of another room come into a room."""
    body = {"room_id": room_id(session, other)}
    answer = session.api.post(f"/api/rooms/{room_id(session, room)}/merge", body)
    show.done(session, answer, "Done.")


@conference.command("split", examples=("softswitch conference split 802",))
@click.argument("room")
@click.pass_obj
def split(session: Session, room: str) -> None:
    """Part a room from the one it was joined to."""
    answer = session.api.post(f"/api/rooms/{room_id(session, room)}/split", {})
    show.done(session, answer, "Done.")
