"""Our side of the laboratory, described as every site is: one node with a PRI and an SS7 trunk."""

from __future__ import annotations

from trunk import config, dahdi
from trunk.lab.wiring import NODE, Cable
from trunk.model import Plan

NODE_NAME = "e1"
PRI, SS7 = "city-pri", "city-ss7"
NAMES = {Cable.PRI: PRI, Cable.SS7: SS7}

_SITE = """\
# The 2M node of the laboratory, and its two trunks to the exchange.
[[node]]
name = "{node}"
host = "{host}"
link = "{link}"
sip_port = {sip_port}
iax_port = {iax_port}
ami_port = {ami_port}
ami_user = "{ami_user}"
ami_secret = "{secret}"
secret = "{secret}"

[[span]]
number = 1
node = "{node}"
dynamic = "{pri_line}"

[[span]]
number = 2
node = "{node}"
dynamic = "{ss7_line}"

[[trunk]]
name = "{pri}"
kind = "pri"
node = "{node}"
variant = "euroisdn"
side = "user"
d_channel = "1:16"
circuits = [{{ span = 1, timeslots = "1-15,17-31" }}]
probe = "9100"

[[trunk]]
name = "{ss7}"
kind = "ss7"
node = "{node}"
point_code = "2"
adjacent = "1"
links = ["2:16"]
circuits = [
  {{ span = 2, timeslots = "1-15", first_cic = 1 }},
  {{ span = 2, timeslots = "17-31", first_cic = 17 }},
]
probe = "9100"
"""


def describe(
    host: str, link: str, sip_port: int, iax_port: int, ami_port: int, ami_user: str, secret: str
) -> str:
    """Return the description of the node and its trunks, as an operator would write it for the core."""
    return _SITE.format(
        node=NODE_NAME, host=host, link=link, sip_port=sip_port, iax_port=iax_port,
        ami_port=ami_port, ami_user=ami_user, secret=secret, pri=PRI, ss7=SS7,
        pri_line=NODE[Cable.PRI].dynamic, ss7_line=NODE[Cable.SS7].dynamic,
    )  # fmt: skip


def read(text: str) -> Plan:
    """Read a description; raise ``softswitch.errors.Refusal`` with the line that is wrong."""
    return config.read(text)


def system_conf_lines(plan: Plan) -> list[str]:
    """Return DAHDI's lines about the node's spans."""
    return dahdi.system_conf(plan, NODE_NAME).splitlines()


def switch_values(plan: Plan) -> dict[str, object]:
    """Return what the templates of the node's files are filled with."""
    return {"trunks": [{"name": trunk.name} for trunk in plan.on_node(NODE_NAME)]}
