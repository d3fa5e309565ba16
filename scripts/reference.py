"""Writes the generated parts of docs/reference: .venv/bin/python scripts/reference.py

Each page keeps its own words; what stands between the two marks is written here. tests/docs holds them current.
"""

from __future__ import annotations

import dataclasses
import sys
from collections.abc import Callable, Iterator, Mapping
from importlib import import_module
from pathlib import Path
from typing import Any, get_type_hints
from unittest.mock import MagicMock

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from fastapi import FastAPI  # noqa: E402 - the line above must come first

from scripts.key_words import console_keys  # noqa: E402
from scripts.route_words import DOES  # noqa: E402
from softswitch import app_web, facts  # noqa: E402
from softswitch.settings import Settings  # noqa: E402
from softswitch.web.health import Health  # noqa: E402
from softswitch.web.inventory import ApiRoute, api_routes  # noqa: E402

PAGES = ROOT / "docs" / "reference"
PACKAGES = ("softswitch", "intercept", "trunk", "smsgateway")
BEGIN, END = "<!-- generated: scripts/reference.py -->", "<!-- end -->"


def application() -> tuple[FastAPI, Health]:
    """Return the application as it runs, over services that do nothing, and its health."""
    system = MagicMock()
    system.health = Health()
    system.settings = Settings(console=Path("/nonexistent"))
    return app_web.build(system), system.health


# ---- HTTP -------------------------------------------------------------------------------------------------


def http_routes() -> str:
    """Return a table of every route with the right that it asks for and what it takes."""
    app, _ = application()
    schema = app.openapi()
    rows = [
        f"| {_route(route)} | {_does(schema, route)} | {_right(route)} | {_takes(schema, route)} |"
        for route in sorted(api_routes(app), key=lambda route: (route.path, route.method))
    ]
    return "\n".join(["| method, path | does | right | takes |", "|---|---|---|---|", *rows])


def _route(route: ApiRoute) -> str:
    return f"`{route.method} {route.path}`"


def _does(schema: Mapping[str, Any], route: ApiRoute) -> str:
    known = DOES.get(f"{route.method} {route.path}")
    return known or f"{_operation(schema, route)['summary']}."


def _operation(schema: Mapping[str, Any], route: ApiRoute) -> Mapping[str, Any]:
    operation: Mapping[str, Any] = schema["paths"][route.path][route.method.lower()]
    return operation


def _right(route: ApiRoute) -> str:
    return f"`{route.rights[0]}`" if route.rights else "none"


def _takes(schema: Mapping[str, Any], route: ApiRoute) -> str:
    operation = _operation(schema, route)
    asked = [
        f"`?{parameter['name']}`"
        for parameter in operation.get("parameters", ())
        if parameter["in"] == "query"
    ]
    content = operation.get("requestBody", {}).get("content", {})
    body = content.get("application/json", {}).get("schema", {})
    return ", ".join([*asked, *_fields(schema, body)])


def _fields(schema: Mapping[str, Any], body: Mapping[str, Any]) -> Iterator[str]:
    """Give the fields of a body; those that may be left out in brackets."""
    for choice in body.get("anyOf", ()):
        yield from _fields(schema, choice)
    if (reference := body.get("$ref")) is None:
        return
    model = schema["components"]["schemas"][reference.rpartition("/")[2]]
    required = set(model.get("required", ()))
    for name in model.get("properties", {}):
        yield f"`{name}`" if name in required else f"[`{name}`]"


# ---- events -----------------------------------------------------------------------------------------------


def events() -> str:
    """Return a chapter for each kind of fact: what it says, its fields, who may read it."""
    for path in sorted(ROOT.glob("*/**/events.py")):
        if path.relative_to(ROOT).parts[0] in PACKAGES:
            import_module(".".join(path.relative_to(ROOT).with_suffix("").parts))
    ours = {
        kind: cls
        for kind, cls in facts.kinds().items()
        if cls.__module__.partition(".")[0] in PACKAGES  # tests have kinds of their own
    }
    return "\n\n".join(_fact(kind, cls) for kind, cls in sorted(ours.items()))


def _fact(kind: str, cls: type[facts.Fact]) -> str:
    text = " ".join((cls.__doc__ or "").split())
    hints = get_type_hints(cls)
    fields = dataclasses.fields(cls)  # type: ignore[arg-type]  # every registered fact is a dataclass
    names = ", ".join(f"`{field.name}` {_type(hints[field.name])}" for field in fields)
    return f"### `{kind}`\n\n{text}\n\nFields: {names}. Right: `{cls.right}`."


def _type(hint: Any) -> str:
    words = {"str": "text", "int": "number", "bool": "yes or no", "float": "number"}
    name = getattr(hint, "__name__", str(hint))
    return words.get(name, str(hint))


# ---- metrics ----------------------------------------------------------------------------------------------


def metrics() -> str:
    """Return a table of the metrics and of the parts that the status tells of."""
    _, health = application()
    told = sorted(health.described().items())
    rows = [f"| `{name}` | {kind} | {help_} |" for name, (kind, help_) in told]
    parts = ", ".join(f"`{name}`" for name in sorted(health.status()["parts"]))
    table = "\n".join(["| metric | kind | means |", "|---|---|---|", *rows])
    return f"{table}\n\nParts: {parts}."


# ---- pages ------------------------------------------------------------------------------------------------

GENERATED: Mapping[str, Callable[[], str]] = {
    "http-api.md": http_routes,
    "events.md": events,
    "metrics.md": metrics,
    "console-keys.md": console_keys,
}


def current(name: str) -> str:
    """Return what a page should be: its own words with the generated part made anew."""
    text = (PAGES / name).read_text("utf-8")
    before, mark, rest = text.partition(BEGIN)
    _, end, after = rest.partition(END)
    if not mark or not end:
        raise ValueError(f"{name} lacks the marks {BEGIN} and {END}.")
    return f"{before}{BEGIN}\n\n{GENERATED[name]()}\n\n{END}{after}"


def main() -> None:
    for name in GENERATED:
        text = current(name)
        (PAGES / name).write_text(text, "utf-8")
        print(f"docs/reference/{name}")


if __name__ == "__main__":
    main()
