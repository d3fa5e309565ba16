"""Contacts and resources: people, units, teams, materials, hazards, protection targets, cameras."""
