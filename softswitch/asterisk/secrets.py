"""The passwords between the server and its Asterisk, made at the first start."""

from __future__ import annotations

import hashlib
import json
import os
import re
import secrets
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

USER = "softswitch"


@dataclass(frozen=True, slots=True)
class NodeSecrets:
    """Passwords of the one AMI and the one ARI user."""

    ari: str = field(repr=False)
    ami: str = field(repr=False)

    @property
    def copies(self) -> str:
        """The password of copies of SIP messages, made of one that is kept."""
        return hashlib.sha256(f"copies {self.ari}".encode()).hexdigest()[:32]


def node_secrets(folder: Path) -> NodeSecrets:
    """Return the secrets of the Asterisk in ``folder``; the first call makes them (mode 0600)."""
    path = folder / "secrets.json"
    try:
        kept = json.loads(path.read_text())
        return NodeSecrets(ari=_word(kept["ari"]), ami=_word(kept["ami"]))
    except (FileNotFoundError, ValueError, KeyError, TypeError):
        made = NodeSecrets(ari=secrets.token_hex(24), ami=secrets.token_hex(24))
    write_private(path, json.dumps({"ari": made.ari, "ami": made.ami}))
    return made


def _word(secret: Any) -> str:
    """Return a secret that may stand in a configuration file; a damaged one raises :class:`ValueError`."""
    if not isinstance(secret, str) or not re.fullmatch(r"[0-9A-Za-z]{16,128}", secret):
        raise ValueError("a secret is damaged")
    return secret


def write_private(path: Path, text: str) -> None:
    """Replace ``path`` in one step by a file that only the owner can read."""
    path.parent.mkdir(parents=True, exist_ok=True)
    new = path.with_name(path.name + ".new")
    new.unlink(missing_ok=True)
    with os.fdopen(os.open(new, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
    new.replace(path)
