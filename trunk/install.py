"""What a node has to do so that new files take effect, with as few calls lost as DAHDI and Asterisk allow. Pure.

Asterisk takes settings of circuits that are there while calls go on; but a D channel, a linkset, or a circuit that is
new or used otherwise, needs chan_dahdi to begin anew. That ends the calls of the node: so its trunks are drained first.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import IntEnum

from trunk.node_files import (
    ASTERISK,
    ASTERISK_UNIT,
    CATEGORY_LIBRARY,
    CATEGORY_SOURCE,
    DAHDI_CONF,
)

CHAN_DAHDI = f"{ASTERISK}chan_dahdi.conf"
RELOADS = {
    f"{ASTERISK}extensions.conf": "dialplan reload",
    f"{ASTERISK}pjsip.conf": "module reload res_pjsip.so",
    f"{ASTERISK}iax.conf": "iax2 reload",
    f"{ASTERISK}manager.conf": "manager reload",
}
_BEGINS_ANEW = re.compile(
    r"(buffers|signalling|switchtype|group|context|ss7type|linkset|pointcode|adjpointcode|defaultdpc|networkindicator|cicbeginswith"
    r"|slc|sigchan|mfcr2_\w+|trunkgroup|spanmap|channel)\b"
)
"""Keys of chan_dahdi.conf that count when a channel is made, and not when its settings are read again."""

_COMPILED = (
    f"cc -shared -fPIC -O2 -o /{CATEGORY_LIBRARY} /{CATEGORY_SOURCE}",
    "systemctl daemon-reload",
)


class Effect(IntEnum):
    """What calls feel of a change."""

    NOTHING = 0
    NO_CALL = 1
    """Taken while calls go on."""
    ALL_CALLS = 2
    """The node's Asterisk begins anew: its trunks are drained first."""


@dataclass(frozen=True, slots=True)
class Steps:
    """What to type on the node, in this order."""

    effect: Effect
    changed: tuple[str, ...]
    commands: tuple[str, ...]


def steps(before: Mapping[str, str], after: Mapping[str, str], trunks: Iterable[str]) -> Steps:
    """Return how files ``after`` take effect where ``before`` holds (no file: no entry); ``trunks`` are the node's."""
    changed = tuple(name for name, text in after.items() if before.get(name, "") != text)
    if not changed:
        return Steps(Effect.NOTHING, (), ())
    lines = {DAHDI_CONF, CHAN_DAHDI} & set(changed)
    loaded = {CATEGORY_SOURCE, ASTERISK_UNIT} & set(changed)
    if loaded or not all(_is_mild(before.get(name, ""), after[name], name) for name in lines):
        drain = tuple(f"softswitch trunk block {name}" for name in trunks)
        back = tuple(f"softswitch trunk unblock {name}" for name in trunks)
        restart = (
            'asterisk -rx "core stop when convenient"',
            "dahdi_cfg -v",
            "systemctl start asterisk",
        )
        made = _COMPILED if loaded else ()
        return Steps(Effect.ALL_CALLS, changed, (*made, *drain, *restart, *back))
    commands = [f'asterisk -rx "{RELOADS[name]}"' for name in changed if name in RELOADS]
    if CHAN_DAHDI in lines:
        commands.append('asterisk -rx "module reload chan_dahdi.so"')
    return Steps(Effect.NO_CALL, changed, tuple(commands))


def _is_mild(before: str, after: str, name: str) -> bool:
    """Tell whether only settings differ that Asterisk reads again while calls go on."""
    if name == DAHDI_CONF:
        return _said(before) == _said(after)
    return [line for line in _said(before) if _BEGINS_ANEW.match(line)] == [
        line for line in _said(after) if _BEGINS_ANEW.match(line)
    ]


def _said(text: str) -> list[str]:
    lines = (line.strip() for line in text.splitlines())
    return [line for line in lines if line and line[0] not in "#;"]
