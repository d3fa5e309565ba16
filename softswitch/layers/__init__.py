"""Thin layers on call events: one folder each, with the same file names. Without them calls still work."""
