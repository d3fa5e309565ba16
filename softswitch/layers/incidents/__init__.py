"""Incidents: a draft from each emergency call, with exactly one owner."""
