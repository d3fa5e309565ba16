"""The values of settings and how text becomes them; a wrong one raises :class:`ValueError` with what to give."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

LOG_LEVELS = ("debug", "info", "warning", "error")
HIGHEST_PORT = 65_535


@dataclass(frozen=True, slots=True)
class Address:
    """Where to listen: an address or name of this machine, and a port (0: a free one)."""

    host: str
    port: int

    def __str__(self) -> str:
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"


@dataclass(frozen=True, slots=True)
class PortRange:
    """A range of UDP ports, both ends included."""

    first: int
    last: int

    def __str__(self) -> str:
        return f"{self.first}-{self.last}"


def address(default_host: str) -> Callable[[Any], Address]:
    def parse(value: Any) -> Address:
        text = str(value).strip()
        match = re.fullmatch(
            r"(?:(?P<host>\[[0-9a-fA-F:]+\]|[A-Za-z0-9._-]+):)?(?P<port>\d{1,5})", text
        )
        if isinstance(value, bool) or match is None:
            raise ValueError("give HOST:PORT or PORT")
        return Address((match["host"] or default_host).strip("[]"), _port_number(match["port"]))

    return parse


def loopback(value: Any) -> Address:
    found: Address = address("127.0.0.1")(value)
    if not re.fullmatch(r"127(\.\d{1,3}){3}", found.host) or not found.port:
        raise ValueError("give a port, or 127.0.0.1:PORT; it is for this machine alone")
    return found


def _port_number(text: str) -> int:
    port = int(text)
    if port > HIGHEST_PORT:
        raise ValueError(f"{port} is no port; the highest is {HIGHEST_PORT}")
    return port


def optional(parse: Callable[[Any], Any]) -> Callable[[Any], Any]:
    return lambda value: None if value in {"", None} else parse(value)


def path(value: Any) -> Path:
    if not isinstance(value, str | Path) or not str(value):
        raise ValueError("give a path")
    return Path(value).expanduser().absolute()


def port_range(value: Any) -> PortRange:
    match = re.fullmatch(r"(\d{1,5})\s*-\s*(\d{1,5})", str(value).strip())
    if match is None:
        raise ValueError("give FIRST-LAST")
    ports = PortRange(_port_number(match[1]), _port_number(match[2]))
    if not 1_024 <= ports.first < ports.last:
        raise ValueError("give two ports from 1024, the lower one first")
    return ports


def whole(least: int, most: int) -> Callable[[Any], int]:
    def parse(value: Any) -> int:
        if isinstance(value, bool) or not re.fullmatch(r"\d{1,9}", str(value).strip()):
            raise ValueError("give a whole number")
        number = int(value)
        if not least <= number <= most:
            raise ValueError(f"give {least} to {most}")
        return number

    return parse


def boolean(value: Any) -> bool:
    words = {
        "1": True,
        "true": True,
        "yes": True,
        "0": False,
        "false": False,
        "no": False,
        "": False,
    }
    answer = words.get(str(value).strip().lower())
    if answer is None:
        raise ValueError("give true or false")
    return answer


def level(value: Any) -> str:
    level = str(value).strip().lower()
    if level not in LOG_LEVELS:
        raise ValueError(f"give one of {', '.join(LOG_LEVELS)}")
    return level


def words(value: Any) -> tuple[str, ...]:
    words = value.split(",") if isinstance(value, str) else value
    if not isinstance(words, list | tuple) or not all(isinstance(word, str) for word in words):
        raise ValueError("give a list of names")
    return tuple(word.strip() for word in words if word.strip())


def some_of(known: tuple[str, ...]) -> Callable[[Any], tuple[str, ...]]:
    """Take names out of ``known``; ``none`` is none of them."""

    def parse(value: Any) -> tuple[str, ...]:
        given = words(value)
        if given == ("none",):
            return ()
        unknown = [name for name in given if name not in known]
        if unknown:
            raise ValueError(f"give none, or some of {', '.join(known)}")
        return tuple(name for name in known if name in given)

    return parse


def plain_word(pattern: str, what: str) -> Callable[[Any], str]:
    def parse(value: Any) -> str:
        if not isinstance(value, str) or not re.fullmatch(pattern, value.strip()):
            raise ValueError(f"give {what}")
        return value.strip()

    return parse
