"""Who may do what: users, sessions, tokens, one policy table, lock-out and the audit chain."""
