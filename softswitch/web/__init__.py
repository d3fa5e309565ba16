"""The frame of the HTTP and WebSocket API: login, errors, live socket; it serves the console."""
