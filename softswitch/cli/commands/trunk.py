"""`softswitch trunk`."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from softswitch.cli import show
from softswitch.cli.frame import Group
from softswitch.cli.helpers import part
from softswitch.cli.session import Session
from softswitch.errors import conflict

_TRUNKS = (
    show.text("name"),
    show.text("kind"),
    show.text("node"),
    show.word("state"),
    show.text("busy"),
    show.text("capacity"),
    show.text("reserved"),
    show.text("blocked"),
    show.said("why"),
)


def _circuit_state(session: Session, row: show.Row) -> str:
    words = (row["state"], *(["looped"] if row.get("looped") else []))
    return " ".join(session.say(word) for word in words)


_CIRCUITS = (
    show.text("id"),
    show.text("slot"),
    show.text("cic"),
    ("state", _circuit_state),
    ("number", lambda session, row: str((row.get("call") or {}).get("number", ""))),
    ("caller", lambda session, row: str((row.get("call") or {}).get("caller", ""))),
)

_CALLS = (
    show.at("started_at"),
    show.text("trunk"),
    show.text("circuit"),
    show.text("outgoing"),
    show.text("caller"),
    show.text("number"),
    ("talked", lambda session, row: show.span(row["talked"])),
    show.text("cause"),
    show.word("source"),
)
_ATTEMPTS = (
    show.text("trunk"),
    show.text("number"),
    show.text("caller"),
    show.text("route"),
    show.text("category"),
)


@click.group(cls=Group)
def trunk() -> None:
    """Trunks to the outside: state, circuits, routes."""


@trunk.command("list", examples=("softswitch trunk list",))
@click.pass_obj
def list_trunks(session: Session) -> None:
    """List trunks with their state."""
    show.rows(session, session.api.get("/api/trunks"), _TRUNKS)


@trunk.command("show", examples=("softswitch trunk show city-pri",))
@click.argument("name")
@click.pass_obj
def show_trunk(session: Session, name: str) -> None:
    """Show a trunk with its counters and circuits."""
    answer = session.api.get(f"/api/trunks/{part(name)}")
    if session.json:
        show.as_json(answer)
        return
    counters = answer.pop("counters")
    circuits = answer.pop("circuits")
    several = {name: _counts(counters.pop(name)) for name in ("causes", "sources")}
    show.one(session, {**answer, **counters, **several})
    if circuits:
        click.echo(show.grid(session, circuits, _CIRCUITS))


def _counts(parts: dict[str, int]) -> str:
    return " ".join(f"{part}:{count}" for part, count in parts.items())


@trunk.command("calls", examples=("softswitch trunk calls --trunk city-pri --cause 34",))
@click.option("--trunk", "name", help="Only this trunk.")
@click.option("--cause", type=int, help="Only this Q.850 cause.")
@click.option("--limit", type=int, default=50, show_default=True, help="How many rows at most.")
@click.pass_obj
def list_calls(session: Session, name: str | None, cause: int | None, limit: int) -> None:
    """List calls that are over, with their cause."""
    answer = session.api.get("/api/trunks/calls", trunk=name, cause=cause, limit=limit)
    show.rows(session, answer, _CALLS)


@trunk.command("way", examples=("softswitch trunk way 13800000000 --caller 1001",))
@click.argument("number")
@click.option("--caller", default="", help="The extension that calls.")
@click.option("--level", type=int, default=4, show_default=True, help="Its precedence, 0 to 4.")
@click.pass_obj
def way(session: Session, number: str, caller: str, level: int) -> None:
    """Show which trunks a call would try now."""
    answer = session.api.get("/api/trunks/way", number=number, caller=caller, level=level)
    if not session.json:
        for name, why in answer["refused"].items():
            show.note(session, "{name}: {why}", name=name, why=session.say(why))
        if "error" in answer:
            show.note(session, "{message}", message=show.sentence(session, answer["error"]))
    show.rows(session, answer, _ATTEMPTS)


def _add_act(word: str, help_: str, example: str) -> None:
    @trunk.command(word, help=help_, examples=(example,))
    @click.argument("name")
    @click.argument("circuits", nargs=-1)
    @click.pass_obj
    def act(session: Session, name: str, circuits: tuple[str, ...]) -> None:
        answer = session.api.post(f"/api/trunks/{part(name)}/{word}", {"circuits": list(circuits)})
        show.done(session, answer, "Done: {what}.", what=f"{word} {name}")


_add_act(
    "block",
    "Take circuits out of use, or a whole trunk.",
    "softswitch trunk block city-pri city-pri/1:5",
)
_add_act("unblock", "Give circuits back to use.", "softswitch trunk unblock city-pri")
_add_act("reset", "Bring circuits to idle; their calls end.", "softswitch trunk reset city-pri")


@trunk.command("restore", examples=("softswitch trunk restore city-pri",))
@click.argument("name")
@click.pass_obj
def restore(session: Session, name: str) -> None:
    """Put a trunk back into service at once."""
    answer = session.api.post(f"/api/trunks/{part(name)}/restore", {})
    show.done(session, answer, "Done: {what}.", what=f"restore {name}")


@trunk.command("loop", examples=("softswitch trunk loop city-pri on city-pri/1:5",))
@click.argument("name")
@click.argument("state", type=click.Choice(["on", "off"]))
@click.argument("circuits", nargs=-1)
@click.pass_obj
def loop(session: Session, name: str, state: str, circuits: tuple[str, ...]) -> None:
    """Loop circuits or a line back to the far end.

    A circuit is blocked before. Without circuits it is the whole line, which not every card can.
    """
    body = {"on": state == "on", "circuits": list(circuits)}
    answer = session.api.post(f"/api/trunks/{part(name)}/loop", body)
    show.done(session, answer, "Done: {what}.", what=f"loop {name} {state}")


@trunk.command("test", examples=("softswitch trunk test city-pri 13800000000",))
@click.argument("name")
@click.argument("number")
@click.pass_obj
def test_trunk(session: Session, name: str, number: str) -> None:
    """Call a number over one trunk."""
    show.one(session, session.api.post(f"/api/trunks/{part(name)}/test", {"number": number}))


# ---- the description


@trunk.command("describe", examples=("softswitch trunk describe > trunks.toml",))
@click.pass_obj
def describe(session: Session) -> None:
    """Print the description that holds."""
    answer = session.api.get("/api/trunks/description/text")
    if session.json:
        show.as_json(answer)
    else:  # what is printed can be applied again
        click.echo(answer["text"] or f"# {session.say('Nothing here.')}\n", nl=False)


@trunk.command("check", examples=("softswitch trunk check trunks.toml",))
@click.argument("file", type=click.Path(dir_okay=False, path_type=Path))
@click.pass_obj
def check(session: Session, file: Path) -> None:
    """Check a description; nothing is changed."""
    answer = session.api.post("/api/trunks/description/check", {"text": _read(file)})
    show.done(session, answer, "{trunks} trunks, {routes} routes: nothing is wrong.", **answer)


@trunk.command("apply", examples=("softswitch trunk apply trunks.toml",))
@click.argument("file", type=click.Path(dir_okay=False, path_type=Path))
@click.pass_obj
def apply(session: Session, file: Path) -> None:
    """Let a description hold; calls go on."""
    answer = session.api.put("/api/trunks/description/text", {"text": _read(file)})
    show.done(session, answer, "{trunks} trunks, {routes} routes are in force.", **answer)


@trunk.command(
    "render", examples=("softswitch trunk render trunks.toml --node e1 --out /etc/softswitch",)
)
@click.argument("file", type=click.Path(dir_okay=False, path_type=Path))
@click.option("--node", default="core", show_default=True, help="Which node.")
@click.option(
    "--out", type=click.Path(file_okay=False, path_type=Path), required=True, help="Where to."
)
@click.pass_obj
def render(session: Session, file: Path, node: str, out: Path) -> None:
    """Write DAHDI's files of a node, without a server."""
    from trunk import dahdi
    from trunk.config import read

    files = dahdi.render(read(_read(file)), node)
    answer: dict[str, Any] = {"files": []}
    for name, text in files.items():
        out.mkdir(parents=True, exist_ok=True)
        (out / name).write_text(text, "utf-8")
        answer["files"].append(str(out / name))
    show.done(session, answer, "Written: {what}.", what=" ".join(answer["files"]))


@trunk.command("install", examples=("softswitch trunk install trunks.toml --node e1",))
@click.argument("file", type=click.Path(dir_okay=False, path_type=Path))
@click.option("--node", default="core", show_default=True, help="Which node.")
@click.option(
    "--root",
    type=click.Path(file_okay=False, path_type=Path),
    default=Path("/"),
    show_default=True,
    help="Where its file system begins.",
)
@click.option("--dry-run", is_flag=True, help="Only tell; write nothing.")
@click.pass_obj
def install(session: Session, file: Path, node: str, root: Path, dry_run: bool) -> None:
    """Put a node's files in place; run it there.

    What was there is kept beside it, ending in .before. It tells what to type so that the new files take effect.
    """
    from softswitch.cli.files import put, read_all
    from trunk import install as plans
    from trunk import machine, node_files
    from trunk.config import at_line, written

    said = written(_read(file))
    plan = said.plan
    files = node_files.render(plan, node)
    # Another root is a machine that does not run: there is nothing to look at.
    here = root == Path("/") and not dry_run
    for place, refusal in machine.lacks(plan, node) if here else ():
        raise at_line(said.places, place, refusal)
    trunks = [trunk.name for trunk in plan.on_node(node)]
    steps = plans.steps(read_all(root, files), files, trunks)
    if not dry_run:
        for name in steps.changed:
            put(root / name, files[name])
    if session.json:
        show.as_json(
            {
                "changed": steps.changed,
                "effect": steps.effect.name.lower(),
                "commands": steps.commands,
            }
        )
        return
    if not steps.changed:
        show.note(session, "Nothing has changed.")
        return
    show.note(
        session,
        "Written: {what}." if not dry_run else "To be written: {what}.",
        what=" ".join(steps.changed),
    )
    told = (
        "Calls go on. Type:"
        if steps.effect is plans.Effect.NO_CALL
        else "Calls of this node end. Type, in this order:"
    )
    show.note(session, told)
    for line in steps.commands:
        click.echo(f"  {line}")


def _read(file: Path) -> str:
    try:
        return file.read_text("utf-8")
    except UnicodeDecodeError:
        raise conflict("bad_trunks", f"{file} is no text.", "Save it as UTF-8.") from None
