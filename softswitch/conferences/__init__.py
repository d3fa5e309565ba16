"""Conferences: rooms, group calls, roll calls and notification."""
