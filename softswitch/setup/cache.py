"""Where the set-up keeps what can be made again: Asterisk, speech, package lists."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path


def cache_folder(environment: Mapping[str, str] | None = None) -> Path:
    """Give `$SOFTSWITCH_CACHE`, or `~/.cache/softswitch`."""
    values = os.environ if environment is None else environment
    named = values.get("SOFTSWITCH_CACHE", "")
    return Path(named).expanduser().absolute() if named else Path.home() / ".cache" / "softswitch"
