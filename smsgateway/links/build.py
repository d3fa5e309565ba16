"""Makes a link from its configuration: the one place that knows which protocols there are."""

from __future__ import annotations

from smsgateway.cmpp.link import CmppLink
from smsgateway.links.model import Link, Protocol
from smsgateway.port import LinkOwner, SmsLink
from smsgateway.smpp.link import SmppLink


def build_link(link: Link, owner: LinkOwner) -> SmsLink:
    """Return the link, not started."""
    if link.config.protocol is Protocol.CMPP:
        return CmppLink(link, owner)
    return SmppLink(link, owner)
