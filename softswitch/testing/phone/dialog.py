"""The dialog of a call: who is who, where requests go, and their order (RFC 3261 section 12)."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

from softswitch.testing.phone.fields import NameAddr, Uri
from softswitch.testing.phone.message import Message, Request, Response


@dataclass
class Dialog:
    call_id: str
    local: NameAddr
    remote: NameAddr
    target: Uri
    routes: list[str] = field(default_factory=list)
    local_sequence: int = 0
    remote_sequence: int = 0

    @property
    def local_tag(self) -> str:
        return self.local.tag or ""

    @property
    def remote_tag(self) -> str:
        return self.remote.tag or ""

    def next_sequence(self) -> int:
        self.local_sequence += 1
        return self.local_sequence

    def learn_from(self, response: Response) -> None:
        """The far end's tag, address and route, out of a response to our INVITE (12.1.2)."""
        if response.to.tag:
            self.remote = response.to
        self.refresh(response)
        self.routes = list(reversed(response.headers.listed("Record-Route")))

    def refresh(self, message: Message) -> None:
        """A new Contact moves the far end (12.2)."""
        contact = message.contact
        if contact is not None:
            self.target = contact.uri

    @classmethod
    def incoming(cls, invite: Request, tag: str) -> Dialog:
        contact = invite.contact
        local = replace(invite.to, params={**invite.to.params, "tag": tag})
        return cls(
            invite.call_id,
            local,
            invite.from_,
            contact.uri if contact else invite.from_.uri,
            invite.headers.listed("Record-Route"),
            0,
            invite.cseq.number,
        )
