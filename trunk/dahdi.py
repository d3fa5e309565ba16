"""DAHDI's ``system.conf`` and Asterisk's ``chan_dahdi.conf`` for the 2M lines of one node. Pure: a plan in, text out.

The plan has been checked: what is written here is what DAHDI 3 and Asterisk 22 (libpri 1.6, libss7 2, OpenR2 1.3) read.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from trunk.model import R2, CircuitGroup, Plan, Pri, Side, Sip, Slot, Span, Ss7, Trunk

HEAD = "; Made by softswitch. Do not edit: it is written again at every change."
_ITU_CAS_IDLE = "1101"
"""The idle pattern of the four signalling bits (ITU-T Q.421)."""

FILES = ("system.conf", "chan_dahdi.conf")


def render(plan: Plan, node: str) -> dict[str, str]:
    """Return the files of a node by name."""
    return {
        "system.conf": system_conf(plan, node),
        "chan_dahdi.conf": chan_dahdi_conf(plan, node),
    }


# ---- system.conf


def system_conf(plan: Plan, node: str) -> str:
    """Return which spans there are and what each timeslot is for."""
    spans = sorted((s for s in plan.spans if s.node == node), key=lambda span: span.number)
    lines = ["# " + HEAD.removeprefix("; "), *(_span(span) for span in spans)]
    for trunk in _wired(plan, node):
        lines += ["", f"# {trunk.name}", *_uses(plan, trunk)]
    return "\n".join([*lines, "", "loadzone=cn", "defaultzone=cn", ""])


def _span(span: Span) -> str:
    if span.dynamic:
        return f"dynamic={span.dynamic},{span.size},{span.timing}"
    crc4 = ",crc4" if span.crc4 else ""
    place = f"{span.number},{span.timing},{span.build_out}"
    return f"span={place},{span.framing.value},{span.coding.value}{crc4}"


def _wired(plan: Plan, node: str) -> list[Trunk]:
    return [trunk for trunk in plan.on_node(node) if not isinstance(trunk.line, Sip)]


def _uses(plan: Plan, trunk: Trunk) -> Iterator[str]:
    line = trunk.line
    circuits = _ranges(_channels(plan, trunk, (slot for slot, _ in trunk.slots())))
    if isinstance(line, R2):
        yield f"cas={circuits}:{_ITU_CAS_IDLE}"
        return
    yield f"bchan={circuits}"
    if isinstance(line, Pri):
        yield f"dchan={plan.channel(trunk.node, line.d_channel)}"
    elif isinstance(line, Ss7):
        yield f"mtp2={_ranges(_channels(plan, trunk, line.links))}"


def _channels(plan: Plan, trunk: Trunk, slots: Iterable[Slot]) -> list[int]:
    return [plan.channel(trunk.node, slot) for slot in slots]


def _ranges(channels: Sequence[int]) -> str:
    """Return channels in their order as DAHDI writes them: ``1-15,17-31``."""
    parts: list[list[int]] = []
    for channel in channels:
        if parts and channel == parts[-1][-1] + 1:
            parts[-1].append(channel)
        else:
            parts.append([channel])
    return ",".join(str(p[0]) if len(p) == 1 else f"{p[0]}-{p[-1]}" for p in parts)


# ---- chan_dahdi.conf


def chan_dahdi_conf(plan: Plan, node: str) -> str:
    """Return the signalling of each trunk of a node; settings hold from their line on, so each trunk says them all."""
    trunks = _wired(plan, node)
    lines = [HEAD, "[trunkgroups]", *_shared_d_channels(plan, trunks), "", "[channels]", *_COMMON]
    for trunk in trunks:
        lines += ["", f"; {trunk.name}", *_trunk(plan, trunk)]
    return "\n".join([*lines, ""])


_COMMON = (
    "usecallerid=yes",
    "hidecallerid=no",
    "callerid=asreceived",
    "usecallingpres=yes",
    "echocancel=yes",
    "echocancelwhenbridged=no",
    "facilityenable=yes",
    "transfer=no",
    "immediate=no",
    "buffers=4,half",
)
"""`buffers`: what goes out waits for its second 20 ms. Else each packet that comes later than all before it is a gap on
the line, for the first one goes out at once and nothing is left in store."""


def _shared_d_channels(plan: Plan, trunks: Iterable[Trunk]) -> Iterator[str]:
    """One D channel for B channels of several spans (NFAS)."""
    for trunk in trunks:
        line = trunk.line
        if not isinstance(line, Pri):
            continue
        spans = sorted({slot.span for slot in line.b_channels})
        if len(spans) < 2:
            continue
        number = plan.number(trunk)
        yield f"trunkgroup => {number},{plan.channel(trunk.node, line.d_channel)}"
        for logical, span in enumerate(spans):
            yield f"spanmap => {span},{number},{logical}"


def _trunk(plan: Plan, trunk: Trunk) -> Iterator[str]:
    line = trunk.line
    yield f"context=in-{trunk.name}"
    yield f"group={plan.number(trunk)}"
    if isinstance(line, Pri):
        yield from _pri(plan, trunk, line)
    elif isinstance(line, Ss7):
        yield from _ss7(plan, trunk, line)
    elif isinstance(line, R2):
        yield from _r2(plan, trunk, line)


def _pri(plan: Plan, trunk: Trunk, line: Pri) -> Iterator[str]:
    yield f"switchtype={line.variant}"
    yield f"signalling={'pri_net' if line.side is Side.NETWORK else 'pri_cpe'}"
    yield "pridialplan=unknown"
    yield "prilocaldialplan=unknown"
    yield "priindication=outofband"
    yield "resetinterval=never"
    yield "service_message_support=yes"
    yield f"overlapdial={'yes' if line.overlap else 'no'}"
    yield f"channel => {_ranges(_channels(plan, trunk, line.b_channels))}"


def _ss7(plan: Plan, trunk: Trunk, line: Ss7) -> Iterator[str]:
    yield "signalling=ss7"
    yield f"ss7type={line.variant}"
    yield "ss7_called_nai=dynamic"
    yield "ss7_calling_nai=dynamic"
    yield "ss7_internationalprefix=00"
    yield "ss7_nationalprefix=0"
    yield f"linkset={plan.number(trunk)}"
    yield f"pointcode={line.own}"
    yield f"adjpointcode={line.adjacent}"
    yield f"networkindicator={line.network_indicator}"
    for group in line.groups:
        yield from _group(plan, trunk, group)
    for code, link in enumerate(line.links):
        yield f"slc={code}"
        yield f"sigchan={plan.channel(trunk.node, link)}"


def _group(plan: Plan, trunk: Trunk, group: CircuitGroup) -> Iterator[str]:
    yield f"defaultdpc={group.destination}"
    yield f"cicbeginswith={group.first_cic}"
    yield f"channel => {_ranges(_channels(plan, trunk, group.slots))}"


def _r2(plan: Plan, trunk: Trunk, line: R2) -> Iterator[str]:
    yield "signalling=mfcr2"
    yield f"mfcr2_variant={line.variant}"
    yield f"mfcr2_max_ani={line.max_ani}"
    yield f"mfcr2_max_dnis={line.max_dnis}"
    yield "mfcr2_get_ani_first=no"
    yield "mfcr2_category=national_subscriber"
    yield f"channel => {_ranges(_channels(plan, trunk, line.slots))}"
