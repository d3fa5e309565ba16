"""Campaigns: one text to many people, from the draft to the report."""
