"""CSV over HTTP: the shape of a report and the answer with a file."""

from __future__ import annotations

from pydantic import BaseModel
from starlette.responses import Response

from softswitch.csvio import RowStatus


class CsvRow(BaseModel):
    """What became of one row of an import."""

    line: int
    status: RowStatus
    key: str
    message: str | None


class CsvReport(BaseModel):
    """What became of an import."""

    rows: list[CsvRow]
    added: int
    changed: int
    unchanged: int
    refused: int


def csv_response(content: bytes, name: str) -> Response:
    """Return a CSV file to be saved under ``name`` (RFC 7111, RFC 6266)."""
    headers = {"content-disposition": f'attachment; filename="{name}"'}
    return Response(content, media_type="text/csv; charset=utf-8", headers=headers)
