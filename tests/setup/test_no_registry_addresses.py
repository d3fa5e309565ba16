"""No committed file names a package registry: every machine uses those it is set up for."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path
from urllib.parse import urlsplit

from softswitch.setup.apt_sources import read_sources
from softswitch.setup.node import find_node

ROOT = Path(__file__).resolve().parents[2]
_URL = re.compile(r"[a-z+]+://[^\s'\"]+")


def output(*command: str, environment: dict[str, str] | None = None) -> str:
    done = subprocess.run(
        command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False
    )
    return done.stdout


def registry_hosts() -> set[str]:
    """Read the hosts of apt, pip and npm from this machine's own configuration."""
    urls = [uri for source in read_sources() for uri in source.uris]
    urls += _URL.findall(output(sys.executable, "-m", "pip", "config", "list"))
    # What pip and npm use when nothing is set.
    pip = "from pip._internal.models.index import PyPI; print(PyPI.url, PyPI.file_storage_domain)"
    url, files_host = output(sys.executable, "-c", pip).split()
    urls += [url, f"https://{files_host}/"]
    node = find_node(ROOT)
    environment = node.environment() if node else dict(os.environ)
    urls += _URL.findall(output("npm", "config", "get", "registry", environment=environment))
    hosts = {urlsplit(url).hostname or "" for url in urls}
    return {host for host in hosts if "." in host and not host.startswith("127.")}


def test_no_committed_file_names_a_registry() -> None:
    hosts = registry_hosts()
    assert len(hosts) >= 3
    patterns = [word for host in sorted(hosts) for word in ("-e", host)]
    found = output("git", "grep", "-I", "--ignore-case", "--fixed-strings", "-n", *patterns)
    assert found == ""


def test_git_sees_the_files() -> None:
    assert "pyproject.toml" in output("git", "ls-files").splitlines()
