"""Telephone features: camp-on for busy extensions, intercom, night service."""
