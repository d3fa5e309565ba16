"""Finds a Chinese font that printed reports can embed, or installs one into a private prefix.

Only TrueType outlines can be embedded in part by the PDF library; Noto CJK has others and does not serve.
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from softswitch.setup.prefix import Prefix, Recipe, find_prefix, install_prefix
from softswitch.setup.progress import Progress, SetupError

PREFIX_NAME = "chinese-font"
_FILES = (
    "usr/share/fonts/truetype/wqy/wqy-microhei.ttc",
    "usr/share/fonts/truetype/wqy/wqy-zenhei.ttc",
)


def find_font(cache: Path) -> Path:
    """Find a font of the system, else the one in our own prefix."""
    found = _first(Path("/")) or _find_private(cache)
    if found is None:
        raise SetupError(
            f"No Chinese font is on this machine, neither of the system nor in {cache / PREFIX_NAME}. "
            "Install it with: python3 -m softswitch.setup asterisk"
        )
    return found


def install_font(cache: Path, progress: Progress) -> Path:
    """Find a font, or install one into the private prefix."""
    found = _first(Path("/")) or _find_private(cache)
    if found is None:
        found = _must(install_prefix(cache, _RECIPE, progress))
    progress(f"Chinese font {found.name}")
    return found


def _first(root: Path, files: Iterable[str] = _FILES) -> Path | None:
    return next((root / name for name in files if (root / name).is_file()), None)


def _find_private(cache: Path) -> Path | None:
    prefix = find_prefix(cache, PREFIX_NAME)
    return None if prefix is None else _first(prefix.root)


def _must(prefix: Prefix) -> Path:
    found = _first(prefix.root)
    if found is None:
        raise SetupError(
            f"{prefix.root} has no font. Remove that folder and install again with: "
            "python3 -m softswitch.setup asterisk"
        )
    return found


def _finish(_root: Path) -> None:
    """Nothing: a font is used as it is unpacked."""


def _check(prefix: Prefix) -> None:
    # What a collection of fonts begins with (OpenType specification, "Font Collections").
    if not _must(prefix).read_bytes().startswith(b"ttcf"):
        raise SetupError(f"The font in {prefix.root} is damaged.")


_RECIPE = Recipe(
    name=PREFIX_NAME,
    packages=("fonts-wqy-microhei", "libc6"),  # a prefix has a loader, whatever is in it
    lean=(),
    left_out=(),
    leading="fonts-wqy-microhei",
    megabytes=6,
    accepts=bool,
    finish=_finish,
    check=_check,
)
