"""The templates of `dialplans/`: one way to fill them, for the switch, for nodes and for the laboratory."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined

DIALPLANS = Path(__file__).resolve().parents[1] / "dialplans"


def fill(template: str, values: Mapping[str, object], *folders: str) -> str:
    """Fill the first template of this name in folders of `dialplans/` (itself unless some are named).

    A value that a template asks for and that is not given is an error of :mod:`jinja2`.
    """
    return _environment(folders).get_template(template).render(values)


@cache
def _environment(folders: tuple[str, ...]) -> Environment:
    # Not HTML: nothing is to be escaped, everything that comes in is typed.
    return Environment(  # noqa: S701
        loader=FileSystemLoader([DIALPLANS / name for name in folders or ("",)]),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
