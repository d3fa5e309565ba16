"""Serves the built console, or a page that says how to build it."""

from __future__ import annotations

import re
from pathlib import Path

from fastapi import APIRouter
from starlette.convertors import PathConvertor, register_url_convertor
from starlette.exceptions import HTTPException
from starlette.responses import FileResponse, HTMLResponse, Response

# Vite puts a hash of the content into the names under assets/: such a file never changes.
_HASHED = re.compile(r"assets/.*-[A-Za-z0-9_-]{8}\.[a-z0-9]+")
_FOREVER = "public, max-age=31536000, immutable"

_NOT_BUILT = """<!doctype html>
<html lang="en"><meta charset="utf-8"><title>softswitch</title>
<h1>The server runs; the console is not built</h1>
<p>Build it with <code>scripts/run</code>, or with <code>npm ci &amp;&amp; npm run build</code> in the folder
<code>console</code>, then load this page again.</p>
<p lang="zh">服务器已运行，但调度台页面尚未构建。请运行 <code>scripts/run</code>，然后刷新本页。</p>
<p>The API is described in <a href="/openapi.json">/openapi.json</a>.</p>
</html>
"""


class _OutsideApi(PathConvertor):
    """Any path that is not the API's, so that the API keeps its own 404 and 405."""

    regex = r"(?!api(?:/|$)).*"


register_url_convertor("outside_api", _OutsideApi())


def console_routes(console: Path | None) -> APIRouter:
    """Return the routes for everything that is not the API; ``console`` is looked at on each request."""
    router = APIRouter(include_in_schema=False)

    @router.api_route("/{path:outside_api}", methods=["GET", "HEAD"])
    def page(path: str) -> Response:
        if console is None or not (console / "index.html").is_file():
            return HTMLResponse(_NOT_BUILT, 503 if path else 200)
        return _file(console.resolve(), path)

    return router


def _file(console: Path, path: str) -> Response:
    found = _inside(console, path)
    if found is not None:
        caching = _FOREVER if _HASHED.fullmatch(path) else "no-cache"
        return FileResponse(found, headers={"cache-control": caching})
    if "." in path.rpartition("/")[2]:
        raise HTTPException(404)
    # An address inside the console: its own router shows the right view.
    return FileResponse(console / "index.html", headers={"cache-control": "no-cache"})


def _inside(console: Path, path: str) -> Path | None:
    if not path or "\0" in path:
        return None
    try:
        found = (console / path).resolve()
        return found if found.is_relative_to(console) and found.is_file() else None
    except OSError:  # longer than a file's name can be
        return None
