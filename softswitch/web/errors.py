"""Every error of the HTTP API in the one JSON shape."""

from __future__ import annotations

import logging
import secrets
from collections.abc import Mapping
from typing import Any

import orjson
from fastapi import FastAPI
from fastapi.exceptions import RequestValidationError
from pydantic import BaseModel
from pydantic.json_schema import models_json_schema
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from softswitch.errors import Kind, Refusal
from softswitch.web.wrong_value import wrong_value

log = logging.getLogger(__name__)


class ErrorDetail(BaseModel):
    """What is wrong, with which thing, and what to do next."""

    code: str
    message: str
    next_step: str
    message_zh: str
    next_step_zh: str
    field: str | None = None
    details: dict[str, Any] | None = None


class ErrorBody(BaseModel):
    """The answer to every request that is not carried out."""

    error: ErrorDetail


_SHAPE = {"application/json": {"schema": {"$ref": "#/components/schemas/ErrorBody"}}}
RESPONSES: dict[int | str, dict[str, Any]] = {
    422: {"content": _SHAPE, "description": "The input is wrong."},
    "default": {"content": _SHAPE, "description": "The request is not carried out."},
}
"""For OpenAPI: the error shape on every route, by its name. A model here would be built anew for each route."""

_BY_STATUS = {
    404: ("not_found", "There is nothing at this address.", "See /openapi.json for the API."),
    405: ("method_not_allowed", "This address does not know that method.", "See /openapi.json."),
    413: ("too_large", "The request is too large.", "Send less at once."),
    400: ("bad_request", "The request cannot be read.", "Check it and try again."),
}


def schemas() -> dict[str, Any]:
    """Return what :data:`RESPONSES` names, for OpenAPI."""
    where = "#/components/schemas/{model}"
    _, found = models_json_schema([(ErrorBody, "serialization")], ref_template=where)
    defined: dict[str, Any] = found["$defs"]
    return defined


def error_response(
    status: int, body: Mapping[str, Any], headers: Mapping[str, str] | None = None
) -> Response:
    """Return ``body`` as JSON with the status."""
    return Response(orjson.dumps(body), status, headers, "application/json")


def error_body(code: str, message: str, next_step: str, field: str | None = None) -> dict[str, Any]:
    """Return the JSON shape of an error."""
    return Refusal(Kind.INVALID, code, message, next_step, field=field).as_json()


def install(app: FastAPI) -> None:
    """Give ``app`` its error answers."""
    app.add_exception_handler(Refusal, _refusal)
    app.add_exception_handler(RequestValidationError, _validation)
    app.add_exception_handler(HTTPException, _http)


def refusal_response(refusal: Refusal) -> Response:
    """Return a refusal as an answer."""
    headers = {"WWW-Authenticate": "Bearer"} if refusal.kind == 401 else {}
    wait = getattr(refusal, "retry_after", None)
    if wait is not None:
        headers["Retry-After"] = str(wait)
    return error_response(int(refusal.kind), refusal.as_json(), headers)


async def _refusal(_request: Request, error: Exception) -> Response:
    assert isinstance(error, Refusal)
    return refusal_response(error)


async def _validation(_request: Request, error: Exception) -> Response:
    assert isinstance(error, RequestValidationError)
    first: Mapping[str, Any] = error.errors()[0]
    if first["type"] == "json_invalid":
        body = error_body("bad_json", "The body is not JSON.", "Send a JSON object.")
        return error_response(422, body)
    place = [str(part) for part in first["loc"] if part not in {"body", "query", "path", "header"}]
    field = ".".join(place)
    body = error_body(
        "bad_request", wrong_value(field, first), "Correct it and try again.", field or None
    )
    return error_response(422, body)


async def _http(_request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    known = _BY_STATUS.get(error.status_code)
    code, message, next_step = known or ("refused", str(error.detail), "")
    return error_response(error.status_code, error_body(code, message, next_step), error.headers)


def unexpected_response(request_line: str, error: BaseException) -> Response:
    """Return the answer to a mistake of ours: an id that is in the log beside the trace, and nothing else."""
    number = secrets.token_hex(4)
    log.error("Request failed, id %s: %s", number, request_line, exc_info=error)
    return error_response(
        500,
        error_body(
            "internal_error",
            f"The server made a mistake (id {number}).",
            "Try again; the log has the details under this id.",
        ),
    )
