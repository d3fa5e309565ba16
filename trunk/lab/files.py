"""Everything that the guest is told: the files of the two switches, DAHDI's, and the start of it all."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

from softswitch.setup.lab.contents import MODULES
from softswitch.templates import DIALPLANS, fill
from trunk import dahdi
from trunk.categories import ISUP_CODES, PLUS
from trunk.lab import ports as ports_of
from trunk.lab import site, wiring
from trunk.lab.agent import GUEST_LOOP
from trunk.lab.ports import Ports
from trunk.lab.wiring import EXCHANGE, Cable, End
from trunk.model import Link, Plan
from trunk.node_files import switch_files

TEMPLATES = DIALPLANS / "lab"
USER = "lab"
SUBSCRIBERS = tuple(str(number) for number in range(6001, 6010))
"""Accounts of SIP phones at the exchange; each has its number as its name."""
PAYPHONE = SUBSCRIBERS[-1]
HEARD_SECONDS = 4
"""How long the exchange writes down what a caller of 9106 says."""
POINT_CODES = (1, 2)
"""The exchange's and the node's."""
_EMPTY = (
    "acl.conf", "ccss.conf", "cdr.conf", "cel.conf", "features.conf", "pjproject.conf", "udptl.conf",
)  # fmt: skip
_NOTHING = "; Made by softswitch: all as Asterisk has it by itself.\n"
_COMMON = (
    "asterisk.conf",
    "modules.conf",
    "logger.conf",
    "manager.conf",
    "rtp.conf",
    "indications.conf",
    "cdr_manager.conf",
)


@dataclass(frozen=True, slots=True)
class Orders:
    """How a rehearsal is set up."""

    ports: Ports
    secret: str
    """Of the manager accounts and of the subscribers."""
    core_sip: int
    """The port of the host at which our core takes SIP."""
    link: Link = Link.SIP
    """How the core and our node speak with each other."""
    core_iax: int = 4569
    """The port of the host at which our core takes IAX2."""
    switchtype: str = "euroisdn"


def job_files(orders: Orders, node: Mapping[str, str] | None = None) -> dict[str, str]:
    """Return all files of the job. `node` replaces files of our node."""
    plan = site.read(node_description(orders))
    files = {
        "start": _read("start.sh"),
        "switch": _read("switch.sh"),
        "agent": GUEST_LOOP,
        "cables": wiring.cables(),
        "system.conf": wiring.system_conf(site.system_conf_lines(plan)),
    }
    files |= {f"exchange/{name}": text for name, text in _exchange(orders).items()}
    ours = {**_node(orders, plan), **(node or {})}
    return files | {f"node/{name}": text for name, text in ours.items()}


def node_description(orders: Orders) -> str:
    """Return our node and its trunks, as an operator would describe them to the core that runs on this host."""
    ports = orders.ports
    return site.describe(
        ports_of.LOCAL, orders.link, ports.node_sip, ports.node_iax, ports.node_ami, USER, orders.secret
    )  # fmt: skip


def _exchange(orders: Orders) -> dict[str, str]:
    ports = orders.ports
    values = {
        "name": "exchange",
        "ami": ports_of.EXCHANGE_AMI,
        "sip": ports_of.EXCHANGE_SIP,
        "outside_sip": ports.exchange_sip,
        "rtp": ports.exchange_rtp,
        "subscribers": SUBSCRIBERS,
        "heard_seconds": HEARD_SECONDS,
        "payphone": PAYPHONE,
        "payphone_category": PLUS + ISUP_CODES["payphone"],
        **_line_values(EXCHANGE, *POINT_CODES),
    }
    own = ("pjsip.conf", "chan_dahdi.conf", "extensions.conf")
    return _switch("exchange", orders, values, own)


def _node(orders: Orders, plan: Plan) -> dict[str, str]:
    ports = orders.ports
    values = {
        "name": "node",
        "ami": ports_of.AMI,
        "sip": ports_of.NODE_SIP,
        "outside_sip": ports.node_sip,
        "rtp": ports.node_rtp,
        "core_host": ports_of.HOST,
        "core_sip": orders.core_sip,
        **site.switch_values(plan),
    }
    files = _switch("node", orders, values, ("pjsip.conf",))
    lines = {"chan_dahdi.conf": dahdi.chan_dahdi_conf(plan, site.NODE_NAME)}
    return {"iax.conf": _NOTHING, **files, **lines, **_to_core(orders, plan)}


def _to_core(orders: Orders, plan: Plan) -> dict[str, str]:
    """Return what every node has: its dialplan, and its accounts of IAX2. Those of SIP know of the guest's network."""
    (node,) = plan.nodes
    inside = replace(
        node, core=ports_of.HOST, iax_port=ports_of.IAX, core_iax_port=orders.core_iax
    )  # fmt: skip
    made = switch_files(plan, inside)
    return {name: made[name] for name in ("extensions.conf", "iax.conf") if name in made}


def files_towards(orders: Orders) -> dict[str, str]:
    """Return the node's files that say where the core is, and how it is spoken with."""
    files = _node(orders, site.read(node_description(orders)))
    return {name: files[name] for name in ("extensions.conf", "pjsip.conf", "iax.conf")}


def _line_values(ends: Mapping[Cable, End], own: int, other: int) -> dict[str, object]:
    return {
        "pri": ",".join(ends[Cable.PRI].bearers()),
        "ss7": ends[Cable.SS7].bearers(),
        "ss7_link": ends[Cable.SS7].channel(wiring.SIGNALLING_SLOT),
        "point_code": own,
        "other_point_code": other,
    }


def _switch(
    name: str, orders: Orders, values: Mapping[str, object], own: tuple[str, ...]
) -> dict[str, str]:
    given = {
        **values,
        "user": USER,
        "secret": orders.secret,
        # One machine has one port for IAX2: the node's.
        "modules": [each for each in MODULES if name == "node" or each != "chan_iax2"],
        "rtp_ports": ports_of.RTP_PORTS,
        "switchtype": orders.switchtype,
    }
    files = {file: _fill(file, given) for file in _COMMON}
    files |= dict.fromkeys(_EMPTY, _NOTHING)
    return files | {file: _fill(f"{name}_{file}", given) for file in own}


def _fill(template: str, values: Mapping[str, object]) -> str:
    return fill(f"{template}.j2", values, "lab", "node")


def _read(name: str) -> str:
    return (TEMPLATES / name).read_text()
