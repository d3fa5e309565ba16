"""Duty: who is on duty now, by rosters with deputies and leave; the hand-over log; the address book of leaders."""
