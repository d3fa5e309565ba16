"""Builds the trunk laboratory: a small Linux with DAHDI, libpri, libss7 and Asterisk, which QEMU boots."""
