"""SMPP 3.4 (Short Message Peer to Peer Protocol Specification v3.4, issue 1.2): codec, session, link."""
