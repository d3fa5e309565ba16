"""The `softswitch` command: a client of the HTTP API, and what starts and ends a server."""
