"""Every file of a node with 2M lines: DAHDI's, and those of its Asterisk towards the lines and the core. Pure.

With these a fresh Asterisk is a node; nothing is written by hand there.
"""

from __future__ import annotations

from softswitch.errors import invalid
from softswitch.templates import DIALPLANS, fill
from trunk import dahdi
from trunk.categories import ISUP_CODES, PLUS
from trunk.model import Link, Node, Plan, Ss7
from trunk.switch import group

DAHDI_CONF = "etc/dahdi/system.conf"
ASTERISK = "etc/asterisk/"
CATEGORY_SOURCE = "usr/local/lib/softswitch/isup_category.c"
CATEGORY_LIBRARY = "usr/local/lib/softswitch/isup_category.so"
"""What lets an IAM tell the caller's category; it is compiled on the node."""
ASTERISK_UNIT = "etc/systemd/system/asterisk.service.d/softswitch.conf"
STATUSES = (
    *((cause, 503) for cause in (0, 3, 20, 34, 41, 42, 44, 47, 127, 256)),
    (27, 502),
    (38, 500),
)
"""The SIP status of each cause of the way (ITU-T Q.850) that the core's Asterisk reads as a cause of the way again; 27,
34 and 38 stay what they are. IAX2 needs none: it carries the causes themselves."""


def render(plan: Plan, name: str, bind: str = "0.0.0.0") -> dict[str, str]:
    """Return the files of a node by their paths below the root.

    Of ``core``, and of a node that does not know the core's address, DAHDI's alone. Raises the :class:`Refusal`
    ``unknown_node``.
    """
    node = next((each for each in plan.nodes if each.name == name), None)
    if node is None and name != "core":
        raise invalid(
            "unknown_node",
            f"There is no node {name[:40]}.",
            f"Name one that is described: {', '.join(('core', *(n.name for n in plan.nodes)))}.",
        )
    lines = dahdi.render(plan, name)
    files = {
        DAHDI_CONF: lines["system.conf"],
        f"{ASTERISK}chan_dahdi.conf": lines["chan_dahdi.conf"],
    }
    if node is None or not node.core or not node.secret:
        return files
    if any(isinstance(trunk.line, Ss7) for trunk in plan.on_node(name)):
        files |= category_files()
    return files | {
        f"{ASTERISK}{file}": text for file, text in switch_files(plan, node, bind).items()
    }


def category_files() -> dict[str, str]:
    """Return the library that tells the caller's category, and what lets Asterisk's service load it."""
    return {
        CATEGORY_SOURCE: (DIALPLANS / "node" / "isup_category.c").read_text(),
        ASTERISK_UNIT: f"# Made by softswitch.\n[Service]\nEnvironment=LD_PRELOAD=/{CATEGORY_LIBRARY}\n",
    }


def switch_files(
    plan: Plan, node: Node, bind: str = "0.0.0.0", dials: dict[str, str] | None = None
) -> dict[str, str]:
    """Return the files of a node's Asterisk. ``dials`` says what reaches the line of a trunk, if not DAHDI's group."""
    trunks = [
        {
            "name": trunk.name,
            "dial": (dials or {}).get(trunk.name) or f"{group(plan, trunk)}/${{EXTEN}}",
            "core": f"IAX2/{trunk.name}/${{EXTEN}}"
            if node.link is Link.IAX2
            else f"PJSIP/${{EXTEN}}@{trunk.name}",
            "ss7": isinstance(trunk.line, Ss7),
        }
        for trunk in plan.on_node(node.name)
    ]
    values = {
        "node": node,
        "trunks": trunks,
        "bind": bind,
        "statuses": STATUSES if node.link is Link.SIP else (),
        "categories": {word: PLUS + code for word, code in ISUP_CODES.items()},
    }
    link = "iax.conf" if node.link is Link.IAX2 else "pjsip.conf"
    names = ["extensions.conf", link, *(["manager.conf"] if node.ami_user else [])]
    return {name: fill(f"{name}.j2", values, "node") for name in names}
