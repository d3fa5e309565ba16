"""Public fakes and test phones: a switch in memory, nodes, a SIP phone that hears, a whole system for tests."""
