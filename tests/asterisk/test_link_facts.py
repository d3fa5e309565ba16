"""Whether nodes that are reached over IAX2 are there, from events and from the list."""

from __future__ import annotations

from softswitch.asterisk.facts import FactMapper
from softswitch.ports import PhoneReachable


def status(word: str, kind: str = "IAX2") -> dict[str, str]:
    return {
        "Event": "PeerStatus", "ChannelType": kind, "Peer": f"{kind}/city-pri", "PeerStatus": word,
    }  # fmt: skip


def test_a_node_that_answers_no_poke_is_gone_until_it_does() -> None:
    mapper = FactMapper()
    gone, back = PhoneReachable("IAX2/city-pri", False), PhoneReachable("IAX2/city-pri", True)
    assert list(mapper.facts(status("Unreachable"))) == [gone]
    assert list(mapper.facts(status("Unreachable"))) == []
    assert list(mapper.facts(status("Lagged"))) == [back]
    assert list(mapper.facts(status("Reachable"))) == []


def test_accounts_of_sip_are_told_by_their_contacts() -> None:
    assert list(FactMapper().facts(status("Unreachable", "PJSIP"))) == []


def test_the_list_tells_who_is_gone_already() -> None:
    mapper = FactMapper()
    entries = [
        {"Event": "PeerEntry", "ObjectName": name, "Status": said}
        for name, said in (("a1", "UNREACHABLE"), ("a2", "UNKNOWN"), ("a3", "OK (3 ms)"))
    ]
    mapper.start_from([], entries)
    assert {fact.phone_id: fact.reachable for fact in mapper.phones} == {
        "IAX2/a1": False, "IAX2/a2": True, "IAX2/a3": True,
    }  # fmt: skip
