"""The map: where callers, units and places are, what an area holds, and who is nearest."""
