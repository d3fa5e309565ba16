"""Calls: what is up, who waits, and everything that can be done to a call."""
