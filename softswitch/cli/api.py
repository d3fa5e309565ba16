"""The HTTP client of the command. Loading httpx takes a third of a second: import this late."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import httpx

from softswitch.cli.session import NotReachableError, chinese_of
from softswitch.errors import Kind, Refusal, invalid

TIMEOUT = httpx.Timeout(30.0, connect=5.0)
IMPORT_SECONDS = 600.0


class Api:
    """Sends requests; every answer that is not carried out is raised as the :class:`Refusal` that it tells."""

    def __init__(
        self, url: str, token: str | None, transport: httpx.BaseTransport | None = None
    ) -> None:
        if not url.startswith(("http://", "https://")):
            raise invalid(
                "bad_url", f"{url!r} is no address of a server.", "Give http://HOST:PORT."
            )
        self.url = url.rstrip("/")
        self.token = token
        headers = {"Authorization": f"Bearer {token}"} if token else {}
        with self._reachable():
            # trust_env off: a proxy of the environment must not see calls to this machine.
            self._client = httpx.Client(
                base_url=self.url,
                headers=headers,
                timeout=TIMEOUT,
                trust_env=False,
                transport=transport,
            )

    def get(self, path: str, **query: object) -> Any:
        """Return the JSON at ``path``; a query value of None is left out."""
        return self._json("GET", path, params=_given(query))

    def post(
        self, path: str, body: Mapping[str, object] | None = None, key: str | None = None
    ) -> Any:
        """Send a command and return the answer; with the same ``key`` it is carried out once."""
        headers = {"Idempotency-Key": key} if key else {}
        return self._json("POST", path, json=dict(body or {}), headers=headers)

    def put(self, path: str, body: object) -> Any:
        """Replace something and return the answer."""
        return self._json("PUT", path, json=body)

    def patch(self, path: str, body: Mapping[str, object]) -> Any:
        """Change something and return the answer."""
        return self._json("PATCH", path, json=dict(body))

    def delete(self, path: str) -> Any:
        """Remove something and return the answer."""
        return self._json("DELETE", path)

    def upload(self, path: str, content: bytes, kind: str = "text/csv", **query: object) -> Any:
        """Send a file, CSV unless told, and return the report."""
        return self._json(
            "POST",
            path,
            params=_given(query),
            content=content,
            headers={"Content-Type": kind},
            timeout=IMPORT_SECONDS,
        )

    def upload_stream(self, path: str, pieces: Iterator[bytes], **query: object) -> Any:
        """Send a CSV file of any size, in pieces, and return the report."""
        return self._json(
            "POST",
            path,
            params=_given(query),
            content=pieces,
            headers={"Content-Type": "text/csv"},
            timeout=IMPORT_SECONDS,
        )

    def send_file(self, path: str, content: bytes, kind: str, **query: object) -> Any:
        """Send a document of the media type ``kind`` and return the answer."""
        headers = {"Content-Type": kind}
        return self._json("POST", path, params=_given(query), content=content, headers=headers)

    @contextmanager
    def download(self, path: str) -> Iterator[tuple[int | None, Iterator[bytes]]]:
        """Give the length, when known, and the pieces of a file."""
        with self._reachable(), self._client.stream("GET", path) as answer:
            if answer.is_error:
                answer.read()
                raise refusal_of(answer)
            length = answer.headers.get("content-length")
            yield int(length) if length else None, answer.iter_bytes()

    def _json(self, method: str, path: str, **options: Any) -> Any:
        with self._reachable():
            answer = self._client.request(method, path, **options)
        if not answer.is_success:
            raise refusal_of(answer)
        if answer.status_code == 204 or not answer.content:
            return {}
        try:
            return answer.json()
        except ValueError as error:
            raise self._not_ours() from error

    @contextmanager
    def _reachable(self) -> Iterator[None]:
        try:
            yield
        except httpx.InvalidURL as error:
            raise invalid("bad_url", f"{self.url}: {error}.", "Give http://HOST:PORT.") from error
        except httpx.TimeoutException as error:
            raise NotReachableError(
                f"The server at {self.url} did not answer in time.",
                "Look at it with softswitch status, then try again.",
            ) from error
        except httpx.TransportError as error:
            raise NotReachableError(
                f"The server at {self.url} cannot be reached: {error}.",
                "Start it with softswitch up, or name another with --url.",
            ) from error

    def _not_ours(self) -> NotReachableError:
        return NotReachableError(
            f"What answers at {self.url} is no softswitch.", "Check the address given with --url."
        )


def refusal_of(answer: httpx.Response) -> Refusal:
    """Return the refusal that an answer tells in the one shape, or one made from its status."""
    kind = Kind(answer.status_code) if answer.status_code in set(Kind) else Kind.UNAVAILABLE
    try:
        error = answer.json()["error"]
        return Refusal(
            kind,
            str(error["code"]),
            str(error["message"]),
            str(error.get("next_step", "")),
            field=error.get("field"),
            chinese=chinese_of(error),
        )
    except (ValueError, KeyError, TypeError):
        return Refusal(
            kind,
            "unexpected_answer",
            f"The server answered {answer.status_code}.",
            "Check the address given with --url, and the log of the server.",
        )


def _given(query: Mapping[str, object]) -> dict[str, Any]:
    # Trailing underscores let from_ stand for the word that Python keeps for itself.
    return {name.rstrip("_"): value for name, value in query.items() if value is not None}
