"""Chooses the archive and the release from which Asterisk is taken.

Debian 12 and 13 carry no Asterisk, so it comes from a later suite of the same mirror. It runs by
its own loader and libraries and never mixes with those of the machine.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from softswitch.setup.apt_sources import Source
from softswitch.setup.progress import SetupError

_SUITES = {
    "debian": ("forky", "sid"),
    # 24.04 has Asterisk 20, which lacks REST over the WebSocket; 26.04 has 22.
    "ubuntu": ("resolute",),
}
_COMPONENTS = {"debian": ("main",), "ubuntu": ("main", "universe")}
_NOT_THE_RELEASE = ("-security", "-backports", "-proposed", "-updates")


@dataclass(frozen=True)
class Choice:
    """One archive with one suite, worth a try."""

    source: Source
    suite: str
    components: tuple[str, ...]

    def to_deb822(self) -> str:
        return self.source.to_deb822(self.suite, self.components)


def read_os_release(path: Path = Path("/etc/os-release")) -> dict[str, str]:
    """Read what the machine says of its own system; empty when it says nothing."""
    values: dict[str, str] = {}
    if path.is_file():
        for line in path.read_text(errors="replace").splitlines():
            name, equals, value = line.partition("=")
            if equals:
                values[name.strip()] = value.strip().strip("\"'")
    return values


def family_of(os_release: Mapping[str, str]) -> str:
    """Tell `debian` from `ubuntu`, also for systems derived from them."""
    names = [os_release.get("ID", ""), *os_release.get("ID_LIKE", "").split()]
    for family in ("ubuntu", "debian"):
        if family in names:
            return family
    raise SetupError(
        f"This system ({os_release.get('PRETTY_NAME', 'unknown')}) is neither Debian nor Ubuntu, so "
        "Asterisk cannot be fetched. Install Asterisk 22 or newer and espeak-ng by the system's own "
        "means, then start again."
    )


def choices(sources: Sequence[Source], os_release: Mapping[str, str]) -> list[Choice]:
    """List what to try, the most promising first."""
    family = family_of(os_release)
    codename = os_release.get("UBUNTU_CODENAME") or os_release.get("VERSION_CODENAME", "")
    archives = [source for source in sources if _is_archive(source, family, codename)]
    archives.sort(key=lambda source: _rank(source, family, codename))
    if not archives:
        raise SetupError(
            f"No {family} archive is in /etc/apt/sources.list or /etc/apt/sources.list.d. "
            "Add the system's usual sources there, then start again."
        )
    components = _COMPONENTS[family]
    return [
        Choice(_with_uri_only(source), suite, components)
        for source in archives
        for suite in _SUITES[family]
    ]


def _is_archive(source: Source, family: str, codename: str) -> bool:
    """Pass over the archives of other makers, discs, and those that hold updates only."""
    if "main" not in source.components:
        return False
    if all(uri.startswith("cdrom:") for uri in source.uris):
        return False
    if all(suite.endswith(_NOT_THE_RELEASE) for suite in source.suites):
        return False
    return codename in source.suites or _is_named(source, family)


def _rank(source: Source, family: str, codename: str) -> tuple[bool, bool, bool]:
    """Sort the system's own archive first (False comes before True)."""
    signed = f"{family}-archive-keyring" in source.signed_by
    return (codename not in source.suites, not signed, not _is_named(source, family))


def _is_named(source: Source, family: str) -> bool:
    return any(uri.rstrip("/").endswith((f"/{family}", f"/{family}-ports")) for uri in source.uris)


def _with_uri_only(source: Source) -> Source:
    uris = tuple(uri for uri in source.uris if not uri.startswith("cdrom:"))
    return Source(uris, source.suites, source.components, source.signed_by, source.trusted)
