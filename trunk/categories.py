"""The calling party's category as ISUP has it."""

from __future__ import annotations

ISUP_CODES = {"operator": 9, "priority": 11, "data": 12, "test": 13, "payphone": 15}
"""ITU-T Q.763, 3.11, by our words; libss7 says "ordinary" (10) by itself. 9 is the national operator: those of 1 to 5
have a language each."""
PLUS = 256
"""With so much added a code stands in ``CALLERID(ani2)``: see ``dialplans/node/isup_category.c``."""
