"""Recordings: index, keep and serve what MixMonitor writes.

Asterisk writes ``spool/<channel id>.wav`` by itself, from the first ring and with no Python at all; this
folder only ever reads, moves and lists those files.  So nothing here can stop a recording.
"""
