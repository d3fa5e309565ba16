"""`python3 -m softswitch.setup install`: Asterisk and speech, as `scripts/run` needs them."""

from __future__ import annotations

import sys

from softswitch.setup.asterisk import install_asterisk
from softswitch.setup.cache import cache_folder
from softswitch.setup.espeak import install_espeak
from softswitch.setup.prefix import forget_downloads
from softswitch.setup.progress import SetupError

_USAGE = "Usage: python3 -m softswitch.setup install"


def main(arguments: list[str]) -> int:
    if arguments != ["install"]:
        print(_USAGE, file=sys.stderr)
        return 2
    cache = cache_folder()
    try:
        install_asterisk(cache, _show)
        install_espeak(cache, _show)
        forget_downloads(cache)
    except SetupError as problem:
        print(f"softswitch set-up: {problem}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("softswitch set-up: stopped; the next start takes up from here.", file=sys.stderr)
        return 130
    return 0


def _show(line: str) -> None:
    print(f"  {line}", flush=True)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
