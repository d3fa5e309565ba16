"""Finds an Asterisk that will do, or installs one into a private prefix.

The closure taken from Debian (forky, else sid; Ubuntu: resolute): the packages of
`PACKAGES` with everything that they depend on, down to the C library, because the installed
packages of the machine are left out of the plan; and those of `LEAN_PACKAGES` without `LEFT_OUT`.
Recommended packages are not taken. The manifest in the prefix lists each package with its version.
"""

from __future__ import annotations

import re
import shutil
import subprocess
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from softswitch.setup.prefix import Prefix, Recipe, find_prefix, install_prefix
from softswitch.setup.progress import Progress, SetupError

PREFIX_NAME = "asterisk-22"
OLDEST_VERSION = 22
PACKAGES = (
    "asterisk",
    "asterisk-modules",
    "asterisk-config",
    "asterisk-core-sounds-en-gsm",
    "asterisk-moh-opsound-wav",
)
# The driver of 2M cards with its libraries, without the package that builds kernel modules: that one
# brings a compiler and kernel headers, which are half of the whole download.
LEAN_PACKAGES = ("asterisk-dahdi",)
LEFT_OUT = ("dahdi",)
_PROGRAM = "usr/sbin/asterisk"
_MODULE_FOLDERS = ("usr/lib/*/asterisk/modules", "usr/lib/asterisk/modules")


@dataclass(frozen=True)
class AsteriskInstall:
    """An Asterisk that can be started."""

    command: tuple[str, ...]
    """The words before Asterisk's own options: its loader, library path and program."""
    version: str
    modules: Path
    """For `astmoddir`."""
    data: Path
    """For `astdatadir`: holds `sounds`, `moh`, `documentation`."""
    private: bool
    """True for our own prefix, False for the Asterisk of the system."""

    @property
    def major(self) -> int:
        return major_version(self.version) or 0

    @property
    def sounds(self) -> Path:
        return self.data / "sounds"

    @property
    def moh(self) -> Path:
        return self.data / "moh"

    def argv(self, *options: str) -> list[str]:
        """Give a full command line, such as `argv("-f", "-C", "/data/asterisk.conf")`."""
        return [*self.command, *options]

    def missing_modules(self, wanted: Iterable[str]) -> list[str]:
        """Tell which modules (`res_ari.so`) are not there."""
        return [name for name in wanted if not (self.modules / name).is_file()]


def major_version(text: str) -> int | None:
    """Read 22 from `22.10.1`, `Asterisk 22.10.1~dfsg` or Debian's `1:22.10.1+dfsg-1`."""
    match = re.search(r"(?:^|[\s:/])(\d+)\.\d+", text)
    return int(match[1]) if match else None


def find_asterisk(cache: Path, *, system_root: Path = Path("/")) -> AsteriskInstall:
    """Find the Asterisk to use: the system's from version 22 on, else our own prefix."""
    found = _find_system(system_root) or _find_private(cache)
    if found is None:
        raise SetupError(
            f"No Asterisk {OLDEST_VERSION} or newer is on this machine, neither of the system nor in "
            f"{cache / PREFIX_NAME}. Install it with: python3 -m softswitch.setup asterisk"
        )
    return found


def install_asterisk(cache: Path, progress: Progress) -> AsteriskInstall:
    """Find an Asterisk, or install one into the private prefix."""
    found = _find_system(Path("/")) or _find_private(cache)
    if found is None:
        prefix = install_prefix(cache, _RECIPE, progress)
        found = _describe(prefix)
    progress(f"Asterisk {found.version} {'in ' + str(cache) if found.private else 'of the system'}")
    return found


def install_private(cache: Path, progress: Progress) -> Prefix:
    """Give the private prefix, made where there is none: the trunk laboratory is built from it."""
    return install_prefix(cache, _RECIPE, progress)


def _find_private(cache: Path) -> AsteriskInstall | None:
    prefix = find_prefix(cache, PREFIX_NAME)
    return None if prefix is None else _describe(prefix)


def _find_system(root: Path) -> AsteriskInstall | None:
    places = [root / folder / "asterisk" for folder in ("usr/sbin", "usr/local/sbin", "usr/bin")]
    program = next((place for place in places if place.is_file()), None)
    if program is None and root == Path("/") and (named := shutil.which("asterisk")):
        program = Path(named)
    if program is None:
        return None
    version = _ask_version([str(program)])
    modules = _first_folder(root, (*_MODULE_FOLDERS, "usr/local/lib/asterisk/modules"))
    data = _first_folder(root, ("usr/share/asterisk", "var/lib/asterisk"))
    if version is None or (major_version(version) or 0) < OLDEST_VERSION:
        return None
    if modules is None or data is None:
        return None
    return AsteriskInstall((str(program),), version, modules, data, private=False)


def _describe(prefix: Prefix) -> AsteriskInstall:
    modules = _first_folder(prefix.root, _MODULE_FOLDERS)
    if modules is None:
        raise SetupError(
            f"{prefix.root} has no Asterisk modules. Remove that folder and install again with: "
            "python3 -m softswitch.setup asterisk"
        )
    return AsteriskInstall(
        command=prefix.command(_PROGRAM),
        version=_packaged_version(prefix),
        modules=modules,
        data=prefix.root / "usr" / "share" / "asterisk",
        private=True,
    )


def _packaged_version(prefix: Prefix) -> str:
    """Read the version from the manifest: asking the program costs a start of it each time."""
    for package in prefix.packages:
        name, _, rest = package.partition("_")
        if name == "asterisk":
            return re.sub(r"^\d+%3a", "", rest).split("+")[0].split("~")[0].split("-")[0]
    return "0"


def _finish(root: Path) -> None:
    """Make `sounds/en`, which Debian's alternatives system would make, and drop dead links."""
    sounds = root / "usr" / "share" / "asterisk" / "sounds"
    voices = sorted(sounds.glob("en_*"))
    if voices and not (sounds / "en").exists():
        (sounds / "en").symlink_to(voices[0].name)
    # They point into /var/lib/asterisk of the system.
    for path in sounds.glob("*"):
        if path.is_symlink() and not path.exists():
            path.unlink()


def _check(prefix: Prefix) -> None:
    install = _describe(prefix)
    answer = _ask_version(install.command)
    if answer is None:
        raise SetupError(
            f"Asterisk was unpacked to {prefix.root} but does not run. Try it by hand: "
            f"{' '.join(install.argv('-V'))}"
        )


def _ask_version(command: Sequence[str]) -> str | None:
    try:
        done = subprocess.run(
            [*command, "-V"], capture_output=True, text=True, check=False, timeout=30
        )
    except (OSError, subprocess.TimeoutExpired):
        return None
    match = re.search(r"Asterisk (?:certified/)?(\d+\.[\d.]+)", done.stdout)
    return match[1] if match and done.returncode == 0 else None


def _first_folder(root: Path, patterns: Iterable[str]) -> Path | None:
    return next(
        (path for glob in patterns for path in sorted(root.glob(glob)) if path.is_dir()), None
    )


_RECIPE = Recipe(
    name=PREFIX_NAME,
    packages=PACKAGES,
    lean=LEAN_PACKAGES,
    left_out=LEFT_OUT,
    leading="asterisk",
    megabytes=110,
    accepts=lambda version: (major_version(version) or 0) >= OLDEST_VERSION,
    finish=_finish,
    check=_check,
)
