"""A report upward as a printable PDF (A4), with the font inside it: it prints where no Chinese font is."""

from __future__ import annotations

import io
from collections.abc import Mapping
from datetime import datetime, timedelta, timezone
from html import escape
from pathlib import Path
from typing import Any

from reportlab.lib import colors
from reportlab.lib.pagesizes import A4
from reportlab.lib.styles import ParagraphStyle
from reportlab.lib.units import mm
from reportlab.pdfbase import pdfmetrics
from reportlab.pdfbase.ttfonts import TTFError, TTFont
from reportlab.platypus import Paragraph, SimpleDocTemplate, Spacer, Table, TableStyle

from softswitch.clock import Millis
from softswitch.errors import unavailable
from softswitch.layers.incidents.store import Row

_FONT = "softswitch-report"
_CST = timezone(timedelta(hours=8))  # reports carry China Standard Time, wherever the server stands
_KINDS = {
    "first": "突发事件信息初报", "follow_up": "突发事件信息续报", "final": "突发事件信息终报",
}  # fmt: skip
_STATUS = {
    "draft": "待核实", "verified": "已核实", "dispatched": "已派遣", "en_route": "途中",
    "on_scene": "到场", "controlled": "已控制", "closed": "已结案", "reviewed": "已评审",
}  # fmt: skip
_STATES = {
    "draft": "草稿", "submitted": "待审批", "rejected": "已退回", "approved": "已审批", "sent": "已上报",
}  # fmt: skip
_ORDERS = {
    "sending": "下达中", "sent": "已下达", "received": "已签收", "done": "已完成", "failed": "未送达",
    "cancelled": "已取消",
}  # fmt: skip


def report_pdf(
    report: Mapping[str, Any], type_name: str, grade_name: str, font: Path | None
) -> bytes:
    """Return the PDF of a report; takes a few hundred milliseconds, so not in the event loop.

    Raises the refusal ``no_font`` when the machine has no font that can be embedded.
    """
    _register(font)
    out = io.BytesIO()
    document = SimpleDocTemplate(
        out, pagesize=A4, leftMargin=25 * mm, rightMargin=22 * mm, topMargin=24 * mm,
        bottomMargin=20 * mm, title=_title(report), author=str(report["author"]), lang="zh-CN",
    )  # fmt: skip
    document.build(_story(report, type_name, grade_name), onFirstPage=_foot, onLaterPages=_foot)
    return out.getvalue()


def _register(font: Path | None) -> None:
    if _FONT in pdfmetrics.getRegisteredFontNames():
        return
    try:
        if font is None:
            raise TTFError("there is none")
        pdfmetrics.registerFont(TTFont(_FONT, str(font)))
    except (TTFError, OSError) as error:
        raise unavailable(
            "no_font", f"No Chinese font can be embedded: {error}.",
            "Install one with: python3 -m softswitch.setup asterisk",
        ) from error  # fmt: skip


def _style(size: float, **more: Any) -> ParagraphStyle:
    return ParagraphStyle(
        f"s{size}", fontName=_FONT, fontSize=size, leading=size * 1.6, wordWrap="CJK", **more
    )


_BODY = 11


def _text(text: object, size: float = _BODY, **more: Any) -> Paragraph:
    """What people typed is text, never markup."""
    return Paragraph(escape(str(text)).replace("\n", "<br/>"), _style(size, **more))


def _title(report: Mapping[str, Any]) -> str:
    return f"{_KINDS[report['kind']]}（第{report['number']}期）"


def _story(report: Mapping[str, Any], type_name: str, grade_name: str) -> list[Any]:
    facts: Row = report["facts"]
    story: list[Any] = [
        _text(_title(report), 20, alignment=1, spaceAfter=8),
        _table([
            ("报送单位", report["receiver"] or "—", "状态", _STATES[report["state"]]),
            ("报送时限", _time(report["due_at"]), "上报时间", _time(report["sent_at"])),
        ]),
        Spacer(1, 5 * mm),
    ]  # fmt: skip
    if facts:
        story += [_table(_of_incident(facts, type_name, grade_name)), Spacer(1, 5 * mm)]
    story += [_text("情况报告", 14, spaceAfter=4), _text(report["text"] or "（无正文）")]
    if facts.get("orders"):
        story += [Spacer(1, 5 * mm), _text("力量调派", 14, spaceAfter=4), _orders(facts["orders"])]
    signed = [
        ("起草", report["author"], "时间", _time(report["created_at"])),
        ("审批", report["approver"] or "—", "时间", _time(report["approved_at"])),
    ]
    return [*story, Spacer(1, 8 * mm), _table(signed)]


def _of_incident(facts: Row, type_name: str, grade_name: str) -> list[tuple[object, ...]]:
    place = facts["address"] or "—"
    if facts["latitude"] is not None:
        place += f"（{facts['latitude']:.5f}, {facts['longitude']:.5f}）"
    return [
        ("事件名称", facts["title"] or "—", "编号", facts["id"]),
        (
            "事件类型",
            f"{facts['type']} {type_name}".strip() or "—",
            "事件级别",
            grade_name or "未定级",
        ),
        ("发生地点", place, "接报时间", _time(facts["created_at"])),
        ("报警电话", facts["number"] or "—", "处置状态", _STATUS[facts["status"]]),
        ("基本情况", facts["note"] or "—", "处置结果", facts["result"] or "—"),
    ]


def _table(rows: list[tuple[Any, ...]]) -> Table:
    cells = [[_text(cell, 10) for cell in row] for row in rows]
    # A long note goes on on the next page, in the middle of its row.
    return _ruled(Table(cells, colWidths=[22 * mm, 64 * mm, 22 * mm, 55 * mm], splitInRow=1))


def _orders(orders: list[Row]) -> Table:
    head = [_text(name, 10) for name in ("单位", "命令", "状态", "下达", "签收")]
    rows = [
        [_text(one["unit"], 10), _text(one["text"], 10), _text(_ORDERS[one["state"]], 10),
         _text(_time(one["created_at"]), 9), _text(_time(one["received_at"]), 9)]
        for one in orders
    ]  # fmt: skip
    widths = [28 * mm, 59 * mm, 18 * mm, 29 * mm, 29 * mm]
    return _ruled(Table([head, *rows], colWidths=widths, repeatRows=1, splitInRow=1))


def _ruled(table: Table) -> Table:
    table.setStyle(
        TableStyle([
            ("GRID", (0, 0), (-1, -1), 0.5, colors.black),
            ("VALIGN", (0, 0), (-1, -1), "TOP"),
            ("TOPPADDING", (0, 0), (-1, -1), 2),
            ("BOTTOMPADDING", (0, 0), (-1, -1), 4),
        ])
    )  # fmt: skip
    return table


def _foot(canvas: Any, document: Any) -> None:
    canvas.setFont(_FONT, 9)
    canvas.drawCentredString(A4[0] / 2, 11 * mm, f"第 {document.page} 页")


def _time(at: Millis | None) -> str:
    if at is None:
        return "—"
    return datetime.fromtimestamp(at / 1000, _CST).strftime("%Y-%m-%d %H:%M")
