"""How the set-up tells what it is doing, and how it says that it cannot go on."""

from collections.abc import Callable

Progress = Callable[[str], None]
"""Takes one line for each step."""


class SetupError(Exception):
    """Something is missing or broken; the message says what, which one and what to do next."""


def silent(_line: str) -> None:
    """A progress that shows nothing."""
