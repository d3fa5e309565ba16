"""The Common Alerting Protocol 1.2 (OASIS, ITU-T X.1303 bis): alerts in and out. ``CAP-v1.2.xsd`` is its schema."""
