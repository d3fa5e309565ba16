"""Makes a link from its configuration: the one place that knows which protocols there are."""

from __future__ import annotations

from smsgateway.links.model import Link
from smsgateway.port import LinkOwner, SmsLink
from smsgateway.smpp.link import SmppLink


def build_link(link: Link, owner: LinkOwner) -> SmsLink:
    """Return the link, not started."""
    return SmppLink(link, owner)
