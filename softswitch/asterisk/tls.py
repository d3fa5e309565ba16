"""The certificate of the instance for SIP over TLS and for WSS: self-signed, made at the first start."""

from __future__ import annotations

import datetime
import ipaddress
import socket
from dataclasses import dataclass
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from softswitch.asterisk.secrets import write_private

_YEARS = 10


@dataclass(frozen=True, slots=True)
class Certificate:
    """PEM files."""

    certificate: Path
    key: Path


def instance_certificate(folder: Path, addresses: tuple[str, ...]) -> Certificate:
    """Return the certificate in ``folder``; one that an operator put there is used as it is."""
    files = Certificate(folder / "certificate.pem", folder / "key.pem")
    if not (files.certificate.is_file() and files.key.is_file()):
        key = ec.generate_private_key(ec.SECP256R1())
        folder.mkdir(parents=True, exist_ok=True)
        write_private(files.key, _pem(key))
        certificate = _sign(key, addresses).public_bytes(serialization.Encoding.PEM)
        write_private(files.certificate, certificate.decode())
    return files


SYSTEM_AUTHORITIES = Path("/etc/ssl/certs/ca-certificates.crt")
"""Where Debian and Ubuntu (ca-certificates) keep whom the machine trusts."""


def authorities(own: Certificate, system: Path = SYSTEM_AUTHORITIES) -> str:
    """Return whom the machine trusts to sign certificates, and our own: an empty file would be refused by OpenSSL."""
    trusted = system.read_text("utf-8", "replace") if system.is_file() else ""
    return trusted + own.certificate.read_text("ascii")


def _pem(key: ec.EllipticCurvePrivateKey) -> str:
    form = serialization.PrivateFormat.PKCS8
    return key.private_bytes(
        serialization.Encoding.PEM, form, serialization.NoEncryption()
    ).decode()


def _sign(key: ec.EllipticCurvePrivateKey, addresses: tuple[str, ...]) -> x509.Certificate:
    host = socket.gethostname() or "softswitch"
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, host[:64])])
    names: list[x509.GeneralName] = [x509.DNSName(host), x509.DNSName("localhost")]
    usable = dict.fromkeys(("127.0.0.1", *addresses))
    names += [x509.IPAddress(ipaddress.ip_address(address)) for address in usable]
    start = datetime.datetime.now(datetime.UTC) - datetime.timedelta(hours=1)
    return (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(start)
        .not_valid_after(start + datetime.timedelta(days=365 * _YEARS))
        .add_extension(x509.SubjectAlternativeName(names), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
        .sign(key, hashes.SHA256())
    )
