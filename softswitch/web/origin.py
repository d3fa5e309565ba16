"""Requests that another site's page makes in a user's browser are refused (CSRF; RFC 6454 for Origin)."""

from __future__ import annotations

from urllib.parse import urlsplit

from starlette.requests import HTTPConnection, Request

from softswitch.errors import Refusal, forbidden

SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})


def check_cross_site(request: Request) -> None:
    """Refuse a state-changing request by cookie that does not clearly come from our own page.

    It needs what a plain form of another site cannot send (``Content-Type: application/json`` or
    ``X-Softswitch: 1``), and an ``Origin`` that is our own host.
    """
    if request.method in SAFE_METHODS:
        return
    content_type = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if content_type != "application/json" and request.headers.get("x-softswitch") != "1":
        raise cross_site("The request carries neither JSON nor the header X-Softswitch: 1.")
    if not is_same_origin(request):
        raise cross_site("The request does not come from a page of this server.")


def check_not_foreign(request: Request) -> None:
    """Refuse a sign-in from a page of another site; programs send no ``Origin`` and may sign in."""
    if "origin" in request.headers and not is_same_origin(request):
        raise cross_site("The request does not come from a page of this server.")


def is_same_origin(connection: HTTPConnection) -> bool:
    """Return whether ``Origin`` names the host that was asked; without an Origin it is not."""
    origin = connection.headers.get("origin", "")
    host = connection.headers.get("host", "")
    try:
        parts = urlsplit(origin)
    except ValueError:
        return False
    return parts.scheme in {"http", "https"} and bool(host) and _same(parts.netloc, host)


def _same(left: str, right: str) -> bool:
    return left.lower() == right.lower()


def cross_site(message: str) -> Refusal:
    """Return the refusal of a request that another site may have caused."""
    return forbidden("cross_site", message, "Use the console, or an API token.")
