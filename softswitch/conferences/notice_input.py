"""What is asked of a notification, checked at the door: its schedule, whom to tell, its own sound."""

from __future__ import annotations

import base64
import binascii
import wave
from collections.abc import Sequence
from pathlib import Path

from softswitch import numbers
from softswitch.calls.core import new_id
from softswitch.calls.phonebook import Phonebook
from softswitch.conferences.model import call_list
from softswitch.conferences.notice_model import Person, Rules
from softswitch.conferences.voice import length_of, to_telephone
from softswitch.errors import invalid

MOST_PEOPLE = 1_000
LONGEST_TEXT = 2_000
LONGEST_SOUND = 600_000


def check_rules(rules: Rules) -> None:
    """Refuse a schedule that is none."""
    if not 1 <= rules.tries <= 20:
        raise invalid(
            "bad_tries", f"{rules.tries} tries are no schedule.", "Give 1 to 20.", field="tries"
        )
    if not 1_000 <= rules.pause <= 86_400_000:
        raise invalid(
            "bad_pause", "The pause between tries is out of range.", "Give 1 second to a day.",
            field="pause_seconds",
        )  # fmt: skip


def people_of(wanted: Sequence[dict[str, str]], book: Phonebook) -> list[Person]:
    """Return the ledger of whom to tell: each number once, no emergency number."""
    typed: dict[str, dict[str, str]] = {
        numbers.phone_number(each["number"], "numbers"): each for each in reversed(wanted)
    }
    order = call_list([numbers.phone_number(each["number"]) for each in wanted]).numbers
    listed = [n for n in order if book.emergency(n) is None]
    if not listed:
        raise invalid("nobody", "Nobody is to be told.", "Name groups or numbers.")
    if len(listed) > MOST_PEOPLE:
        raise invalid(
            "too_many", f"{len(listed)} people are too many.", f"Tell up to {MOST_PEOPLE}."
        )
    return [
        Person(
            new_id(), number, typed[number].get("name") or book.name_of(number),
            typed[number].get("deputy", ""),
            text=numbers.plain_text(typed[number].get("text", ""), "text", LONGEST_TEXT),
        )
        for number in listed
    ]  # fmt: skip


def keep_sound(folder: Path, notice_id: str, sound: str) -> str:
    """Store an uploaded recording as the switch plays it."""
    folder.mkdir(parents=True, exist_ok=True)
    raw, target = folder / f"{notice_id}.in.wav", folder / f"{notice_id}.wav"
    try:
        raw.write_bytes(base64.b64decode(sound, validate=True))
        to_telephone(raw, target)
        if not 200 <= length_of(target) <= LONGEST_SOUND:
            raise wave.Error("too short or too long")
    except (binascii.Error, wave.Error, EOFError, ValueError, ZeroDivisionError) as error:
        target.unlink(missing_ok=True)
        raise invalid(
            "bad_sound", f"The sound file cannot be played: {str(error) or 'it is no sound'}.",
            "Give a WAV file of 16 bits, up to ten minutes.", field="sound",
        ) from error  # fmt: skip
    finally:
        raw.unlink(missing_ok=True)
    return str(target.absolute())
