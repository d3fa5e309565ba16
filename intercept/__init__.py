"""Intercept: forced insert, forced release, silent monitor, whisper and takeover; who may do what to whom."""
