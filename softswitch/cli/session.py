"""What one run of the command knows: where the server is, who asks, in which language to answer."""

from __future__ import annotations

import json
import stat
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from softswitch.cli.words import translate
from softswitch.errors import Kind, Refusal

if TYPE_CHECKING:
    from softswitch.cli.api import Api

CLIENT_FILE = "cli.json"
"""In the data folder, mode 0600: ``{"url", "token", "sip", "iax"}`` of the server, for who may read that folder."""


class NotReachableError(Refusal):
    """No server is known or it does not answer (exit code 3)."""

    def __init__(self, message: str, next_step: str) -> None:
        super().__init__(Kind.UNAVAILABLE, "not_reachable", message, next_step)


def chinese_of(error: Mapping[str, Any]) -> tuple[str, str] | None:
    """Return the Chinese sentences of an error; None when the server told none."""
    if "message_zh" not in error:
        return None
    return str(error["message_zh"]), str(error.get("next_step_zh", ""))


@dataclass
class Session:
    """The global options, each from the command line, else from the environment."""

    url: str | None = None
    token: str | None = None
    data: Path | None = None
    json: bool = False
    lang: str = "en"
    desk: str | None = None
    default_data: Path = Path("data")
    default_url: str | None = None
    default_token: str | None = None

    @classmethod
    def from_environment(cls, environment: Mapping[str, str]) -> Session:
        """Return the session of a command without options."""
        locale = next(
            (v for k in ("LC_ALL", "LC_MESSAGES", "LANG") if (v := environment.get(k))), ""
        )
        return cls(
            lang="zh" if locale.lower().startswith("zh") else "en",
            default_data=Path(environment.get("SOFTSWITCH_DATA") or "data"),
            default_url=environment.get("SOFTSWITCH_URL") or None,
            default_token=environment.get("SOFTSWITCH_TOKEN") or None,
        )

    @property
    def data_folder(self) -> Path:
        """Return the data folder that is meant."""
        return (self.data or self.default_data).expanduser().absolute()

    @cached_property
    def api(self) -> Api:
        """Return the client of the server; made on first use, because it takes time to load."""
        from softswitch.cli.api import Api

        url, token = self.server()
        return Api(url, token)

    def server(self) -> tuple[str, str | None]:
        """Return URL and token: options, then environment, then the file of a server on this machine.

        A token is only used with the URL that it was given with, so that the file's token goes nowhere else.
        """
        if self.url or (self.default_url and self.data is None):
            return self.url or self.default_url or "", self.token or self.default_token
        found = read_client_file(self.data_folder / CLIENT_FILE)
        return found["url"], self.token or self.default_token or found["token"]

    def sip(self) -> str | None:
        """Return where the server on this machine takes SIP, when it wrote that down."""
        return self._written("sip")

    def iax(self) -> str | None:
        """Return where the server on this machine takes calls of nodes over IAX2, when it wrote that down."""
        return self._written("iax")

    def _written(self, name: str) -> str | None:
        if self.url or (self.default_url and self.data is None):
            return None
        return read_client_file(self.data_folder / CLIENT_FILE).get(name)

    def say(self, english: str, **values: object) -> str:
        """Return a text of ours in the language of the session."""
        return translate(self.lang, english).format(**values)


def read_client_file(path: Path) -> dict[str, str]:
    """Return what the running server wrote. Raises :class:`NotReachableError` and a refusal of an open file."""
    try:
        mode = path.stat().st_mode
        content: Any = json.loads(path.read_text("utf-8"))
    except FileNotFoundError as error:
        raise NotReachableError(
            f"No server runs on the data folder {path.parent}.",
            "Start one with softswitch up, or name one with --data or --url.",
        ) from error
    except PermissionError as error:
        raise NotReachableError(
            f"{path} may not be read by this user.",
            "Be the user that runs the server, or give --url and --token.",
        ) from error
    except ValueError as error:
        raise _damaged(path) from error
    if not isinstance(content, dict) or not {"url", "token"} <= content.keys():
        raise _damaged(path)
    if stat.S_IMODE(mode) & 0o077:
        raise NotReachableError(
            f"{path} can be read by others, so its token is not used.", f"Type: chmod 600 {path}"
        )
    return {str(name): str(value) for name, value in content.items()}


def _damaged(path: Path) -> NotReachableError:
    return NotReachableError(f"{path} is damaged.", "Restart the server: it writes the file again.")
