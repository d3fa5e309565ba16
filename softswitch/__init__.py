"""A softswitch dispatch server for emergency command centres."""

__version__ = "0.1.0"
