"""One request to a location server, at an address that was checked before (RFC 6753)."""

from __future__ import annotations

import logging

import httpx

from softswitch.layers.gis.xml_tree import MOST_BYTES

logging.getLogger("httpx").setLevel(logging.WARNING)  # it tells of every request otherwise

_TAKEN = "application/pidf+xml, application/held+xml;q=0.9"


async def get(url: str, host: str, port: int) -> bytes:
    """Return what is at ``url``, which names an address; ``host`` and ``port`` are those of the location URI.

    Raises :class:`OSError` with the reason when the server does not answer as it should.
    """
    headers = {"host": f"{host}:{port}", "accept": _TAKEN}
    try:
        # trust_env off: a proxy of the environment would look the name up again.
        async with (
            httpx.AsyncClient(trust_env=False, follow_redirects=False) as client,
            client.stream("GET", url, headers=headers, extensions={"sni_hostname": host}) as answer,
        ):
            if answer.status_code != httpx.codes.OK:
                raise OSError(f"it answered {answer.status_code}")
            return await _body(answer)
    except (httpx.HTTPError, httpx.InvalidURL) as error:
        raise OSError(str(error) or type(error).__name__) from error


async def _body(answer: httpx.Response) -> bytes:
    body = b""
    # Raw: what is packed small could unpack to anything; we asked for nothing packed.
    async for piece in answer.aiter_raw():
        body += piece
        if len(body) > MOST_BYTES:
            raise OSError(f"its answer is longer than {MOST_BYTES} bytes")
    return body
