"""Sets a machine up: Asterisk, speech and the checks of `softswitch doctor`.

Everything in this folder uses the standard library alone, because `scripts/run` calls it before
any dependency is installed.
"""
