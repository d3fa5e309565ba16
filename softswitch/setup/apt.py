"""A private apt: downloads packages with all that they need, without root.

It has its own state and cache and an empty list of installed packages, so apt plans the whole
closure down to the C library. Nothing of the machine's own apt is written.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import time
from collections.abc import Sequence
from pathlib import Path

from softswitch.setup.progress import SetupError

_UPDATE_TIMEOUT_S = 600
_DOWNLOAD_TIMEOUT_S = 3600
_FRESH_S = 900


class PrivateApt:
    """apt with everything that it writes in one folder."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.archives = folder / "cache" / "archives"

    def use_source(self, deb822: str) -> None:
        """Point apt at one source and nothing else."""
        for path in ("state/lists/partial", "cache/archives/partial", "etc/sources"):
            (self.folder / path).mkdir(parents=True, exist_ok=True)
        (self.folder / "state" / "status").write_text("")
        (self.folder / "etc" / "sources" / "archive.sources").write_text(deb822)
        (self.folder / "etc" / "apt.conf").write_text(self._configuration())

    def update(self) -> None:
        """Fetch the package lists, unless those of the same source were fetched just now."""
        stamp = self.folder / "etc" / "updated"
        source = (self.folder / "etc" / "sources" / "archive.sources").read_text()
        if _age_s(stamp) < _FRESH_S and stamp.read_text() == source:
            return
        self._run("apt-get", "update", "-q", timeout_s=_UPDATE_TIMEOUT_S)
        stamp.write_text(source)

    def forget(self) -> None:
        """Drop lists and downloads: 100 MB that the next update replaces anyway."""
        shutil.rmtree(self.folder, ignore_errors=True)

    def candidate(self, package: str) -> str | None:
        """Tell the version on offer, None when there is none."""
        match = re.search(r"Candidate: (\S+)", self._run("apt-cache", "policy", package))
        return None if match is None or match[1] == "(none)" else match[1]

    def download(self, packages: Sequence[str]) -> list[Path]:
        """Download the closure; what an earlier try has fetched is not fetched again."""
        command = ("apt-get", "install", "-q", "-y", "--download-only", "--no-install-recommends")
        # The plan names only what is still to be fetched: ask as if nothing were.
        nowhere = self.folder / "nowhere"
        (nowhere / "partial").mkdir(parents=True, exist_ok=True)
        no_archives = ("-o", f"Dir::Cache::archives={nowhere}")
        wanted = self._run(*command, "--print-uris", *no_archives, *packages)
        self._run(*command, *packages, timeout_s=_DOWNLOAD_TIMEOUT_S)
        files = [self.archives / name for name in parse_file_names(wanted)]
        if missing := [file.name for file in files if not file.is_file()]:
            raise SetupError(
                f"apt said that it downloaded {missing[0]}, but it is not in {self.archives}. "
                "Start again; if this repeats, remove that folder first."
            )
        return files

    def download_alone(self, package: str) -> Path:
        """Download one package without what it depends on."""
        self._run("apt-get", "download", "-q", package, timeout_s=_DOWNLOAD_TIMEOUT_S)
        found = sorted(
            self.archives.glob(f"{package}_*.deb"), key=lambda path: path.stat().st_mtime
        )
        if not found:
            raise SetupError(f"apt downloaded no {package}. Remove {self.folder} and start again.")
        return found[-1]

    def dependencies(self, package: str) -> list[str]:
        """List what a package depends on directly; of alternatives the first."""
        return parse_dependencies(self._run("apt-cache", "show", "--no-all-versions", package))

    def _configuration(self) -> str:
        """Take over how the machine reaches its archives (proxy, certificates), no more."""
        dump = subprocess.run(
            ["apt-config", "dump"], capture_output=True, text=True, check=False, timeout=60
        ).stdout
        kept = [
            line
            for line in dump.splitlines()
            if line.startswith("Acquire::") and not line.startswith("Acquire::IndexTargets")
        ]
        own = {
            "Dir::State": self.folder / "state",
            "Dir::State::status": self.folder / "state" / "status",
            "Dir::Cache": self.folder / "cache",
            "Dir::Cache::archives": self.archives,
            "Dir::Log": self.folder / "log",
            "Dir::Etc::sourcelist": "/dev/null",
            "Dir::Etc::sourceparts": self.folder / "etc" / "sources",
            "Dir::Etc::main": "/dev/null",
            "Dir::Etc::parts": "/dev/null",
            "Dir::Etc::preferences": "/dev/null",
            "Dir::Etc::preferencesparts": "/dev/null",
            "Acquire::Languages": "none",
            "Acquire::Retries": "3",
            # The folder belongs to the user who starts this, so the _apt user may not write to it.
            "APT::Sandbox::User": "root",
            "APT::Keep-Downloaded-Packages": "true",
        }
        return "\n".join([*kept, *(f'{name} "{value}";' for name, value in own.items()), ""])

    def _run(self, *command: str, timeout_s: float = 120) -> str:
        environment = {**os.environ, "APT_CONFIG": str(self.folder / "etc" / "apt.conf")}
        environment |= {"LC_ALL": "C", "DEBIAN_FRONTEND": "noninteractive"}
        # Options of APT_CONFIG are read before the machine's own, and would be overruled by them:
        # say again where those are, which must be done on the command line.
        command = (command[0], "-o", "Dir::Etc::parts=/dev/null", *command[1:])
        try:
            done = subprocess.run(
                command,
                env=environment,
                capture_output=True,
                text=True,
                check=False,
                timeout=timeout_s,
                stdin=subprocess.DEVNULL,
                # `apt-get download` writes to the current folder.
                cwd=self.archives,
            )
        except FileNotFoundError:
            raise SetupError(
                f"{command[0]} is not on this machine. Install Asterisk 22 or newer and espeak-ng by "
                "the system's own means, then start again."
            ) from None
        except subprocess.TimeoutExpired:
            raise SetupError(
                f"{' '.join(command[:1])} {command[3]} did not end within {timeout_s:.0f} s. Check the "
                "network and start again: what is downloaded is kept."
            ) from None
        if done.returncode != 0 or "Failed to fetch" in done.stderr:
            raise SetupError(
                f"{command[0]} {command[3]} failed: {_last_words(done.stderr or done.stdout)}. "
                "Check the network and the apt sources, then start again: what is downloaded is kept."
            )
        return done.stdout


def _age_s(file: Path) -> float:
    try:
        return time.time() - file.stat().st_mtime
    except FileNotFoundError:
        return float("inf")


def parse_dependencies(record: str) -> list[str]:
    """Read the names from the `Depends:` line of a package record."""
    match = re.search(r"^Depends: (.*)$", record, flags=re.MULTILINE)
    if match is None:
        return []
    return [re.split(r"[\s(|:]", part.strip(), maxsplit=1)[0] for part in match[1].split(",")]


def parse_file_names(print_uris: str) -> list[str]:
    """Read the file names from lines like `'http://…' name_1.0_amd64.deb 123 SHA256:…`."""
    return re.findall(r"^'[^']*' (\S+\.deb) \d+", print_uris, flags=re.MULTILINE)


def _last_words(text: str) -> str:
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    errors = [line for line in lines if line.startswith("E:")]
    return " ".join((errors or lines[-1:])[:3]) or "it said nothing"
