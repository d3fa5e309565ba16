"""Links to message centres: how each is reached, and which numbers it serves."""
