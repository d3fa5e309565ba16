"""`python3 -m softswitch.setup run|test|asterisk|lab`: what scripts/run and scripts/test begin with."""

from __future__ import annotations

import sys
from pathlib import Path

from softswitch.setup.asterisk import install_asterisk
from softswitch.setup.cache import cache_folder
from softswitch.setup.console import console_folder, prepare_console, prepare_packages
from softswitch.setup.espeak import install_espeak
from softswitch.setup.lab.build import install_lab
from softswitch.setup.node import prepare_node
from softswitch.setup.prefix import forget_downloads
from softswitch.setup.progress import SetupError
from softswitch.setup.system_packages import prepare_system_packages, read_package_list
from softswitch.setup.turn import one_at_a_time
from softswitch.setup.venv import prepare_venv

_USAGE = "Usage: python3 -m softswitch.setup run | test | asterisk | lab"
_ROOT = Path(__file__).resolve().parents[2]


def main(arguments: list[str]) -> int:
    steps = {"run": _for_run, "test": _for_test, "asterisk": _asterisk, "lab": _lab}
    if len(arguments) != 1 or arguments[0] not in steps:
        print(_USAGE, file=sys.stderr)
        return 2
    try:
        with one_at_a_time(_ROOT, _show):
            steps[arguments[0]]()
    except SetupError as problem:
        print(f"softswitch: {problem}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("softswitch: set-up stopped; the next start takes up from here.", file=sys.stderr)
        return 130
    return 0


def _for_run() -> None:
    prepare_venv(_ROOT, _show)
    _asterisk()
    prepare_console(_ROOT, _show)


def _for_test() -> None:
    prepare_venv(_ROOT, _show, tests=True)
    packages = read_package_list(_ROOT / "requirements" / "system-test.txt")
    prepare_system_packages(packages, _ROOT, _show)
    _asterisk()
    _lab()
    prepare_console(_ROOT, _show)
    if console_folder(_ROOT).is_dir():
        prepare_packages(_ROOT, prepare_node(_ROOT, _show), _show)


def _asterisk() -> None:
    cache = cache_folder()
    install_asterisk(cache, _show)
    install_espeak(cache, _show)
    forget_downloads(cache)


def _lab() -> None:
    cache = cache_folder()
    install_lab(cache, _show)
    forget_downloads(cache)


def _show(line: str) -> None:
    print(f"  {line}", flush=True)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
