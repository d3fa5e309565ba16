"""Text of messages: alphabets, parts, templates, signatures. Pure."""
