"""What an operator writes: read whole, or refused with the line and the reason before anything is touched."""

from __future__ import annotations

import contextlib
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from softswitch.errors import Refusal
from tests.trunk.certificates import authority
from tests.trunk.plans import GOOD
from trunk import machine
from trunk.config import read
from trunk.model import Kind, Pri, Sip, Slot, Ss7
from trunk.pointcodes import point_code

EMERGENCY = ("110", "120")


def test_a_description_becomes_a_plan() -> None:
    plan = read(GOOD, EMERGENCY)
    kinds = {trunk.name: trunk.kind for trunk in plan.trunks}
    assert kinds == {
        "city-pri": Kind.PRI, "city-ss7": Kind.SS7, "far-pri": Kind.PRI, "carrier": Kind.SIP,
    }  # fmt: skip
    pri = plan.trunks[0].line
    assert isinstance(pri, Pri)
    assert (len(pri.b_channels), pri.d_channel) == (30, Slot(1, 16))
    ss7 = plan.trunks[1].line
    assert isinstance(ss7, Ss7)
    assert [group.destination for group in ss7.groups] == [2, 3]
    carrier = plan.trunks[3].line
    assert isinstance(carrier, Sip)
    assert carrier.port == 5061


def test_circuits_know_their_cic_and_channel() -> None:
    plan = read(GOOD)
    circuits = plan.circuits(plan.trunks[1])
    assert (circuits[0].id, circuits[0].cic, circuits[0].channel) == ("city-ss7/1", 1, 32)
    assert (circuits[-1].cic, circuits[-1].channel) == (31, 62)
    assert plan.circuits(plan.trunks[2])[0].channel == 1  # its node counts by itself


WRONG = [
    # (what, in its place, code, the line of it)
    ('links = ["2:5"]', 'links = ["2:6"]', "signalling_on_circuit", 'circuits = [\n'),
    ('side = "user"\nd_channel = "1:16"', 'side = "user"\nd_channel = "1:15"',
     "signalling_on_circuit", 'circuits = [{ span = 1, timeslots'),
    ("first_cic = 17,", "first_cic = 4090,", "bad_cic", "circuits = [\n"),
    ('first_cic = 17, destination = "3"', "first_cic = 10", "circuits_overlap", "circuits = [\n"),
    ('timeslots = "17-31"', 'timeslots = "4,17-30"', "circuits_overlap", "circuits = [\n"),
    ('"euroisdn"', '"q931x"', "unknown_variant", "variant ="),
    ('adjacent = "2"', 'adjacent = "20000"', "bad_point_code", "adjacent ="),
    ('adjacent = "2"', 'adjacent = "1"', "bad_point_code", "adjacent ="),
    ('point_code = "1"', 'point_code = "0"', "bad_point_code", "point_code ="),
    ('point_code = "1"', 'variant = "china"\npoint_code = "1"', "ss7_24_bit", 'variant = "china"'),
    ("[[span]]\nnumber = 2", "[[span]]\nnumber = 3", "unknown_span", "links ="),
    ("crc4 = true", 'framing = "cas"', "bad_framing", "framing ="),
    ('kind = "pri"\nvariant = "euroisdn"\nside = "user"\nd_channel = "1:16"', 'kind = "r2"',
     "bad_framing", "[[span]]"),
    ('"1-15,17-31" }]\nreserved', '"1-15,17-32" }]\nreserved', "bad_timeslot", "circuits = [{"),
    ('patterns = ["0."]', 'patterns = ["0.", "1."]', "emergency_shadowed", 'patterns = ["0."'),
    ('patterns = ["0."]', 'patterns = ["0.", "[01]XX"]', "emergency_shadowed", 'patterns = ["0."'),
    ('pattern = "0813220XXXX"', 'pattern = "11X"', "emergency_shadowed", "inward ="),
    ('to = ["carrier"]', 'to = ["nobody"]', "unknown_trunk", 'to = ["carrier"]'),
    ('classes = ["office"]', 'classes = ["boss"]', "unknown_class", "classes ="),
    ('name = "far-by-day"', 'name = "mobiles"', "name_taken", "[[route]]"),
    ('node = "e1"\nside', 'node = "e2"\nside', "unknown_node", 'node = "e1"\nside'),
    ("reserved = 2", "reserved = 30", "bad_trunks", "reserved ="),
    ("reserved = 2", "reserved = 2\nreservde = 3", "bad_trunks", "reserved = 2"),
    ("reserved = 2", 'reserved = "two"', "bad_trunks", "reserved ="),
    ("mon-fri", "mo-fr", "bad_hours", "hours ="),
    ('patterns = ["0."]', 'patterns = ["0.X"]', "bad_pattern", "patterns ="),
    ('secret = "carrier-secret"\n', "", "bad_trunks", "username ="),
    ('secret = "node-secret"', 'link = "iax2"', "bad_trunks", "link ="),
    ('secret = "node-secret"', 'link = "iax"', "bad_trunks", "link ="),
    ("timing = 1", "timing = ", "bad_trunks", ""),
]  # fmt: skip


@pytest.mark.parametrize(("good", "bad", "code", "place"), WRONG)
def test_what_is_wrong_is_refused_with_its_line(good: str, bad: str, code: str, place: str) -> None:
    assert GOOD.count(good) == 1, "the example has changed"
    text = GOOD.replace(good, bad)
    with pytest.raises(Refusal) as refused:
        read(text, EMERGENCY)
    assert refused.value.code == code, refused.value
    assert refused.value.next_step
    if place:
        where = place if place in text else bad
        line = int(refused.value.message.split(":")[0].removeprefix("Line "))
        nearby = text[: text.index(where)].count("\n") + 1
        last = text[: text.rindex(where)].count("\n") + 1
        assert nearby <= line <= last + 1, (line, nearby, refused.value)


@given(st.text(max_size=400))
def test_any_text_is_read_or_refused(text: str) -> None:
    with contextlib.suppress(Refusal):
        read(text, EMERGENCY)


@given(st.sampled_from(GOOD.split("\n")), st.text(alphabet='"[]{}=,.x19-', max_size=12))
def test_a_damaged_description_never_crashes(line: str, damage: str) -> None:
    with contextlib.suppress(Refusal):
        read(GOOD.replace(line, line + damage, 1), EMERGENCY)


@pytest.mark.parametrize(
    ("text", "bits", "value"), [("2-100-5", 14, 4901), ("1", 14, 1), ("1-2-3", 24, 66051)]
)
def test_point_codes(text: str, bits: int, value: int) -> None:
    assert point_code(text, bits, "x") == value


def test_a_machine_without_dahdi_or_card_is_told_so(tmp_path: Path) -> None:
    plan = read(GOOD)
    device, spans = tmp_path / "ctl", tmp_path / "spans"
    ((place, refused), *_) = machine.faults(plan, device, spans)
    assert (place, refused.code) == (("trunk", 0), "no_dahdi")
    device.touch()
    spans.mkdir()
    (spans / "1").touch()
    ((place, refused), *_) = machine.faults(plan, device, spans)
    assert (place, refused.code) == (("span", 1), "no_card")
    assert "Span 2" in refused.message
    (spans / "2").touch()
    ((place, refused),) = machine.faults(plan, device, spans)
    assert (place, refused.code) == (("trunk", 0, "node"), "lines_on_core")
    ((place, refused),) = machine.lacks(plan, "e1", tmp_path / "none", spans)
    assert (place, refused.code) == (("trunk", 2), "no_dahdi")
    assert not list(machine.lacks(plan, "e1", device, spans)), "its span has no card"
    on_nodes = replace(
        plan, trunks=tuple(t for t in plan.trunks if t.node != "core" or t.kind is Kind.SIP)
    )
    assert not list(machine.faults(on_nodes, device, spans))


def test_the_certificates_of_a_carrier_are_read_or_refused() -> None:
    text = authority("Carrier CA").pem
    given_ca = GOOD.replace("srtp = true", f'srtp = true\nca = """\nsome words\n{text}"""')
    carrier = read(given_ca).trunks[3].line
    assert isinstance(carrier, Sip)
    assert carrier.ca == text
    for bad in (
        GOOD.replace("srtp = true", 'srtp = true\nca = "nothing"'),
        given_ca.replace('transport = "tls"', 'transport = "udp"'),
    ):
        with pytest.raises(Refusal) as refused:
            read(bad)
        assert refused.value.code == "bad_certificate"
        line = int(refused.value.message.split(":")[0].removeprefix("Line "))
        assert bad.splitlines()[line - 1].startswith("ca =")
