"""What somebody is told at the end of his call."""

from __future__ import annotations

import logging

from softswitch.calls.engine import Engine
from softswitch.ports import ActFailed

log = logging.getLogger(__name__)


async def last_words(engine: Engine, channel_id: str, name: str, language: str, cause: int) -> None:
    """Tell a channel one of the announcements and clear it with ``cause``, which the dialplan has for ``name``.

    The dialplan does both alone, so that it ends also when this program does.
    """
    try:
        await engine.acts.release(channel_id, f"softswitch-{name}", language)
    except ActFailed as error:
        log.info("%s could not be told %s: %s", channel_id, name, error)
        await engine.drop(channel_id, cause)
