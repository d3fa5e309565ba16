"""How long a test waits for a state before it fails.

A wait ends when its state is reached, so patience costs nothing where all is well; a machine with something else
to do must not fail a test. How quick something is, is measured in ``benchmarks/``.
"""

PATIENCE = 60.0
"""Seconds for any state that comes by itself."""

PARTING = 5.0
"""Seconds for the last answer to a phone that is closed: the server may have ended before it."""
