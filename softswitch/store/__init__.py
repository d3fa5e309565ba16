"""The data folder and the database: one writer, many readers, an event log."""
