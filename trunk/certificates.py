"""The certificates of those who sign for a carrier (X.509 in PEM, RFC 7468). Pure."""

from __future__ import annotations

from softswitch.errors import invalid


def authorities(text: str, transport: str) -> str:
    """Return the certificates in ``text`` and nothing else of it; raises the :class:`Refusal` ``bad_certificate``."""
    if not text:
        return ""
    if transport != "tls":
        raise invalid(
            "bad_certificate",
            "ca is for trunks over TLS.",
            'Write transport = "tls", or leave ca out.',
            field="ca",
        )
    # Here, and not above: a start without such trunks does not wait for the library.
    from cryptography import x509
    from cryptography.hazmat.primitives.serialization import Encoding

    try:
        found = x509.load_pem_x509_certificates(text.encode())
    except ValueError:
        raise invalid(
            "bad_certificate",
            "ca holds no certificate that can be read.",
            "Give PEM: one or more parts from BEGIN CERTIFICATE to END CERTIFICATE.",
            field="ca",
        ) from None
    return "".join(each.public_bytes(Encoding.PEM).decode() for each in found)
