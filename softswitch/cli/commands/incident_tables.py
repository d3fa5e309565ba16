"""`softswitch incident`: what belongs to an incident - orders, reports, types."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from softswitch.cli import show
from softswitch.cli.download import save
from softswitch.cli.frame import Group
from softswitch.cli.helpers import content_of, given, part
from softswitch.cli.session import Session

_ORDERS = (
    show.text("id"), show.at("created_at"), show.text("unit"), show.text("number"),
    show.word("state"), show.text("received_by"), show.text("text"),
)  # fmt: skip
_REPORTS = (
    show.text("id"), show.text("number"), show.word("state"), show.text("author"),
    show.text("approver"), show.at("due_at"), show.at("sent_at"), show.text("version"),
)  # fmt: skip
_TYPES = (show.text("code"), show.text("name_zh"), show.text("name_en"))
_GRADES = (
    show.text("grade"), show.text("name_zh"), show.text("name_en"), show.text("first_minutes"),
    show.text("follow_minutes"),
)  # fmt: skip
REFUSED_ROWS = 1


def add_tables(group: Group) -> None:
    """Add the commands of orders, reports, types and grades."""
    _orders(group)
    _reports(group)
    _kinds(group)


def _orders(group: Group) -> None:
    @group.command("orders", examples=("softswitch incident orders 5f0c9d",))
    @click.argument("incident_id", metavar="ID")
    @click.pass_obj
    def orders(session: Session, incident_id: str) -> None:
        """List its orders to units."""
        answer = session.api.get(f"/api/incidents/{part(incident_id)}/orders")
        show.rows(session, answer, _ORDERS)

    @group.command(
        "order",
        examples=(
            "softswitch incident order 5f0c9d 消防一中队 光大街12号火警 --number 2001 --minutes 3",
        ),
    )
    @click.argument("incident_id", metavar="ID")
    @click.argument("unit")
    @click.argument("text")
    @click.option("--number", help="The telephone of the unit.")
    @click.option("--deputy", help="Who is rung when nobody confirms.")
    @click.option("--via", type=click.Choice(["phone", "sms", "console"]), help="How it is told.")
    @click.option("--minutes", type=int, help="Until when its receipt is due.")
    @click.pass_obj
    def order(session: Session, /, incident_id: str, **fields: object) -> None:
        """Give an order to a unit."""
        answer = session.api.post(f"/api/incidents/{part(incident_id)}/orders", given(**fields))
        show.done(session, answer, "Added {what}.", what=answer["id"])

    @group.command("receipt", examples=("softswitch incident receipt 9d0a --by 队长",))
    @click.argument("order_id", metavar="ORDER")
    @click.option(
        "--state",
        type=click.Choice(["received", "done", "cancelled"]),
        default="received",
        show_default=True,
        help="What became of it.",
    )
    @click.option("--by", help="Who told so.")
    @click.pass_obj
    def receipt(session: Session, order_id: str, state: str, by: str | None) -> None:
        """Note what became of an order."""
        body = given(state=state, by=by)
        answer = session.api.post(f"/api/incidents/orders/{part(order_id)}", body)
        show.done(session, answer, "Changed {what}.", what=order_id)


def _reports(group: Group) -> None:
    @group.command("reports", examples=("softswitch incident reports 5f0c9d",))
    @click.argument("incident_id", metavar="ID")
    @click.pass_obj
    def reports(session: Session, incident_id: str) -> None:
        """List its reports upward."""
        answer = session.api.get(f"/api/incidents/{part(incident_id)}/reports")
        show.rows(session, answer, _REPORTS)

    @group.command(
        "report", examples=("softswitch incident report 5f0c9d 3人被困 --to 市应急管理局",)
    )
    @click.argument("incident_id", metavar="ID")
    @click.argument("text")
    @click.option("--to", "receiver", help="Who gets it.")
    @click.pass_obj
    def report(session: Session, /, incident_id: str, **fields: object) -> None:
        """Write the next report upward."""
        answer = session.api.post(f"/api/incidents/{part(incident_id)}/reports", given(**fields))
        show.done(session, answer, "Added {what}.", what=answer["id"])

    @group.command(
        "report-step",
        examples=(
            "softswitch incident report-step 4c1e submit 1",
            "softswitch incident report-step 4c1e reject 2 --reason 写明伤亡",
        ),
    )
    @click.argument("report_id", metavar="REPORT")
    @click.argument("step", type=click.Choice(["submit", "approve", "reject", "send"]))
    @click.argument("version", type=int)
    @click.option("--reason", help="Why it is rejected.")
    @click.pass_obj
    def report_step(
        session: Session, report_id: str, step: str, version: int, reason: str | None
    ) -> None:
        """Submit, approve, reject or send a report."""
        path = f"/api/incidents/reports/{part(report_id)}"
        body: dict[str, Any] = {"version": version}
        if step in {"approve", "reject"}:
            body |= given(approved=step == "approve", reason=reason)
            step = "decide"
        answer = session.api.post(f"{path}/{step}", body)
        show.done(session, answer, "Changed {what}.", what=report_id)

    @group.command("print", examples=("softswitch incident print 4c1e report.pdf",))
    @click.argument("report_id", metavar="REPORT")
    @click.argument("file", type=click.Path(dir_okay=False, path_type=Path))
    @click.pass_obj
    def print_report(session: Session, report_id: str, file: Path) -> None:
        """Save a report as a printable PDF."""
        save(session, f"/api/incidents/reports/{part(report_id)}/report.pdf", file)


def _kinds(group: Group) -> None:
    @group.command("types", examples=("softswitch incident types",))
    @click.pass_obj
    def types(session: Session) -> None:
        """List the types, after GB/T 35561."""
        show.rows(session, session.api.get("/api/incidents/types"), _TYPES)

    @group.command("grades", examples=("softswitch incident grades",))
    @click.pass_obj
    def grades(session: Session) -> None:
        """List the grades and their clocks."""
        show.rows(session, session.api.get("/api/incidents/grades"), _GRADES)

    _import(group, "types", "Import types and report every row.")
    _import(group, "grades", "Import grades and report every row.")


def _import(group: Group, what: str, help_: str) -> None:
    @group.command(
        f"import-{what}",
        help=help_,
        examples=(f"softswitch incident import-{what} - --dry-run < {what}.csv",),
    )
    @click.argument("file", type=click.File("rb"))
    @click.option("--dry-run", is_flag=True, help="Report what would happen; change nothing.")
    @click.pass_obj
    def import_csv(session: Session, file: Any, dry_run: bool) -> int:
        path = f"/api/incidents/{what}/import"
        content = content_of(file)
        report = session.api.upload(path, content, dry_run="1" if dry_run else None)
        columns = (show.text("line"), show.word("status"), show.text("key"), show.said("message"))
        show.rows(session, report, columns)
        return REFUSED_ROWS if report["refused"] else 0
