"""The queue of the gateway: its tables, what a campaign may do with them, and the engine's own statements."""
