"""The trunk laboratory: an exchange and a 2M node of ours, joined by real E1 spans, in one QEMU guest."""
