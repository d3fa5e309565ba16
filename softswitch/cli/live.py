"""The live socket as a client: maps of entities that follow the server's (architecture: The live socket)."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any

from softswitch.cli.session import NotReachableError, chinese_of
from softswitch.errors import Kind, Refusal

Maps = dict[str, dict[str, Any]]


def apply(maps: Maps, message: Mapping[str, Any]) -> bool:
    """Bring the maps up to date with one message; tell whether anything changed."""
    if message["type"] == "snapshot":
        maps.clear()
        maps.update({name: dict(rows) for name, rows in message["entities"].items()})
        return True
    if message["type"] != "changes":
        return False
    for change in message["changes"]:
        rows = maps.setdefault(change["entity"], {})
        if change["value"] is None:
            rows.pop(change["id"], None)
        else:
            rows[change["id"]] = change["value"]
    return bool(message["changes"])


def follow(url: str, token: str | None) -> Iterator[dict[str, Any]]:
    """Yield the messages of the live socket until the server ends it.

    Raises :class:`NotReachableError`, or the refusal that the server gives in place of the snapshot.
    """
    from websockets.exceptions import ConnectionClosed, InvalidHandshake, InvalidURI
    from websockets.sync.client import connect

    place = "ws" + url.removeprefix("http") + "/api/live"
    headers = {"Authorization": f"Bearer {token}"} if token else {}
    try:
        with connect(place, additional_headers=headers, max_size=None, proxy=None) as socket:
            for text in socket:
                message = json.loads(text)
                if message["type"] == "error":
                    raise _refusal(message["error"])
                yield message
    except (OSError, TimeoutError, InvalidHandshake, InvalidURI) as error:
        raise NotReachableError(
            f"The server at {url} cannot be reached: {error}.",
            "Start it with softswitch up, or name another with --url.",
        ) from error
    except ConnectionClosed as error:
        raise _ended(url) from error
    raise _ended(url)


def _refusal(error: Mapping[str, str]) -> Refusal:
    return Refusal(
        Kind.FORBIDDEN,
        error["code"],
        error["message"],
        error.get("next_step", ""),
        chinese=chinese_of(error),
    )


def _ended(url: str) -> NotReachableError:
    return NotReachableError(
        f"The server at {url} ended the connection.", "Start it again, then try again."
    )
