"""The certificate of the instance for SIP over TLS and for WSS: self-signed, made at the first start."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from softswitch.asterisk.secrets import write_private

SYSTEM_AUTHORITIES = Path("/etc/ssl/certs/ca-certificates.crt")
"""Where Debian and Ubuntu (ca-certificates) keep whom the machine trusts."""


@dataclass(frozen=True, slots=True)
class Certificate:
    """PEM files."""

    certificate: Path
    key: Path


def instance_certificate(folder: Path, addresses: tuple[str, ...]) -> Certificate:
    """Return the certificate in ``folder``; one that an operator put there is used as it is."""
    files = Certificate(folder / "certificate.pem", folder / "key.pem")
    if not (files.certificate.is_file() and files.key.is_file()):
        from softswitch.asterisk.self_signed import self_signed

        certificate, key = self_signed(addresses)
        folder.mkdir(parents=True, exist_ok=True)
        write_private(files.key, key)
        write_private(files.certificate, certificate)
    return files


def authorities(own: Certificate, system: Path = SYSTEM_AUTHORITIES) -> str:
    """Return whom the machine trusts to sign certificates, and our own: an empty file would be refused by OpenSSL."""
    trusted = system.read_text("utf-8", "replace") if system.is_file() else ""
    return trusted + own.certificate.read_text("ascii")
